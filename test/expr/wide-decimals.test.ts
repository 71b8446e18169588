import { expect, test } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import type { Expr } from '../../src/expr/bound.ts'
import { codegenReport, compileFilter, compileProjection } from '../../src/expr/compile.ts'
import { interpret } from '../../src/expr/interpret.ts'
import { BIGINT, decimal, DOUBLE, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { call, cast, col, env, lit, schemaOfTypes } from './build.ts'

/** Compiled in both modes, against interpret. Each row is a batch of its own too, so that narrow runs are not given up for a neighbour. */
function check(e: Expr, types: DataType[], rows: Value[][]): void {
  const schema = schemaOfTypes(...types)
  const judge = interpret(e, env)
  const wanted = rows.map((r) => judge(r))
  for (const int64 of ['auto', 'wide'] as const) {
    const [v] = compileProjection([e], schema, env, { int64 }).project(batchOf(schema, rows))
    expect(rows.map((_, i) => v!.get(i))).toEqual(wanted)
    rows.forEach((row, i) => {
      const [one] = compileProjection([e], schema, env, { int64 }).project(batchOf(schema, [row]))
      expect(one!.get(0)).toEqual(wanted[i])
    })
  }
}

const LONGS = [
  0n,
  1n,
  -1n,
  123n,
  2n ** 31n,
  -(2n ** 32n),
  2n ** 53n - 1n,
  -(2n ** 53n),
  2n ** 63n - 1n,
  -(2n ** 63n),
  null,
]
const WIDE = [...LONGS, 2n ** 64n, -(2n ** 64n), 10n ** 24n - 1n, 1n - 10n ** 24n]
const one = (values: readonly Value[]): Value[][] => values.map((v) => [v])

test('a decimal literal times a BIGINT, as 0.908 * price', () => {
  const e = call('*', lit(908n, decimal(3, 3)), cast(col(0, BIGINT), decimal(20, 0)))
  expect(e.type).toEqual(decimal(24, 3))
  check(e, [BIGINT], one(LONGS))
  expect(codegenReport([e], env).fallbacks).toEqual([])
})

test('BIGINT to decimals of more digits, with and without a scale', () => {
  for (const to of [decimal(19, 0), decimal(20, 0), decimal(30, 4), decimal(38, 18), decimal(38, 19)])
    check(cast(col(0, BIGINT), to), [BIGINT], one(LONGS))
})

test('wide decimals to wider ones and to DOUBLE', () => {
  check(cast(col(0, decimal(24, 0)), decimal(30, 6)), [decimal(24, 0)], one(WIDE))
  check(cast(col(0, decimal(24, 2)), DOUBLE), [decimal(24, 2)], one(WIDE))
})

test('sums, differences, signs and comparisons', () => {
  const t = decimal(24, 2)
  const pairs = WIDE.flatMap((a) => WIDE.map((b) => [a, b]))
  for (const op of ['+', '-', '*', '<', '=', '>=', '<=>'])
    check(call(op, col(0, t), col(1, t)), [t, t], pairs.slice(0, 60))
  check(call('negative', col(0, t)), [t], one(WIDE))
  const keep = compileFilter(call('>', col(0, t), lit(5n, t)), schemaOfTypes(t), env)
  expect([...keep(batchOf(schemaOfTypes(t), [[4n], [6n], [null], [10n ** 20n]]))!]).toEqual([1, 3])
})
