import { expect, test } from 'vitest'
import { MillraceSession } from '../../src/index.ts'

test('a trigger counts every session of the groups that had rows, and the starts that are gone, as the recorded engine', async () => {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => undefined })
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING')
  df.withWatermark('ts', '1 hour').createOrReplaceTempView('e')
  const query = await session
    .sql("SELECT session_window, k, count(*) AS n FROM e GROUP BY session_window(ts, '5 minutes'), k")
    .writeStream.format('memory')
    .queryName('sessions')
    .start()
  const row = (k: string, minute: number): Record<string, unknown> => ({
    k,
    ts: new Date(Date.UTC(2024, 0, 1, 12, minute)),
  })
  const counts = async (...rows: readonly Record<string, unknown>[]): Promise<readonly number[]> => {
    const from = query.recentProgress.length
    stream.addData(rows)
    await query.processAllAvailable()
    const [batch] = query.recentProgress.slice(from)
    const { numRowsTotal, numRowsUpdated, numRowsRemoved } = batch!.stateOperators[0]!
    return [numRowsTotal, numRowsUpdated, numRowsRemoved]
  }
  expect(await counts(row('a', 0), row('a', 20), row('b', 10))).toEqual([3, 3, 0])
  // Only a had rows: both of its sessions are written, b's is not.
  expect(await counts(row('a', 21))).toEqual([3, 2, 0])
  // One session begins earlier: its old start is gone.
  expect(await counts(row('a', 17))).toEqual([3, 2, 1])
  // A bridge makes two sessions one, and one more comes.
  expect(await counts(row('b', 18), row('b', 14), row('b', 30))).toEqual([4, 2, 0])
  await query.stop()
  await session.stop()
})
