import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresSource } from '../../../src/connectors/postgres/source.ts'
import { type DataFrame, millrace, type MillraceSession, type StreamingQuery, Trigger } from '../../../src/index.ts'
import { sourceContract, type SourceUnderTest } from '../../../src/testing/source-contract.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'
import { asked } from './asked.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

let tables = 0
async function made(options: Readonly<Record<string, string>>): Promise<SourceUnderTest> {
  const table = `contract_${tables++}`
  await asked(server, `CREATE TABLE ${table} (k text, n bigint, id bigserial PRIMARY KEY)`)
  return {
    options: { url: server.url, table, ...options },
    feed: async () =>
      void (await asked(server, `INSERT INTO ${table} (k, n) SELECT 'key ' || i, i FROM generate_series(1, 9000) i`)),
  }
}

describe('source postgres, as a stream', () => {
  for (const { name, run } of sourceContract(postgresSource, () => made({ orderColumn: 'id' }))) test(name, run)
})
describe('source postgres, bounded', () => {
  const provider = { ...postgresSource, supports: ['batch'] as const }
  const make = async (): Promise<SourceUnderTest> => ({
    ...(await made({})),
    bounded: true,
    context: { streaming: false },
  })
  for (const { name, run } of sourceContract(provider, make)) test(name, run)
})

let session: MillraceSession
beforeEach(async () => {
  session = millrace({
    'spark.sql.session.timeZone': 'UTC',
    'millrace.durability': 'process',
    'millrace.int64': 'number',
  })
  await asked(server, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public')
})
afterEach(() => session.stop())

const load = (options: Readonly<Record<string, string>>, schema?: string): DataFrame => {
  const reader = session.read.format('postgres').options({ url: server.url, ...options })
  return (schema === undefined ? reader : reader.schema(schema)).load()
}
const plain = async (df: DataFrame): Promise<unknown[]> => (await df.collect()).map((r) => ({ ...r }))

describe('a bounded read', () => {
  test('takes a query in the server’s own words', async () => {
    const df = load({
      query: "SELECT i AS n, 'w' || i AS word, i * 1.5 AS half FROM generate_series(1, 3) i ORDER BY i;",
    })
    expect(df.schema.fields.map((f) => f.type.kind)).toEqual(['int', 'string', 'decimal'])
    expect(await plain(df.filter('n = 2'))).toEqual([{ n: 2, word: 'w2', half: '3.000000000000000000' }])
  })

  test('asks the server for the columns and, as far as it can judge them, the rows the query needs', async () => {
    await asked(
      server,
      `CREATE TABLE t (n int, word text, word3 varchar(3), ts timestamptz, d numeric(6, 2), u uuid, f float8);
       INSERT INTO t SELECT i, 'w' || i, 'w' || i % 10, '2026-01-01Z'::timestamptz + i * interval '1 hour', i / 4.0, gen_random_uuid(), i FROM generate_series(1, 40) i;
       INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, 'NaN')`,
    )
    const df = load({ table: 't' })
    const count = (where: string): Promise<unknown> => df.filter(where).count() as Promise<unknown>
    expect(await count('n > 30')).toBe(10)
    expect(await count("word = 'w7'")).toBe(1)
    expect(await count("word > 'w7'")).toBe(2)
    expect(await count("word3 = 'w7'")).toBe(4)
    expect(await count("ts >= TIMESTAMP'2026-01-02 00:00:00'")).toBe(17)
    expect(await count('d = 2.5')).toBe(1)
    expect(await count("f > double('Infinity')")).toBe(1)
    expect(await count('n IS NULL AND word IS NULL')).toBe(1)
    expect(await count('n <> 7 AND u IS NOT NULL')).toBe(39)
    expect(await count("u = '00000000-0000-0000-0000-000000000000'")).toBe(0)
    expect(await plain(df.filter('n = 3').select('word'))).toEqual([{ word: 'w3' }])
  })

  test('reads more rows than a batch has, in one snapshot', async () => {
    await asked(server, 'CREATE TABLE t AS SELECT i AS n FROM generate_series(1, 20000) i')
    expect(await plain(load({ table: 't' }).selectExpr('count(*) AS n', 'sum(n) AS s'))).toEqual([
      { n: 20000, s: 200010000 },
    ])
  })

  test('what cannot be read is refused at load, with the nearest name', async () => {
    await asked(server, 'CREATE TABLE clicks (n int)')
    expect(() => load({ table: 'click' })).toThrow(/TABLE_OR_VIEW_NOT_FOUND.*did you mean "clicks"/s)
    expect(() => load({})).toThrow(/OPTION_MISSING.*table/)
    expect(() => load({ table: 'clicks', query: 'SELECT 1' })).toThrow(/OPTION_MISSING.*one of them/s)
    expect(() => load({ query: 'SELEC 1' })).toThrow(/POSTGRES_QUERY_FAILED.*42601.*syntax error/)
    expect(() => load({ table: 'clicks', url: server.url.replace(String(server.port), '1') })).toThrow(
      /POSTGRES_CONNECTION_FAILED.*ECONNREFUSED/,
    )
    await expect(load({ table: 'clicks' }, 'm INT').collect()).rejects.toThrow(/UNRESOLVED_COLUMN.*"m"/s)
    await asked(server, "CREATE TABLE words AS SELECT 'x' AS n")
    await expect(load({ table: 'words' }, 'n INT').collect()).rejects.toThrow(
      /CANNOT_ACCEPT_OBJECT_IN_TYPE.*column n.*"x"/,
    )
  })

  test('beside a stream it is read again as refreshInterval says', async () => {
    await asked(server, "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann')")
    const { stream, df } = session.memoryStream('id INT')
    const q = await df
      .join(load({ table: 'users', refreshInterval: '1ms' }), 'id')
      .writeStream.queryName('joined')
      .format('memory')
      .start()
    stream.addData([{ id: 1 }])
    await q.processAllAvailable()
    await asked(server, "UPDATE users SET name = 'eve'")
    await new Promise((r) => setTimeout(r, 20))
    stream.addData([{ id: 1 }])
    await q.processAllAvailable()
    expect((await plain(session.table('joined'))).map((r) => (r as { name: string }).name)).toEqual(['ann', 'eve'])
  })
})

describe('a stream', () => {
  const streamed = (options: Readonly<Record<string, string>>): DataFrame =>
    session.readStream
      .format('postgres')
      .options({ url: server.url, pollInterval: '10ms', ...options })
      .load()
  const until = async (check: () => Promise<boolean>): Promise<void> => {
    for (let i = 0; i < 500 && !(await check()); i++) await new Promise((r) => setTimeout(r, 10))
    expect(await check()).toBe(true)
  }
  let work: string
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  })
  afterEach(() => rmSync(work, { recursive: true, force: true }))

  test('reads what is added, each row once, over restarts', async () => {
    await asked(
      server,
      'CREATE TABLE events (id bigserial PRIMARY KEY, n int); INSERT INTO events (n) SELECT generate_series(1, 10)',
    )
    const run = (): Promise<StreamingQuery> =>
      streamed({ table: 'events', orderColumn: 'ID', maxRowsPerTrigger: '4' })
        .writeStream.format('postgres')
        .options({ url: server.url, table: 'copied', checkpointLocation: join(work, 'cp') })
        .start()
    const copied = async (n: number): Promise<boolean> =>
      (await asked(server, 'SELECT count(*), count(DISTINCT id), coalesce(max(n), 0) FROM copied'))[0]!.join() ===
      `${n},${n},${n}`
    const first = await run()
    await until(() => copied(10))
    expect(first.lastProgress!.sources[0]!.endOffset).toEqual({ value: '10' })
    await asked(server, 'INSERT INTO events (n) VALUES (11)')
    await until(() => copied(11))
    await first.stop()
    await asked(server, 'INSERT INTO events (n) VALUES (12), (13)')
    await run()
    await until(() => copied(13))
    expect(first.recentProgress.filter((p) => p.numInputRows > 0).map((p) => p.numInputRows)).toEqual([4, 4, 2, 1])
  })

  test('rows of one value stay together, and those with NULL are left out', async () => {
    await asked(
      server,
      `CREATE TABLE events (at timestamptz, n int);
       INSERT INTO events SELECT '2026-01-01Z'::timestamptz + (i / 5) * interval '1 microsecond', i FROM generate_series(0, 19) i; INSERT INTO events VALUES (NULL, 99)`,
    )
    const q = await streamed({
      table: 'events',
      orderColumn: 'at',
      maxRowsPerTrigger: '7',
      startingValue: '2026-01-01 00:00:00',
    })
      .writeStream.queryName('seen')
      .trigger(Trigger.AvailableNow())
      .format('memory')
      .start()
    await q.awaitTermination()
    expect((await plain(session.table('seen'))).map((r) => (r as { n: number }).n)).toEqual(
      Array.from({ length: 15 }, (_, i) => i + 5),
    )
    expect(q.recentProgress.filter((p) => p.numInputRows > 0).map((p) => p.numInputRows)).toEqual([10, 5])
  })

  test('with a lag, a transaction that took a smaller value and commits later is not missed', async () => {
    await asked(server, 'CREATE TABLE events (id bigserial PRIMARY KEY)')
    const slow = new pg.Client({ connectionString: server.url })
    await slow.connect()
    await slow.query('BEGIN; INSERT INTO events DEFAULT VALUES')
    await asked(server, 'INSERT INTO events DEFAULT VALUES')
    const q = await streamed({ table: 'events', orderColumn: 'id', lag: '400ms' })
      .writeStream.queryName('lagging')
      .format('memory')
      .start()
    await new Promise((r) => setTimeout(r, 100))
    expect(await session.table('lagging').count()).toBe(0)
    await slow.query('COMMIT')
    await slow.end()
    await until(async () => (await session.table('lagging').count()) === 2)
    await q.stop()
  })

  test('refuses what cannot be a stream', async () => {
    await asked(server, 'CREATE TABLE events (id bigint, word text)')
    const start = (options: Readonly<Record<string, string>>): Promise<unknown> =>
      streamed({ table: 'events', ...options })
        .writeStream.format('noop')
        .start()
    expect(() => streamed({ table: 'events' })).toThrow(/OPTION_MISSING.*orderColumn/)
    await expect(start({ orderColumn: 'idd' })).rejects.toThrow(/OPTION_INVALID.*orderColumn.*did you mean "id"/s)
    await expect(start({ orderColumn: 'word' })).rejects.toThrow(/OPTION_INVALID.*orderColumn.*numbers/)
    await expect(start({ orderColumn: 'id', maxRowsPerTrigger: '0' })).rejects.toThrow(
      /OPTION_INVALID.*maxRowsPerTrigger/,
    )
  })
})
