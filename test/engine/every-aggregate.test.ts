import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { entryOf, siteOf } from '../../src/expr/env.ts'
import { allEntries } from '../../src/functions/registry.ts'
import { inputsOf, type Logical, type LogicalAggregate } from '../../src/plan/logical.ts'
import { MillraceSession } from '../../src/session.ts'
import { assertBatchEquivalence, type EquivalenceTable } from '../../src/testing/index.ts'
import { env } from '../expr/build.ts'

const SCHEMA =
  'ts TIMESTAMP, k INT, s STRING, v BIGINT, d DOUBLE, m DECIMAL(20,2), big DECIMAL(38,4), ok BOOLEAN, x BINARY, a ARRAY<STRING>'

/** A call of each aggregate; double results rounded, since sums of them follow the order of rows. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  count: ['count(*)', 'count(v)', 'count(s, v)', 'count(v) FILTER (WHERE ok)'],
  count_if: ['count_if(v > 3)'],
  sum: ['sum(v)', 'sum(d)', 'sum(m)', 'sum(big)', 'sum(k)'],
  try_sum: ['try_sum(v)', 'try_sum(m)', 'try_sum(if(v > 3, 9223372036854775807L, 0L))'],
  avg: ['avg(v)', 'avg(d)', 'avg(m)', 'avg(big)'],
  try_avg: ['try_avg(v)', 'try_avg(m)'],
  min: ['min(v)', 'min(s)', 'min(d)', 'min(m)', 'min(big)', 'min(ts)', 'min(x)', 'min(a)', 'min(struct(s, v))'],
  max: ['max(v)', 'max(s)', 'max(d)', 'max(m)', 'max(big)', 'max(ts)', 'max(x)', 'max(a)', 'max(struct(s, v))'],
  max_by: ['max_by(s, struct(v, s))', 'max_by(v, struct(v, s), 2)'],
  min_by: ['min_by(s, struct(v, s))', 'min_by(v, struct(v, s), 2)'],
  bool_and: ['bool_and(ok)'],
  bool_or: ['bool_or(ok)'],
  bit_and: ['bit_and(v)'],
  bit_or: ['bit_or(v)'],
  bit_xor: ['bit_xor(v)'],
  var_samp: ['round(var_samp(v), 6)'],
  var_pop: ['round(var_pop(d), 6)'],
  stddev_samp: ['round(stddev_samp(v), 6)'],
  stddev_pop: ['round(stddev_pop(d), 6)'],
  skewness: ['round(skewness(v), 6)'],
  kurtosis: ['round(kurtosis(v), 6)'],
  covar_pop: ['round(covar_pop(v, d), 6)'],
  covar_samp: ['round(covar_samp(v, d), 6)'],
  corr: ['round(corr(v, d), 6)'],
  regr_slope: ['round(regr_slope(v, d), 6)'],
  regr_intercept: ['round(regr_intercept(v, d), 6)'],
  regr_r2: ['round(regr_r2(v, d), 6)'],
  regr_avgx: ['round(regr_avgx(v, d), 6)'],
  regr_avgy: ['round(regr_avgy(v, d), 6)'],
  regr_sxx: ['round(regr_sxx(v, d), 6)'],
  regr_syy: ['round(regr_syy(v, d), 6)'],
  regr_sxy: ['round(regr_sxy(v, d), 6)'],
  regr_count: ['regr_count(v, d)'],
  percentile: ['percentile(v, 0.5)', 'percentile(d, array(0.1, 0.9))', 'percentile(v, 0.3, abs(k) + 1)'],
  percentile_cont: ['percentile_cont(0.4) WITHIN GROUP (ORDER BY v)'],
  percentile_disc: ['percentile_disc(0.4) WITHIN GROUP (ORDER BY v DESC)'],
  percentile_approx: ['percentile_approx(v, 0.5)', 'percentile_approx(d, array(0.25, 0.75), 100)'],
  median: ['median(v)', 'median(d)'],
  mode: ['mode(v, true)', 'mode() WITHIN GROUP (ORDER BY s)'],
  approx_count_distinct: ['approx_count_distinct(v)', 'approx_count_distinct(s, 0.1)'],
  histogram_numeric: ['histogram_numeric(v, 50)'],
  bitmap_construct_agg: ['bitmap_count(bitmap_construct_agg(bitmap_bit_position(abs(v))))'],
  bitmap_or_agg: ['hex(bitmap_or_agg(x))'],
  bitmap_and_agg: ['hex(bitmap_and_agg(x))'],
  collect_set: ['sort_array(collect_set(s))', 'sort_array(collect_set(m))'],
  collect_union: ['sort_array(collect_union(a))'],
  listagg_within: ["listagg(s, '-') WITHIN GROUP (ORDER BY s, v)"],
}

/** Their results follow the order of rows, which sessions that merge do not keep. */
const ORDERED: Readonly<Record<string, readonly string[]>> = {
  first: ['first(v)', 'first(s, true)', 'first(a)'],
  last: ['last(v)', 'last(s, true)', 'last(x)'],
  any_value: ['any_value(v)', 'any_value(s, true)'],
  collect_list: ['collect_list(s)', 'collect_list(m)', 'collect_list(struct(v, a))'],
  listagg: ["listagg(s, ',')", 'listagg(x)'],
}

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().slice(0, 23)
/** NULL every so often. */
const some = <T>(i: number, every: number, value: T): T | null => (i % every === 0 ? null : value)
const rows: EquivalenceTable['rows'] = Array.from({ length: 40 }, (_, i) => [
  at(i).replace('T', ' '),
  some(i, 13, i % 3),
  some(i, 6, ['a', 'ä', '', 'a text of more than eight bytes'][(i * 7) % 4]),
  some(i, 5, (i * i) % 9),
  some(i, 7, ((i * 11) % 16) / 4),
  some(i, 8, `${(i * 31) % 90}.25`),
  some(i, 9, `1234567890123456789012345678${i % 10}.5`),
  some(i, 4, i % 3 > 0),
  some(i, 10, Uint8Array.of(i % 16, 255 - i)),
  some(i, 6, ['x', i % 5 === 0 ? null : `y${i % 4}`]),
])
const table = (given: EquivalenceTable['rows']): Readonly<Record<string, EquivalenceTable>> => ({
  e: { schema: SCHEMA, rows: given, watermark: ['ts', '5 seconds'] },
})

const list = (...tables: readonly Readonly<Record<string, readonly string[]>>[]): string =>
  tables
    .flatMap((calls) => Object.values(calls).flat())
    .map((call, i) => `${call} AS a${i}`)
    .join(', ')

test('every aggregate of the registry is in the table', () => {
  const names = allEntries().flatMap((e) => (e.kind === 'aggregate' ? [e.name] : []))
  expect([...Object.keys(CALLS), ...Object.keys(ORDERED)].sort()).toEqual(names.sort())
})

describe('every aggregate, streamed in slicings with restarts, gives what it gives in batch', () => {
  test.each(['append', 'update', 'complete'] as const)('in windows, in %s mode', async (outputMode) => {
    const sql = `SELECT window.start AS w, k, ${list(CALLS, ORDERED)} FROM e GROUP BY window(ts, '10 seconds'), k`
    expect((await assertBatchEquivalence(sql, table(rows), { outputMode, seed: 1, slicings: 2 })).rows).toBe(16)
  })
  test.each(['update', 'complete'] as const)('without time among the keys, in %s mode', async (outputMode) => {
    const sql = `SELECT k, ${list(CALLS, ORDERED)} FROM e GROUP BY k`
    expect((await assertBatchEquivalence(sql, table(rows), { outputMode, seed: 2, slicings: 2 })).rows).toBe(4)
  })
  test.each(['append', 'complete'] as const)('in sessions, in %s mode', async (outputMode) => {
    const sql = `SELECT session_window.start AS w, k, ${list(CALLS, ORDERED)} FROM e GROUP BY session_window(ts, '4 seconds'), k`
    expect(
      (await assertBatchEquivalence(sql, table(rows), { outputMode, seed: 3, slicings: 2, key: ['w', 'k'] })).rows,
    ).toBeGreaterThan(3)
  })
  test.each(['append', 'update', 'complete'] as const)('in sessions that merge, in %s mode', async (outputMode) => {
    const sql = `SELECT session_window.start AS w, k, ${list(CALLS)} FROM e GROUP BY session_window(ts, '2500 milliseconds'), k`
    const mixed = rows.map((_, i) => rows[i ^ 3]!)
    await assertBatchEquivalence(sql, table(mixed), { outputMode, seed: 4, slicings: 3, key: ['w', 'k'] })
  })
})

const aggregateOf = (p: Logical): LogicalAggregate => (p.op === 'aggregate' ? p : aggregateOf(inputsOf(p)[0]!))

test('docs/event-time.md names the aggregates whose state is more than some values', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/event-time.md'), 'utf8')
  const section = page.split('## What a group costs\n')[1]!.split('\n## ')[0]!
  const named = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap((m) =>
    [...m[1]!.matchAll(/`(\w+)`/g)].map((x) => x[1]!),
  )
  const session = new MillraceSession()
  session.memoryStream(SCHEMA).df.createOrReplaceTempView('e')
  const large = new Set<string>()
  for (const { call } of aggregateOf(session.sql(`SELECT ${list(CALLS, ORDERED)} FROM e`).analyzed).aggregates) {
    const entry = entryOf(call.fn, env)
    if (entry.kind !== 'aggregate') continue
    const site = siteOf(call.fn, call.args, call.type, env)
    const arguments_ = site.args.map((t) => JSON.stringify(t))
    const grows = entry
      .state(site)
      .some((t) => ['array', 'binary', 'map'].includes(t.kind) && !arguments_.includes(JSON.stringify(t)))
    if (grows || entry.name.startsWith('bitmap') || entry.name === 'collect_union') large.add(entry.name)
  }
  await session.stop()
  expect(named.sort()).toEqual([...large].sort())
})
