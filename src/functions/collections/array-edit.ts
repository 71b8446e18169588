import { ExecutionError } from '../../errors/errors.ts'
import { tightestCommonType } from '../../types/coercion.ts'
import { arrayOf, INT, type ArrayType, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { indexArgument, pairMismatch, typedArrayArgument } from './argument-types.ts'
import { MAX_ARRAY_LENGTH } from './array-basics.ts'

type List = readonly Value[]

/** The array type that holds the elements of `list` and `element`. */
function widened(fn: string, list: ArrayType, element: DataType): ArrayType {
  const common = tightestCommonType(list.element, element, false)
  return common === null
    ? pairMismatch('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES', fn, list, element)
    : arrayOf(common)
}

function insert(list: List, index: number, element: Value): List {
  if (index === 0) throw new ExecutionError('INVALID_INDEX_OF_ZERO', {})
  if (Math.abs(index) > MAX_ARRAY_LENGTH) {
    throw new ExecutionError('COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION', {
      function: 'array_insert',
      size: Math.abs(index),
    })
  }
  const out = list.slice()
  if (index > 0) {
    while (out.length < index - 1) out.push(null)
    out.splice(index - 1, 0, element)
    return out
  }
  const at = list.length + index + 1
  if (at >= 0) {
    out.splice(at, 0, element)
    return out
  }
  return [element, ...new Array<Value>(-at).fill(null), ...list]
}

const atEnd = (name: 'array_append' | 'array_prepend', doc: string, gives: string): FunctionEntry =>
  scalar(name, [arg('array', 'ARRAY'), arg('element', 'ANY')], undefined, {
    group: 'array',
    doc,
    examples: [{ sql: `${name}(array(1, 2), 3)`, gives }],
    nulls: 'handles',
    resolve: (args) => {
      const type = widened(name, typedArrayArgument(name, 1, args[0]!), args[1]!)
      return { args: [type, type.element], type, nullable: true }
    },
    eval:
      name === 'array_append'
        ? (list: List | null, element: Value) => list && [...list, element]
        : (list: List | null, element: Value) => list && [element, ...list],
  })

/** Arrays with one element more. */
export const entries: readonly FunctionEntry[] = [
  atEnd('array_append', 'The array with `element` behind its last element.', '[1, 2, 3]'),
  atEnd('array_prepend', 'The array with `element` before its first element.', '[3, 1, 2]'),
  scalar('array_insert', [arg('array', 'ARRAY'), arg('index', INT), arg('element', 'ANY')], undefined, {
    group: 'array',
    doc: 'The array with `element` at place `index`, counted from 1, or from -1 for a place behind the last element; NULL fills what lies between.',
    examples: [
      { sql: `array_insert(array('a', 'c'), 2, 'b')`, gives: '[a, b, c]' },
      { sql: `array_insert(array('a', 'b'), -1, 'c')`, gives: '[a, b, c]' },
    ],
    nulls: 'handles',
    resolve: (args) => {
      const [list, index, element] = args as [DataType, DataType, DataType]
      if (list.kind !== 'array')
        return pairMismatch('DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES', 'array_insert', list, element)
      const type = widened('array_insert', list, element)
      return { args: [type, indexArgument('array_insert', 2, index), type.element], type, nullable: true }
    },
    eval: (list: List | null, index: number | null, element: Value) =>
      list === null || index === null ? null : insert(list, index, element),
  }),
]
