import { BIGINT, BOOLEAN } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type FunctionEntry } from '../entry.ts'
import { aggregate } from './aggregate.ts'

const step = (state: Value[], by: bigint): void => {
  state[0] = (state[0] as bigint) + by
}

/** A count of the rows that `counts` takes; the state is the result. */
function counter(counts: (args: readonly Value[]) => boolean): AggregateBody {
  return {
    init: () => [0n],
    add: (state, args) => {
      if (counts(args)) step(state, 1n)
    },
    merge: (state, other) => step(state, other[0] as bigint),
    finish: (state) => state[0]!,
    retract: (state, args) => {
      if (counts(args)) step(state, -1n)
    },
  }
}

/** Counting. */
export const entries: readonly FunctionEntry[] = [
  aggregate('count', [arg('value', 'ANY', { variadic: true })], BIGINT, {
    doc: 'Returns the number of rows; with arguments, of rows where none of them is NULL.',
    examples: [
      { sql: 'count(*) FROM VALUES (1), (NULL) AS t(x)', gives: '2' },
      { sql: 'count(x) FROM VALUES (1), (NULL) AS t(x)', gives: '1' },
    ],
    neverNull: true,
    state: () => [BIGINT],
    bind: () => counter(() => true),
    resultField: () => 0,
    codegen: ([s]) => `${s} = BigInt.asIntN(64, ${s} + 1n)`,
  }),
  aggregate('count_if', [arg('condition', BOOLEAN)], BIGINT, {
    doc: 'Returns the number of rows where `condition` is true.',
    examples: [{ sql: 'count_if(x > 1) FROM VALUES (1), (2), (3) AS t(x)', gives: '2' }],
    neverNull: true,
    state: () => [BIGINT],
    bind: () => counter(([c]) => c === true),
    resultField: () => 0,
    codegen: ([s], _v, [c]) => `if (${c}) { ${s} = BigInt.asIntN(64, ${s} + 1n) }`,
  }),
]
