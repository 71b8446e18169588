import { expect, test } from 'vitest'
import {
  type ExpiredTimerInfo,
  type ListState,
  type MapState,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
  type TimerValues,
  type ValueState,
} from '../../src/index.ts'
import { TwsTester } from '../../src/testing/index.ts'

type Reading = { readonly at: Date; readonly celsius: number }

/** Keeps every kind of state: how many, the readings, and how often each degree came. */
class Readings extends StatefulProcessor<string, Reading> {
  #handle!: StatefulProcessorHandle
  #n!: ValueState<number>
  #all!: ListState<{ at: Date | null; celsius: number | null }>
  #degrees!: MapState<number, bigint>
  readonly #ttl: { readonly ttlDurationMs: number } | undefined
  closed = false

  constructor(ttlDurationMs?: number) {
    super()
    this.#ttl = ttlDurationMs === undefined ? undefined : { ttlDurationMs }
  }
  override init(handle: StatefulProcessorHandle): void {
    this.#handle = handle
    this.#n = handle.getValueState('n', 'INT', this.#ttl)
    this.#all = handle.getListState('all', 'at TIMESTAMP, celsius INT')
    this.#degrees = handle.getMapState('degrees', 'INT', 'BIGINT', this.#ttl)
  }
  override handleInitialState(_key: string, row: { n: number }): void {
    this.#n.update(row.n)
  }
  override *handleInputRows(sensor: string, rows: Iterable<Reading>, times: TimerValues) {
    for (const { at, celsius } of rows) {
      this.#n.update((this.#n.get() ?? 0) + 1)
      this.#all.appendValue({ at, celsius })
      this.#degrees.updateValue(celsius, (this.#degrees.getValue(celsius) ?? 0n) + 1n)
      if (celsius > 50) this.#handle.registerTimer(times.getCurrentProcessingTimeInMs() + 1000)
      if (celsius > 90) this.#handle.registerTimer(at)
    }
    yield { sensor, n: this.#n.get(), what: 'rows' }
  }
  override *handleExpiredTimer(sensor: string, _times: TimerValues, info: ExpiredTimerInfo) {
    yield { sensor, n: this.#n.get(), what: `timer ${info.getExpiryTimeInMs()}` }
  }
  override close(): void {
    this.closed = true
  }
}

const types = { key: 'STRING', rows: 'at TIMESTAMP, celsius INT', result: 'sensor STRING, n INT, what STRING' } as const
const at = (ms: number, celsius: number): Reading => ({ at: new Date(ms), celsius })

test('rows of a key, and the states before and after', () => {
  const tester = new TwsTester(new Readings(), types)
  expect(tester.peekValueState('n', 'a')).toBe(null)
  expect(tester.peekListState('all', 'a')).toEqual([])
  expect(tester.peekMapState('degrees', 'a')).toEqual(new Map())
  expect(tester.test('a', [at(1, 20), at(2, 21), at(3, 20)])).toEqual([{ sensor: 'a', n: 3, what: 'rows' }])
  expect(tester.testOneRow('b', at(1, 20))).toEqual([{ sensor: 'b', n: 1, what: 'rows' }])
  expect(tester.peekValueState('n', 'a')).toBe(3)
  expect(tester.peekListState('all', 'a').map((r) => (r as Reading).celsius)).toEqual([20, 21, 20])
  expect(tester.peekMapState('degrees', 'a')).toEqual(
    new Map([
      [20, 2n],
      [21, 1n],
    ]),
  )
  tester.updateValueState('n', 'a', 10)
  tester.updateListState('all', 'a', [at(9, 9)])
  tester.updateMapState('degrees', 'a', [[20, 7]])
  expect(tester.testOneRow('a', at(4, 20))).toEqual([{ sensor: 'a', n: 11, what: 'rows' }])
  expect(tester.peekListState('all', 'a')).toHaveLength(2)
  expect(tester.peekMapState('degrees', 'a')).toEqual(new Map([[20, 8n]]))
  for (const name of ['n', 'all', 'degrees']) tester.deleteState(name, 'a')
  expect(tester.peekValueState('n', 'a')).toBe(null)
  expect(tester.peekListState('all', 'a')).toEqual([])
  expect(tester.peekMapState('degrees', 'a').size).toBe(0)
  expect(tester.peekValueState('n', 'b')).toBe(1)
  expect(tester.test('c', [])).toEqual([])
})

test('processing time fires timers and ends what has a TTL', () => {
  const processor = new Readings(5000)
  const tester = new TwsTester(processor, { ...types, timeMode: TimeMode.ProcessingTime })
  expect(tester.setProcessingTime(1000)).toEqual([])
  tester.testOneRow('a', at(0, 60))
  expect(tester.listTimers('a')).toEqual([2000])
  expect(tester.setProcessingTime(1999)).toEqual([])
  expect(tester.setProcessingTime(2000)).toEqual([{ sensor: 'a', n: 1, what: 'timer 2000' }])
  expect(tester.listTimers('a')).toEqual([])
  tester.setProcessingTime(5999)
  expect(tester.peekValueState('n', 'a')).toBe(1)
  tester.setProcessingTime(6000)
  expect(tester.peekValueState('n', 'a')).toBe(null)
  expect(tester.peekMapState('degrees', 'a').size).toBe(0)
  expect(tester.peekListState('all', 'a')).toHaveLength(1)
  tester.close()
  expect(processor.closed).toBe(true)
})

test('the watermark fires timers and makes rows late', () => {
  const tester = new TwsTester(new Readings(), { ...types, timeMode: TimeMode.EventTime, eventTime: 'at' })
  expect(tester.test('a', [at(100, 91), at(200, 92)])).toEqual([{ sensor: 'a', n: 2, what: 'rows' }])
  expect(tester.setWatermark(99)).toEqual([])
  expect(tester.setWatermark(150)).toEqual([{ sensor: 'a', n: 2, what: 'timer 100' }])
  expect(tester.test('a', [at(150, 1), at(151, 1)])).toEqual([{ sensor: 'a', n: 3, what: 'rows' }])
  expect(tester.test('a', [at(150, 1)])).toEqual([])
  expect(tester.listTimers('a')).toEqual([200, 1000, 1000].slice(0, 2))
})

test('an initial state, keys and rows of one column', () => {
  const initialState = {
    rows: 'n INT',
    entries: [
      ['a', { n: 5 }],
      ['b', { n: 6 }],
    ] as const,
  }
  const tester = new TwsTester(new Readings(), { ...types, initialState })
  expect(tester.peekValueState('n', 'b')).toBe(6)
  expect(tester.testOneRow('a', at(0, 1))).toEqual([{ sensor: 'a', n: 6, what: 'rows' }])

  const lengths = new (class Lengths extends StatefulProcessor<{ k: string; i: number }, string, number> {
    #total!: ValueState<bigint>
    override init(handle: StatefulProcessorHandle): void {
      this.#total = handle.getValueState('total', 'BIGINT')
    }
    override *handleInputRows(key: { k: string; i: number }, rows: Iterable<string>) {
      for (const word of rows) this.#total.update((this.#total.get() ?? 0n) + BigInt(word.length))
      yield key.i + Number(this.#total.get())
    }
  })()
  const single = new TwsTester(lengths, { key: 'k STRING, i INT', rows: 'STRING', result: 'INT' })
  expect(single.test({ k: 'x', i: 100 }, ['ab', 'c'])).toEqual([{ value: 103 }])
  expect(single.test({ k: 'x', i: 101 }, ['d'])).toEqual([{ value: 102 }])
  expect(single.peekValueState('total', { k: 'x', i: 100 })).toBe(3n)
})

test('what a tester cannot do is said', () => {
  const tester = new TwsTester(new Readings(), types)
  const timed = new TwsTester(new Readings(), { ...types, timeMode: TimeMode.EventTime })
  timed.setWatermark(10)
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => tester.peekValueState('m', 'a'), /"m" is not a name for a state.*value states: n/s],
    [() => tester.peekListState('n', 'a'), /list states: all/],
    [() => tester.deleteState('m', 'a'), /"m" is not a name/],
    [() => tester.setProcessingTime(1), /setProcessingTime does not work in time mode None/],
    [() => tester.setWatermark(1), /setWatermark does not work in time mode None/],
    [() => tester.listTimers('a'), /listTimers does not work in time mode None/],
    [() => timed.setWatermark(10), /the watermark is 10 ms and cannot go back to 10 ms/],
    [() => tester.updateValueState('n', 'a', null), /state "n" cannot hold null/],
    [() => tester.testOneRow('a', { at: 1.5, celsius: 2 } as never), /column at of type TIMESTAMP/],
    [() => tester.testOneRow(5 as never, at(0, 1)), /column key of type STRING/],
    [() => tester.testOneRow('a', at(0, 60)), /registerTimer does not work in time mode None.*called with "a"/],
  ]
  for (const [act, message] of cases) expect(act).toThrow(message)
})
