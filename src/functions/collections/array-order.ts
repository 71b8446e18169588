import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { compareValues } from '../../types/compare.ts'
import { BIGINT, BOOLEAN, INT, typeName, VOID, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { arrayArgument, castArgument, requireOrder } from './argument-types.ts'
import { sortVector } from './sort-vector.ts'

type List = readonly Value[]
type Comparator = (a: Value, b: Value) => number | null

const elementOf = (type: DataType): DataType => (type.kind === 'array' ? type.element : VOID)

/** Nulls-last or nulls-first order over values of a type. */
function order(type: DataType, ascending: boolean, nullsFirst: boolean): (a: Value, b: Value) => number {
  const compare = compareValues(type)
  const sign = ascending ? 1 : -1
  const nullSide = nullsFirst ? -1 : 1
  return (a, b) => (a === null ? (b === null ? 0 : nullSide) : b === null ? -nullSide : sign * compare(a, b))
}

/** A small generator of 32-bit numbers: one shuffle needs only that one seed always gives one order. */
function* randomInts(seed: number): Generator<number, never> {
  let state = seed | 0
  for (;;) {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    yield (t ^ (t >>> 14)) >>> 0
  }
}

/** Sorting and shuffling arrays. */
export const entries: readonly FunctionEntry[] = [
  scalar(
    'array_sort',
    [
      arg('array', 'ARRAY'),
      arg('comparator', 'FUNCTION', {
        optional: true,
        lambda: ([list]) => {
          const { element } = arrayArgument('array_sort', 1, list!)
          return [element, element]
        },
      }),
    ],
    undefined,
    {
      group: 'array',
      doc: 'The elements in ascending order, NULL last; or in the order of `comparator`, which gives an INT below, at or above 0 for two elements.',
      examples: [
        { sql: 'array_sort(array(3, 1, NULL, 2))', gives: '[1, 2, 3, NULL]' },
        { sql: `array_sort(array('ccc', 'a', 'bb'), (a, b) -> length(a) - length(b))`, gives: '[a, bb, ccc]' },
      ],
      resolve: (args) => {
        const list = arrayArgument('array_sort', 1, args[0]!)
        if (args.length === 1) {
          requireOrder('array_sort', list.element)
          return { args: [list], type: list }
        }
        if (args[1]!.kind !== 'int')
          throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE', {
            function: 'array_sort',
            expected: 'INT',
            actual: typeName(args[1]!),
          })
        return { args: [list, INT], type: list }
      },
      bind: (site) => {
        const byType = site.args.length === 1 ? order(elementOf(site.args[0]!), true, false) : undefined
        return (list: List, comparator?: Comparator) => {
          if (byType) return list.slice().sort(byType)
          return list.slice().sort((a, b) => {
            const result = comparator!(a, b)
            if (result === null) throw new ExecutionError('COMPARATOR_RETURNS_NULL', { function: 'array_sort' })
            return result
          })
        }
      },
    },
  ),
  scalar('sort_array', [arg('array', 'ARRAY'), arg('ascending', BOOLEAN, { optional: true })], undefined, {
    group: 'array',
    doc: 'The elements in ascending order with NULL first, or in descending order with NULL last when `ascending` is false.',
    examples: [
      { sql: 'sort_array(array(3, 1, NULL, 2))', gives: '[NULL, 1, 2, 3]' },
      { sql: 'sort_array(array(3, 1, NULL, 2), false)', gives: '[3, 2, 1, NULL]' },
    ],
    resolve: (args) => {
      const list = arrayArgument('sort_array', 1, args[0]!)
      requireOrder('sort_array', list.element)
      const ascending = args[1]
      if (ascending && ascending.kind !== 'boolean' && ascending.kind !== 'void')
        unexpectedType('sort_array', 2, 'BOOLEAN', ascending)
      return { args: [list, ...(ascending ? [BOOLEAN] : [])], type: list }
    },
    bind: (site) => {
      const up = order(elementOf(site.args[0]!), true, true)
      const down = order(elementOf(site.args[0]!), false, false)
      return (list: List, ascending = true) => list.slice().sort(ascending ? up : down)
    },
    vector: sortVector,
  }),
  scalar('shuffle', [arg('array', 'ARRAY'), arg('seed', BIGINT, { optional: true })], undefined, {
    group: 'array',
    doc: 'The elements in a random order. Without `seed` the order follows from the time of the batch and the row, so that a rerun of the batch gives the same order.',
    examples: [{ sql: 'shuffle(array(1))', gives: '[1]' }],
    deterministic: false,
    resolve: (args, env) => {
      const list = arrayArgument('shuffle', 1, args[0]!)
      const rest = args.length > 1 ? [castArgument('shuffle', 2, args[1]!, BIGINT, env.ansi)] : []
      return { args: [list, ...rest], type: list }
    },
    bind: (site) => {
      let batch: bigint | undefined
      let random: Generator<number, never> | undefined
      return (list: List, seed?: bigint) => {
        // A new batch starts the sequence again: a batch that is run twice must shuffle the same way.
        const now = seed ?? site.env.batchTimeUs()
        if (random === undefined || now !== batch) {
          batch = now
          random = randomInts(Number(BigInt.asIntN(32, now ^ (now >> 32n))))
        }
        const out = list.slice()
        for (let i = out.length - 1; i > 0; i--) {
          const j = random.next().value % (i + 1)
          ;[out[i], out[j]] = [out[j]!, out[i]!]
        }
        return out
      }
    },
  }),
]
