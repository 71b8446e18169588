import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { batchOf } from '../../../src/columns/builder.ts'
import { validateOptions } from '../../../src/connectors/options.ts'
import type { Sink } from '../../../src/connectors/provider.ts'
import { postgresSink } from '../../../src/connectors/postgres/sink.ts'
import { MillraceSession, rollbackCheckpoint, type StreamingQuery, Trigger } from '../../../src/index.ts'
import { openDatabase } from '../../../src/storage/sqlite.ts'
import { sinkContext } from '../../../src/testing/contexts.ts'
import { BIGINT, field, schemaOf } from '../../../src/types/data-type.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'
import { asked } from './asked.ts'

let server: PostgresServer
let work: string
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
})
afterEach(async () => {
  rmSync(work, { recursive: true, force: true })
  await asked(server, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
})

const CONF = { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' } as const

/** Starts a query over the numbers in a session that crashes at `point` of batch 1, then in one that does not; gives its table. */
async function crashed(point: string): Promise<(string | null)[][]> {
  const life = (
    crash: boolean,
  ): { start(): Promise<StreamingQuery>; add(...ns: number[]): void; stop(): Promise<void> } => {
    const s = new MillraceSession(CONF, {
      note: () => undefined,
      crash: (at, batch) => {
        if (crash && at === point && batch === 1) throw new RangeError('crash')
      },
    })
    const { stream, df } = s.memoryStream('n INT', { name: 'ns' })
    return {
      start: () =>
        df.writeStream
          .format('postgres')
          .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
          .start(),
      add: (...ns) => void stream.addData(ns.map((n) => ({ n }))),
      stop: () => s.stop(),
    }
  }
  const first = life(true)
  const q = await first.start()
  first.add(1, 2)
  await q.processAllAvailable()
  first.add(3)
  await q.processAllAvailable().catch(() => undefined)
  expect(q.exception()).not.toBeNull()
  await first.stop()
  const second = life(false)
  second.add(1, 2)
  second.add(3)
  second.add(4)
  const again = await second.start()
  await again.processAllAvailable()
  await second.stop()
  return asked(server, 'SELECT n FROM t ORDER BY n')
}

test.each(['after-offsets', 'after-sink', 'before-commit', 'after-commit'])(
  'each row once after a crash %s',
  async (point) => {
    expect(await crashed(point)).toEqual([['1'], ['2'], ['3'], ['4']])
  },
)

test('the server stops and starts again while a query runs: each row is there once', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const { stream, df } = session.memoryStream('n INT')
  const q = await df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
    .start({ restart: { maxAttempts: 40, backoffMs: 10 } })
  let n = 0
  let feeding = true
  const feed = async (): Promise<void> => {
    for (; feeding; await sleep(2)) stream.addData(Array.from({ length: 50 }, () => ({ n: n++ })))
  }
  const fed = feed()
  for (let i = 0; i < 3; i++) {
    await sleep(150)
    await server.halt()
    await sleep(50)
    await server.resume()
  }
  await sleep(100)
  feeding = false
  await fed
  await q.processAllAvailable()
  expect(q.exception()).toBeNull()
  expect(await asked(server, 'SELECT count(*), count(DISTINCT n), max(n) FROM t')).toEqual([
    [String(n), String(n), String(n - 1)],
  ])
  await session.stop()
}, 120_000)

test('the server is away for long: the status says what the query waits for, and each row is there once', async () => {
  const notes: string[] = []
  const session = new MillraceSession(CONF, { note: (line) => void notes.push(line) })
  const { stream, df } = session.memoryStream('n INT')
  const q = await df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
    .start({ restart: { maxAttempts: 40, backoffMs: 10 } })
  stream.addData([{ n: 0 }])
  await q.processAllAvailable()
  await server.halt()
  const said = new Set<string>()
  for (let n = 1; n <= 30; n++, await sleep(100)) {
    stream.addData([{ n }])
    said.add(q.status.message)
  }
  expect(
    [...said].filter((text) => /^Restarting after: .*POSTGRES_CONNECTION_FAILED/.test(text)).length,
  ).toBeGreaterThan(0)
  // Each wait is twice the one before: a server that is away is not asked all the time.
  const waits = notes.flatMap((n) => /^restart \d+ of 40 in (\d+) ms: /.exec(n)?.[1] ?? []).map(Number)
  expect(waits).toEqual(waits.map((_, i) => 10 * 2 ** i))
  expect(waits.length).toBeGreaterThan(5)
  await server.resume()
  await q.processAllAvailable()
  expect(q.status.message).not.toContain('after:')
  expect(await asked(server, 'SELECT count(*), count(DISTINCT n), max(n) FROM t')).toEqual([['31', '31', '30']])
  await session.stop()
}, 60_000)

test('source and sink go on after the server was stopped: every row of the table is copied once', async () => {
  await asked(server, 'CREATE TABLE source (id bigserial PRIMARY KEY)')
  const session = new MillraceSession(CONF, { note: () => undefined })
  const q = await session.readStream
    .format('postgres')
    .options({ url: server.url, table: 'source', orderColumn: 'id', pollInterval: '5ms', maxRowsPerTrigger: 700 })
    .load()
    .writeStream.format('postgres')
    .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
    .start({ restart: { maxAttempts: 40, backoffMs: 10 } })
  for (let i = 0; i < 3; i++) {
    await asked(server, 'INSERT INTO source SELECT nextval($$source_id_seq$$) FROM generate_series(1, 5000)')
    await sleep(100)
    await server.halt()
    await sleep(50)
    await server.resume()
  }
  await q.processAllAvailable()
  expect(q.exception()).toBeNull()
  expect(await asked(server, 'SELECT count(*), count(DISTINCT id) FROM t')).toEqual(
    await asked(server, 'SELECT count(*), count(*) FROM source'),
  )
  await session.stop()
}, 120_000)

test('a connection that ends between two batches is made anew', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const { stream, df } = session.memoryStream('n INT')
  const q = await df.writeStream.queryName('idle').format('postgres').options({ url: server.url, table: 't' }).start()
  stream.addData([{ n: 1 }])
  await q.processAllAvailable()
  const ended = await asked(
    server,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace idle'",
  )
  expect(ended).toEqual([['t']])
  await sleep(50)
  stream.addData([{ n: 2 }])
  await q.processAllAvailable()
  expect(await asked(server, 'SELECT n FROM t ORDER BY n')).toEqual([['1'], ['2']])
  await session.stop()
})

test('a connection that ends within a batch leaves nothing of it, and the restart policy writes it again', async () => {
  await asked(
    server,
    `CREATE TABLE t (n int); CREATE TABLE told (once int); CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF NEW.n = 13 AND nextval('cuts') < 3 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
       RETURN NEW;
     END $$; CREATE SEQUENCE cuts; CREATE TRIGGER cut BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION cut()`,
  )
  const session = new MillraceSession(CONF, { note: () => undefined })
  const { stream, df } = session.memoryStream('n INT')
  const options = { url: server.url, table: 't', batchRows: 5, checkpointLocation: join(work, 'cp') }
  const q = await df.writeStream
    .format('postgres')
    .options(options)
    .start({ restart: { maxAttempts: 5, backoffMs: 10 } })
  stream.addData(Array.from({ length: 20 }, (_, n) => ({ n })))
  await q.processAllAvailable()
  expect(await asked(server, 'SELECT count(*), count(DISTINCT n) FROM t')).toEqual([['20', '20']])
  expect(await asked(server, 'SELECT last_value FROM cuts')).toEqual([['3']])
  await session.stop()
})

test('a deadlock and a lock that is held too long are transient', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const { stream, df } = session.memoryStream('k INT, v INT')
  const q = await df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', key: 'k', lockTimeout: '50ms', checkpointLocation: join(work, 'cp') })
    .start({ restart: { maxAttempts: 50, backoffMs: 10 } })
  stream.addData([{ k: 1, v: 1 }])
  await q.processAllAvailable()
  const other = new pg.Client({ connectionString: server.url })
  await other.connect()
  await other.query('BEGIN; UPDATE t SET v = 0 WHERE k = 1')
  stream.addData([{ k: 1, v: 2 }])
  await sleep(200)
  await other.query('COMMIT')
  await other.end()
  await q.processAllAvailable()
  expect(await asked(server, 'SELECT k, v FROM t')).toEqual([['1', '2']])
  await session.stop()
})

test('a query that waits for a lock of another session stops at once, and leaves nothing', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const other = new pg.Client({ connectionString: server.url })
  await other.connect()
  try {
    const { stream, df } = session.memoryStream('k INT')
    const q = await df.writeStream
      .format('postgres')
      .options({ url: server.url, table: 't', checkpointLocation: join(work, 'cp') })
      .start()
    await other.query('BEGIN; LOCK TABLE t')
    stream.addData([{ k: 1 }])
    await sleep(200)
    const before = performance.now()
    await q.stop()
    expect(performance.now() - before).toBeLessThan(2000)
    expect(q.exception()).toBeNull()
  } finally {
    await other.query('COMMIT')
    await other.end()
  }
  expect(await asked(server, 'SELECT k FROM t')).toEqual([])
  await session.stop()
})

test('a checkpoint that goes back: refused until table and token are brought back, or with another table', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const run = async (table: string, ...batches: number[]): Promise<void> => {
    const { stream, df } = session.memoryStream('n INT', { name: 'ns', maxAddsPerBatch: 1 })
    for (const n of batches) stream.addData([{ n }])
    const q = await df.writeStream
      .format('postgres')
      .options({ url: server.url, table, checkpointLocation: join(work, 'cp') })
      .trigger(Trigger.AvailableNow())
      .start()
    await q.awaitTermination()
  }
  await run('t', 0, 1)
  await asked(
    server,
    'CREATE TABLE t_then AS SELECT * FROM t; CREATE TABLE token_then AS SELECT * FROM millrace_tokens',
  )
  await run('t', 0, 1, 2, 3)
  const back = await rollbackCheckpoint(join(work, 'cp'), { toBatch: 1 })
  expect(back.sink).toContain('millrace_tokens')
  await expect(run('t', 0, 1, 2, 4)).rejects.toMatchObject({ code: 'CHECKPOINT_SINK_AHEAD' })
  await asked(server, 'DELETE FROM t WHERE n > 1; DELETE FROM millrace_tokens')
  await expect(run('t', 0, 1, 2, 4)).rejects.toMatchObject({ code: 'CHECKPOINT_SINK_BEHIND' })
  await asked(server, 'INSERT INTO millrace_tokens SELECT * FROM token_then')
  await run('t', 0, 1, 2, 4)
  expect(await asked(server, 'SELECT n FROM t ORDER BY n')).toEqual([['0'], ['1'], ['2'], ['4']])

  await rollbackCheckpoint(join(work, 'cp'), { toBatch: 2 })
  session.conf.set('millrace.checkpoint.allowSinkChange', true)
  await run('other', 0, 1, 2, 5)
  session.conf.set('millrace.checkpoint.allowSinkChange', false)
  await run('other', 0, 1, 2, 5, 6)
  expect(await asked(server, 'SELECT n FROM other ORDER BY n')).toEqual([['5'], ['6']])
  await session.stop()
})

const SCHEMA = schemaOf(field('n', BIGINT))

/** A run of its own on the table t, with batches of numbers. */
async function run(): Promise<{
  write(batchId: number, offsets: string, ...ns: number[]): Promise<void>
  close(): Promise<void>
}> {
  const database = openDatabase(':memory:')
  const options = validateOptions('postgres', postgresSink.options, { url: server.url, table: 't' })
  const sink: Sink = await postgresSink.open(options, sinkContext(SCHEMA, { database }))
  return {
    write: async (batchId, offsetHash, ...ns) => {
      await sink.begin(batchId, { queryId: 'query-1', batchId, offsetHash })
      await sink.add(
        batchOf(
          SCHEMA,
          ns.map((n) => [BigInt(n)]),
        ),
      )
      await sink.finish()
    },
    close: async () => {
      await sink.close()
      database.close()
    },
  }
}

test('of two runs of one query the one that was overtaken ends, and no batch is written twice', async () => {
  const [old, young] = [await run(), await run()]
  await old.write(0, 'a', 1)
  await young.write(0, 'a', 1)
  await young.write(1, 'b', 2)
  await expect(old.write(1, 'b', 2)).rejects.toThrow(/POSTGRES_SINK_FENCED.*took it over/)
  await expect(old.write(2, 'c', 3)).rejects.toThrow(/POSTGRES_SINK_FENCED.*took it over/)
  const late = await run()
  await expect(late.write(0, 'a', 1)).rejects.toThrow(/POSTGRES_SINK_FENCED.*batch 1 already/)
  const third = await run()
  await expect(third.write(1, 'other', 9)).rejects.toThrow(/POSTGRES_SINK_FENCED.*other offsets/)
  expect(await asked(server, 'SELECT n FROM t ORDER BY n')).toEqual([['1'], ['2']])
  for (const r of [old, young, third, late]) await r.close()
})

test('two runs that write the same batches at the same moment write each once', async () => {
  const runs = [await run(), await run(), await run()]
  const results = await Promise.all(
    runs.map(async (r) => {
      try {
        for (let batch = 0; batch < 20; batch++) await r.write(batch, `h${batch}`, batch * 2, batch * 2 + 1)
        return 'all'
      } catch (error) {
        return (error as { code?: string }).code
      }
    }),
  )
  expect(results.every((r) => r === 'all' || r === 'POSTGRES_SINK_FENCED')).toBe(true)
  const [[rows, distinct, top]] = (await asked(server, 'SELECT count(*), count(DISTINCT n), max(n) FROM t')) as [
    string[],
  ]
  expect(rows).toBe(distinct)
  expect(Number(top)).toBe(Number(rows) - 1)
  for (const r of runs) await r.close()
})
