import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BatchContext } from '../../src/connectors/foreach-batch/batch-context.ts'
import { MillraceSession, postgresPool } from '../../src/index.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { asked } from './postgres/asked.ts'

let server: PostgresServer
let work: string
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'millrace-once-'))
  await asked(
    server,
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE totals (n bigint); INSERT INTO totals VALUES (0)',
  )
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

const CONF = {
  'spark.sql.session.timeZone': 'UTC',
  'millrace.durability': 'process',
  'millrace.int64': 'number',
} as const
const POINTS = ['after-offsets', 'after-sink', 'before-commit', 'after-commit'] as const

/** Adds the sum of each batch to one number, crashing at `point` of batch 1; `add` says whether it was done. Gives what it said. */
async function sums(point: string, add: (n: number, context: BatchContext) => Promise<boolean>): Promise<string[]> {
  const said: string[] = []
  for (const crash of [true, false]) {
    const session = new MillraceSession(CONF, {
      note: () => undefined,
      crash: (at, batch) => {
        if (crash && at === point && batch === 1) throw new RangeError('crash')
      },
    })
    const { stream, df } = session.memoryStream('n INT', { name: 'ns' })
    const query = await df.writeStream
      .option('checkpointLocation', join(work, 'cp'))
      .foreachBatch(async (batch, batchId, context) => {
        const n = (await batch.collect()).reduce((sum, row) => sum + Number(row['n']), 0)
        said.push(`${batchId} ${String(await add(n, context))}`)
      })
      .start()
    for (const n of crash ? [1, 10] : [1, 10, 100]) {
      stream.addData([{ n }])
      if (crash) await query.processAllAvailable().catch(() => undefined)
    }
    if (!crash) await query.processAllAvailable()
    await session.stop()
  }
  return said
}

describe.each(POINTS)('an effect happens once over a crash %s', (point) => {
  const expected = point === 'after-offsets' || point === 'after-commit' ? [] : ['1 false']

  test('in PostgreSQL', async () => {
    const pool = postgresPool(server.url)
    const said = await sums(point, (n, context) =>
      context.once(pool, (client) => client.query('UPDATE totals SET n = n + $1', [n])),
    )
    expect(said.filter((s) => s.endsWith('false'))).toEqual(expected)
    expect(await asked(server, 'SELECT n FROM totals')).toEqual([['111']])
    await pool.end()
  })

  test('in SQLite', async () => {
    const database = new Database(join(work, 'out.db'))
    database.exec('CREATE TABLE totals (n); INSERT INTO totals VALUES (0)')
    const said = await sums(point, (n, context) =>
      context.once(database, (db) => db.prepare('UPDATE totals SET n = n + ?').run(n)),
    )
    expect(said.filter((s) => s.endsWith('false'))).toEqual(expected)
    expect(database.prepare('SELECT n FROM totals').get()).toEqual({ n: 111 })
    database.close()
  })
})

const batch = (batchId: number, offsetHash = `h${batchId}`): BatchContext =>
  new BatchContext({ queryId: 'q', batchId, offsetHash }, { queryName: null, signal: new AbortController().signal })

test('an effect that fails leaves no note, and a Pool of the package pg will do', async () => {
  const pool = new pg.Pool({ connectionString: server.url, max: 1 })
  const fails = batch(0).once(pool, async (client) => {
    await client.query('UPDATE totals SET n = 5')
    throw new RangeError('mine')
  })
  await expect(fails).rejects.toThrow(RangeError)
  await expect(batch(0).once(pool, (client) => client.query('SELECT nothing'))).rejects.toThrow(
    /POSTGRES_QUERY_FAILED.*42703/,
  )
  expect(await batch(0).once(pool, (client) => client.query('UPDATE totals SET n = n + 1'))).toBe(true)
  expect(await batch(0).once(pool, (client) => client.query('UPDATE totals SET n = n + 1'))).toBe(false)
  expect(await asked(server, 'SELECT n FROM totals')).toEqual([['1']])
  await pool.end()
})

test('two processes at once: one does it, the other finds the note', async () => {
  const pool = postgresPool({ url: server.url, max: 8 })
  const done = await Promise.all(
    Array.from({ length: 8 }, () => batch(3).once(pool, (client) => client.query('UPDATE totals SET n = n + 1'))),
  )
  expect(done.filter((d) => d)).toHaveLength(1)
  expect(await asked(server, 'SELECT n FROM totals')).toEqual([['1']])
  await pool.end()
})

test('names keep effects of one batch apart; a name used twice is refused', async () => {
  const pool = postgresPool(server.url)
  const context = batch(0)
  const add = (name?: string): Promise<boolean> =>
    context.once(pool, (client) => client.query('UPDATE totals SET n = n + 1'), name)
  expect([await add(), await add('audit')]).toEqual([true, true])
  await expect(add('audit')).rejects.toThrow(/ONCE_NAME_REPEATED.*"audit"/)
  expect(await asked(server, 'SELECT name, batch_id FROM millrace_once ORDER BY name')).toEqual([
    ['', '0'],
    ['audit', '0'],
  ])
  await pool.end()
})

test('a note of a later batch or of other offsets is refused', async () => {
  const database = new Database(':memory:')
  await batch(4).once(database, () => undefined)
  await expect(batch(3).once(database, () => undefined)).rejects.toThrow(/ONCE_OTHER_RUN.*batch 4 is noted/)
  await expect(batch(4, 'other').once(database, () => undefined)).rejects.toThrow(/ONCE_OTHER_RUN.*other offsets/)
  await expect(batch(5).once(database, () => Promise.resolve())).rejects.toThrow(/ONCE_NOT_SYNCHRONOUS/)
  expect(await batch(5).once(database, () => undefined)).toBe(true)
  database.close()
})

test('a server that stops and starts again: the restart policy tries the batch again, and the sum is exact', async () => {
  const session = new MillraceSession(CONF, { note: () => undefined })
  const { stream, df } = session.memoryStream('n INT')
  const pool = postgresPool(server.url)
  const query = await df.writeStream
    .option('checkpointLocation', join(work, 'cp'))
    .foreachBatch(async (rows, _batchId, context) => {
      const n = await rows.count()
      await context.once(pool, (client) => client.query('UPDATE totals SET n = n + $1', [n]))
    })
    .start({ restart: { maxAttempts: 40, backoffMs: 10 } })
  for (let i = 0; i < 60; i++) {
    stream.addData([{ n: i }])
    await new Promise((r) => setTimeout(r, 5))
    if (i === 30) {
      await server.halt()
      stream.addData([{ n: -1 }])
      await new Promise((r) => setTimeout(r, 50))
      await server.resume()
    }
  }
  await query.processAllAvailable()
  expect(await asked(server, 'SELECT n FROM totals')).toEqual([['61']])
  await session.stop()
  await pool.end()
})

test.each(['postgresPool', 'a Pool of the package pg'])(
  'a connection that ends while the effect does something else: %s, the batch fails as transient',
  async (kind) => {
    const pool = kind === 'postgresPool' ? postgresPool(server.url) : new pg.Pool({ connectionString: server.url })
    const effect = batch(0).once(pool, async (client) => {
      await client.query('UPDATE totals SET n = 5')
      await server.halt()
      // Long enough for the word of the server to come while nothing is asked of it.
      await new Promise((r) => setTimeout(r, 200))
      await client.query('UPDATE totals SET n = 6')
    })
    await expect(effect).rejects.toMatchObject({ code: 'POSTGRES_CONNECTION_FAILED', transient: true })
    await server.resume()
    expect(await asked(server, 'SELECT n FROM totals')).toEqual([['0']])
    await pool.end()
  },
)

test('a connection taken out of the pool may end, too', async () => {
  const pool = postgresPool(server.url)
  const client = await pool.connect()
  await server.halt()
  await new Promise((r) => setTimeout(r, 200))
  await expect(client.query('SELECT 1')).rejects.toThrow()
  client.release(true)
  await server.resume()
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await pool.end()
})

test('a pool is one for the same options, and says what is wrong with them', async () => {
  const pool = postgresPool({ url: server.url, max: 2 })
  expect(postgresPool({ url: server.url, max: 2 })).toBe(pool)
  expect(postgresPool({ url: server.url, max: 3 })).not.toBe(pool)
  expect(pool.size).toBe(0)
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect(pool.size).toBe(1)
  await pool.end()
  expect(postgresPool({ url: server.url, max: 2 })).not.toBe(pool)
  expect(() => postgresPool('mysql://x')).toThrow(/OPTION_INVALID.*url/)
  expect(() => postgresPool({ url: server.url, maxx: 2 } as object)).toThrow(/OPTION_UNKNOWN.*maxx/)
  await expect(postgresPool({ host: '127.0.0.1', port: 1 }).query('SELECT 1')).rejects.toThrow(
    /POSTGRES_CONNECTION_FAILED/,
  )
})
