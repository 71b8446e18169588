import { AnalysisError } from '../../errors/errors.ts'
import { tightestCommonType } from '../../types/coercion.ts'
import { compareValues, equalValues, hashKey, type HashKey } from '../../types/compare.ts'
import { arrayOf, BIGINT, BOOLEAN, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry, type ScalarEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { valueCode } from '../value-code.ts'
import { containsVector } from './element-vector.ts'
import { arrayArgument, pairMismatch, requireOrder } from './argument-types.ts'
import { comparedType } from './common-element-type.ts'

type List = readonly Value[]
type Resolve = NonNullable<ScalarEntry['resolve']>

/** Types of a function over an array and a value of its elements' type. */
const arrayAndValue =
  (fn: string, result: (array: DataType) => DataType, refuseNull = false): Resolve =>
  (args) => {
    const [list, value] = args as [DataType, DataType]
    if (refuseNull && list.kind === 'void') throw new AnalysisError('DATATYPE_MISMATCH.NULL_TYPE', { function: fn })
    if (list.kind !== 'array')
      return refuseNull
        ? unexpectedType(fn, 1, 'an array', list)
        : pairMismatch('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES', fn, list, value)
    const element = tightestCommonType(list.element, value, false)
    if (element === null) return pairMismatch('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES', fn, list, value)
    requireOrder(fn, element)
    const array = arrayOf(element, list.containsNull)
    return { args: [array, element], type: result(array), nullable: true }
  }

/** Types of a function over two arrays of one element type. */
const twoArrays =
  (fn: string, result: (array: DataType) => DataType): Resolve =>
  (args) => {
    const [a, b] = args as [DataType, DataType]
    const element = a.kind === 'array' && b.kind === 'array' ? tightestCommonType(a.element, b.element, false) : null
    if (element === null) return pairMismatch('DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES', fn, a, b)
    requireOrder(fn, element)
    const array = arrayOf(element)
    return { args: [array, array], type: result(array), nullable: true }
  }

const elementOf = (type: DataType): DataType => (type.kind === 'array' ? type.element : type)

/** The first element of each value, by the keys of `key`. */
function distinct(lists: readonly List[], key: (v: Value) => HashKey, skip?: ReadonlySet<HashKey>): List {
  const seen = new Set<HashKey>(skip)
  const out: Value[] = []
  for (const list of lists) {
    for (const v of list) {
      const k = key(v)
      if (seen.has(k)) continue
      seen.add(k)
      out.push(v)
    }
  }
  return out
}

const extreme = (
  name: 'array_max' | 'array_min',
  sign: 1 | -1,
  doc: string,
  example: { sql: string; gives: string },
): FunctionEntry =>
  scalar(name, [arg('array', 'ARRAY')], undefined, {
    group: 'array',
    doc,
    examples: [example],
    canBeNull: true,
    resolve: ([list]) => {
      // An untyped NULL has no element type of its own, and so the result is untyped too.
      const type = arrayArgument(name, 1, list!)
      requireOrder(name, type.element)
      return { args: [type], type: type.element, nullable: true }
    },
    bind: (site) => {
      const compare = compareValues(elementOf(site.args[0]!))
      return (list: List) => {
        let best: Value = null
        for (const v of list) if (v !== null && (best === null || compare(v, best) * sign > 0)) best = v
        return best
      }
    },
  })

/** Searching arrays, and arrays as sets. */
export const entries: readonly FunctionEntry[] = [
  scalar('array_contains', [arg('array', 'ARRAY'), arg('value', 'ANY')], undefined, {
    group: 'array',
    doc: 'Whether `value` is an element of the array; NULL when it is not but an element is NULL.',
    examples: [
      { sql: 'array_contains(array(1, 2), 2)', gives: 'true' },
      { sql: 'array_contains(array(1, NULL), 2)', gives: 'NULL' },
    ],
    canBeNull: true,
    resolve: (args, env) => {
      const [list, value] = args as [DataType, DataType]
      if (list.kind === 'void' || value.kind === 'void')
        throw new AnalysisError('DATATYPE_MISMATCH.NULL_TYPE', { function: 'array_contains' })
      if (list.kind !== 'array') return unexpectedType('array_contains', 1, 'an array', list)
      const element = comparedType(list.element, value, env.ansi)
      if (element === undefined)
        return pairMismatch('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES', 'array_contains', list, value)
      requireOrder('array_contains', element)
      return { args: [arrayOf(element, list.containsNull), element], type: BOOLEAN, nullable: true }
    },
    bind: (site) => {
      const equal = equalValues(site.args[1]!)
      return (list: List, value: Value) => {
        let sawNull = false
        for (const v of list) {
          if (v === null) sawNull = true
          else if (equal(v, value)) return true
        }
        return sawNull ? null : false
      }
    },
    codegen: ([list, value], site) => {
      const element = site.args[1]!
      // `includes` takes NaN for itself and -0 for 0, as SQL does; values of these types need no more.
      if (
        !['boolean', 'tinyint', 'smallint', 'int', 'bigint', 'date', 'float', 'double', 'string'].includes(element.kind)
      )
        return null
      return `(${list}.includes(${valueCode(value!, element, site)}) || (${list}.includes(null) ? null : false))`
    },
    vector: containsVector,
  }),
  scalar('array_position', [arg('array', 'ARRAY'), arg('value', 'ANY')], undefined, {
    group: 'array',
    doc: 'The place of the first element equal to `value`, counted from 1; 0 when there is none.',
    examples: [{ sql: 'array_position(array(3, 1, 3), 3)', gives: '1' }],
    resolve: arrayAndValue('array_position', () => BIGINT, true),
    bind: (site) => {
      const equal = equalValues(site.args[1]!)
      return (list: List, value: Value) => BigInt(list.findIndex((v) => v !== null && equal(v, value)) + 1)
    },
  }),
  scalar('array_remove', [arg('array', 'ARRAY'), arg('value', 'ANY')], undefined, {
    group: 'array',
    doc: 'The elements that are not equal to `value`; NULL elements stay.',
    examples: [{ sql: 'array_remove(array(1, 2, 1), 1)', gives: '[2]' }],
    resolve: arrayAndValue('array_remove', (array) => array),
    bind: (site) => {
      const equal = equalValues(site.args[1]!)
      return (list: List, value: Value) => list.filter((v) => v === null || !equal(v, value))
    },
  }),
  scalar('array_distinct', [arg('array', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The elements without repetitions, each where it comes first; NULL counts as a value.',
    examples: [{ sql: 'array_distinct(array(1, 2, 1))', gives: '[1, 2]' }],
    resolve: ([list]) => {
      const type = arrayArgument('array_distinct', 1, list!)
      requireOrder('array_distinct', type.element)
      return { args: [type], type }
    },
    bind: (site) => {
      const key = hashKey(elementOf(site.args[0]!))
      return (list: List) => distinct([list], key)
    },
  }),
  scalar('array_union', [arg('left', 'ARRAY'), arg('right', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The elements of both arrays without repetitions.',
    examples: [{ sql: 'array_union(array(1, 2), array(2, 3))', gives: '[1, 2, 3]' }],
    resolve: twoArrays('array_union', (array) => array),
    bind: (site) => {
      const key = hashKey(elementOf(site.args[0]!))
      return (a: List, b: List) => distinct([a, b], key)
    },
  }),
  scalar('array_except', [arg('left', 'ARRAY'), arg('right', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The elements of `left` that are not in `right`, without repetitions.',
    examples: [{ sql: 'array_except(array(1, 2, 2, 3), array(2))', gives: '[1, 3]' }],
    resolve: twoArrays('array_except', (array) => array),
    bind: (site) => {
      const key = hashKey(elementOf(site.args[0]!))
      return (a: List, b: List) => distinct([a], key, new Set(b.map(key)))
    },
  }),
  scalar('array_intersect', [arg('left', 'ARRAY'), arg('right', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'The elements of `left` that are also in `right`, without repetitions.',
    examples: [{ sql: 'array_intersect(array(1, 2, 2), array(2, 5))', gives: '[2]' }],
    resolve: twoArrays('array_intersect', (array) => array),
    bind: (site) => {
      const key = hashKey(elementOf(site.args[0]!))
      return (a: List, b: List) => {
        const right = new Set(b.map(key))
        return distinct([a.filter((v) => right.has(key(v)))], key)
      }
    },
  }),
  scalar('arrays_overlap', [arg('left', 'ARRAY'), arg('right', 'ARRAY')], undefined, {
    group: 'array',
    doc: 'Whether the arrays share an element that is not NULL; NULL when they do not, neither is empty and one holds a NULL.',
    examples: [{ sql: 'arrays_overlap(array(1, 2), array(2))', gives: 'true' }],
    canBeNull: true,
    resolve: twoArrays('arrays_overlap', () => BOOLEAN),
    bind: (site) => {
      const key = hashKey(elementOf(site.args[0]!))
      return (a: List, b: List) => {
        const right = new Set<HashKey>()
        for (const v of b) if (v !== null) right.add(key(v))
        let sawNull = right.size < b.length && b.includes(null)
        for (const v of a) {
          if (v === null) sawNull = true
          else if (right.has(key(v))) return true
        }
        return sawNull && a.length > 0 && b.length > 0 ? null : false
      }
    },
  }),
  extreme('array_max', 1, 'The greatest element that is not NULL; NaN is greater than any number.', {
    sql: 'array_max(array(1, 3, NULL))',
    gives: '3',
  }),
  extreme('array_min', -1, 'The smallest element that is not NULL.', { sql: `array_min(array('b', 'a'))`, gives: 'a' }),
]
