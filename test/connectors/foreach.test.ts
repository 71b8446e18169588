import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ForeachWriter, millrace, type MillraceSession, type StreamingQuery } from '../../src/index.ts'

let session: MillraceSession
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
})
afterEach(() => session.stop())

const run = async (writer: ForeachWriter | ForeachWriter['process'], ...adds: number[][]): Promise<StreamingQuery> => {
  const { stream, df } = session.memoryStream('n INT')
  const query = await df.writeStream.foreach(writer).start()
  for (const add of adds) {
    stream.addData(add.map((n) => ({ n })))
    await query.processAllAvailable().catch(() => undefined)
  }
  return query
}

test('open, process and close are called in order for each batch', async () => {
  const calls: string[] = []
  await run(
    {
      open: (partition, epoch) => void calls.push(`open ${partition} ${epoch}`),
      process: async (row) => {
        await Promise.resolve()
        calls.push(`row ${String(row['n'])}`)
      },
      close: (error) => void calls.push(`close ${String(error)}`),
    },
    [1, 2],
    [3],
  )
  expect(calls).toEqual(['open 0 0', 'row 1', 'row 2', 'close null', 'open 0 1', 'row 3', 'close null'])
})

test('open may skip a batch; a bare function takes the rows', async () => {
  const rows: unknown[] = []
  let closed = 0
  await run(
    { open: (_, epoch) => epoch !== 1, process: (row) => void rows.push(row['n']), close: () => void closed++ },
    [1],
    [2],
    [3],
  )
  expect(rows).toEqual([1, 3])
  expect(closed).toBe(3)
  const bare: unknown[] = []
  await run((row) => void bare.push({ ...row }), [4])
  expect(bare).toEqual([{ n: 4 }])
})

test('an error goes to close and fails the query with its batch', async () => {
  const closed: unknown[] = []
  const query = await run(
    {
      process: (row) => {
        if (row['n'] === 2) throw new RangeError('no twos')
      },
      close: (error) => void closed.push(error?.message),
    },
    [1, 2, 3],
  )
  expect(closed).toEqual(['no twos'])
  expect(query.exception()?.message).toMatch(/FOREACH_USER_FUNCTION_ERROR.*batch 0.*no twos/)
  expect(query.guarantees().sink).toMatchObject({ format: 'foreach', delivery: 'at-least-once' })
})

test('many rows leave the event loop free', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  let sum = 0
  const { stream, df } = session.memoryStream('n INT')
  const query = await df.writeStream
    .foreach({
      open: () => void (turns = 0),
      process: (row) => {
        for (let i = 0; i < 5000; i++) sum += (row['n'] as number) & i
      },
      close: () => clearInterval(timer),
    })
    .start()
  stream.addData(Array.from({ length: 60_000 }, (_, n) => ({ n })))
  await query.processAllAvailable()
  expect(sum).toBeGreaterThan(0)
  // Hundreds of milliseconds of work, in pieces of about 10.
  expect(turns).toBeGreaterThan(10)
})
