import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directory, kit } from './kit.ts'

test('a table of the session takes rows by position, by column list, by name, with defaults', async () => {
  const { rows, run } = kit()
  await run(
    "CREATE TABLE t (id INT, name STRING DEFAULT 'none', w DOUBLE DEFAULT 1 + 0.5)",
    "INSERT INTO t VALUES (1, 'one', 0.5), (2, DEFAULT, DEFAULT)",
    'INSERT INTO t (w, id) VALUES (9, 3)',
    "INSERT INTO TABLE t BY NAME SELECT 4 AS ID, 'four' AS name",
  )
  expect(await rows('SELECT * FROM t ORDER BY id')).toEqual([
    [1, 'one', 0.5],
    [2, 'none', 1.5],
    [3, 'none', 9],
    [4, 'four', 1.5],
  ])
})

test('INSERT refuses what does not fit, underlines the query, and adds nothing', async () => {
  const { rows, run, failure } = kit()
  await run('CREATE TABLE t (id INT NOT NULL, at TIMESTAMP)')
  expect(await failure('INSERT INTO t VALUES (1)')).toEqual({
    code: 'INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS',
    carets: 'VALUES (1)',
  })
  expect(await failure('INSERT INTO t VALUES (1, NULL, 2)')).toEqual({
    code: 'INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS',
    carets: 'VALUES (1, NULL, 2)',
  })
  expect((await failure("INSERT INTO t VALUES ('1', NULL)")).code).toBe(
    'INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST',
  )
  expect((await failure('INSERT INTO t VALUES (1, 2)')).code).toBe('INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST')
  expect((await failure('INSERT INTO t VALUES (3000000000, NULL)')).code).toBe('CAST_OVERFLOW_IN_TABLE_INSERT')
  expect((await failure('INSERT INTO t VALUES (NULL, NULL)')).code).toBe('NOT_NULL_ASSERT_VIOLATION')
  expect(await failure('INSERT INTO t (id, nope) VALUES (1, 2)')).toEqual({
    code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    carets: 'nope',
  })
  expect(await failure('INSERT INTO t (id, ID) VALUES (1, 2)')).toEqual({ code: 'COLUMN_ALREADY_EXISTS', carets: 'ID' })
  expect((await failure('INSERT INTO t BY NAME SELECT 1 AS id, 2 AS more')).code).toBe(
    'INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS',
  )
  expect(await failure('INSERT INTO missing VALUES (1)')).toEqual({
    code: 'TABLE_OR_VIEW_NOT_FOUND',
    carets: 'missing',
  })
  expect((await failure("INSERT INTO t VALUES (1, NULL) WITH (trigger = 'once')")).code).toBe(
    'INSERT_OPTIONS_WITHOUT_STREAM',
  )
  expect(await rows('SELECT * FROM t')).toEqual([])
})

test('OVERWRITE and TRUNCATE empty a table; a query may read the table it overwrites', async () => {
  const { rows, run } = kit()
  await run('CREATE TABLE t AS SELECT id FROM range(5)', 'INSERT OVERWRITE t SELECT id * 10 FROM t WHERE id > 2')
  expect(await rows('SELECT * FROM t ORDER BY id')).toEqual([[30], [40]])
  await run('TRUNCATE TABLE t')
  expect(await rows('SELECT count(*) FROM t')).toEqual([[0]])
  await run('CREATE OR REPLACE TABLE t AS SELECT 1 AS a, count(*) AS n FROM t')
  expect(await rows('SELECT * FROM t')).toEqual([[1, 0]])
})

test('CREATE TABLE: names that are taken, columns twice, bad defaults and watermarks', async () => {
  const { run, failure } = kit()
  await run('CREATE TABLE t (a INT)', 'CREATE TABLE IF NOT EXISTS t (b INT)', 'CREATE VIEW v AS SELECT 1 AS x')
  expect(await failure('CREATE TABLE T (b INT)')).toEqual({ code: 'TABLE_OR_VIEW_ALREADY_EXISTS', carets: 'T' })
  expect((await failure('CREATE TABLE v (b INT)')).code).toBe('TABLE_OR_VIEW_ALREADY_EXISTS')
  expect((await failure('CREATE VIEW t AS SELECT 1')).code).toBe('TABLE_OR_VIEW_ALREADY_EXISTS')
  expect((await failure('REPLACE TABLE nope (a INT)')).code).toBe('TABLE_OR_VIEW_NOT_FOUND')
  expect(await failure('CREATE TABLE u (a INT, A STRING)')).toEqual({ code: 'COLUMN_ALREADY_EXISTS', carets: 'A' })
  expect((await failure("CREATE TABLE u (a INT DEFAULT 'x')")).code).toBe('INVALID_DEFAULT_VALUE.DATA_TYPE')
  expect((await failure('CREATE TABLE u (a INT DEFAULT (SELECT 1))')).code).toBe(
    'INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION',
  )
  expect(await failure('CREATE TABLE u (ts TIMESTAMP, WATERMARK FOR ts AS ts + INTERVAL 1 DAY)')).toEqual({
    code: 'INVALID_WATERMARK_EXPRESSION',
    carets: 'ts + INTERVAL 1 DAY',
  })
  expect((await failure('CREATE TABLE u (ts STRING, WATERMARK FOR ts AS ts)')).code).toBe(
    'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE',
  )
  expect(await failure('CREATE TABLE elsewhere.u (a INT)')).toEqual({ code: 'SCHEMA_NOT_FOUND', carets: 'elsewhere' })
  expect((await failure('CREATE TABLE u')).code).toBe('TABLE_WITHOUT_COLUMNS')
  expect((await failure("CREATE TABLE u (a INT) USING nosuch OPTIONS (path '/x')")).code).toBe('DATA_SOURCE_NOT_FOUND')
  expect((await failure("CREATE TABLE u (a INT) USING json OPTIONS (path '/tmp', colour = 'red')")).code).toBe(
    'OPTION_UNKNOWN',
  )
  expect(await failure('DROP TABLE v')).toEqual({ code: 'WRONG_COMMAND_FOR_OBJECT_TYPE', carets: 'v' })
  expect((await failure('DROP VIEW t')).code).toBe('WRONG_COMMAND_FOR_OBJECT_TYPE')
  expect((await failure('INSERT INTO v SELECT 1')).code).toBe('EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE')
  expect((await failure('TRUNCATE TABLE v')).code).toBe('EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE')
})

test('a table over files: each INSERT adds files, whoever wrote before', async () => {
  const dir = directory()
  const { rows, run, failure } = kit()
  const where = join(dir, 'out')
  await run(`CREATE TABLE t (id INT, s STRING) USING json LOCATION '${where}'`)
  expect(existsSync(where)).toBe(true)
  expect(await rows('SELECT * FROM t')).toEqual([])
  await run("INSERT INTO t VALUES (1, 'a')", 'INSERT INTO t (id) VALUES (2)', 'INSERT INTO t SELECT id + 10, s FROM t')
  expect(await rows('SELECT * FROM t ORDER BY id')).toEqual([
    [1, 'a'],
    [2, null],
    [11, 'a'],
    [12, null],
  ])
  expect(readdirSync(where).filter((f) => f.endsWith('.json'))).toHaveLength(3)
  await run('INSERT OVERWRITE t VALUES (5, NULL)')
  expect(await rows('SELECT * FROM t')).toEqual([[5, null]])
  expect((await failure('INSERT OVERWRITE t SELECT id + 1, s FROM t')).code).toBe('UNSUPPORTED_OVERWRITE.TABLE')
  await run(
    `CREATE TABLE p (a INT, k STRING) USING json PARTITIONED BY (k) LOCATION '${join(dir, 'p')}'`,
    "INSERT INTO p VALUES (1, 'x'), (2, 'y')",
  )
  expect(
    readdirSync(join(dir, 'p'))
      .filter((f) => f.startsWith('k='))
      .toSorted(),
  ).toEqual(['k=x', 'k=y'])
  expect(await rows('SELECT a, k FROM p ORDER BY a')).toEqual([
    [1, 'x'],
    [2, 'y'],
  ])
  await run('CREATE TABLE c USING console')
  expect((await failure('INSERT OVERWRITE c SELECT 1')).code).toBe('OVERWRITE_OF_CONNECTOR')
})

test('formats of other stores and file formats without a path are tables of the session', async () => {
  const { rows, run } = kit()
  for (const format of ['parquet', 'delta', 'json', 'csv']) {
    await run(`CREATE TABLE t_${format} (a INT) USING ${format}`, `INSERT INTO t_${format} VALUES (1)`)
    expect(await rows(`SELECT * FROM t_${format}`)).toEqual([[1]])
  }
})
