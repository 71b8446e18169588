import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { commonTypeOf, tightestCommonType } from '../../types/coercion.ts'
import { arrayOf, INT, STRING, typeName, VOID, type DataType } from '../../types/data-type.ts'
import { MapValue, type Value } from '../../types/value.ts'
import { arg, scalar, type CodegenSite, type FunctionEntry } from '../entry.ts'
import { typesDiffer, unexpectedType } from '../faults.ts'
import { arrayArgument, castArgument, indexArgument, pairMismatch, typedArrayArgument } from './argument-types.ts'
import { isNarrowed, valueCode } from '../value-code.ts'
import { arrayVector, elementVector, errorWithAnsi, neverError, sizeVector } from './element-vector.ts'
import { lookup } from './map-value.ts'

type List = readonly Value[]

/** The most elements a function gives an array: beyond this one value alone would take the memory of the process (Spark: 2147483632). */
export const MAX_ARRAY_LENGTH = 67_108_863

const tooLong = (fn: string, size: number | bigint): never => {
  throw new ExecutionError('COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION', { function: fn, size: String(size) })
}

const outside = (index: number, size: number): never => {
  throw new ExecutionError(
    'INVALID_ARRAY_INDEX',
    { index, size },
    { hint: 'get(array, index) gives NULL for an index outside the array' },
  )
}

/** The arrays joined end to end: what `concat` does with arrays. */
export function concatArrays(...arrays: readonly List[]): List {
  const out = ([] as Value[]).concat(...(arrays as Value[][]).map((a) => a))
  return out.length > MAX_ARRAY_LENGTH ? tooLong('concat', out.length) : out
}

/** The elements last to first: what `reverse` does with an array. */
export function reverseArray(list: List): List {
  return list.slice().reverse()
}

/** Element `index` counted from 1, or from -1 at the end; undefined outside the array. 0 is refused. */
function fromOne(list: List, index: number): Value | undefined {
  if (index === 0) throw new ExecutionError('INVALID_INDEX_OF_ZERO', {})
  return index > 0 ? list[index - 1] : list[list.length + index]
}

const outsideElementAt = (index: number, size: number): never => {
  throw new ExecutionError(
    'INVALID_ARRAY_INDEX_IN_ELEMENT_AT',
    { index, size },
    { hint: 'try_element_at gives NULL for an index outside the array' },
  )
}

/**
 * `found` where it is an element of the array, else what `fails` does, or NULL. Elements that a narrow loop holds in
 * another form than the array does are left to `bind`.
 */
function elementCode(
  list: string,
  index: string,
  found: string,
  fails: ((index: number, size: number) => never) | null,
  site: CodegenSite,
): string | null {
  if (site.args[0]!.kind !== 'array' || isNarrowed(site.type, site)) return null
  const missing = fails === null ? 'null' : `${site.constant(fails)}(${index}, ${list}.length)`
  // A NULL element is null; only outside the array there is nothing.
  return `(${found} === undefined ? ${missing} : ${found})`
}

/** As elementCode for a constant place counted from 1, or from -1 at the end. */
function fromOneCode(
  list: string,
  index: string,
  fails: ((index: number, size: number) => never) | null,
  site: CodegenSite,
): string | null {
  const place = site.constants[1]
  if (typeof place !== 'number' || place === 0) return null
  const found = place > 0 ? `${list}[${place - 1}]` : `${list}[${list}.length - ${-place}]`
  return elementCode(list, index, found, fails, site)
}

const elementAtTypes = (fn: string) => (args: readonly DataType[]) => {
  const [collection, index] = args as [DataType, DataType]
  if (collection.kind === 'array') {
    return { args: [collection, indexArgument(fn, 2, index)], type: collection.element, nullable: true }
  }
  if (collection.kind === 'map') {
    const key = tightestCommonType(collection.key, index, false)
    if (key === null) return pairMismatch('DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES', fn, collection, index)
    return { args: [{ ...collection, key }, key], type: collection.value, nullable: true }
  }
  return unexpectedType(fn, 1, 'an array or a map', collection)
}

const sizeOf = (v: List | MapValue): number => (v instanceof MapValue ? v.keys.length : v.length)

/** Arrays made from values, and single elements taken out of arrays and maps. */
export const entries: readonly FunctionEntry[] = [
  scalar('array', [arg('element', 'ANY', { optional: true, variadic: true })], undefined, {
    group: 'array',
    doc: 'Makes an array of its arguments, all cast to their common type.',
    examples: [{ sql: 'array(1, 2, 3)', gives: '[1, 2, 3]' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const element = args.length === 0 ? VOID : (commonTypeOf(args, env.ansi) ?? typesDiffer('array', args))
      return { args: args.map(() => element), type: arrayOf(element), nullable: false }
    },
    eval: (...elements: Value[]) => elements,
    codegen: (args, site) => `[${args.map((a, i) => valueCode(a, site.args[i]!, site)).join(', ')}]`,
    vector: arrayVector,
  }),
  scalar('array_repeat', [arg('element', 'ANY'), arg('count', INT, { exact: true })], (args) => arrayOf(args[0]!), {
    group: 'array',
    doc: 'An array of `element` repeated `count` times; empty when `count` is not positive.',
    examples: [{ sql: `array_repeat('x', 3)`, gives: '[x, x, x]' }],
    nulls: 'handles',
    eval: (element: Value, count: number | null) => {
      if (count === null) return null
      if (count > MAX_ARRAY_LENGTH) {
        throw new ExecutionError('COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER', { function: 'array_repeat', size: count })
      }
      return new Array<Value>(Math.max(0, count)).fill(element)
    },
  }),
  scalar('getitem', [arg('collection', 'ANY'), arg('key', 'ANY')], undefined, {
    group: 'array',
    doc: 'What `a[i]` and `m[k]` mean: element `key` of an array, counted from 0, or the value of a key in a map. A missing map key gives NULL; an index outside the array is an error (NULL without ANSI).',
    examples: [
      { sql: 'array(7, 8)[1]', gives: '8' },
      { sql: `map('a', 1)['z']`, gives: 'NULL' },
    ],
    canBeNull: true,
    resolve: (args, env) => {
      const [collection, key] = args as [DataType, DataType]
      if (collection.kind === 'array') {
        const integral = ['tinyint', 'smallint', 'int', 'bigint'].includes(key.kind)
        if (!integral && key.kind !== 'void') unexpectedType('getitem', 2, 'an integer', key)
        return { args: [collection, integral ? key : INT], type: collection.element, nullable: true }
      }
      if (collection.kind === 'map') {
        return {
          args: [collection, castArgument('getitem', 2, key, collection.key, env.ansi)],
          type: collection.value,
          nullable: true,
        }
      }
      throw new AnalysisError('INVALID_EXTRACT_BASE_FIELD_TYPE', { base: 'the value', actual: typeName(collection) })
    },
    bind: (site) => {
      const collection = site.args[0]!
      if (collection.kind === 'map') return lookup(collection.key)
      const ansi = site.env.ansi
      return (list: List, index: number | bigint) => {
        const i = Number(index)
        return i >= 0 && i < list.length ? list[i]! : ansi ? outside(i, list.length) : null
      }
    },
    codegen: ([list, index], site) => {
      const i = site.int64 === 'wide' && site.args[1]!.kind === 'bigint' ? `Number(${index})` : index!
      return elementCode(list!, i, `${list}[${i}]`, site.env.ansi ? outside : null, site)
    },
    vector: elementVector(0, errorWithAnsi),
  }),
  scalar('element_at', [arg('collection', 'ANY'), arg('key', 'ANY')], undefined, {
    group: 'array',
    doc: 'Element `key` of an array, counted from 1 (or from -1 at the end), or the value of a key in a map. A missing map key gives NULL; an index outside the array is an error (NULL without ANSI).',
    examples: [
      { sql: 'element_at(array(1, 2, 3), -1)', gives: '3' },
      { sql: `element_at(map('a', 1), 'a')`, gives: '1' },
    ],
    canBeNull: true,
    resolve: elementAtTypes('element_at'),
    bind: (site) => {
      const collection = site.args[0]!
      if (collection.kind === 'map') return lookup(collection.key)
      const ansi = site.env.ansi
      return (list: List, index: number) => {
        const found = fromOne(list, index)
        if (found !== undefined) return found
        return ansi ? outsideElementAt(index, list.length) : null
      }
    },
    codegen: ([list, index], site) => fromOneCode(list!, index!, site.env.ansi ? outsideElementAt : null, site),
    vector: elementVector(1, errorWithAnsi),
  }),
  scalar('try_element_at', [arg('collection', 'ANY'), arg('key', 'ANY')], undefined, {
    group: 'array',
    doc: 'As element_at, but NULL for an index outside the array.',
    examples: [{ sql: 'try_element_at(array(1, 2), 9)', gives: 'NULL' }],
    canBeNull: true,
    resolve: elementAtTypes('try_element_at'),
    bind: (site) => {
      const collection = site.args[0]!
      if (collection.kind === 'map') return lookup(collection.key)
      return (list: List, index: number) => fromOne(list, index) ?? null
    },
    codegen: ([list, index], site) => fromOneCode(list!, index!, null, site),
    vector: elementVector(1, neverError),
  }),
  scalar('get', [arg('array', 'ARRAY'), arg('index', INT)], undefined, {
    group: 'array',
    doc: 'Element `index` of an array, counted from 0; NULL outside the array.',
    examples: [{ sql: 'get(array(1, 2), 5)', gives: 'NULL' }],
    canBeNull: true,
    resolve: (args, env) => {
      const list = typedArrayArgument('get', 1, args[0]!)
      return { args: [list, castArgument('get', 2, args[1]!, INT, env.ansi)], type: list.element, nullable: true }
    },
    eval: (list: List, index: number) => list[index] ?? null,
    codegen: ([list, index], site) => elementCode(list!, index!, `${list}[${index}]`, null, site),
    vector: elementVector(0, neverError),
  }),
  {
    ...scalar('size', [arg('collection', ['ARRAY', 'MAP'])], undefined, {
      group: 'array',
      doc: 'The count of elements of an array or of entries of a map. NULL gives NULL (-1 without ANSI).',
      examples: [
        { sql: 'size(array(1, 2))', gives: '2' },
        { sql: 'size(map(1, 2))', gives: '1' },
      ],
      nulls: 'handles',
      resolve: ([collection]) => {
        const kind = collection!.kind
        if (kind !== 'array' && kind !== 'map' && kind !== 'void')
          unexpectedType('size', 1, 'an array or a map', collection!)
        return { args: [collection!], type: INT, nullable: true }
      },
      bind: (site) => {
        const ofNull = site.env.ansi ? null : -1
        return (v: List | MapValue | null) => (v === null ? ofNull : sizeOf(v))
      },
      codegen: ([v], site) => (site.args[0]!.kind === 'map' ? `${v}.keys.length` : `${v}.length`),
      vector: sizeVector,
    }),
    aliases: ['cardinality'],
  },
  scalar('array_size', [arg('array', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The count of elements of an array.',
    examples: [{ sql: 'array_size(array(1, NULL))', gives: '2' }],
    resolve: ([list]) => ({ args: [arrayArgument('array_size', 1, list!)], type: INT }),
    eval: (list: List) => list.length,
    codegen: ([list]) => `${list}.length`,
    vector: sizeVector,
  }),
  scalar('slice', [arg('array', 'ARRAY'), arg('start', INT), arg('length', INT)], undefined, {
    group: 'array',
    doc: '`length` elements from element `start` on, counted from 1, or from -1 at the end; fewer where the array ends.',
    examples: [{ sql: 'slice(array(1, 2, 3, 4), 2, 2)', gives: '[2, 3]' }],
    resolve: (args, env) => {
      const list = arrayArgument('slice', 1, args[0]!)
      const int = (i: number) => castArgument('slice', i + 1, args[i]!, INT, env.ansi)
      return { args: [list, int(1), int(2)], type: list }
    },
    eval: (list: List, start: number, length: number) => {
      if (start === 0) throw new ExecutionError('INVALID_PARAMETER_VALUE.START', { function: 'slice' })
      if (length < 0) throw new ExecutionError('INVALID_PARAMETER_VALUE.LENGTH', { function: 'slice', value: length })
      const from = start > 0 ? start - 1 : list.length + start
      return from < 0 || from >= list.length ? [] : list.slice(from, from + length)
    },
  }),
  scalar('flatten', [arg('arrays', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'Joins the arrays inside an array end to end. A NULL among them gives NULL.',
    examples: [{ sql: 'flatten(array(array(1, 2), array(3)))', gives: '[1, 2, 3]' }],
    canBeNull: true,
    resolve: ([list]) => {
      if (list!.kind !== 'array' || list!.element.kind !== 'array')
        return unexpectedType('flatten', 1, 'an array of arrays', list!)
      return { args: [list!], type: list!.element, nullable: true }
    },
    eval: (lists: readonly (List | null)[]) => {
      const out: Value[] = []
      for (const list of lists) {
        if (list === null) return null
        if (out.length + list.length > MAX_ARRAY_LENGTH) return tooLong('flatten', out.length + list.length)
        for (const v of list) out.push(v)
      }
      return out
    },
  }),
  scalar('arrays_zip', [arg('array', 'ARRAY', { optional: true, variadic: true })], undefined, {
    group: 'array',
    doc: 'An array of structs: struct i holds element i of every array, NULL where an array is shorter.',
    examples: [{ sql: `arrays_zip(array(1, 2), array('a'))`, gives: '[{1, a}, {2, NULL}]' }],
    resolve: (args) => {
      const lists = args.map((a, i) => arrayArgument('arrays_zip', i + 1, a))
      const fields = lists.map((l, i) => ({ name: String(i), type: l.element, nullable: true }))
      return { args: lists, type: arrayOf({ kind: 'struct', fields }, false) }
    },
    eval: (...lists: List[]) => {
      const length = lists.reduce((n, l) => Math.max(n, l.length), 0)
      return Array.from({ length }, (_, i) => lists.map((l) => l[i] ?? null))
    },
  }),
  scalar(
    'array_join',
    [
      arg('array', arrayOf(STRING)),
      arg('delimiter', STRING, { exact: true }),
      arg('null_replacement', STRING, { exact: true, optional: true }),
    ],
    STRING,
    {
      group: 'array',
      doc: 'The elements as one text with `delimiter` between them. NULL elements are left out, or shown as `null_replacement`.',
      examples: [
        { sql: `array_join(array('a', NULL, 'b'), '-')`, gives: 'a-b' },
        { sql: `array_join(array('a', NULL, 'b'), '-', '?')`, gives: 'a-?-b' },
      ],
      eval: (list: readonly (string | null)[], delimiter: string, replacement?: string) =>
        replacement === undefined
          ? list.filter((s) => s !== null).join(delimiter)
          : list.map((s) => s ?? replacement).join(delimiter),
    },
  ),
  scalar('array_compact', [arg('array', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The elements that are not NULL.',
    examples: [{ sql: 'array_compact(array(1, NULL, 2))', gives: '[1, 2]' }],
    resolve: ([list]) => {
      const type = arrayArgument('array_compact', 1, list!)
      return { args: [type], type: { ...type, containsNull: false } }
    },
    eval: (list: List) => list.filter((v) => v !== null),
  }),
]
