import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { millrace, type MillraceSession, MillraceSession as Session, type StreamingQuery } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'

let session: MillraceSession
let work: string
let file: string
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
  work = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'))
  file = join(work, 'out.db')
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})

function query(sql: string, path = file): Record<string, unknown>[] {
  const db = openDatabase(path, { readonly: true })
  try {
    return db
      .prepare(sql, { bigints: true })
      .all()
      .map((r) => ({ ...r }))
  } finally {
    db.close()
  }
}

const EVERY = `SELECT true AS b, CAST(1 AS TINYINT) AS i1, CAST(-2 AS SMALLINT) AS i2, 3 AS i4, 9223372036854775807L AS i8,
  CAST(0.1 AS FLOAT) AS f4, double('NaN') AS f8, CAST(1.10 AS DECIMAL(10, 2)) AS d, CAST('12345678901234567890.123' AS DECIMAL(30, 3)) AS big,
  '007' AS s, X'00FF' AS bin, DATE'2026-02-03' AS day, TIMESTAMP'2026-01-01 10:00:00.5' AS ts,
  TIMESTAMP_NTZ'2026-01-01 10:00:00' AS ntz, array(1, 2) AS a, map('k', 1) AS m, named_struct('x', 1, 'y', 'z') AS st`

test('every type comes back as it was written, NULL too', async () => {
  const df = session.sql(`${EVERY} UNION ALL SELECT ${Array(17).fill('NULL').join(', ')}`)
  await df.write.format('sqlite').option('table', 'every').save(file)
  const [row] = query('SELECT b, i8, d, big, s, day, ts, ntz, a, st FROM every')
  expect(row).toEqual({
    b: 1n,
    i8: 9223372036854775807n,
    d: 1.1,
    big: '12345678901234567890.123',
    s: '007',
    day: '2026-02-03',
    ts: '2026-01-01T10:00:00.500000Z',
    ntz: '2026-01-01T10:00:00.000000',
    a: '[1,2]',
    st: '{"x":1,"y":"z"}',
  })
  expect(query("SELECT strftime('%H:%M', ts) AS t FROM every LIMIT 1")).toEqual([{ t: '10:00' }])
  const back = session.read.format('sqlite').options({ path: file, table: 'every' }).load()
  const types = back.schema.fields.map((f) => f.type.kind).join(' ')
  expect(types).toBe(
    'boolean tinyint smallint int bigint float double decimal decimal string binary date timestamp timestamp_ntz string string string',
  )
  const declared = session.read.format('sqlite').schema(df.schema).options({ path: file, table: 'every' }).load()
  expect(JSON.stringify(await declared.collect())).toBe(JSON.stringify(await df.collect()))
})

test('a query in SQLite’s own words is read, with types from its values', async () => {
  const db = openDatabase(file)
  db.exec(
    "CREATE TABLE t (n INTEGER, word VARCHAR(9), price NUMERIC(6, 2)); INSERT INTO t VALUES (1, 'a', 1.5), (2, 'b', 2)",
  )
  db.close()
  const sql = "SELECT n, word || '!' AS shout, n * 1.5 AS half, count(*) OVER () AS c, price FROM t ORDER BY n"
  const df = session.read.format('sqlite').options({ path: file, query: sql }).load()
  expect(df.schema.fields.map((f) => f.type.kind)).toEqual(['bigint', 'string', 'double', 'bigint', 'decimal'])
  expect((await df.filter('n = 2').collect()).map((r) => ({ ...r }))).toEqual([
    { n: 2n, shout: 'b!', half: 3, c: 2n, price: '2.00' },
  ])
})

test('what cannot be read is refused at load, with the nearest name', () => {
  const db = openDatabase(file)
  db.exec('CREATE TABLE clicks (n INTEGER)')
  db.close()
  const load = (options: Record<string, string>, schema?: string): void => {
    const reader = session.read.format('sqlite').options(options)
    if (schema !== undefined) reader.schema(schema)
    reader.load()
  }
  expect(() => load({ path: file, table: 'click' })).toThrow(/TABLE_OR_VIEW_NOT_FOUND.*did you mean "clicks"/s)
  expect(() => load({ path: file, table: 'clicks' }, 'm INT')).toThrow(/UNRESOLVED_COLUMN.*"m"/s)
  expect(() => load({ path: join(work, 'none.db'), table: 'x' })).toThrow(/PATH_NOT_FOUND/)
  expect(() => load({ path: file })).toThrow(/OPTION_MISSING.*table/)
  expect(() => load({ path: file, query: 'SELEC 1' })).toThrow(/CHECKPOINT_SQL/)
})

const counts = (
  of: MillraceSession,
): { df: ReturnType<MillraceSession['table']>; add(...words: (string | null)[]): void } => {
  const { stream, df } = of.memoryStream('word STRING', { name: 'words' })
  return { df: df.groupBy('word').count(), add: (...words) => void stream.addData(words.map((word) => ({ word }))) }
}

test('update mode upserts by key, NULL keys among them', async () => {
  const { df, add } = counts(session)
  const q = await df.writeStream
    .outputMode('update')
    .format('sqlite')
    .options({ path: file, table: 'counts', key: 'word', checkpointLocation: join(work, 'cp') })
    .start()
  for (const words of [['a', 'b', null], ['a', null], ['c']]) {
    add(...words)
    await q.processAllAvailable()
  }
  expect(query('SELECT * FROM counts ORDER BY word')).toEqual([
    { word: null, count: 2n },
    { word: 'a', count: 2n },
    { word: 'b', count: 1n },
    { word: 'c', count: 1n },
  ])
  expect(query('SELECT batch_id FROM millrace_tokens')).toEqual([{ batch_id: 2n }])
  expect(q.guarantees()).toMatchObject({ sink: { format: 'sqlite', kind: 'tokened', delivery: 'exactly-once' } })
})

test('complete mode replaces the table', async () => {
  const { df, add } = counts(session)
  const q = await df.writeStream.outputMode('complete').format('sqlite').options({ path: file, table: 'all' }).start()
  add('a', 'b')
  await q.processAllAvailable()
  add('a')
  await q.processAllAvailable()
  expect(query('SELECT * FROM "all" ORDER BY word')).toEqual([
    { word: 'a', count: 2n },
    { word: 'b', count: 1n },
  ])
})

/** Starts the query in a session that crashes at `point` of batch 1, then in one that does not; gives its table. */
async function crashed(point: string, sink: Record<string, string>, path: string): Promise<unknown> {
  const location = join(work, 'crash.db')
  const life = (
    crash: boolean,
  ): { s: MillraceSession; start(): Promise<StreamingQuery>; add(...words: string[]): void } => {
    const s = new Session(
      { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' },
      {
        note: () => undefined,
        crash: (at, batch) => {
          if (crash && at === point && batch === 1) throw new RangeError('crash')
        },
      },
    )
    const { stream, df } = s.memoryStream('n INT', { name: 'ns' })
    const start = (): Promise<StreamingQuery> =>
      df.writeStream
        .format('sqlite')
        .options({ ...sink, checkpointLocation: location })
        .start()
    return { s, start, add: (...ns) => void stream.addData(ns.map((n) => ({ n: Number(n) }))) }
  }
  const first = life(true)
  const q = await first.start()
  first.add('1', '2')
  await q.processAllAvailable()
  first.add('3')
  await q.processAllAvailable().catch(() => undefined)
  expect(q.exception()).not.toBeNull()
  const second = life(false)
  second.add('1', '2')
  second.add('3')
  second.add('4')
  const again = await second.start()
  await again.processAllAvailable()
  await again.stop()
  return query('SELECT n FROM t ORDER BY n', path)
}

for (const point of ['after-offsets', 'after-sink', 'before-commit', 'after-commit']) {
  test(`each row once after a crash ${point}, tokened`, async () => {
    expect(await crashed(point, { path: file, table: 't' }, file)).toEqual([1n, 2n, 3n, 4n].map((n) => ({ n })))
  })
  test(`each row once after a crash ${point}, atomic`, async () => {
    const path = join(work, 'crash.db')
    expect(await crashed(point, { table: 't', atomic: 'true' }, path)).toEqual([1n, 2n, 3n, 4n].map((n) => ({ n })))
  })
}

test('the checkpoint’s own file joins without being told', async () => {
  const location = join(work, 'own.db')
  const { stream, df } = session.memoryStream('n INT')
  const q = await df.writeStream
    .format('sqlite')
    .options({ path: location, table: 't', checkpointLocation: location })
    .start()
  stream.addData([{ n: 1 }])
  await q.processAllAvailable()
  expect(query('SELECT n FROM t', location)).toEqual([{ n: 1n }])
  await q.stop()
})

test('a table of another query, or that does not fit, is refused', async () => {
  const start = (options: Record<string, string>, mode = 'append', ddl = 'n INT, m INT'): Promise<StreamingQuery> =>
    session
      .memoryStream(ddl)
      .df.writeStream.outputMode(mode)
      .format('sqlite')
      .options({ path: file, table: 't', ...options })
      .start()
  const first = session.memoryStream('n INT, m INT')
  const q = await first.df.writeStream
    .format('sqlite')
    .options({ path: file, table: 't', checkpointLocation: join(work, 'a') })
    .start()
  first.stream.addData([{ n: 1, m: 1 }])
  await q.processAllAvailable()
  await q.stop()
  await expect(start({ checkpointLocation: join(work, 'b') })).rejects.toThrow(/CHECKPOINT_SINK_OTHER_QUERY/)
  await expect(start({}, 'append', 'n INT, k INT')).rejects.toThrow(/SQLITE_TABLE_MISMATCH.*"k"/)
  await expect(start({ key: 'n' })).rejects.toThrow(/SQLITE_TABLE_MISMATCH.*no key.*UNIQUE INDEX/s)
  await expect(start({ key: 'nn', table: 'u' })).rejects.toThrow(/OPTION_INVALID.*key.*did you mean "n"/s)
  await expect(start({}, 'update')).rejects.toThrow(/OPTION_MISSING.*key/)
  await expect(start({ table: 'millrace_x' })).rejects.toThrow(/OPTION_INVALID.*millrace_/)
  await expect(start({ atomic: 'true', checkpointLocation: join(work, 'c') })).rejects.toThrow(
    /OPTION_INVALID.*own file/,
  )
  await expect(start({ atomic: 'true' })).rejects.toThrow(/OPTION_INVALID.*checkpoint/)
})

/** The rows of table `t` after each batch of letters, written by a query in that mode. */
async function written(sql: string, mode: string, key: string | null, seconds: readonly number[]): Promise<unknown[]> {
  const { stream, df } = session.memoryStream('ts TIMESTAMP, k STRING')
  df.withWatermark('ts', '1 minute').createOrReplaceTempView('e')
  const writer = session.sql(sql).writeStream.outputMode(mode).format('sqlite').option('table', 't')
  const running = await (key === null ? writer : writer.option('key', key)).start(file)
  const seen: unknown[] = []
  for (const second of seconds) {
    stream.addData([{ ts: new Date(Date.UTC(2026, 0, 1, 0, 0, second)), k: second % 2 === 0 ? null : 'odd' }])
    await running.processAllAvailable()
    seen.push(query('SELECT * FROM t ORDER BY 1, 2').map((r) => Object.values(r).join(' ')))
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
    [' 1', 'odd 1'],
    ['odd 1'],
    [],
    [' 3'],
  ])
  rmSync(file)
  expect((await written(sql, 'changelog', null, [1, 2, 4, 3, 6])).at(-1)).toEqual([
    ' 1 insert',
    ' 1 delete',
    ' 3 insert',
    'odd 1 insert',
    'odd 1 delete',
  ])
})
