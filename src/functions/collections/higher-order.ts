import { hashKey, type HashKey } from '../../types/compare.ts'
import {
  arrayOf,
  BOOLEAN,
  INT,
  mapOf,
  sameType,
  typeName,
  VOID,
  type ArrayType,
  type DataType,
  type MapType,
} from '../../types/data-type.ts'
import { MapValue, type Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry, type Resolved } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { pairMismatch, refuseMapKey } from './argument-types.ts'
import { comparedType } from './common-element-type.ts'
import { mapMaker } from './map-value.ts'

type List = readonly Value[]
type Fn = (...args: Value[]) => Value

const list = (fn: string, type: DataType | undefined, position = 1): ArrayType =>
  type?.kind === 'array' ? type : unexpectedType(fn, position, 'an array', type ?? VOID)

const map = (fn: string, type: DataType | undefined, position = 1): MapType =>
  type?.kind === 'map' ? type : unexpectedType(fn, position, 'a map', type ?? VOID)

/** An element, and where the lambda asks for a second parameter, its index from 0. */
const elementAndIndex = (fn: string) => (args: readonly DataType[], arity: number) => {
  const { element } = list(fn, args[0])
  return arity === 2 ? [element, INT] : [element]
}

const keyAndValue = (fn: string) => (args: readonly DataType[]) => {
  const m = map(fn, args[0])
  return [m.key, m.value]
}

const predicate = (fn: string, position: number, type: DataType): DataType =>
  type.kind === 'boolean' || type.kind === 'void'
    ? BOOLEAN
    : unexpectedType(fn, position, 'a function that gives a BOOLEAN', type)

/** `exists` and `forall`: `decides` is the result of one element that settles the answer. */
const quantifier = (
  name: 'exists' | 'forall',
  decides: boolean,
  doc: string,
  example: { sql: string; gives: string },
): FunctionEntry =>
  scalar(
    name,
    [arg('array', 'ARRAY'), arg('predicate', 'FUNCTION', { lambda: (args) => [list(name, args[0]).element] })],
    undefined,
    {
      group: 'higher-order',
      doc,
      examples: [example],
      canBeNull: true,
      resolve: (args) => ({ args: [list(name, args[0]), predicate(name, 2, args[1]!)], type: BOOLEAN, nullable: true }),
      eval: (elements: List, test: Fn) => {
        let sawNull = false
        for (const v of elements) {
          const answer = test(v)
          if (answer === null) sawNull = true
          else if (answer === decides) return decides
        }
        return sawNull ? null : !decides
      },
    },
  )

/** The types of `map_zip_with`: both maps take the common type of their keys. */
function zippedMaps(args: readonly DataType[], ansi: boolean): { readonly left: MapType; readonly right: MapType } {
  const left = map('map_zip_with', args[0])
  const right = map('map_zip_with', args[1], 2)
  const key = comparedType(left.key, right.key, ansi)
  if (key === undefined) return pairMismatch('DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES', 'map_zip_with', left, right)
  return { left: mapOf(key, left.value), right: mapOf(key, right.value) }
}

const foldEntry = (): FunctionEntry => ({
  ...scalar(
    'aggregate',
    [
      arg('array', 'ARRAY'),
      arg('start', 'ANY'),
      arg('merge', 'FUNCTION', { lambda: (args) => [args[1]!, list('aggregate', args[0]).element] }),
      arg('finish', 'FUNCTION', { optional: true, lambda: (args) => [args[1]!] }),
    ],
    undefined,
    {
      group: 'higher-order',
      doc: 'Folds an array: begins with `start`, calls `merge` with the result so far and each element, and gives the result, or what `finish` makes of it.',
      examples: [
        { sql: 'aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)', gives: '6' },
        { sql: 'aggregate(array(1, 2, 3), 10, (acc, x) -> acc + x, acc -> acc * 2)', gives: '32' },
      ],
      nulls: 'handles',
      resolve: (args): Resolved => {
        const [elements, start, merge, finish] = args as [DataType, DataType, DataType, DataType | undefined]
        if (merge.kind !== 'void' && !sameType(start, merge))
          unexpectedType('aggregate', 3, `a function that gives a ${typeName(start)}`, merge)
        return {
          args: [list('aggregate', elements), start, start, ...(finish ? [finish] : [])],
          type: finish ?? start,
          nullable: true,
        }
      },
      eval: (elements: List | null, start: Value, merge: Fn, finish?: Fn) => {
        if (elements === null) return null
        let result = start
        for (const v of elements) result = merge(result, v)
        return finish ? finish(result) : result
      },
    },
  ),
  aliases: ['reduce'],
})

/** Functions that take a lambda. */
export const entries: readonly FunctionEntry[] = [
  scalar(
    'transform',
    [arg('array', 'ARRAY'), arg('function', 'FUNCTION', { lambda: elementAndIndex('transform') })],
    undefined,
    {
      group: 'higher-order',
      doc: 'The array of what `function` gives for each element, or for each element and its index from 0.',
      examples: [
        { sql: 'transform(array(1, 2, 3), x -> x * 2)', gives: '[2, 4, 6]' },
        { sql: `transform(array('a', 'b'), (x, i) -> x || i)`, gives: '[a0, b1]' },
      ],
      resolve: (args) => ({ args: [list('transform', args[0]), args[1]!], type: arrayOf(args[1]!) }),
      eval: (elements: List, f: Fn) => {
        const out = new Array<Value>(elements.length)
        for (let i = 0; i < out.length; i++) out[i] = f(elements[i]!, i)
        return out
      },
    },
  ),
  scalar(
    'filter',
    [arg('array', 'ARRAY'), arg('predicate', 'FUNCTION', { lambda: elementAndIndex('filter') })],
    undefined,
    {
      group: 'higher-order',
      doc: 'The elements for which `predicate` is true; it gets the element, or the element and its index from 0.',
      examples: [{ sql: 'filter(array(1, 2, 3, NULL), x -> x > 1)', gives: '[2, 3]' }],
      resolve: (args) => {
        const type = list('filter', args[0])
        return { args: [type, predicate('filter', 2, args[1]!)], type }
      },
      eval: (elements: List, test: Fn) => elements.filter((v, i) => test(v, i) === true),
    },
  ),
  quantifier('exists', true, 'Whether `predicate` is true for an element; NULL when it is not but is NULL for one.', {
    sql: 'exists(array(1, 2), x -> x = 2)',
    gives: 'true',
  }),
  quantifier(
    'forall',
    false,
    'Whether `predicate` is true for every element; NULL when it is false for none but NULL for one.',
    {
      sql: 'forall(array(1, 2), x -> x > 0)',
      gives: 'true',
    },
  ),
  foldEntry(),
  scalar(
    'zip_with',
    [
      arg('left', 'ARRAY'),
      arg('right', 'ARRAY'),
      arg('function', 'FUNCTION', {
        lambda: (args) => [list('zip_with', args[0]).element, list('zip_with', args[1], 2).element],
      }),
    ],
    undefined,
    {
      group: 'higher-order',
      doc: 'The array of what `function` gives for the elements of both arrays at one index; the shorter array is continued with NULL.',
      examples: [{ sql: 'zip_with(array(1, 2), array(10, 20), (a, b) -> a + b)', gives: '[11, 22]' }],
      resolve: (args) => ({
        args: [list('zip_with', args[0]), list('zip_with', args[1], 2), args[2]!],
        type: arrayOf(args[2]!),
      }),
      eval: (a: List, b: List, f: Fn) =>
        Array.from({ length: Math.max(a.length, b.length) }, (_, i) => f(a[i] ?? null, b[i] ?? null)),
    },
  ),
  scalar(
    'map_filter',
    [arg('map', 'MAP'), arg('predicate', 'FUNCTION', { lambda: keyAndValue('map_filter') })],
    undefined,
    {
      group: 'higher-order',
      doc: 'The entries for whose key and value `predicate` is true.',
      examples: [{ sql: `map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)`, gives: '{b -> 2}' }],
      resolve: (args) => {
        const type = map('map_filter', args[0])
        return { args: [type, predicate('map_filter', 2, args[1]!)], type }
      },
      eval: (m: MapValue, test: Fn) => {
        const keep = m.keys.map((k, i) => test(k, m.values[i]!) === true)
        return new MapValue(
          m.keys.filter((_, i) => keep[i]),
          m.values.filter((_, i) => keep[i]),
        )
      },
    },
  ),
  scalar(
    'transform_keys',
    [arg('map', 'MAP'), arg('function', 'FUNCTION', { lambda: keyAndValue('transform_keys') })],
    undefined,
    {
      group: 'higher-order',
      doc: 'The map with each key replaced by what `function` gives for its key and value.',
      examples: [{ sql: `transform_keys(map(1, 'a'), (k, v) -> k + 1)`, gives: '{2 -> a}' }],
      resolve: (args) => {
        const type = map('transform_keys', args[0])
        refuseMapKey(args[1]!)
        return { args: [type, args[1]!], type: mapOf(args[1]!, type.value, type.valueContainsNull) }
      },
      bind: (site) => {
        const make = mapMaker((site.type as MapType).key, site.env)
        return (m: MapValue, f: Fn) =>
          make(
            m.keys.map((k, i) => f(k, m.values[i]!)),
            m.values,
          )
      },
    },
  ),
  scalar(
    'transform_values',
    [arg('map', 'MAP'), arg('function', 'FUNCTION', { lambda: keyAndValue('transform_values') })],
    undefined,
    {
      group: 'higher-order',
      doc: 'The map with each value replaced by what `function` gives for its key and value.',
      examples: [{ sql: `transform_values(map('a', 1), (k, v) -> v * 10)`, gives: '{a -> 10}' }],
      resolve: (args) => {
        const type = map('transform_values', args[0])
        return { args: [type, args[1]!], type: mapOf(type.key, args[1]!) }
      },
      eval: (m: MapValue, f: Fn) =>
        new MapValue(
          m.keys,
          m.keys.map((k, i) => f(k, m.values[i]!)),
        ),
    },
  ),
  scalar(
    'map_zip_with',
    [
      arg('left', 'MAP'),
      arg('right', 'MAP'),
      arg('function', 'FUNCTION', {
        lambda: (args) => {
          const { left, right } = zippedMaps(args, true)
          return [left.key, left.value, right.value]
        },
      }),
    ],
    undefined,
    {
      group: 'higher-order',
      doc: 'The map of what `function` gives for each key of either map and the values it has in them, NULL where it is missing.',
      examples: [
        {
          sql: `map_zip_with(map('a', 1), map('a', 2, 'b', 3), (k, x, y) -> coalesce(x, 0) + y)`,
          gives: '{a -> 3, b -> 3}',
        },
      ],
      resolve: (args, env) => {
        const { left, right } = zippedMaps(args, env.ansi)
        return { args: [left, right, args[2]!], type: mapOf(left.key, args[2]!) }
      },
      bind: (site) => {
        const key = hashKey((site.type as MapType).key)
        const indexOf = (m: MapValue): Map<HashKey, number> => new Map(m.keys.map((k, i) => [key(k), i]))
        return (left: MapValue, right: MapValue, f: Fn) => {
          const inLeft = indexOf(left)
          const inRight = indexOf(right)
          const keys = [...left.keys, ...right.keys.filter((k) => !inLeft.has(key(k)))]
          const valueIn = (m: MapValue, at: number | undefined): Value => (at === undefined ? null : m.values[at]!)
          return new MapValue(
            keys,
            keys.map((k) => f(k, valueIn(left, inLeft.get(key(k))), valueIn(right, inRight.get(key(k))))),
          )
        }
      },
    },
  ),
]
