import { expect, test } from 'vitest'
import { dayTotals } from '../../examples/day-totals.ts'
import { DayTotals, dayTotalsByTimers } from '../../examples/day-totals-by-timers.ts'
import {
  add,
  assertBatchEquivalence,
  expectNew,
  expectTable,
  TestKit,
  testStream,
  TwsTester,
} from '../../src/testing/index.ts'
import { random } from '../../src/testing/random.ts'
import { valuesOf } from '../../src/testing/contexts.ts'

interface Given {
  readonly minute: number
  readonly product: string
  readonly amount: number
}

const DDL = 'ts TIMESTAMP NOT NULL, product STRING NOT NULL, amount BIGINT NOT NULL'
const DAY = 24 * 60
const START = Date.UTC(2026, 0, 1)
const at = (minute: number): Date => new Date(START + minute * 60_000)

/** Streams the sales one a batch; what each gives as totals at its own minute, with the totals of before. */
async function streamed(sales: readonly Given[]): Promise<Record<string, number>[]> {
  const kit = new TestKit()
  const { stream, df } = kit.session.memoryStream(DDL)
  const query = await dayTotals(df as never)
    .writeStream.format('memory')
    .queryName('totals')
    .outputMode('update')
    .start()
  const totals = new Map<string, Map<string, number>>()
  const answers: Record<string, number>[] = []
  let seen = 0
  for (const { minute, product, amount } of sales) {
    stream.addData([[at(minute), product, amount]])
    await query.processAllAvailable()
    const batches = kit.session.memoryTable('totals')?.batches ?? []
    for (const { rows } of batches.slice(seen))
      for (const [end, name, total] of rows) {
        const key = String(end)
        if (!totals.has(key)) totals.set(key, new Map())
        totals.get(key)!.set(String(name), Number(total))
      }
    seen = batches.length
    const end = String(BigInt(at(minute + 1).getTime()) * 1000n)
    answers.push(Object.fromEntries([...(totals.get(end) ?? [])].sort()))
  }
  await kit.session.stop()
  return answers
}

/** The same by going through all sales so far at every event. */
const bruteForce = (sales: readonly Given[]): Record<string, number>[] =>
  sales.map(({ minute }, i) => {
    const totals = new Map<string, number>()
    for (const s of sales.slice(0, i + 1))
      if (s.minute > minute - DAY) totals.set(s.product, (totals.get(s.product) ?? 0) + s.amount)
    return Object.fromEntries([...totals].sort())
  })

test('the exercise: A 6 and B 7 at 00:30 of the second day', async () => {
  const sales = [
    { minute: 0, product: 'A', amount: 10 },
    { minute: 12 * 60, product: 'A', amount: 5 },
    { minute: 23 * 60 + 59, product: 'B', amount: 7 },
    { minute: DAY + 30, product: 'A', amount: 1 },
  ]
  expect((await streamed(sales)).at(-1)).toEqual({ A: 6, B: 7 })
})

test('at every event of random sales the totals are those of brute force', async () => {
  const next = random(77)
  for (let trial = 0; trial < 3; trial++) {
    const sales: Given[] = []
    let minute = 0
    for (let i = 0; i < 25; i++) {
      // Also at the same minute, and exactly a day after another.
      const roll = next()
      minute = roll < 0.15 ? minute : roll < 0.3 ? minute + DAY - 60 : minute + Math.floor(next() * 400)
      sales.push({ minute, product: 'ABC'[Math.floor(next() * 3)]!, amount: Math.floor(next() * 21) - 5 })
    }
    expect(await streamed(sales)).toEqual(bruteForce(sales))
  }
})

test('the totals are those of a batch query, however the sales come', async () => {
  const rows = [0, 5, 9, 30, 31, 80].map((hours, i) => [at(hours * 60), i % 2 ? 'A' : 'B', i])
  const query = (session: TestKit['session']) => dayTotals(session.table('sales') as never, '3 hours')
  const data = { sales: { schema: DDL, rows } }
  for (const outputMode of ['append', 'update', 'complete'] as const)
    await assertBatchEquivalence(query, data, { outputMode, seed: 5, slicings: 3 })
  const kit = new TestKit()
  kit.session.createDataFrame(rows, DDL).createOrReplaceTempView('sales')
  expect(valuesOf(await query(kit.session).batches()).length).toBeGreaterThan(20)
})

type Change = { readonly at: number; readonly product: string; readonly total: number | null }

/** What a stateful processor says of the sales, streamed in batches; after each batch, what it has said so far. */
async function byTimers(batches: readonly (readonly Given[])[], delay: string): Promise<readonly Change[][]> {
  const kit = new TestKit()
  const { stream, df } = kit.session.memoryStream(DDL)
  const query = await dayTotalsByTimers(df as never, delay)
    .writeStream.format('memory')
    .queryName('totals')
    .outputMode('append')
    .start()
  const said: Change[][] = []
  for (const batch of batches) {
    stream.addData(batch.map(({ minute, product, amount }) => [at(minute), product, amount]))
    await query.processAllAvailable()
    const rows = (kit.session.memoryTable('totals')?.batches ?? []).flatMap((b) => b.rows)
    said.push(
      rows.map(([time, product, total]) => ({
        at: (Number(time) / 1000 - START) / 60_000,
        product: String(product),
        total: total === null ? null : Number(total),
      })),
    )
  }
  await kit.session.stop()
  return said
}

/** The totals that changes up to a minute leave. */
function asOf(changes: readonly Change[], minute: number): Record<string, number> {
  const totals = new Map<string, number>()
  for (const change of changes.filter((c) => c.at <= minute)) {
    if (change.total === null) totals.delete(change.product)
    else totals.set(change.product, change.total)
  }
  return Object.fromEntries([...totals].sort())
}

const randomSales = (seed: number, count: number): Given[] => {
  const next = random(seed)
  let minute = 0
  return Array.from({ length: count }, () => {
    minute += next() < 0.2 ? DAY - 60 : 1 + Math.floor(next() * 400)
    return { minute, product: 'ABC'[Math.floor(next() * 3)]!, amount: Math.floor(next() * 21) - 5 }
  })
}

test('by timers: the exercise, and random sales at every event', async () => {
  const exercise = [
    { minute: 0, product: 'A', amount: 10 },
    { minute: 12 * 60, product: 'A', amount: 5 },
    { minute: 23 * 60 + 59, product: 'B', amount: 7 },
    { minute: DAY + 30, product: 'A', amount: 1 },
  ]
  for (const sales of [exercise, randomSales(1, 25), randomSales(2, 25)]) {
    const said = await byTimers(
      sales.map((s) => [s]),
      '0 seconds',
    )
    const got = said.map((changes, i) => asOf(changes, sales[i]!.minute))
    expect(got).toEqual(bruteForce(sales))
    if (sales === exercise) expect(got.at(-1)).toEqual({ A: 6, B: 7 })
  }
})

test('by timers: sales out of order within the delay make no difference', async () => {
  for (const seed of [11, 12]) {
    const next = random(seed)
    const sales = randomSales(seed, 40)
    // Some at the same minute, each up to an hour late; the last one lets the watermark pass all others.
    const given = sales.flatMap((s) => (next() < 0.3 ? [s, { ...s, amount: 3 }] : [s]))
    const delivered = given.map((s) => ({ s, when: s.minute + next() * 60 })).sort((a, b) => a.when - b.when)
    const flush = { minute: given.at(-1)!.minute + 3 * DAY, product: 'Z', amount: 0 }
    const rows = delivered.map(({ s }) => s)
    const batches = [
      ...Array.from({ length: Math.ceil(rows.length / 3) }, (_, i) => rows.slice(3 * i, 3 * i + 3)),
      [flush],
    ]
    const changes = (await byTimers(batches, '61 minutes')).at(-1)!
    const times = sales.map((s) => s.minute)
    const expected = times.map((minute) => {
      const until = given.filter((s) => s.minute <= minute)
      return bruteForce([...until.filter((s) => s.minute < minute), ...until.filter((s) => s.minute === minute)]).at(-1)
    })
    expect(times.map((minute) => asOf(changes, minute))).toEqual(expected)
  }
})

test('by timers: restarts and crashes change nothing', async () => {
  const kit = new TestKit()
  const sales = kit.stream(DDL)
  await testStream(
    kit,
    dayTotalsByTimers(sales.df as never),
    { outputMode: 'append' },
    add(sales, [at(0), 'A', 10]),
    expectNew([at(0), 'A', 10]),
    add(sales, [at(12 * 60), 'A', 5], [at(23 * 60 + 59), 'B', 7]),
    expectNew([at(12 * 60), 'A', 15], [at(23 * 60 + 59), 'B', 7]),
    add(sales, [at(DAY + 30), 'A', 1]),
    expectNew([at(DAY), 'A', 5], [at(DAY + 30), 'A', 6]),
    add(sales, [at(3 * DAY), 'B', 2]),
    expectTable(
      [at(0), 'A', 10],
      [at(12 * 60), 'A', 15],
      [at(23 * 60 + 59), 'B', 7],
      [at(DAY), 'A', 5],
      [at(DAY + 30), 'A', 6],
      [at(DAY + 12 * 60), 'A', 1],
      [at(DAY + 23 * 60 + 59), 'B', null],
      [at(2 * DAY + 30), 'A', null],
      [at(3 * DAY), 'B', 2],
    ),
  )
})

test('by timers: the processor by itself', () => {
  const tester = new TwsTester(new DayTotals(), {
    key: 'STRING',
    rows: DDL,
    result: 'at TIMESTAMP, product STRING, total BIGINT',
    timeMode: 'EventTime',
    eventTime: 'ts',
  })
  expect(tester.test('A', [{ ts: at(1), product: 'A', amount: 3n }])).toEqual([])
  expect(tester.setWatermark(at(1).getTime())).toMatchObject([{ product: 'A', total: 3n }])
  expect(tester.listTimers('A')).toEqual([at(DAY + 1).getTime()])
  expect(tester.setWatermark(at(DAY + 1).getTime())).toMatchObject([{ product: 'A', total: null }])
  expect(tester.peekValueState('past', 'A')).toBe(null)
  expect(tester.peekMapState('sales', 'A').size).toBe(0)
})
