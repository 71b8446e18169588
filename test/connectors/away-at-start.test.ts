import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DataFrame, MillraceSession, type RestartPolicy, type StreamingQuery } from '../../src/index.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { asked } from './postgres/asked.ts'

let server: PostgresServer
let work: string
let notes: string[]
let session: MillraceSession
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-away-'))
  notes = []
  session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' },
    { note: (line) => void notes.push(line) },
  )
})
afterEach(async () => {
  await session.stop()
  await server.resume()
  rmSync(work, { recursive: true, force: true })
  await asked(server, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
})

const PATIENT: RestartPolicy = { maxAttempts: 200, backoffMs: 20 }

/** Starts a query that writes `df` to the table t of the server. */
const start = (df: DataFrame, restart?: RestartPolicy, signal?: AbortSignal): Promise<StreamingQuery> =>
  df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
    .start({ ...(restart === undefined ? {} : { restart }), ...(signal === undefined ? {} : { signal }) })

/** The query that is being started. */
async function starting(): Promise<StreamingQuery> {
  while (!notes.some((n) => n.startsWith('restart '))) await sleep(5)
  return session.streams.active[0]!
}

const rows = (): Promise<(string | null)[][]> => asked(server, 'SELECT n FROM t ORDER BY n')

test('a query whose database is away when it is started waits for it by its restart policy', async () => {
  const { stream, df } = session.memoryStream('n INT')
  await server.halt()
  const started = start(df, PATIENT)
  stream.addData([{ n: 1 }, { n: 2 }])
  const query = await starting()
  expect(query.isActive).toBe(true)
  expect(query.status.message).toMatch(/^Starting again after: .*POSTGRES_CONNECTION_FAILED/)
  await sleep(200)
  await server.resume()
  expect(await started).toBe(query)
  await query.processAllAvailable()
  expect(await rows()).toEqual([['1'], ['2']])
  expect(query.lastProgress?.batchId).toBe(0)
})

test('it goes on where it was, and writes no batch twice', async () => {
  const { stream, df } = session.memoryStream('n INT')
  const first = await start(df)
  stream.addData([{ n: 1 }])
  await first.processAllAvailable()
  await first.stop()
  await server.halt()
  const started = start(df, PATIENT)
  await starting()
  await server.resume()
  const second = await started
  stream.addData([{ n: 2 }])
  await second.processAllAvailable()
  expect(await rows()).toEqual([['1'], ['2']])
  expect(second.id).toBe(first.id)
})

test('start() rejects after maxAttempts, and without a policy at once; the checkpoint is free again', async () => {
  const { stream, df } = session.memoryStream('n INT')
  await server.halt()
  await expect(start(df)).rejects.toMatchObject({ code: 'POSTGRES_CONNECTION_FAILED', transient: true })
  expect(notes).toEqual([])
  await expect(start(df, { maxAttempts: 3, backoffMs: 1 })).rejects.toMatchObject({
    code: 'POSTGRES_CONNECTION_FAILED',
  })
  expect(notes.map((n) => n.split(' ms: ')[0])).toEqual([1, 2, 3].map((n) => `restart ${n} of 3 in ${2 ** (n - 1)}`))
  expect(session.streams.active).toEqual([])
  await server.resume()
  const query = await start(df)
  stream.addData([{ n: 1 }])
  await query.processAllAvailable()
  expect(await rows()).toEqual([['1']])
})

test('what waiting does not mend rejects at once: another shape of the table, a query that is no stream for it', async () => {
  await asked(server, 'CREATE TABLE t (other int)')
  const { df } = session.memoryStream('n INT')
  await expect(start(df, PATIENT)).rejects.toMatchObject({ code: 'POSTGRES_TABLE_MISMATCH' })
  await server.halt()
  await expect(start(df.groupBy('n').count(), PATIENT)).rejects.toMatchObject({
    code: 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
  })
  expect(notes).toEqual([])
})

test('an AbortSignal, stop() and the end of the session end the waiting', async () => {
  const { df } = session.memoryStream('n INT')
  await server.halt()
  const long = { maxAttempts: 10, backoffMs: 60_000 }
  const canceled = { code: 'OPERATION_CANCELED' }
  const ends: ((query: StreamingQuery, abort: AbortController) => unknown)[] = [
    (_, abort) => abort.abort(),
    (query) => query.stop(),
    (query) => query.stop({ graceful: true }),
    () => session.stop(),
  ]
  for (const end of ends) {
    notes.length = 0
    const abort = new AbortController()
    const started = expect(start(df, long, abort.signal)).rejects.toMatchObject(canceled)
    await end(await starting(), abort)
    await started
  }
})

test('the place is held meanwhile: another start on it takes it over, or is refused', async () => {
  const { df } = session.memoryStream('n INT')
  await server.halt()
  const first = start(df, { maxAttempts: 10, backoffMs: 60_000 })
  const overtaken = expect(first).rejects.toMatchObject({ code: 'OPERATION_CANCELED' })
  await starting()
  session.conf.set('spark.sql.streaming.stopActiveRunOnRestart', false)
  await expect(start(df)).rejects.toMatchObject({ code: 'CONCURRENT_QUERY' })
  session.conf.set('spark.sql.streaming.stopActiveRunOnRestart', true)
  await server.resume()
  const second = await start(df)
  await overtaken
  expect(session.streams.active).toEqual([second])
})
