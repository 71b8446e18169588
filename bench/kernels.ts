import { vectorOf } from '../src/columns/builder.ts'
import { Batch, MAX_BATCH_ROWS } from '../src/columns/batch.ts'
import { compileAggregateUpdate, compileFused } from '../src/expr/compile.ts'
import type { CallExpr, Expr } from '../src/expr/bound.ts'
import type { ExprEnv } from '../src/expr/env.ts'
import type { AggregateEntry } from '../src/functions/entry.ts'
import { lookup, resolveCall } from '../src/functions/registry.ts'
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  field,
  INT,
  schemaOf,
  STRING,
  TIMESTAMP,
  type DataType,
  type Schema,
} from '../src/types/data-type.ts'
import { encodeLiteral } from '../src/types/literal.ts'
import type { Value } from '../src/types/value.ts'

/**
 * How fast is generated code? One thread, batches of 8 192 rows, values that fit the cache of a server core.
 * A value is one input column read or one output column written of one row.
 */

const env: ExprEnv = {
  timeZone: 'UTC',
  ansi: true,
  caseSensitive: false,
  mapKeyDedupPolicy: 'EXCEPTION',
  batchTimeUs: () => 0n,
}
const col = (index: number, type: DataType): Expr => ({
  kind: 'column',
  index,
  name: `c${index}`,
  type,
  nullable: true,
})
const lit = (value: Value, type: DataType): Expr => ({
  kind: 'literal',
  value: encodeLiteral(value, type),
  type,
  nullable: false,
})
const and = (...args: Expr[]): Expr => ({ kind: 'and', args, type: BOOLEAN, nullable: true })

function call(fn: string, ...args: Expr[]): CallExpr {
  const entry = lookup(fn)!
  const resolved = resolveCall(
    entry,
    args.map((a) => ({ type: a.type, nullable: a.nullable })),
    env,
  )
  return { kind: 'call', fn, args, type: resolved.type, nullable: resolved.nullable }
}

const N = MAX_BATCH_ROWS
const schema: Schema = schemaOf(
  field('ts', TIMESTAMP),
  field('id', BIGINT),
  field('n', INT),
  field('price', DOUBLE),
  field('url', STRING),
)

function batchWith(nulls: boolean): Batch {
  const column = (type: DataType, f: (i: number) => Value) =>
    vectorOf(
      type,
      Array.from({ length: N }, (_, i) => (nulls && i % 11 === 0 ? null : f(i))),
    )
  return new Batch(
    schema,
    [
      column(TIMESTAMP, (i) => 1_700_000_000_000_000n + BigInt(i) * 1000n),
      column(BIGINT, (i) => BigInt(i * 7919)),
      column(INT, (i) => i % 1000),
      column(DOUBLE, (i) => i * 0.25),
      column(STRING, (i) => ['/home', '/cart', '/checkout/pay', '/search'][i % 4]!),
    ],
    N,
  )
}

/** Runs `f` for about a second after warming up; seconds per call. */
function time(f: () => unknown): number {
  for (const until = performance.now() + 500; performance.now() < until;) f()
  let calls = 0
  const start = performance.now()
  while (performance.now() - start < 1000) {
    for (let i = 0; i < 20; i++) f()
    calls += 20
  }
  return (performance.now() - start) / 1000 / calls
}

function report(name: string, values: number, f: () => unknown): void {
  const s = time(f)
  const line = `${name.padEnd(58)} ${(N / s / 1e6).toFixed(0).padStart(6)} M rows/s ${((N * values) / s / 1e6).toFixed(0).padStart(6)} M values/s`
  process.stdout.write(`${line}\n`)
}

const n = col(2, INT)
const id = col(1, BIGINT)
const price = col(3, DOUBLE)
const ts = col(0, TIMESTAMP)
const url = col(4, STRING)

const cases: [string, number, Expr | null, Expr[]][] = [
  ['n > 250; n + 1', 2, call('>', n, lit(250, INT)), [call('+', n, lit(1, INT))]],
  [
    'n > 250 and price < 1900; price * 1.1 + n, id + 1, n * 2',
    6,
    and(call('>', n, lit(250, INT)), call('<', price, lit(1900, DOUBLE))),
    [
      call('+', call('*', price, lit(1.1, DOUBLE)), {
        kind: 'cast',
        arg: n,
        type: DOUBLE,
        mode: 'ansi',
        nullable: true,
      }),
      call('+', id, lit(1n, BIGINT)),
      call('*', n, lit(2, INT)),
    ],
  ],
  [
    'ts >= constant; id * 3 + n',
    4,
    call('>=', ts, lit(1_700_000_000_100_000n, TIMESTAMP)),
    [call('+', call('*', id, lit(3n, BIGINT)), { kind: 'cast', arg: n, type: BIGINT, mode: 'ansi', nullable: true })],
  ],
  ["url = '/checkout/pay'", 1, call('=', url, lit('/checkout/pay', STRING)), []],
  [
    'case when n < 500 then price else 0.0',
    3,
    null,
    [
      {
        kind: 'case',
        branches: [{ when: call('<', n, lit(500, INT)), then: price }],
        otherwise: lit(0, DOUBLE),
        type: DOUBLE,
        nullable: true,
      },
    ],
  ],
  ["coalesce(url, '-')", 2, null, [{ kind: 'coalesce', args: [url, lit('-', STRING)], type: STRING, nullable: false }]],
]

for (const nulls of [false, true]) {
  const batch = batchWith(nulls)
  process.stdout.write(nulls ? '\nwith 9 % NULLs\n' : 'without NULLs\n')
  for (const [name, values, filter, exprs] of cases) {
    const fused = compileFused(filter, exprs, schema, env)
    report(name, values, () => fused(batch))
  }
  const wide = compileFused(cases[2]![2], cases[2]![3], schema, env, { int64: 'wide' })
  report('the third, wide (BigInt)', 4, () => wide(batch))
}

process.stdout.write('\naggregates over 1000 groups\n')
const groups = Int32Array.from({ length: N }, (_, i) => (i * 31) % 1000)
const batch = batchWith(false)
const aggregates: [string, string, Expr[], DataType][] = [
  ['count', 'count(n)', [n], BIGINT],
  ['sum', 'sum(n)', [n], BIGINT],
  ['sum', 'sum(id)', [id], BIGINT],
  ['sum', 'sum(id + 1)', [call('+', id, lit(1n, BIGINT))], BIGINT],
  ['sum', 'sum(price * 2)', [call('*', price, lit(2, DOUBLE))], DOUBLE],
  ['max', 'max(id)', [id], BIGINT],
]
for (const [name, text, args, type] of aggregates) {
  const entry = lookup(name) as AggregateEntry | undefined
  if (entry === undefined) continue
  const { update, bodies, sites } = compileAggregateUpdate([{ entry, args, type }], schema, env)
  const init = bodies[0]!.init()
  const state = entry.state(sites[0]!).map((t, k) => ({
    values:
      t.kind === 'bigint'
        ? new BigInt64Array(1000)
        : t.kind === 'double'
          ? new Float64Array(1000)
          : new Array<Value>(1000).fill(init[k]!),
    validity: new Uint8Array(1000).fill(init[k] === null ? 0 : 1),
  }))
  report(text, 1, () => update(batch, groups, [state]))
}
