import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresSink } from '../../../src/connectors/postgres/sink.ts'
import { type DataFrame, millrace, type MillraceSession, type StreamingQuery } from '../../../src/index.ts'
import { openDatabase } from '../../../src/storage/sqlite.ts'
import { sinkContract } from '../../../src/testing/sink-contract.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'
import { asked } from './asked.ts'

let server: PostgresServer
let session: MillraceSession
let work: string
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
  work = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
  await asked(server, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS stats CASCADE')
})

const query = (sql: string): Promise<unknown> => asked(server, sql)
/** The rows of a table as text, in order. */
const rowsOf = async (table: string): Promise<string[]> =>
  (await asked(server, `SELECT * FROM ${table}`)).map((r) => r.map(String).join(' ')).sort()

describe('sink postgres', () => {
  for (const { name, run } of sinkContract(postgresSink, () => {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
    const database = openDatabase(join(dir, 'checkpoint.db'))
    return {
      options: { url: server.url, table: 'contract' },
      context: { database },
      rows: async () =>
        (await asked(server, 'SELECT k, n FROM contract')).map(([k, n]) => [k!, n === null ? null : BigInt(n!)]),
      close: () => {
        database.close()
        rmSync(dir, { recursive: true })
      },
    }
  }))
    test(name, run)
})

const counts = (): { df: DataFrame; add(...words: (string | null)[]): void } => {
  const { stream, df } = session.memoryStream('word STRING')
  return { df: df.groupBy('word').count(), add: (...words) => void stream.addData(words.map((word) => ({ word }))) }
}

test('update mode upserts by key, NULL keys among them', async () => {
  const { df, add } = counts()
  const q = await df.writeStream
    .outputMode('update')
    .format('postgres')
    .options({ url: server.url, table: 'counts', key: 'word', checkpointLocation: join(work, 'cp') })
    .start()
  for (const words of [['a', 'b', null], ['a', null], ['c']]) {
    add(...words)
    await q.processAllAvailable()
  }
  expect(await rowsOf('counts')).toEqual(['a 2', 'b 1', 'c 1', 'null 2'])
  expect(await query('SELECT sink_table, batch_id FROM millrace_tokens')).toEqual([['counts', '2']])
  expect(q.guarantees()).toMatchObject({ sink: { format: 'postgres', kind: 'tokened', delivery: 'exactly-once' } })
})

test('update mode into a table with a primary key of its own, in a schema, with other columns', async () => {
  await query(
    'CREATE SCHEMA stats; CREATE TABLE stats.counts (word text PRIMARY KEY, count int, seen timestamptz NOT NULL DEFAULT now())',
  )
  const { df, add } = counts()
  const q = await df.writeStream
    .outputMode('update')
    .format('postgres')
    .options({ url: server.url, table: 'stats.counts', key: 'word', checkpointLocation: join(work, 'cp') })
    .start()
  add('a', 'b')
  await q.processAllAvailable()
  add('a')
  await q.processAllAvailable()
  expect(await asked(server, 'SELECT word, count FROM stats.counts ORDER BY word')).toEqual([
    ['a', '2'],
    ['b', '1'],
  ])
  expect(await query('SELECT count(*) FROM stats.millrace_tokens')).toEqual([['1']])
  add(null)
  await expect(q.processAllAvailable()).rejects.toThrow(/POSTGRES_VALUE_REFUSED.*"word"/)
})

test('complete mode replaces the table, and readers see the old or the new one', async () => {
  const { df, add } = counts()
  const q = await df.writeStream
    .outputMode('complete')
    .format('postgres')
    .options({ url: server.url, table: 'totals' })
    .start()
  add('a', 'b')
  await q.processAllAvailable()
  add('a')
  await q.processAllAvailable()
  expect(await rowsOf('totals')).toEqual(['a 2', 'b 1'])
})

test('a bounded write adds rows, or replaces them when told', async () => {
  const write = (n: number, mode: string): Promise<void> =>
    session.range(n).write.format('postgres').options({ url: server.url, table: 't' }).mode(mode).save()
  await write(2, 'append')
  await write(1, 'append')
  expect(await rowsOf('t')).toEqual(['0', '0', '1'])
  await write(1, 'overwrite')
  expect(await rowsOf('t')).toEqual(['0'])
  session.sql(`CREATE TABLE out (id BIGINT) USING postgres OPTIONS (url '${server.url}', table 't')`)
  await session.sql('INSERT INTO out VALUES (7)').collect()
  expect(await session.sql('SELECT sum(id) AS s FROM out').collect()).toEqual([{ s: 7n }])
})

test('a batch of more rows than one statement takes, with keys that come again', async () => {
  const { stream, df } = session.memoryStream('k INT, v STRING')
  const q = await df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', key: 'k', batchRows: 7 })
    .start()
  stream.addData(Array.from({ length: 100 }, (_, i) => ({ k: i % 10, v: `v${i}` })))
  await q.processAllAvailable()
  expect(await rowsOf('t')).toEqual(Array.from({ length: 10 }, (_, k) => `${k} v${90 + k}`))
})

/** The rows of table `t` after each batch of letters, written by a query in that mode. */
async function written(sql: string, mode: string, key: string | null, seconds: readonly number[]): Promise<string[][]> {
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING')
  df.withWatermark('ts', '1 minute').createOrReplaceTempView('e')
  const options = { url: server.url, table: 't', ...(key === null ? {} : { key }) }
  const running = await session.sql(sql).writeStream.outputMode(mode).format('postgres').options(options).start()
  const seen: string[][] = []
  for (const second of seconds) {
    stream.addData([{ ts: new Date(Date.UTC(2026, 0, 1, 0, 0, second)), k: second % 2 === 0 ? null : 'odd' }])
    await running.processAllAvailable()
    seen.push(await rowsOf('t'))
  }
  await running.stop()
  return seen
}

test('sessions in update mode: deletions take rows out', async () => {
  const sql =
    "SELECT unix_seconds(session_window.start) % 60 AS s, unix_seconds(session_window.end) % 60 AS e, count(*) AS n FROM e GROUP BY session_window(ts, '10 seconds')"
  expect(await written(sql, 'update', 's,e', [1, 15, 15, 10])).toEqual([
    ['1 11 1'],
    ['1 11 1', '15 25 1'],
    ['1 11 1', '15 25 2'],
    ['1 25 4'],
  ])
})

test('changelog with a key is applied, NULL keys too; without a key the changes are rows', async () => {
  const sql = 'SELECT k, count(*) AS n FROM e GROUP BY k HAVING count(*) <> 2'
  expect(await written(sql, 'changelog', 'k', [1, 2, 4, 3, 6])).toEqual([
    ['odd 1'],
    ['null 1', 'odd 1'],
    ['odd 1'],
    [],
    ['null 3'],
  ])
  await query('DROP TABLE t')
  expect((await written(sql, 'changelog', null, [1, 2, 4, 3, 6])).at(-1)).toEqual([
    'null 1 delete',
    'null 1 insert',
    'null 3 insert',
    'odd 1 delete',
    'odd 1 insert',
  ])
})

const start = (options: Record<string, string>, mode = 'append', ddl = 'n INT, m INT'): Promise<StreamingQuery> =>
  session
    .memoryStream(ddl)
    .df.writeStream.outputMode(mode)
    .format('postgres')
    .options({ url: server.url, table: 't', ...options })
    .start()

test('a table of another query, or that does not fit, is refused at start and names the column', async () => {
  const first = session.memoryStream('n INT, m INT')
  const q = await first.df.writeStream
    .format('postgres')
    .options({ url: server.url, table: 't', checkpointLocation: join(work, 'a') })
    .start()
  first.stream.addData([{ n: 1, m: 1 }])
  await q.processAllAvailable()
  await q.stop()
  await expect(start({ checkpointLocation: join(work, 'b') })).rejects.toThrow(/CHECKPOINT_SINK_OTHER_QUERY/)
  await expect(start({}, 'append', 'n INT, mm INT')).rejects.toThrow(/POSTGRES_TABLE_MISMATCH.*"mm".*rename.*"m"/s)
  await expect(start({}, 'append', 'n INT, m STRING')).rejects.toThrow(
    /POSTGRES_TABLE_MISMATCH.*"m" is of type integer/s,
  )
  await expect(start({ key: 'n' })).rejects.toThrow(/POSTGRES_TABLE_MISMATCH.*no key.*UNIQUE INDEX/s)
  await expect(start({ key: 'nn', table: 'u' })).rejects.toThrow(/OPTION_INVALID.*key.*did you mean "n"/s)
  await expect(start({}, 'append', 'n INT, N INT')).rejects.toThrow(/POSTGRES_TABLE_MISMATCH.*two columns "n"/s)
})

test('bad options are refused, without showing a password', async () => {
  await expect(start({}, 'update')).rejects.toThrow(/OPTION_MISSING.*key/)
  await expect(start({ table: 'millrace_x' })).rejects.toThrow(/OPTION_INVALID.*millrace_/)
  await expect(start({ table: 'a.b.c' })).rejects.toThrow(/OPTION_INVALID.*table.*stats.clicks/)
  await expect(start({ table: 'no such' })).rejects.toThrow(/OPTION_INVALID.*double quotes/s)
  await expect(start({ batchRows: '0' })).rejects.toThrow(/OPTION_INVALID.*batchRows/)
  await expect(start({ ssl: 'maybe' })).rejects.toThrow(/OPTION_INVALID.*ssl.*verify-full/)
  await expect(start({ sslRootCert: '/none', ssl: 'verify-full' })).rejects.toThrow(/OPTION_INVALID.*sslRootCert/)
  await expect(start({ createTable: 'false', table: 'missing' })).rejects.toThrow(/TABLE_OR_VIEW_NOT_FOUND.*missing/)
  await expect(start({ tabel: 'x' })).rejects.toThrow(/OPTION_UNKNOWN.*did you mean "table"/s)
  for (const [url, pattern] of [
    [server.url.replace('postgres:', 'mysql:'), /OPTION_INVALID.*url/],
    [`${server.url}?channel=x`, /OPTION_INVALID.*sslmode/],
    [server.url.replace(/\/postgres$/, '/none'), /POSTGRES_CONNECTION_FAILED.*"none" does not exist/],
    [
      server.url.replace(server.password, 'a-secret-of-tests-wrong'),
      /POSTGRES_CONNECTION_FAILED.*password authentication/,
    ],
    [server.url.replace(String(server.port), '1'), /POSTGRES_CONNECTION_FAILED.*ECONNREFUSED/],
    [`${server.url}?sslmode=require`, /POSTGRES_CONNECTION_FAILED.*SSL/],
  ] as const) {
    const error = await start({ url }).then(
      () => null,
      (e: Error) => e,
    )
    expect(error!.message).toMatch(pattern)
    expect(error!.message).not.toContain(server.password)
  }
})

test('parts of the server are options of their own, and the password is not shown', async () => {
  const { stream, df } = session.memoryStream('n INT')
  const { host, port, user, password, database } = server
  const q = await df.writeStream
    .format('postgres')
    .options({ host, port, user, password, database, table: '"Odd Name"' })
    .start()
  stream.addData([{ n: 1 }])
  await q.processAllAvailable()
  expect(await rowsOf('"Odd Name"')).toEqual(['1'])
  expect(q.lastProgress!.sink.description).toBe(`PostgresSink[127.0.0.1:${port}/postgres, "Odd Name"]`)
  expect(JSON.stringify(q.lastProgress)).not.toContain(password)
  session.sql(
    `CREATE TABLE out (n INT) USING postgres OPTIONS (url '${server.url}', table 'out', password '${password}')`,
  )
  const shown = [
    ...(await session.sql('SHOW CREATE TABLE out').collect()),
    ...(await session.sql('DESCRIBE EXTENDED out').collect()),
  ]
  expect(JSON.stringify(shown)).toContain('redacted')
  expect(JSON.stringify(shown)).not.toContain(password)
})

test('a value that does not fit its column names the column, and nothing of the batch is there', async () => {
  await query(
    'CREATE TABLE narrow (id bigint, small smallint CHECK (small <> 7), word varchar(3), price numeric(4, 1))',
  )
  const fails = async (row: object): Promise<void> => {
    const { stream, df } = session.memoryStream('id BIGINT, small INT, word STRING, price DECIMAL(10, 2)')
    const q = await df.writeStream.format('postgres').options({ url: server.url, table: 'narrow' }).start()
    stream.addData([{ id: 1, small: 1, word: 'a', price: '1.00' }])
    stream.addData([row])
    await q.processAllAvailable()
  }
  const good = { id: 2, small: 1, word: 'a', price: '1.00' }
  await expect(fails({ ...good, small: 40000 })).rejects.toThrow(/POSTGRES_VALUE_REFUSED.*"small".*out of range/)
  await expect(fails({ ...good, word: 'abcd' })).rejects.toThrow(/POSTGRES_VALUE_REFUSED.*"word".*too long/)
  await expect(fails({ ...good, price: '1000.00' })).rejects.toThrow(/POSTGRES_VALUE_REFUSED.*"price".*overflow/)
  await expect(fails({ ...good, word: 'a\0b' })).rejects.toThrow(/CANNOT_ACCEPT_OBJECT_IN_TYPE.*word.*NUL/s)
  await expect(fails({ ...good, small: 7 })).rejects.toThrow(/POSTGRES_QUERY_FAILED.*23514.*small/)
  expect(await rowsOf('narrow')).toEqual([])
})
