import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { equalValues } from '../../types/compare.ts'
import { commonTypeOf } from '../../types/coercion.ts'
import {
  arrayOf,
  BOOLEAN,
  mapOf,
  STRING,
  structOf,
  typeName,
  VOID,
  type DataType,
  type MapType,
} from '../../types/data-type.ts'
import { MapValue, type Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type Codegen, type FunctionEntry } from '../entry.ts'
import { typesDiffer, unexpectedType } from '../faults.ts'
import { compilePattern } from '../regex/compiled.ts'
import { valueCode } from '../value-code.ts'
import { arrayArgument, mapArgument, pairMismatch, refuseMapKey } from './argument-types.ts'
import { comparedType } from './common-element-type.ts'
import { mapMaker } from './map-value.ts'

type List = readonly Value[]

const makerOf = (site: CallSite): ReturnType<typeof mapMaker> => mapMaker((site.type as MapType).key, site.env)

const entryOf = (map: MapType): DataType =>
  structOf([
    { name: 'key', type: map.key, nullable: false },
    { name: 'value', type: map.value, nullable: map.valueContainsNull },
  ])

/** A separator of `str_to_map`: plain text when it has no special character, a regular expression otherwise. */
const separator = (pattern: string): string | RegExp =>
  /[\\^$.|?*+()[\]{}]/.test(pattern) ? compilePattern('str_to_map', pattern).once : pattern

/** Splits at the first separator; the second part is null when there is none. */
function splitOnce(text: string, at: string | RegExp): readonly [string, string | null] {
  if (typeof at === 'string') {
    const i = at === '' ? -1 : text.indexOf(at)
    return i < 0 ? [text, null] : [text.slice(0, i), text.slice(i + at.length)]
  }
  const found = at.exec(text)
  return found === null || found[0] === ''
    ? [text, null]
    : [text.slice(0, found.index), text.slice(found.index + found[0].length)]
}

function splitAll(text: string, at: string | RegExp): string[] {
  const out: string[] = []
  for (let rest: string | null = text; rest !== null;) {
    const [head, tail]: readonly [string, string | null] = splitOnce(rest, at)
    out.push(head)
    rest = tail
  }
  return out
}

/** A map of constant keys that differ: the keys are checked once and shared by all the maps. */
const mapCode: Codegen = (args, site) => {
  const keys = site.constants.filter((_, i) => i % 2 === 0)
  if (keys.length === 0 || !keys.every((k) => k !== undefined)) return null
  const made = mapMaker((site.type as MapType).key, { ...site.env, mapKeyDedupPolicy: 'EXCEPTION' })(
    keys,
    keys.map(() => null),
  )
  const values = args.flatMap((a, i) => (i % 2 === 0 ? [] : [valueCode(a, site.args[i]!, site)]))
  return `${site.constant((list: List) => new MapValue(made.keys, list))}([${values.join(', ')}])`
}

/** Maps made from values, arrays and text, and what is in them. */
export const entries: readonly FunctionEntry[] = [
  scalar('map', [arg('key', 'ANY', { optional: true, variadic: true })], undefined, {
    group: 'map',
    doc: 'A map of keys and values in turn: `map(key1, value1, key2, value2, ...)`. Keys are cast to their common type, and so are values.',
    examples: [{ sql: `map('a', 1, 'b', 2)`, gives: '{a -> 1, b -> 2}' }],
    nulls: 'handles',
    resolve: (args, env) => {
      if (args.length % 2 !== 0) {
        throw new AnalysisError('WRONG_NUM_ARGS.WITHOUT_SUGGESTION', {
          function: 'map',
          expected: 'keys and values in turn',
          actual: args.length,
        })
      }
      const keys = args.filter((_, i) => i % 2 === 0)
      const values = args.filter((_, i) => i % 2 === 1)
      const types = (list: readonly DataType[]) => ({ function: 'map', types: list.map(typeName).join(', ') })
      const key = keys.length === 0 ? VOID : commonTypeOf(keys, env.ansi)
      if (key === null) throw new AnalysisError('DATATYPE_MISMATCH.CREATE_MAP_KEY_DIFF_TYPES', types(keys))
      const value = values.length === 0 ? VOID : commonTypeOf(values, env.ansi)
      if (value === null) throw new AnalysisError('DATATYPE_MISMATCH.CREATE_MAP_VALUE_DIFF_TYPES', types(values))
      refuseMapKey(key)
      return { args: args.map((_, i) => (i % 2 === 0 ? key : value)), type: mapOf(key, value), nullable: false }
    },
    bind: (site) => {
      const make = makerOf(site)
      return (...pairs: Value[]) =>
        make(
          pairs.filter((_, i) => i % 2 === 0),
          pairs.filter((_, i) => i % 2 === 1),
        )
    },
    codegen: mapCode,
  }),
  scalar('map_from_arrays', [arg('keys', 'ARRAY'), arg('values', 'ARRAY')], undefined, {
    group: 'map',
    doc: 'A map of an array of keys and an array of values, which must be as long.',
    examples: [{ sql: `map_from_arrays(array(1, 2), array('x', 'y'))`, gives: '{1 -> x, 2 -> y}' }],
    resolve: (args) => {
      const keys = arrayArgument('map_from_arrays', 1, args[0]!)
      const values = arrayArgument('map_from_arrays', 2, args[1]!)
      refuseMapKey(keys.element)
      return { args: [keys, values], type: mapOf(keys.element, values.element) }
    },
    bind: (site) => {
      const make = makerOf(site)
      return (keys: List, values: List) => {
        if (keys.length !== values.length) {
          throw new ExecutionError('MERGE_ARRAYS_DIFFER_IN_LENGTH', {
            function: 'map_from_arrays',
            keys: keys.length,
            values: values.length,
          })
        }
        return make(keys, values)
      }
    },
  }),
  scalar('map_from_entries', [arg('entries', 'ARRAY')], undefined, {
    group: 'map',
    doc: 'A map of an array of structs with two members, key and value. A NULL among the structs gives NULL.',
    examples: [{ sql: `map_from_entries(array(struct('k', 1)))`, gives: '{k -> 1}' }],
    canBeNull: true,
    resolve: ([list]) => {
      const pair = list!.kind === 'array' ? list!.element : VOID
      if (pair.kind !== 'struct' || pair.fields.length !== 2)
        return unexpectedType('map_from_entries', 1, 'an array of structs with two members', list!)
      const [key, value] = pair.fields
      refuseMapKey(key!.type)
      return { args: [list!], type: mapOf(key!.type, value!.type), nullable: true }
    },
    bind: (site) => {
      const make = makerOf(site)
      return (pairs: readonly (List | null)[]) =>
        pairs.includes(null)
          ? null
          : make(
              pairs.map((p) => p![0]!),
              pairs.map((p) => p![1]!),
            )
    },
  }),
  scalar('map_concat', [arg('map', 'MAP', { optional: true, variadic: true })], undefined, {
    group: 'map',
    doc: 'The entries of all the maps. A key in two of them is an error, unless spark.sql.mapKeyDedupPolicy is LAST_WIN.',
    examples: [{ sql: `map_concat(map('a', 1), map('b', 2))`, gives: '{a -> 1, b -> 2}' }],
    resolve: (args, env) => {
      if (args.length === 0) return { args, type: mapOf(STRING, STRING), nullable: false }
      if (args.some((a) => a.kind !== 'map'))
        throw new AnalysisError('DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES', {
          function: 'map_concat',
          types: args.map(typeName).join(', '),
        })
      const type = commonTypeOf(args, env.ansi) ?? typesDiffer('map_concat', args)
      return { args: args.map(() => type), type }
    },
    bind: (site) => {
      const make = makerOf(site)
      return (...maps: MapValue[]) =>
        make(
          maps.flatMap((m) => m.keys),
          maps.flatMap((m) => m.values),
        )
    },
  }),
  scalar('map_contains_key', [arg('map', 'MAP'), arg('key', 'ANY')], undefined, {
    group: 'map',
    doc: 'Whether the map has the key.',
    examples: [{ sql: `map_contains_key(map('a', 1), 'a')`, gives: 'true' }],
    resolve: (args, env) => {
      const [map, key] = args as [DataType, DataType]
      if (map.kind === 'map' && key.kind === 'void')
        throw new AnalysisError('DATATYPE_MISMATCH.NULL_TYPE', { function: 'map_contains_key' })
      const common = map.kind === 'map' ? comparedType(map.key, key, env.ansi) : undefined
      if (map.kind !== 'map' || common === undefined)
        return pairMismatch('DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES', 'map_contains_key', map, key)
      return { args: [mapOf(common, map.value), common], type: BOOLEAN }
    },
    bind: (site) => {
      const equal = equalValues(site.args[1]!)
      return (map: MapValue, wanted: Value) => map.keys.some((x) => equal(x, wanted))
    },
  }),
  scalar('map_keys', [arg('map', 'MAP')], undefined, {
    group: 'map',
    doc: 'The keys of a map as an array.',
    examples: [{ sql: `map_keys(map('a', 1))`, gives: '[a]' }],
    resolve: ([map]) => {
      const type = mapArgument('map_keys', 1, map!)
      return { args: [type], type: arrayOf(type.key, false) }
    },
    eval: (map: MapValue) => map.keys,
  }),
  scalar('map_values', [arg('map', 'MAP')], undefined, {
    group: 'map',
    doc: 'The values of a map as an array.',
    examples: [{ sql: `map_values(map('a', 1))`, gives: '[1]' }],
    resolve: ([map]) => {
      const type = mapArgument('map_values', 1, map!)
      return { args: [type], type: arrayOf(type.value, type.valueContainsNull) }
    },
    eval: (map: MapValue) => map.values,
  }),
  scalar('map_entries', [arg('map', 'MAP')], undefined, {
    group: 'map',
    doc: 'The entries of a map as an array of structs with members key and value.',
    examples: [{ sql: `map_entries(map('a', 1))`, gives: '[{a, 1}]' }],
    resolve: ([map]) => {
      const type = mapArgument('map_entries', 1, map!)
      return { args: [type], type: arrayOf(entryOf(type), false) }
    },
    eval: (map: MapValue) => map.keys.map((k, i) => [k, map.values[i]!]),
  }),
  scalar(
    'str_to_map',
    [
      arg('text', STRING, { exact: true }),
      arg('pair_delimiter', STRING, { exact: true, optional: true }),
      arg('key_value_delimiter', STRING, { exact: true, optional: true }),
    ],
    mapOf(STRING, STRING),
    {
      group: 'map',
      doc: 'A map from text: pairs end at `pair_delimiter` (default `,`), a key ends at `key_value_delimiter` (default `:`); both are regular expressions. A pair without the second delimiter has the value NULL.',
      examples: [{ sql: `str_to_map('a:1,b:2')`, gives: '{a -> 1, b -> 2}' }],
      bind: (site) => {
        const make = mapMaker(STRING, site.env)
        const known = new Map<string, string | RegExp>()
        const delimiter = (pattern: string): string | RegExp => {
          let d = known.get(pattern)
          if (d === undefined) {
            if (known.size > 100) known.clear()
            known.set(pattern, (d = separator(pattern)))
          }
          return d
        }
        return (text: string, pairs = ',', keyValue = ':') => {
          const inside = delimiter(keyValue)
          const parts = splitAll(text, delimiter(pairs)).map((p) => splitOnce(p, inside))
          return make(
            parts.map((p) => p[0]),
            parts.map((p) => p[1]),
          )
        }
      },
    },
  ),
]
