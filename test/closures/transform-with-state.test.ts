import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  type ExpiredTimerInfo,
  type ListState,
  type MapState,
  millrace,
  type ProcessorModes,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type TimerValues,
  type ValueState,
  window,
} from '../../src/index.ts'
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

const dir = mkdtempSync(join(tmpdir(), 'millrace-tws-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const START = Date.UTC(2026, 0, 1)
/** Seconds after the beginning, as a row has it and in milliseconds. */
const S = (second: number): Date => new Date(START + second * 1000)
const ms = (second: number): number => S(second).getTime()

type Given<In> = {
  readonly init?: (handle: StatefulProcessorHandle, modes: ProcessorModes) => void
  readonly rows: (key: string, rows: readonly In[], times: TimerValues) => Iterable<unknown>
  readonly timer?: (key: string, atMs: number, times: TimerValues) => Iterable<unknown>
}

/** A processor out of functions. */
class Processor<In> extends StatefulProcessor<string, In> {
  handle!: StatefulProcessorHandle
  readonly #given: Given<In>
  constructor(given: Given<In>) {
    super()
    this.#given = given
  }
  override init(handle: StatefulProcessorHandle, modes: ProcessorModes): void {
    this.handle = handle
    this.#given.init?.(handle, modes)
  }
  override handleInputRows(key: string, rows: Iterable<In>, times: TimerValues): Iterable<unknown> {
    return this.#given.rows(key, [...rows], times)
  }
  override handleExpiredTimer(key: string, times: TimerValues, info: ExpiredTimerInfo): Iterable<unknown> {
    return this.#given.timer?.(key, info.getExpiryTimeInMs(), times) ?? []
  }
}

class Count extends StatefulProcessor<string | null, unknown, { key: string | null; n: bigint }> {
  closed = 0
  #n!: ValueState<bigint>
  override init(handle: StatefulProcessorHandle): void {
    this.#n = handle.getValueState('n', 'BIGINT')
  }
  override *handleInputRows(key: string | null, rows: Iterable<unknown>) {
    const n = (this.#n.get() ?? 0n) + BigInt([...rows].length)
    this.#n.update(n)
    yield { key, n }
  }
  override close(): void {
    this.closed++
  }
}

const words = (kit: TestKit) => {
  const stream = kit.stream('value STRING')
  return { stream, grouped: stream.df.as<{ value: string }>().groupByKey((w) => w, 'STRING') }
}

/** `op` is what a row asks the processor to do. */
const commands = (kit: TestKit) => {
  const stream = kit.stream('key STRING, op STRING')
  const grouped = stream.df.as<{ key: string; op: string }>().groupByKey((c) => c.key, 'STRING')
  return { stream, grouped }
}

test('a value state counts per key, in every world', async () => {
  const kit = new TestKit()
  const { stream, grouped } = words(kit)
  const counts = grouped.transformWithState(new Count(), { outputMode: 'update', result: 'key STRING, n BIGINT' })
  const report = await testStream(
    kit,
    counts,
    { outputMode: 'update', key: ['key'] },
    add(stream, ['a'], ['b'], ['a']),
    expectNew(['a', 2], ['b', 1]),
    expectProgress({ stateRows: 2 }),
    add(stream, ['b'], [null]),
    expectNew(['b', 2], [null, 1]),
    restart(),
    add(stream, [null], ['c']),
    expectTable(['a', 2], ['b', 2], [null, 2], ['c', 1]),
  )
  expect(report.worlds.length).toBeGreaterThan(8)
})

test('lists and maps keep their order and change by element, in every world', async () => {
  const kit = new TestKit()
  const { stream, grouped } = commands(kit)
  let list!: ListState<{ n: number | null; text: string | null }>
  let map!: MapState<string, { n: bigint | null; tags: (string | null)[] | null }>
  const processor = new Processor<{ key: string; op: string }>({
    init(handle) {
      list = handle.getListState('list', 'n INT, text STRING')
      map = handle.getMapState('map', 'STRING', 'n BIGINT, tags ARRAY<STRING>')
    },
    *rows(key, rows) {
      for (const { op } of rows) {
        const [verb, ...words] = op.split(' ')
        if (verb === 'append') list.appendList(words.map((text, n) => ({ n, text })))
        else if (verb === 'one') list.appendValue({ n: 1, text: words[0]! })
        else if (verb === 'put') list.put([{ n: 7, text: words[0]! }])
        else if (verb === 'set') map.updateValue(words[0]!, { n: 1n, tags: words })
        else if (verb === 'remove') map.removeKey(words[0]!)
        else if (verb === 'clear') [list, map].forEach((s) => s.clear())
      }
      const texts = [...list.get()].map((e) => e.text).join()
      const entries = [...map.iterator()].map(([k, v]) => `${k}=${v.tags!.join('+')}`).join()
      yield { key, texts, entries, keys: [...map.keys()].join(), some: list.exists(), any: map.exists() }
    },
  })
  const result = 'key STRING, texts STRING, entries STRING, keys STRING, some BOOLEAN, any BOOLEAN'
  await testStream(
    kit,
    grouped.transformWithState(processor, { outputMode: 'update', result }),
    { outputMode: 'update', key: ['key'] },
    add(stream, ['k', 'append c a b'], ['k', 'set z 1'], ['k', 'set a 2'], ['other', 'one x']),
    expectNew(['k', 'c,a,b', 'z=z+1,a=a+2', 'z,a', true, true], ['other', 'x', '', '', true, false]),
    expectProgress({ stateRows: 6 }),
    add(stream, ['k', 'one d'], ['k', 'set z 3'], ['k', 'set m 4']),
    expectNew(['k', 'c,a,b,d', 'z=z+3,a=a+2,m=m+4', 'z,a,m', true, true]),
    add(stream, ['k', 'remove a'], ['k', 'remove a'], ['k', 'remove nothing']),
    expectNew(['k', 'c,a,b,d', 'z=z+3,m=m+4', 'z,m', true, true]),
    add(stream, ['k', 'set a 5'], ['k', 'put new'], ['k', 'one more']),
    expectNew(['k', 'new,more', 'z=z+3,m=m+4,a=a+5', 'z,m,a', true, true]),
    add(stream, ['k', 'clear']),
    expectNew(['k', '', '', '', false, false]),
    expectProgress({ stateRows: 1 }),
    add(stream, ['k', 'one again']),
    expectNew(['k', 'again', '', '', true, false]),
  )
})

/** Each row registers a timer five seconds later; a timer says when it came and what is left. */
const eventTimers = (kit: TestKit) => {
  const stream = kit.stream('ts TIMESTAMP, key STRING')
  const processor: Processor<{ ts: Date; key: string }> = new Processor<{ ts: Date; key: string }>({
    rows(key, rows) {
      for (const { ts } of rows) processor.handle.registerTimer(ts.getTime() + 5000)
      return [{ key, what: `${rows.length} rows` }]
    },
    timer: (key, at, times) => {
      const left = [...processor.handle.listTimers()].map((t) => (t - START) / 1000)
      const wm = (times.getCurrentWatermarkInMs() - START) / 1000
      return [{ key, what: `timer ${(at - START) / 1000} wm ${wm} of ${left.join()}` }]
    },
  })
  const df = stream.df
    .withWatermark('ts', '0 seconds')
    .as<{ ts: Date; key: string }>()
    .groupByKey((r) => r.key, 'STRING')
    .transformWithState(processor, { timeMode: TimeMode.EventTime, result: 'key STRING, what STRING' })
  return { stream, df }
}

// As a Spark 4.3.0 answers: a timer fires when the watermark reaches it, and stands in the list while it does.
test('event-time timers fire when the watermark reaches them, in every world', async () => {
  const kit = new TestKit()
  const { stream, df } = eventTimers(kit)
  await testStream(
    kit,
    df,
    { outputMode: 'append', worlds: ['as is', 'restarts', 'crash'] },
    add(stream, [S(10), 'a'], [S(10), 'a'], [S(11), 'a']),
    expectNew(['a', '3 rows']),
    expectProgress({ stateRows: 2 }),
    add(stream, [S(15), 'b']),
    expectNew(['b', '1 rows'], ['a', 'timer 15 wm 15 of 15,16']),
    add(stream, [S(15), 'late'], [S(14), 'late'], [S(16), 'e']),
    expectNew(['e', '1 rows'], ['a', 'timer 16 wm 16 of 16']),
    expectProgress({ rowsDropped: 2 }),
    add(stream, [S(20), 'b']),
    // A key may have rows and timers in one batch.
    expectNew(['b', '1 rows'], ['b', 'timer 20 wm 20 of 20,25']),
    add(stream, [S(40), 'z']),
    expectNew(['z', '1 rows'], ['e', 'timer 21 wm 40 of 21'], ['b', 'timer 25 wm 40 of 25']),
    expectProgress({ stateRows: 1 }),
  )
})

test('a timer that is due already fires in its batch; one registered while timers fire waits for the next', async () => {
  const kit = new TestKit()
  const stream = kit.stream('ts TIMESTAMP, key STRING')
  const processor = new Processor<unknown>({
    rows(key, _rows, times) {
      processor.handle.registerTimer(times.getCurrentWatermarkInMs())
      processor.handle.registerTimer(ms(900))
      processor.handle.deleteTimer(ms(900))
      processor.handle.deleteTimer(ms(901))
      return [{ key, what: 'rows' }]
    },
    timer(key, at) {
      if (at >= START) processor.handle.registerTimer(at - 1)
      return [{ key, what: `timer ${at - START}` }]
    },
  })
  const df = stream.df
    .withWatermark('ts', '0 seconds')
    .groupByKey((r) => r['key'] as string, 'STRING')
    .transformWithState(processor as never, { timeMode: TimeMode.EventTime, result: 'key STRING, what STRING' })
  await testStream(
    kit,
    df,
    { outputMode: 'append', worlds: ['as is', 'restarts', 'crash'] },
    add(stream, [S(10), 'a']),
    expectNew(['a', 'rows'], ['a', `timer ${-START}`]),
    add(stream, [S(20), 'b']),
    expectNew(['b', 'rows'], ['b', 'timer 10000'], ['b', 'timer 9999']),
    add(stream, [S(21), 'c']),
    expectNew(['c', 'rows'], ['c', 'timer 20000'], ['b', 'timer 9998'], ['b', 'timer 9997'], ['c', 'timer 19999']),
  )
})

test('processing-time timers fire with the clock, without data', async () => {
  const kit = new TestKit()
  const { stream, grouped } = words(kit)
  const processor = new Processor<string>({
    rows: (_key, _rows, times) => {
      const now = times.getCurrentProcessingTimeInMs()
      for (const t of processor.handle.listTimers()) processor.handle.deleteTimer(t)
      processor.handle.registerTimer(now + 10_000)
      return []
    },
    timer: (host) => [host],
  })
  const silent = grouped.transformWithState(processor, { timeMode: TimeMode.ProcessingTime, result: 'STRING' })
  await testStream(
    kit,
    silent,
    { outputMode: 'append', worlds: ['as is', 'restarts', 'crash'] },
    add(stream, ['a'], ['b']),
    expectNew(),
    advanceClock(9000),
    add(stream, ['b']),
    expectNew(),
    advanceClock(1000),
    run((query) => query.processAllAvailable()),
    expectNew(['a']),
    advanceClock(20_000),
    run((query) => query.processAllAvailable()),
    expectNew(['b']),
    expectProgress({ stateRows: 0 }),
  )
})

test('what has outlived its TTL is not seen, and gone with the clock; what is written lives anew', async () => {
  const kit = new TestKit()
  const { stream, grouped } = commands(kit)
  const ttl = { ttlDurationMs: '10 seconds' }
  let value!: ValueState<string>
  let list!: ListState<string>
  let map!: MapState<string, string>
  const processor = new Processor<{ key: string; op: string }>({
    init(handle) {
      value = handle.getValueState('value', 'STRING', ttl)
      list = handle.getListState('list', 'STRING', { ttlDurationMs: 10_000 })
      map = handle.getMapState('map', 'STRING', 'STRING', ttl)
    },
    *rows(key, rows) {
      for (const { op } of rows.filter((r) => r.op !== 'look')) {
        value.update(op)
        list.appendValue(op)
        map.updateValue(op, op)
      }
      const seen = [value.get() ?? '-', [...list.get()].join('+'), [...map.keys()].join('+'), map.getValue('x') ?? '-']
      yield { key, seen: seen.join(' '), exists: [value, list, map].map((s) => s.exists()).join() }
    },
  })
  const df = grouped.transformWithState(processor, {
    timeMode: TimeMode.ProcessingTime,
    outputMode: 'update',
    result: 'key STRING, seen STRING, exists STRING',
  })
  await testStream(
    kit,
    df,
    { outputMode: 'update', key: ['key'], worlds: ['as is', 'restarts', 'crash'] },
    add(stream, ['k', 'x']),
    expectNew(['k', 'x x x x', 'true,true,true']),
    expectProgress({ stateRows: 3 }),
    advanceClock(6000),
    add(stream, ['k', 'y']),
    expectNew(['k', 'y x+y x+y x', 'true,true,true']),
    // The time of x is over in a batch that finds it still there.
    restart(),
    advanceClock(4000),
    add(stream, ['k', 'look']),
    expectNew(['k', 'y y y -', 'true,true,true']),
    expectProgress({ stateRows: 3, rowsRemoved: 2 }),
    add(stream, ['k', 'x']),
    expectNew(['k', 'x y+x y+x x', 'true,true,true']),
    advanceClock(10_000),
    run((query) => query.processAllAvailable()),
    expectProgress({ stateRows: 0 }),
    add(stream, ['k', 'look']),
    expectNew(['k', '-   -', 'false,false,false']),
  )
})

class Balances extends StatefulProcessor<string, { account: string; amount: number }> {
  #balance!: ValueState<number>
  override init(handle: StatefulProcessorHandle): void {
    this.#balance = handle.getValueState('balance', 'INT')
  }
  override handleInitialState(_account: string, row: { opening: number }): void {
    this.#balance.update((this.#balance.get() ?? 0) + row.opening)
  }
  override *handleInputRows(account: string, rows: Iterable<{ amount: number }>) {
    let balance = this.#balance.get() ?? 0
    for (const { amount } of rows) balance += amount
    this.#balance.update(balance)
    yield { account, balance }
  }
}

const opened = (kit: TestKit) =>
  kit.session
    .createDataFrame(
      [
        { account: 'a', opening: 100 },
        { account: 'b', opening: 50 },
        { account: 'a', opening: 11 },
      ],
      'account STRING NOT NULL, opening INT NOT NULL',
    )
    .groupByKey((r) => r.account)

test('an initial state comes before the rows of the first batch, and only there', async () => {
  const kit = new TestKit()
  const stream = kit.stream('account STRING, amount INT')
  const df = stream.df
    .as<{ account: string; amount: number }>()
    .groupByKey((r) => r.account, 'STRING')
    .transformWithState(new Balances(), {
      outputMode: 'update',
      result: 'account STRING, balance INT',
      initialState: opened(kit),
    })
  await testStream(
    kit,
    df,
    { outputMode: 'update', key: ['account'] },
    add(stream, ['a', 1]),
    expectNew(['a', 112]),
    expectProgress({ stateRows: 2 }),
    restart(),
    add(stream, ['a', 1], ['b', 1], ['c', 1]),
    expectTable(['a', 113], ['b', 51], ['c', 1]),
  )
})

test('over a bounded table states begin empty; timers in processing time that are due fire', async () => {
  const kit = new TestKit()
  const rows = kit.session
    .createDataFrame(
      [
        { account: 'a', amount: 1 },
        { account: 'c', amount: 2 },
        { account: 'a', amount: 3 },
      ],
      'account STRING NOT NULL, amount INT NOT NULL',
    )
    .groupByKey((r) => r.account)
  const balances = rows.transformWithState(new Balances(), {
    result: 'account STRING, balance INT',
    initialState: opened(kit),
  })
  expect(await balances.orderBy('account').collect()).toEqual([
    { account: 'a', balance: 115 },
    { account: 'c', balance: 2 },
  ])
  const processor = new Processor<unknown>({
    rows: (key, _rows, times) => {
      processor.handle.registerTimer(times.getCurrentProcessingTimeInMs())
      processor.handle.registerTimer(times.getCurrentProcessingTimeInMs() + 1)
      return [key]
    },
    timer: (key) => [`${key}!`],
  })
  const timed = rows.transformWithState(processor, { timeMode: TimeMode.ProcessingTime, result: 'STRING' })
  expect(await timed.collect()).toEqual(['a', 'c', 'a!', 'c!'].map((value) => ({ value })))
})

test('with an event-time column other operators with state may stand above', async () => {
  const kit = new TestKit()
  const stream = kit.stream('ts TIMESTAMP, key STRING')
  const processor = new Processor<{ ts: Date }>({
    rows: (key, rows) => rows.map(({ ts }) => ({ at: key === 'old' ? S(1) : ts, key })),
  })
  const df = stream.df
    .withWatermark('ts', '0 seconds')
    .as<{ ts: Date; key: string }>()
    .groupByKey((r) => r.key, 'STRING')
    .transformWithState(processor, {
      timeMode: TimeMode.EventTime,
      result: 'at TIMESTAMP, key STRING',
      eventTimeColumnName: 'AT',
    })
    .groupBy(window('at', '5 seconds'))
    .count()
    .selectExpr('window.start AS start', 'count')
  await testStream(
    kit,
    df,
    { outputMode: 'append', worlds: ['as is', 'restarts', 'crash'] },
    add(stream, [S(10), 'a'], [S(11), 'a']),
    expectNew(),
    add(stream, [S(20), 'b']),
    expectNew([S(10), 2]),
    add(stream, [S(30), 'b']),
    expectNew([S(20), 1]),
    add(stream, [S(31), 'old']),
    expectError('FAILED_EXECUTE_UDF'),
  )
})

type Misuse = (handle: StatefulProcessorHandle, times: TimerValues) => unknown
let kept: IterableIterator<string>
let states: { value: ValueState<number>; list: ListState<string>; map: MapState<string, number> }
const misused: readonly (readonly [string, TimeMode, Misuse, RegExp])[] = [
  ['a timer in time mode None', 'None', (h) => h.registerTimer(1), /registerTimer does not work in time mode None/],
  ['the list of timers in time mode None', 'None', (h) => h.listTimers(), /listTimers does not work in time mode None/],
  ['a timer at no time', 'ProcessingTime', (h) => h.registerTimer(NaN), /NaN is no instant/],
  ['a state made outside of init', 'None', (h) => h.getValueState('late', 'INT'), /outside of init/],
  ['deleteIfExists outside of init', 'None', (h) => h.deleteIfExists('value'), /outside of init/],
  ['null in a value', 'None', () => states.value.update(null as never), /state "value" cannot hold null/],
  ['null in a list', 'None', () => states.list.appendList(['a', null as never]), /state "list" cannot hold null/],
  ['an empty list', 'None', () => states.list.put([]), /the list of state "list" cannot be an empty one/],
  ['a null key', 'None', () => states.map.updateValue(null as never, 1), /state "map" cannot hold null/],
  ['a value of another type', 'None', () => states.value.update('many' as never), /value.*called with "a"/],
  ['a promise', 'None', async () => undefined, /gave a promise/],
]

test.each(misused)('%s fails the query and names the key', async (_name, timeMode, misuse, message) => {
  const kit = new TestKit()
  const make = () => {
    const processor: Processor<string> = new Processor<string>({
      init: (h) =>
        (states = {
          value: h.getValueState('value', 'INT'),
          list: h.getListState('list', 'STRING'),
          map: h.getMapState('map', 'STRING', 'INT'),
        }),
      rows: (_key, _rows, times) => (misuse(processor.handle, times) as never) ?? [],
    })
    return processor
  }
  const { stream, grouped } = words(kit)
  const df = grouped.transformWithState(make(), { timeMode, result: 'STRING' })
  await testStream(kit, df, { outputMode: 'append' }, add(stream, ['a']), expectError('FAILED_EXECUTE_UDF'))
  const bounded = millrace()
    .createDataFrame([{ value: 'a' }], 'value STRING NOT NULL')
    .groupByKey((w) => w)
    .transformWithState(make(), { timeMode, result: 'STRING' })
  await expect(bounded.collect()).rejects.toThrow(message)
})

test('a result of another shape fails the query and names the column', async () => {
  const kit = new TestKit()
  const { stream, grouped } = words(kit)
  const processor = new Processor<string>({ rows: (key) => [{ key, n: 'many' }] })
  const df = grouped.transformWithState(processor, { result: 'key STRING, n INT' })
  await testStream(kit, df, { outputMode: 'append' }, add(stream, ['a']), expectError('FAILED_EXECUTE_UDF'))
  const bounded = millrace()
    .createDataFrame([{ value: 'a' }], 'value STRING NOT NULL')
    .groupByKey((w) => w)
    .transformWithState(processor, { result: 'key STRING, n INT' })
  await expect(bounded.collect()).rejects.toThrow(/column n of type INT cannot take "many"; it was called with "a"/)
})

test('states and timers are of no use outside of a call', async () => {
  const code = 'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE'
  let value!: ValueState<string>
  const processor = new Processor<string>({
    init: (h) => {
      value = h.getValueState('value', 'STRING')
      states = { ...states, list: h.getListState('list', 'STRING') }
    },
    rows: (key) => {
      states.list.put(['x', 'y'])
      kept = states.list.get()
      kept.next()
      return [key]
    },
  })
  const df = millrace()
    .createDataFrame([{ value: 'a' }], 'value STRING NOT NULL')
    .groupByKey((w) => w)
    .transformWithState(processor, { result: 'STRING' })
  await df.collect()
  for (const use of [() => value.get(), () => processor.handle.registerTimer(1), () => kept.next()])
    expect(use).toThrow(expect.objectContaining({ code }))
  const eager = new Processor<string>({ init: (h) => h.getValueState('v', 'INT').update(1), rows: () => [] })
  const grouped = millrace()
    .createDataFrame([{ value: 'a' }])
    .groupByKey((w) => w)
  expect(() => grouped.transformWithState(eager as never, { result: 'STRING' })).toThrow(/does not work in init/)
})

test('what cannot be meant is refused where it is written', async () => {
  const kit = new TestKit()
  const { grouped } = words(kit)
  const twice = (init: Given<string>['init'], timeMode: TimeMode = 'None') =>
    grouped.transformWithState(new Processor<string>({ init, rows: () => [] } as Given<string>), {
      timeMode,
      result: 'STRING',
    })
  const refused = (f: () => unknown): unknown => {
    try {
      f()
    } catch (error) {
      return (error as { code: string }).code
    }
    return 'nothing'
  }
  const ttl = { ttlDurationMs: 1000 }
  const cases: readonly (readonly [() => unknown, string])[] = [
    [
      () => twice((h) => (h.getValueState('a', 'INT'), h.getListState('a', 'INT'))),
      'STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED',
    ],
    [() => twice((h) => h.getValueState(' ', 'INT')), 'INVALID_STATE_NAME'],
    [() => twice((h) => h.getValueState('$timers', 'INT')), 'INVALID_STATE_NAME'],
    [() => twice((h) => h.getValueState('a', 'NUMBER')), 'PARSE_SYNTAX_ERROR'],
    [() => twice((h) => h.getValueState('a', 'INT', ttl)), 'STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL'],
    [
      () => twice((h) => h.getValueState('a', 'INT', ttl), 'EventTime'),
      'STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL',
    ],
    [
      () => twice((h) => h.getValueState('a', 'INT', { ttlDurationMs: 0 }), 'ProcessingTime'),
      'STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE',
    ],
    [() => twice(() => {}, 'Sometimes' as never), 'STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE'],
    [() => grouped.transformWithState({} as never, { result: 'STRING' }), 'INVALID_FUNCTION_DEFINITION'],
    [() => grouped.transformWithState(new Count(), {} as never), 'CLOSURE_SCHEMA_REQUIRED'],
    [
      () => grouped.transformWithState(new Count(), { result: 'INT', outputMode: 'complete' as never }),
      'STREAMING_STATE_FUNCTION_MODE',
    ],
    [
      () => grouped.transformWithState(new Count(), { result: 'INT', initialState: opened(kit) as never }),
      'INVALID_FUNCTION_DEFINITION',
    ],
    [
      () => grouped.transformWithState(new Count(), { result: 'INT', eventTimeColumnName: 'nope' }).schema,
      'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    ],
    [
      () => grouped.transformWithState(new Count(), { result: 'n INT', eventTimeColumnName: 'n' }).schema,
      'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE',
    ],
  ]
  expect(cases.map(([f]) => refused(f))).toEqual(cases.map(([, code]) => code))
})

test('what cannot run as a stream is refused at the start', async () => {
  const kit = new TestKit()
  const timed = kit.stream('ts TIMESTAMP, key STRING').df.withWatermark('ts', '0 seconds')
  const counted = (df = timed, more = {}) =>
    df
      .groupByKey((r) => r['key'] as string, 'STRING')
      .transformWithState(new Count() as never, {
        result: 'key STRING, n BIGINT',
        ...more,
      })
  const balances = kit
    .stream('account STRING, amount INT')
    .df.as<{ account: string; amount: number }>()
    .groupByKey((r) => r.account, 'STRING')
  const initialState = (type: string) =>
    kit
      .stream('account STRING, opening INT')
      .df.as<{ account: string; opening: number }>()
      .groupByKey((r) => r.account, type)
  const refusals = [
    [counted(), 'complete', 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION'],
    [counted().groupBy('n').count(), 'append', 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION'],
    [counted(timed, { outputMode: 'update' }), 'changelog', 'STREAMING_STATE_FUNCTION_MODE'],
    [counted(timed.groupBy('key').count() as never), 'update', 'STREAMING_CHAINED_STATE'],
    [
      balances.transformWithState(new Balances(), { result: 'STRING', initialState: initialState('STRING') as never }),
      'append',
      'STREAMING_INITIAL_STATE',
    ],
  ] as const
  for (const [df, mode, code] of refusals)
    await expect(df.writeStream.format('noop').outputMode(mode).start()).rejects.toMatchObject({ code })
  expect(() =>
    balances.transformWithState(new Balances(), { result: 'STRING', initialState: initialState('INT') as never }),
  ).toThrow(/keyed by int, the rows are keyed by string/)
  // As in Spark: an aggregation that need not be final may stand above, in any mode it has.
  await testStream(
    kit,
    counted(timed, { outputMode: 'update' }).groupBy('key').count(),
    { outputMode: 'update', worlds: ['as is'] },
    expectNew(),
  )
})

test('one processor may run in two queries at a time, and is closed when each ends', async () => {
  const session = millrace()
  const processor = new Count()
  const start = async (name: string) => {
    const { stream, df } = session.memoryStream('value STRING')
    const counts = df
      .as<{ value: string }>()
      .groupByKey((w) => w, 'STRING')
      .transformWithState(processor, { outputMode: 'update', result: 'key STRING, n BIGINT' })
    const query = await counts.writeStream.format('memory').queryName(name).outputMode('update').start()
    return { stream, query }
  }
  const [one, two] = [await start('one'), await start('two')]
  for (const rows of [[['a'], ['a']], [['a']]]) {
    one.stream.addData(rows)
    two.stream.addData(rows.slice(0, 1))
    await Promise.all([one.query.processAllAvailable(), two.query.processAllAvailable()])
  }
  expect((await session.table('one').collect()).map((r) => r['n'])).toEqual([2n, 3n])
  expect((await session.table('two').collect()).map((r) => r['n'])).toEqual([1n, 2n])
  expect(processor.closed).toBe(0)
  await one.query.stop()
  expect(processor.closed).toBe(1)
  await two.query.stop()
  await two.query.stop()
  expect(processor.closed).toBe(2)
  await session.stop()
})

/** Counts lines by their first letter, with states as `make` says. */
const lines = (location: string, make: (h: StatefulProcessorHandle) => unknown, more: object = {}, stop = true) => {
  const processor = new (class Lines extends StatefulProcessor<string, string> {
    #states!: ReturnType<typeof make>
    override init(handle: StatefulProcessorHandle): void {
      this.#states = make(handle)
    }
    override *handleInputRows(key: string, rows: Iterable<string>) {
      const n = [...rows].length
      const all = Object.values(this.#states as object) as unknown[]
      for (const s of all) {
        if (typeof s !== 'object' || s === null) continue
        if ('update' in s) (s as ValueState<unknown>).update(n)
        else if ('appendValue' in s) (s as ListState<unknown>).appendValue(n)
        else (s as MapState<unknown, unknown>).updateValue(key, n)
      }
      yield key
    }
  })()
  const df = millrace()
    .readStream.text(join(dir, '*.txt'))
    .groupByKey((l) => l[0], 'STRING')
    .transformWithState(processor as never, { result: 'STRING', ...more })
  return df.writeStream
    .outputMode('append')
    .option('checkpointLocation', join(dir, location))
    .format('noop')
    .trigger({ availableNow: true })
    .start()
    .then((query) => (stop ? query.awaitTermination() : undefined))
}

test('a restart may bring further states and leave some out; none may change', async () => {
  writeFileSync(join(dir, 'a.txt'), 'one\nonly\n')
  const first = (h: StatefulProcessorHandle) => ({ a: h.getValueState('a', 'INT'), b: h.getListState('b', 'INT') })
  const go = (make: (h: StatefulProcessorHandle) => unknown, more = {}) => lines('changes', make, more)
  const state = async (stateVarName: string) =>
    millrace()
      .read.format('statestore')
      .options({ path: join(dir, 'changes'), stateVarName })
      .load()
      .select('key', 'value')
      .collect()
  await go(first)
  expect(await state('a')).toEqual([{ key: { key: 'o' }, value: { value: 2 } }])
  expect(await state('b')).toEqual([{ key: { key: 'o', index: 0n }, value: { value: 2 } }])
  await expect(state('c')).rejects.toMatchObject({ code: 'OPTION_INVALID' })

  const changed = [
    (h) => ({ a: h.getValueState('a', 'BIGINT') }),
    (h) => ({ a: h.getListState('a', 'INT') }),
    (h) => ({ b: h.getMapState('b', 'BIGINT', 'INT') }),
  ] satisfies ((h: StatefulProcessorHandle) => unknown)[]
  for (const make of changed)
    await expect(go(make)).rejects.toMatchObject({
      code: expect.stringMatching(/^STATE_STORE_(KEY|VALUE)_SCHEMA_NOT_COMPATIBLE$/) as string,
      message: expect.stringMatching(/\b[ab] of transformWithState-s0/) as string,
    })
  for (const more of [{ timeMode: 'ProcessingTime' }, { outputMode: 'update' }, { version: 2 }])
    await expect(go(first, more)).rejects.toMatchObject({ code: 'CHECKPOINT_QUERY_CHANGED' })

  writeFileSync(join(dir, 'b.txt'), 'other\n')
  await go((h) => ({ a: h.getValueState('a', 'INT'), c: h.getMapState('c', 'STRING', 'INT') }))
  expect(await state('a')).toEqual([{ key: { key: 'o' }, value: { value: 1 } }])
  expect(await state('c')).toEqual([{ key: { key: 'o', mapKey: 'o' }, value: { value: 1, place: 0n } }])
  // Left out it is kept: the list goes on where it was.
  writeFileSync(join(dir, 'c.txt'), 'o\n')
  await go(first)
  expect((await state('b')).map((r) => (r.value as { value: number }).value)).toEqual([2, 1])
  // Deleted it is gone.
  writeFileSync(join(dir, 'd.txt'), 'o\n')
  await go((h) => (h.deleteIfExists('b'), h.deleteIfExists('never'), { a: h.getValueState('a', 'INT') }))
  expect(await state('b')).toEqual([])
  writeFileSync(join(dir, 'e.txt'), 'o\no\n')
  await go(first)
  expect((await state('b')).map((r) => (r.value as { value: number }).value)).toEqual([2])
})

test('the states and timers of a processor are tables', async () => {
  const session = millrace()
  const { stream, df } = session.memoryStream('value STRING')
  const processor: Processor<string> = new Processor<string>({
    init: (h) => {
      map = h.getMapState('map', 'STRING', 'INT')
      h.getValueState('value', 'INT')
    },
    rows: (key, rows) => {
      for (const [i, row] of rows.entries()) map.updateValue(row, i)
      processor.handle.registerTimer(Date.UTC(2100, 0, 1) + rows.length)
      return [key]
    },
  })
  let map!: MapState<string, number>
  const path = join(dir, 'tables')
  const query = await df
    .as<{ value: string }>()
    .groupByKey((w) => w[0]!, 'STRING')
    .transformWithState(processor, { timeMode: TimeMode.ProcessingTime, result: 'STRING' })
    .writeStream.outputMode('append')
    .option('checkpointLocation', path)
    .format('noop')
    .start()
  stream.addData([['ax'], ['ay'], ['b']])
  await query.processAllAvailable()
  await query.stop()
  const read = (options: object) =>
    session.read
      .format('statestore')
      .options({ path, ...options } as Record<string, string>)
      .load()
      .orderBy('key')
      .select('key', 'value')
      .collect()
  expect(await read({ stateVarName: 'map' })).toEqual([
    { key: { key: 'a', mapKey: 'ax' }, value: { value: 0, place: 0n } },
    { key: { key: 'a', mapKey: 'ay' }, value: { value: 1, place: 1n } },
    { key: { key: 'b', mapKey: 'b' }, value: { value: 0, place: 0n } },
  ])
  const at = BigInt(Date.UTC(2100, 0, 1))
  expect(await read({ readRegisteredTimers: 'true' })).toEqual([
    { key: { key: 'a', expiryTimestampMs: at + 2n }, value: { firesAtMs: at + 2n } },
    { key: { key: 'b', expiryTimestampMs: at + 1n }, value: { firesAtMs: at + 1n } },
  ])
  for (const options of [{}, { stateVarName: 'no' }, { stateVarName: 'map', readRegisteredTimers: 'true' }])
    await expect(async () => read(options)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  const tables = await session.read.format('state-metadata').option('path', path).load().collect()
  expect(tables.map((t) => [t['operatorName'], t['stateStoreName']])).toEqual([
    ['transformWithState', 'map'],
    ['transformWithState', 'value'],
    ['transformWithState', '$timers'],
  ])
  await session.stop()
})
