import { expect, test } from 'vitest'
import { dayTotals } from '../../examples/day-totals.ts'
import { assertBatchEquivalence, TestKit } from '../../src/testing/index.ts'
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
