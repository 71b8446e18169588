import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MillraceSession, millrace } from '../../../src/index.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'
import { asked } from './asked.ts'

let server: PostgresServer
let session: MillraceSession
beforeAll(async () => {
  server = await startPostgres()
  session = millrace({ 'spark.sql.session.timeZone': 'America/New_York' })
})
afterAll(async () => {
  await session.stop()
  await server.stop()
})

const EVERY = `SELECT true AS b, CAST(1 AS TINYINT) AS i1, CAST(-2 AS SMALLINT) AS i2, 3 AS i4, 9223372036854775807L AS i8,
  CAST(0.1 AS FLOAT) AS f4, double('NaN') AS f8, CAST(1.10 AS DECIMAL(10, 2)) AS d,
  CAST('12345678901234567890123456789012345.678' AS DECIMAL(38, 3)) AS big,
  '007 "{},\\\\NULL' AS s, X'00FF' AS bin, DATE'2026-02-03' AS day, TIMESTAMP'2026-01-01 10:00:00.123456Z' AS ts,
  TIMESTAMP_NTZ'2026-01-01 10:00:00.000001' AS ntz, array(1, NULL, -2147483648) AS a, array('x,"y"', NULL, 'null', '', '{}') AS words,
  array(TIMESTAMP'2026-01-01 10:00:00.5Z') AS times, array(array(1), array()) AS deep,
  map('k', 1) AS m, named_struct('x', 9007199254740993L, 'y', 'z', 'd', CAST(1.5 AS DECIMAL(5, 2))) AS st, INTERVAL '1' DAY AS iv`
const COLUMNS = 21

test('every type comes back as it was written, NULL too', async () => {
  const df = session.sql(`${EVERY} UNION ALL SELECT ${Array(COLUMNS).fill('NULL').join(', ')}`)
  await df.write.format('postgres').options({ url: server.url, table: 'every' }).save()
  const [row] = await asked(
    server,
    'SELECT b, i8, f4, f8, d, big, s, bin, day, ts, ntz, a, words, deep, m, st, iv FROM every',
  )
  expect(row).toEqual([
    't',
    '9223372036854775807',
    '0.1',
    'NaN',
    '1.10',
    '12345678901234567890123456789012345.678',
    '007 "{},\\NULL',
    '\\x00ff',
    '2026-02-03',
    '2026-01-01 10:00:00.123456+00',
    '2026-01-01 10:00:00.000001',
    '{1,NULL,-2147483648}',
    '{"x,\\"y\\"",NULL,"null","","{}"}',
    '[[1], []]',
    '{"k": 1}',
    '{"d": "1.50", "x": "9007199254740993", "y": "z"}',
    "INTERVAL '1' DAY",
  ])
  const back = session.read.format('postgres').options({ url: server.url, table: 'every' }).load()
  expect(back.schema.fields.map((f) => f.type.kind).join(' ')).toBe(
    'boolean smallint smallint int bigint float double decimal decimal string binary date timestamp timestamp_ntz array array array string string string string',
  )
  const declared = session.read.format('postgres').schema(df.schema).options({ url: server.url, table: 'every' }).load()
  expect(JSON.stringify(await declared.orderBy('i4').collect())).toBe(JSON.stringify(await df.orderBy('i4').collect()))
})

test('the edges of numbers and times', async () => {
  const df = session.sql(`SELECT * FROM VALUES
    (1, double('Infinity'), float('-Infinity'), DATE'0001-01-01', TIMESTAMP'0001-01-01 00:00:00Z', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999'),
    (2, 5e-324D, CAST(3.4028235E38 AS FLOAT), DATE'9999-12-31', TIMESTAMP'1969-12-31 23:59:59.999999Z', TIMESTAMP_NTZ'1582-10-10 00:00:00'),
    (3, 1.7976931348623157e308D, CAST(1e-45 AS FLOAT), DATE'-0044-03-15', TIMESTAMP'-0001-06-01 12:00:00Z', TIMESTAMP_NTZ'0000-01-01 00:00:00'),
    (4, 0.1D + 0.2D, CAST(0.3 AS FLOAT), DATE'+12026-01-01', TIMESTAMP'+12026-01-01 00:00:00Z', NULL) AS t(n, f8, f4, day, ts, ntz)`)
  await df.write.format('postgres').options({ url: server.url, table: 'edges' }).save()
  const back = session.read.format('postgres').options({ url: server.url, table: 'edges' }).load()
  expect(JSON.stringify(await back.orderBy('n').collect())).toBe(JSON.stringify(await df.orderBy('n').collect()))
})

test('types of the server that have none here are read as their text', async () => {
  await asked(
    server,
    `CREATE TYPE mood AS ENUM ('sad', 'glad');
     CREATE TABLE theirs (u uuid, j json, m mood, i inet, c char(4), n numeric, iv interval, t time, mat int[], arr varchar(5)[], o oid);
     INSERT INTO theirs VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"x": [1, 2]}', 'glad', '10.0.0.1/8', 'ab', 1.5, '1 day 2 hours', '10:00', '[0:1]={1,2}', '{a,NULL}', 7)`,
  )
  const df = session.read.format('postgres').options({ url: server.url, table: 'theirs' }).load()
  expect((await df.collect()).map((r) => ({ ...r }))).toEqual([
    {
      u: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      j: '{"x": [1, 2]}',
      m: 'glad',
      i: '10.0.0.1/8',
      c: 'ab  ',
      n: '1.500000000000000000',
      iv: '1 day 02:00:00',
      t: '10:00:00',
      mat: [1, 2],
      arr: ['a', null],
      o: 7n,
    },
  ])
  const again = df.select('u', 'j', 'm', 'i', 'n', 'mat', 'arr')
  await again.write.format('postgres').options({ url: server.url, table: 'theirs' }).mode('append').save()
  expect(await asked(server, 'SELECT count(*), count(DISTINCT (u, j::text, m, i, n, arr)) FROM theirs')).toEqual([
    ['2', '1'],
  ])
})

test('what has no value here names the column', async () => {
  await asked(
    server,
    "CREATE TABLE odd (day date, n numeric, mat int[]); INSERT INTO odd VALUES ('infinity', 'NaN', '{{1,2},{3,4}}')",
  )
  const df = session.read.format('postgres').options({ url: server.url, table: 'odd' }).load()
  for (const column of ['day', 'n', 'mat'])
    await expect(df.select(column).collect()).rejects.toThrow(new RegExp(`CANNOT_ACCEPT_OBJECT_IN_TYPE.*${column}`))
})

test('NUL is refused in nested text too, and only there', async () => {
  const write = (sql: string): Promise<void> =>
    session.sql(sql).write.format('postgres').options({ url: server.url, table: 'nul' }).mode('append').save()
  await write("SELECT named_struct('x', concat(char(92), 'u0000')) AS j")
  expect(await asked(server, 'SELECT j FROM nul')).toEqual([['{"x": "\\\\u0000"}']])
  await expect(write("SELECT named_struct('x', concat('a', char(0))) AS j")).rejects.toThrow(
    /CANNOT_ACCEPT_OBJECT_IN_TYPE.*NUL/s,
  )
})
