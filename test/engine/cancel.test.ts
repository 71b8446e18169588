import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const big = () =>
  session.sql('SELECT count(*) AS n FROM range(10000) a CROSS JOIN range(1000) b WHERE a.id + b.id >= 0')

test('a cross join of ten million rows is cancelled by its signal within 50 ms of the abort', async () => {
  const abort = new AbortController()
  let aborted = 0
  setTimeout(() => {
    aborted = performance.now()
    abort.abort()
  }, 50)
  await expect(big().collect({ signal: abort.signal })).rejects.toMatchObject({ code: 'OPERATION_CANCELED' })
  expect(aborted).toBeGreaterThan(0)
  // The bound is 50 ms on a quiet machine; a loaded one gets room for its scheduler.
  expect(performance.now() - aborted).toBeLessThan(500)
})

test('a time limit ends it', async () => {
  const from = performance.now()
  await expect(big().collect({ timeoutMs: 60 })).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' })
  expect(performance.now() - from).toBeLessThan(1500)
})

test('timers of the host run while it computes', async () => {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  await big().collect()
  clearInterval(timer)
  // About 10 ms plus one piece of work; the join alone would hold the loop for a second or more.
  expect(longest).toBeLessThan(400)
})

test('stop() acts in the middle of a large batch', async () => {
  const { stream, df } = session.memoryStream('id BIGINT')
  session.range(2000).createOrReplaceTempView('other')
  df.createOrReplaceTempView('numbers')
  const query = await session
    .sql('SELECT count(*) AS n FROM numbers CROSS JOIN other')
    .writeStream.outputMode('complete')
    .format('memory')
    .queryName('large')
    .start()
  stream.addValues(Array.from({ length: 8000 }, (_, i) => [BigInt(i)]))
  await new Promise((resolve) => setTimeout(resolve, 60))
  const from = performance.now()
  await query.stop()
  expect(performance.now() - from).toBeLessThan(500)
  expect(query.exception()).toBeNull()
  expect(query.lastProgress).toBeNull()
})
