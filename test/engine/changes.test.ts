import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { count, max } from '../../src/dataframe/functions.ts'
import { col, lit, type MillraceError, MillraceSession, Observation, type QueryChange } from '../../src/index.ts'

const quiet = (): MillraceSession =>
  new MillraceSession({ 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' }, { note: () => undefined })
const take = async (of: AsyncIterable<QueryChange>, n: number): Promise<string[]> => {
  const out: string[] = []
  for await (const { batchId, changeType, rows } of of) {
    out.push(`${batchId} ${changeType} ${JSON.stringify(rows)}`)
    if (out.length === n) break
  }
  return out
}

test('a live result over changes(), in each output mode', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('k STRING')
  const counts = df.groupBy('k').count()
  const updating = await counts.writeStream.outputMode('update').format('noop').start()
  const complete = await counts.writeStream.outputMode('complete').format('noop').start()
  const appending = await df.writeStream.format('noop').start()
  const three = Promise.all([updating, complete, appending].map((q) => take(q.changes(), 2)))
  stream.addValues([['a'], ['b']])
  await Promise.all([updating, complete, appending].map((q) => q.processAllAvailable()))
  stream.addValues([['a']])
  const sorted = (lines: readonly string[]): string[] =>
    lines.map((l) =>
      l.replaceAll(/\{[^}]*\},\{[^}]*\}/g, (pair) =>
        pair
          .split(/(?<=\}),/)
          .sort()
          .join(','),
      ),
    )
  expect((await three).map(sorted)).toEqual([
    ['0 upsert [{"k":"a","count":1},{"k":"b","count":1}]', '1 upsert [{"k":"a","count":2}]'],
    ['0 replace [{"k":"a","count":1},{"k":"b","count":1}]', '1 replace [{"k":"a","count":2},{"k":"b","count":1}]'],
    ['0 insert [{"k":"a"},{"k":"b"}]', '1 insert [{"k":"a"}]'],
  ])
  await session.stop()
})

test('the first batch is not missed by whoever subscribes when start() resolved', async () => {
  const session = quiet()
  for (let i = 0; i < 20; i++) {
    const { stream, df } = session.memoryStream('n INT')
    stream.addValues([[i]])
    const query = await df.writeStream.format('noop').start()
    expect(await take(query.changes(), 1)).toEqual([`0 insert [{"n":${i}}]`])
    await query.stop()
  }
})

test('a reader that is behind holds the query; leaving frees it', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('n INT', { maxAddsPerBatch: 1 })
  const query = await df.writeStream.format('noop').start()
  const changes = query.changes({ maxBufferedRows: 3 })
  for (let i = 0; i < 10; i++) stream.addValues([[i], [i]])
  await sleep(80)
  // Two batches fit (2 and 4 rows held: over the bound), the next waits.
  expect(query.lastProgress?.batchId ?? 0).toBeLessThan(3)
  const held = query.lastProgress?.batchId
  await sleep(50)
  expect(query.lastProgress?.batchId).toBe(held)
  expect((await changes.next()).value).toMatchObject({ batchId: 0 })
  await changes.return!()
  await query.processAllAvailable()
  expect(query.lastProgress?.batchId).toBe(9)
  expect((await changes.next()).done).toBe(true)
  // A reader that never reads does not keep the query from stopping.
  query.changes({ maxBufferedRows: 0 })
  stream.addValues([[1]])
  await sleep(30)
  await query.stop()
  expect(query.isActive).toBe(false)
})

test('ends with the query, after what was left; throws its failure; a signal ends it', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('n INT')
  const query = await df.writeStream.format('noop').start()
  const changes = query.changes()
  const aborted = new AbortController()
  const other = query.changes({ signal: aborted.signal })
  const waiting = other.next()
  aborted.abort()
  expect((await waiting).done).toBe(true)
  stream.addValues([[1]])
  await query.processAllAvailable()
  await query.stop()
  expect(await take(changes, 5)).toEqual(['0 insert [{"n":1}]'])
  expect(await take(query.changes(), 5)).toEqual([])
  const failing = await df.writeStream.foreachBatch(() => Promise.reject(new Error('no'))).start()
  stream.addValues([[2]])
  // Nothing of a batch that did not commit is seen.
  await expect(take(failing.changes(), 5)).rejects.toMatchObject({ code: 'FOREACH_BATCH_USER_FUNCTION_ERROR' })
})

test('observe(): metrics of each batch in its progress', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('k STRING, n INT')
  const watched = df
    .observe('input', count(lit(1)).alias('rows'), max('n').alias('largest'))
    .filter('n > 1')
    .observe('kept', count('*').plus(lit(1)).alias('oneMore'))
    .groupBy('k')
    .count()
  const query = await watched.writeStream.outputMode('update').format('noop').start()
  stream.addValues([
    ['a', 1],
    ['b', 7],
  ])
  await query.processAllAvailable()
  expect(query.lastProgress!.observedMetrics).toEqual({ input: { rows: 2, largest: 7 }, kept: { oneMore: 2 } })
  stream.addValues([['a', 3]])
  await query.processAllAvailable()
  expect(query.lastProgress!.observedMetrics).toEqual({ input: { rows: 1, largest: 3 }, kept: { oneMore: 2 } })
  await query.stop()
})

test('observe() of a bounded table through an Observation; the rows are untouched', async () => {
  const session = quiet()
  const table = session.createDataFrame(
    [
      { k: 'a', n: 1 },
      { k: 'b', n: 2 },
      { k: 'c', n: 3 },
    ],
    'k STRING, n INT',
  )
  const observation = new Observation('stats')
  const df = table.observe(observation, count(lit(1)).alias('rows'), max(col('n')).alias('top'))
  expect(df.columns).toEqual(['k', 'n'])
  expect(JSON.stringify(await df.filter('n > 2').select('k').collect())).toBe('[{"k":"c"}]')
  expect(JSON.stringify(await observation.get())).toBe('{"rows":3,"top":3}')
  await df.limit(1).collect()
  expect(JSON.stringify(await observation.get())).toBe('{"rows":3,"top":3}')
  const codeOf = (body: () => unknown): string => {
    try {
      body()
    } catch (error) {
      return (error as MillraceError).code
    }
    return 'nothing thrown'
  }
  expect(codeOf(() => table.observe(observation, count('*')))).toBe('OBSERVATION_USED')
  expect(codeOf(() => table.observe('x', col('n')))).toBe(
    'INVALID_OBSERVED_METRICS.NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE',
  )
  expect(codeOf(() => table.observe('', count('*')))).toBe('INVALID_OBSERVED_METRICS.MISSING_NAME')
  expect(codeOf(() => session.memoryStream('n INT').df.observe(new Observation(), count('*')))).toBe('UNSUPPORTED')
  await expect(table.observe('twice', count('*')).observe('twice', count('*')).collect()).rejects.toMatchObject({
    code: 'DUPLICATED_METRICS_NAME',
  })
})
