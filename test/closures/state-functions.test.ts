import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type GroupState, GroupStateTimeout, millrace } from '../../src/index.ts'
import {
  add,
  advanceClock,
  expectError,
  expectNew,
  expectProgress,
  expectTable,
  restart,
  run,
  TestKit,
  testStream,
} from '../../src/testing/index.ts'

const T = (minute: number, rest = '00'): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:${rest}Z`

const count = (key: string | null, rows: Iterable<unknown>, state: GroupState<bigint>) => {
  const n = (state.getOption() ?? 0n) + BigInt([...rows].length)
  state.update(n)
  return { key, n }
}

test('mapGroupsWithState counts per key, in every world', async () => {
  const kit = new TestKit()
  const words = kit.stream('value STRING')
  const counts = words.df
    .as<{ value: string }>()
    .groupByKey((w) => w, 'STRING')
    .mapGroupsWithState(count, { state: 'BIGINT', result: 'key STRING, n BIGINT' })
  const report = await testStream(
    kit,
    counts,
    { outputMode: 'update', key: ['key'] },
    add(words, ['a'], ['b'], ['a']),
    expectNew(['a', 2], ['b', 1]),
    expectProgress({ stateRows: 2 }),
    add(words, ['b'], [null]),
    expectNew(['b', 2], [null, 1]),
    restart(),
    add(words, [null], ['c']),
    expectTable(['a', 2], ['b', 2], [null, 2], ['c', 1]),
  )
  expect(report.worlds.length).toBeGreaterThan(8)
})

test('flatMapGroupsWithState gives any number of results; a removed state takes no room', async () => {
  const kit = new TestKit()
  const bids = kit.stream('item STRING, price INT')
  // Pairs of bids: the second of each pair gives a row.
  const pairs = bids.df
    .as<{ item: string; price: number }>()
    .groupByKey((b) => b.item, 'STRING')
    .flatMapGroupsWithState(
      function* (item, rows, state) {
        for (const { price } of rows) {
          if (!state.exists) state.update({ price, seen: ['first'] })
          else {
            yield { item, both: state.get().price! + price, seen: [...state.get().seen!, 'second'] }
            state.remove()
          }
        }
      },
      {
        state: 'price INT, seen ARRAY<STRING>',
        result: 'item STRING, both INT, seen ARRAY<STRING>',
        outputMode: 'append',
      },
    )
    .select('item', 'both')
  await testStream(
    kit,
    pairs,
    { outputMode: 'append' },
    add(bids, ['pen', 1], ['cup', 5], ['pen', 2], ['pen', 3]),
    expectNew(['pen', 3]),
    expectProgress({ stateRows: 2 }),
    add(bids, ['pen', 10], ['cup', 6]),
    expectNew(['pen', 13], ['cup', 11]),
    expectProgress({ stateRows: 0 }),
  )
})

const sessions = (kit: TestKit, emits: 'append' | 'update' = 'append') => {
  const clicks = kit.stream('ts TIMESTAMP, user STRING')
  const closed = clicks.df
    .withWatermark('ts', '1 minute')
    .groupByKey((c) => c['user'] as string, 'STRING')
    .flatMapGroupsWithState(
      (user, rows, state) => {
        if (state.hasTimedOut) {
          const { n } = state.get()
          state.remove()
          return [{ user, n }]
        }
        let n = state.getOption()?.n ?? 0
        let last = state.getOption()?.last?.getTime() ?? 0
        for (const row of rows) {
          n++
          last = Math.max(last, (row['ts'] as Date).getTime())
        }
        state.update({ n, last: new Date(last) })
        state.setTimeoutTimestamp(Math.max(last, state.getCurrentWatermarkMs()), '5 minutes')
        return []
      },
      {
        state: 'n INT, last TIMESTAMP',
        result: 'user STRING, n INT',
        outputMode: emits,
        timeout: GroupStateTimeout.EventTimeTimeout,
      },
    )
  return { clicks, closed }
}

test('an event-time timeout comes when the watermark is beyond it, in every world', async () => {
  const kit = new TestKit()
  const { clicks, closed } = sessions(kit)
  await testStream(
    kit,
    closed,
    { outputMode: 'append' },
    add(clicks, [T(0), 'ann'], [T(1), 'ann'], [T(1), 'bob']),
    expectNew(),
    // The watermark reaches 00:06, the timeouts: not beyond them.
    add(clicks, [T(7), 'cid']),
    expectNew(),
    expectProgress({ watermark: '2026-01-01T00:06:00' }),
    // A key with rows does not time out; the other does.
    add(clicks, [T(7, '01'), 'bob']),
    expectNew(['ann', 2]),
    expectProgress({ stateRows: 2, rowsRemoved: 1 }),
    restart(),
    add(clicks, [T(30), 'dan']),
    expectTable(['ann', 2], ['bob', 2], ['cid', 1]),
  )
})

test('with event-time timeouts late rows are dropped and counted', async () => {
  const kit = new TestKit()
  const { clicks, closed } = sessions(kit)
  await testStream(
    kit,
    closed,
    { outputMode: 'append' },
    add(clicks, [T(20), 'ann']),
    expectNew(),
    add(clicks, [T(19), 'late'], [T(3), 'late'], [T(20), 'ann']),
    expectNew(),
    expectProgress({ rowsDropped: 2, stateRows: 1 }),
    add(clicks, [T(40), 'bob']),
    expectNew(['ann', 2]),
  )
})

test('a processing-time timeout comes with the clock, without data', async () => {
  const kit = new TestKit()
  const pings = kit.stream('value STRING')
  const silent = pings.df
    .as<{ value: string }>()
    .groupByKey((p) => p, 'STRING')
    .flatMapGroupsWithState(
      (host, _rows, state) => {
        if (state.hasTimedOut) {
          state.remove()
          return [host]
        }
        state.update(BigInt(state.getCurrentProcessingTimeMs()))
        state.setTimeoutDuration('10 seconds')
        return []
      },
      { state: 'BIGINT', result: 'STRING', outputMode: 'append', timeout: GroupStateTimeout.ProcessingTimeTimeout },
    )
  await testStream(
    kit,
    silent,
    { outputMode: 'append', worlds: ['as is', 'restarts', 'crash'] },
    add(pings, ['a'], ['b']),
    expectNew(),
    advanceClock(9000),
    add(pings, ['b']),
    expectNew(),
    advanceClock(1001),
    run((query) => query.processAllAvailable()),
    expectNew(['a']),
    advanceClock(20_000),
    run((query) => query.processAllAvailable()),
    expectNew(['b']),
    expectProgress({ stateRows: 0 }),
  )
})

test('over a bounded table each group is called once', async () => {
  const session = millrace()
  const df = session.createDataFrame([{ value: 'a' }, { value: 'b' }, { value: 'a' }], 'value STRING NOT NULL')
  const counts = df.groupByKey((w) => w).mapGroupsWithState(count, { state: 'BIGINT', result: 'key STRING, n BIGINT' })
  expect(await counts.orderBy('key').collect()).toEqual([
    { key: 'a', n: 2n },
    { key: 'b', n: 1n },
  ])
  const append = df
    .groupByKey((w) => w)
    .flatMapGroupsWithState((key, rows, state) => [key, state.exists ? '!' : String([...rows].length)], {
      state: 'BIGINT',
      result: 'STRING',
      outputMode: 'append',
    })
  expect(await append.collect()).toEqual(['a', '2', 'b', '1'].map((value) => ({ value })))
})

test('over a bounded table no row is late, from before 1970 neither', async () => {
  const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
  const df = session
    .createDataFrame([{ ts: new Date('1969-12-31T00:00:00Z'), value: 'a' }], 'ts TIMESTAMP, value STRING')
    .withWatermark('ts', '1 second')
  const counts = df
    .groupByKey((r) => r.value ?? '')
    .mapGroupsWithState((key, rows) => ({ key, n: BigInt([...rows].length) }), {
      state: 'BIGINT',
      result: 'key STRING, n BIGINT',
      timeout: 'EventTimeTimeout',
    })
  expect(await counts.collect()).toEqual([{ key: 'a', n: 1n }])
})

test('an aggregation may stand above a state function in append mode', async () => {
  const kit = new TestKit()
  const words = kit.stream('value STRING')
  const perLength = words.df
    .as<{ value: string }>()
    .groupByKey((w) => w, 'STRING')
    .flatMapGroupsWithState(
      (word, _rows, state) => {
        if (state.exists) return []
        state.update(true)
        return [word!.length]
      },
      { state: 'BOOLEAN', result: 'INT', outputMode: 'append' },
    )
    .groupBy('value')
    .count()
  await testStream(
    kit,
    perLength,
    { outputMode: 'complete' },
    add(words, ['a'], ['b'], ['a'], ['cd']),
    expectNew([1, 2], [2, 1]),
    add(words, ['b'], ['ef']),
    expectNew([1, 2], [2, 2]),
  )
})

type Misuse = (state: GroupState<number>) => void
const misused: readonly (readonly [string, GroupStateTimeout, Misuse, RegExp])[] = [
  ['get without a state', 'NoTimeout', (s) => s.get(), /the group has no state/],
  ['update with null', 'NoTimeout', (s) => s.update(null as never), /a state cannot be null/],
  ['a state of another shape', 'NoTimeout', (s) => s.update('many' as never), /called with "a"/],
  ['a duration without timeouts', 'NoTimeout', (s) => s.setTimeoutDuration(1), /needs ProcessingTimeTimeout/],
  ['an instant in processing time', 'ProcessingTimeTimeout', (s) => s.setTimeoutTimestamp(1), /needs EventTimeTimeout/],
  ['an empty duration', 'ProcessingTimeTimeout', (s) => s.setTimeoutDuration('0 seconds'), /longer than nothing/],
  ['the watermark where there is none', 'NoTimeout', (s) => s.getCurrentWatermarkMs(), /has no watermark/],
]

test.each(misused)('%s fails the query', async (_name, timeout, misuse, message) => {
  const kit = new TestKit()
  const words = kit.stream('value STRING')
  const wrong = words.df
    .as<{ value: string }>()
    .groupByKey((w) => w, 'STRING')
    .mapGroupsWithState((key, _rows, state) => (misuse(state), key), { state: 'INT', result: 'STRING', timeout })
  await testStream(
    kit,
    wrong,
    { outputMode: 'update', key: ['value'] },
    add(words, ['a']),
    expectError('FAILED_EXECUTE_UDF'),
  )
  const session = millrace()
  const bounded = session
    .createDataFrame([{ value: 'a' }], 'value STRING NOT NULL')
    .groupByKey((w) => w)
    .mapGroupsWithState((key, _rows, state) => (misuse(state), key), { state: 'INT', result: 'STRING', timeout })
  await expect(bounded.collect()).rejects.toThrow(message)
})

test('a timeout before the watermark fails the query', async () => {
  const kit = new TestKit()
  const clicks = kit.stream('ts TIMESTAMP, user STRING')
  const wrong = clicks.df
    .withWatermark('ts', '0 seconds')
    .groupByKey((c) => c['user'] as string, 'STRING')
    .mapGroupsWithState((key, _rows, state) => (state.setTimeoutTimestamp(1000), key), {
      state: 'INT',
      result: 'STRING',
      timeout: 'EventTimeTimeout',
    })
  await testStream(
    kit,
    wrong,
    { outputMode: 'update', key: ['value'] },
    add(clicks, [T(1), 'a']),
    expectError('FAILED_EXECUTE_UDF'),
  )
})

test('what cannot run as a stream is refused at the start', async () => {
  const kit = new TestKit()
  const grouped = () =>
    kit
      .stream('value STRING')
      .df.as<{ value: string }>()
      .groupByKey((w) => w, 'STRING')
  const options = { state: 'BIGINT', result: 'key STRING, n BIGINT' } as const
  const mapped = () => grouped().mapGroupsWithState(count, options)
  const flat = (outputMode: 'append' | 'update', timeout: GroupStateTimeout = 'NoTimeout') =>
    grouped().flatMapGroupsWithState((k, r, s) => [count(k, r, s)], { ...options, outputMode, timeout })
  const refusals = [
    [mapped(), 'append', 'STREAMING_STATE_FUNCTION_MODE'],
    [mapped(), 'complete', 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION'],
    [mapped().groupBy('n').count(), 'update', 'STREAMING_STATE_FUNCTION_MODE'],
    [mapped().union(mapped()), 'update', 'STREAMING_STATE_FUNCTION_COUNT'],
    [flat('append'), 'update', 'STREAMING_STATE_FUNCTION_MODE'],
    [flat('update'), 'append', 'STREAMING_STATE_FUNCTION_MODE'],
    [flat('update').groupBy('n').count(), 'complete', 'STREAMING_STATE_FUNCTION_MODE'],
    [flat('update', 'EventTimeTimeout'), 'update', 'STREAMING_STATE_FUNCTION_WITHOUT_WATERMARK'],
    [sessions(kit).closed.groupBy('n').count(), 'complete', 'STREAMING_CHAINED_STATE'],
  ] as const
  for (const [df, mode, code] of refusals)
    await expect(df.writeStream.format('noop').outputMode(mode).start()).rejects.toMatchObject({ code })
  expect(() => flat('complete' as never)).toThrow(/STREAMING_STATE_FUNCTION_MODE/)
  expect(() => flat('append', 'Never' as never)).toThrow(/the timeout Never/)
  expect(() => grouped().mapGroupsWithState(count, {} as never)).toThrow(/CLOSURE_SCHEMA_REQUIRED/)
})

test('a restart knows a state function by name, version, key, state and timeout', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-states-'))
  try {
    writeFileSync(join(dir, 'a.txt'), 'one\nonly\n')
    const start = async (options: object, emit = 1n): Promise<void> => {
      const query = await millrace()
        .readStream.text(join(dir, '*.txt'))
        .groupByKey((l) => l[0], 'STRING')
        .flatMapGroupsWithState((k, rows, state) => [{ ...count(k ?? null, rows, state as never), emit }], {
          state: 'BIGINT',
          result: 'key STRING, n BIGINT, emit BIGINT',
          outputMode: 'update',
          ...options,
        } as never)
        .writeStream.outputMode('update')
        .option('checkpointLocation', join(dir, 'checkpoint'))
        .format('noop')
        .trigger({ availableNow: true })
        .start()
      await query.awaitTermination()
    }
    await start({})
    await start({}, 2n)
    const changes = [{ version: 2 }, { state: 'n BIGINT' }, { timeout: GroupStateTimeout.ProcessingTimeTimeout }]
    for (const changed of changes)
      await expect(start(changed)).rejects.toMatchObject({ code: 'CHECKPOINT_QUERY_CHANGED' })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
