import { expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { compileAggregateUpdate, type AggregateCall, type StateColumns } from '../../src/expr/compile.ts'
import type { AggregateEntry } from '../../src/functions/entry.ts'
import { BIGINT, DOUBLE, INT, STRING, BOOLEAN } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { call, col, env, lit, schemaOfTypes } from './build.ts'

const common = {
  kind: 'aggregate',
  group: 'test',
  doc: 'Test.',
  params: [],
  examples: [{ sql: 'x', gives: 'y' }],
} as const

/** A sum as the registry will have it: BIGINT state, generated code and the slow body. */
const sum = (withCode: boolean): AggregateEntry => ({
  ...common,
  name: 'test_sum',
  state: () => [BIGINT],
  bind: () => ({
    init: () => [null],
    add: (state, [x]) => void (state[0] = ((state[0] ?? 0n) as bigint) + BigInt(x as number | bigint)),
    merge: () => undefined,
    finish: (state) => state[0]!,
    retract: (state, [x]) => void (state[0] = ((state[0] ?? 0n) as bigint) - BigInt(x as number | bigint)),
  }),
  ...(withCode
    ? { codegen: ([s], [v], [x]) => `${s} = rt.i64((${v} === 1 ? ${s} : 0n) + BigInt(${x})); ${v} = 1` }
    : {}),
})

const longest: AggregateEntry = {
  ...common,
  name: 'test_longest',
  state: () => [STRING, BOOLEAN],
  bind: () => ({
    init: () => [null, false],
    add: (state, [x]) => {
      if (state[0] === null || (x as string).length > (state[0] as string).length) state[0] = x!
      state[1] = true
    },
    merge: () => undefined,
    finish: (state) => state[0]!,
  }),
}

const longState = (n: number): StateColumns => [{ values: new BigInt64Array(n), validity: new Uint8Array(n) }]

const schema = schemaOfTypes(INT, BIGINT, STRING, DOUBLE)
const rows: Value[][] = [
  [1, 10n, 'a', 0.5],
  [2, null, 'bbb', 1],
  [null, 2n ** 60n, null, 2],
  [4, 5n, 'cc', 3],
]

for (const withCode of [true, false])
  test(`sums by slot, ${withCode ? 'generated' : 'through add'}`, () => {
    const calls: AggregateCall[] = [
      { entry: sum(withCode), args: [col(0, INT)], type: BIGINT },
      { entry: sum(withCode), args: [col(1, BIGINT)], type: BIGINT },
      { entry: sum(withCode), args: [call('+', col(1, BIGINT), lit(1n, BIGINT))], type: BIGINT },
      { entry: sum(withCode), args: [col(0, INT)], filter: call('>', col(3, DOUBLE), lit(0.7, DOUBLE)), type: BIGINT },
    ]
    const state = calls.map(() => longState(3))
    const { update } = compileAggregateUpdate(calls, schema, env)
    update(batchOf(schema, rows), Int32Array.of(0, 2, 0, -1), state)
    const read = (): (bigint | null)[][] =>
      state.map(([c]) => [0, 1, 2].map((g) => (c!.validity[g] === 1 ? (c!.values as BigInt64Array)[g]! : null)))
    expect(read()).toEqual([
      [1n, null, 2n],
      [2n ** 60n + 10n, null, null],
      [2n ** 60n + 12n, null, null],
      [null, null, 2n],
    ])
    update(batchOf(schema, rows).select(Int32Array.of(3)), Int32Array.of(1), state)
    expect(read().map((r) => r[1])).toEqual([4n, 5n, 6n, 4n])
  })

test('rows of negative weight are taken back', () => {
  const state = [longState(1)]
  const { update } = compileAggregateUpdate([{ entry: sum(true), args: [col(0, INT)], type: BIGINT }], schema, env)
  const batch = batchOf(schema, rows)
  update(new Batch(schema, batch.columns, 4, null, Int32Array.of(1, -1, 1, 1)), new Int32Array(4), state)
  expect((state[0]![0]!.values as BigInt64Array)[0]).toBe(3n)
})

test('object and boolean state fields keep Values', () => {
  const state: StateColumns[] = [
    [
      { values: new Array<Value>(2).fill(null), validity: new Uint8Array(2) },
      { values: new Uint8Array(2), validity: new Uint8Array(2).fill(1) },
    ],
  ]
  const { update, bodies } = compileAggregateUpdate(
    [{ entry: longest, args: [col(2, STRING)], type: STRING }],
    schema,
    env,
  )
  update(batchOf(schema, rows), Int32Array.of(0, 0, 0, 1), state)
  expect(state[0]![0]!.values).toEqual(['bbb', 'cc'])
  expect(state[0]![1]!.values).toEqual(Uint8Array.of(1, 1))
  expect(bodies[0]!.finish(['bbb', true])).toBe('bbb')
})

test('an overflow of the state carries the span of the aggregate', () => {
  const at = { sql: 'SELECT sum(x)', start: 7, end: 13 }
  const state = [longState(1)]
  const { update } = compileAggregateUpdate(
    [{ entry: sum(true), args: [col(1, BIGINT)], type: BIGINT, at }],
    schema,
    env,
  )
  const big = batchOf(schema, [
    [1, 2n ** 62n, null, null],
    [1, 2n ** 62n, null, null],
  ])
  expect(() => update(big, new Int32Array(2), state)).toThrow(
    expect.objectContaining({ code: 'ARITHMETIC_OVERFLOW', at }),
  )
})
