import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MillraceSession } from '../../src/index.ts'

/** Rows of each batch: more than an operator takes at once, so that a batch goes to the sink in pieces. */
const ROWS = 9_000
const BATCHES = 5

const quiet = (): MillraceSession =>
  new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' }, { note: () => undefined })

/** Lets others run `n` times. */
async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await turn()
}

/** Reads with `read` over and over while the query takes its batches; gives what the reads gave. */
async function whileRunning<T>(
  mode: 'append' | 'complete',
  sql: string,
  read: (session: MillraceSession) => Promise<T>,
): Promise<T[]> {
  const session = quiet()
  const { stream, df } = session.memoryStream('lot INT, i INT', { maxAddsPerBatch: 1 })
  df.createOrReplaceTempView('input')
  const query = await session.sql(sql).writeStream.outputMode(mode).format('memory').queryName('out').start()
  const got: T[] = []
  for (let lot = 0; lot < BATCHES; lot++) {
    stream.addData(Array.from({ length: ROWS }, (_, i) => ({ lot, i })))
    const written = query.processAllAvailable()
    // Reads begun before the batch, while it runs and when it is there.
    const reads = lot === 0 ? [] : Array.from({ length: 3 }, (_, k) => turns(k * 4).then(() => read(session)))
    await written
    got.push(...(await Promise.all(reads)))
  }
  got.push(await read(session))
  await session.stop()
  return got
}

test('append: readers see whole batches only, and all of them in the end', async () => {
  const reads = await whileRunning('append', 'SELECT lot, i FROM input', async (session) =>
    (await session.sql('SELECT lot, count(*) AS n FROM out GROUP BY lot ORDER BY lot').collect()).map((r) => r['n']),
  )
  for (const counts of reads) expect(new Set(counts)).toEqual(new Set([ROWS]))
  const lots = reads.map((r) => r.length)
  expect(lots.at(-1)).toBe(BATCHES)
  expect(new Set(lots).size, 'reads between the batches').toBeGreaterThan(BATCHES - 2)
})

test('complete: the table is the result of one batch', async () => {
  const reads = await whileRunning('complete', 'SELECT i, max(lot) AS lot FROM input GROUP BY i', async (session) =>
    (await session.sql('SELECT DISTINCT lot FROM out').collect()).map((r) => Number(r['lot'])),
  )
  // Every row of a result has the same lot.
  expect(reads.filter((lots) => lots.length !== 1)).toEqual([])
  expect(reads.at(-1)).toEqual([BATCHES - 1])
})

test('a query that reads the table twice sees it at one batch', async () => {
  const reads = await whileRunning('append', 'SELECT lot, i FROM input', async (session) => {
    const [row] = await session
      .sql(
        'SELECT a.n AS a, b.n AS b FROM (SELECT count(*) AS n FROM out) a CROSS JOIN (SELECT count(*) AS n FROM out) b',
      )
      .collect()
    return [row!['a'], row!['b']]
  })
  expect(reads.filter(([a, b]) => a !== b)).toEqual([])
  expect(new Set(reads.map(([a]) => a)).size, 'reads between the batches').toBeGreaterThan(BATCHES - 2)
})
