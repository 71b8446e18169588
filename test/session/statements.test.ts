import { expect, test } from 'vitest'
import { lit } from '../../src/dataframe/column.ts'
import { kit } from './kit.ts'

test('what must run runs in order behind sql(); later results wait; an error goes to who asks, else to the notes', async () => {
  const notes: string[] = []
  const { session } = kit({}, notes)
  session.sql('CREATE TABLE t (a INT)')
  session.sql('INSERT INTO t VALUES (1), (2)')
  session.sql('CREATE OR REPLACE TABLE u AS SELECT sum(a) AS s FROM t')
  session.sql('DECLARE x BIGINT')
  session.sql('SET VAR x = (SELECT count(*) FROM t)')
  expect(JSON.stringify(await session.sql('SELECT count(*) AS n, any_value(x) AS x FROM t').collect())).toBe(
    '[{"n":2,"x":2}]',
  )
  const failing = session.sql('INSERT INTO t VALUES (1L << 40)')
  await expect(failing.collect()).rejects.toThrow('CAST_OVERFLOW_IN_TABLE_INSERT')
  expect(notes).toEqual([])
  session.sql('INSERT INTO t VALUES (1L << 41)')
  expect(await session.table('t').count()).toBe(2)
  expect(notes).toHaveLength(1)
  expect(notes[0]).toContain('INSERT INTO t VALUES (1L << 41) failed: [CAST_OVERFLOW_IN_TABLE_INSERT]')
})

test('parameters: by name and place, of any type, and what is missing', async () => {
  const { rows, run, failure } = kit()
  await run('CREATE TABLE t (a INT)', 'INSERT INTO t VALUES (1), (2), (3)')
  expect(await rows('SELECT a FROM t WHERE a > :least ORDER BY a', { least: 1 })).toEqual([[2], [3]])
  expect(await rows('SELECT ? + a FROM t LIMIT ?', [10, 1])).toEqual([[11]])
  expect(
    await rows('SELECT typeof(?), typeof(?), typeof(?), typeof(?), typeof(?), typeof(?)', [
      1,
      2 ** 40,
      1.5,
      'x',
      null,
      [1n],
    ]),
  ).toEqual([['int', 'bigint', 'double', 'string', 'void', 'array<bigint>']])
  expect(await rows("SELECT :s = 'it''s' AS s, :c AS c", { s: "it's", c: lit(4) })).toEqual([[true, 4]])
  expect(await rows('INSERT INTO t VALUES (:n)', { n: 4 })).toEqual([])
  expect(await rows('SELECT max(a) FROM IDENTIFIER(:table)', { table: 't' })).toEqual([[4]])
  expect(await failure('SELECT :missing', { other: 1 })).toEqual({ code: 'UNBOUND_SQL_PARAMETER', carets: ':missing' })
  expect(await failure('SELECT * FROM IDENTIFIER(:t)', { t: null })).toEqual({
    code: 'NOT_A_CONSTANT_STRING.NULL',
    carets: ':t',
  })
  expect((await failure('SELECT * FROM IDENTIFIER(:t)', { t: 4 })).code).toBe('NOT_A_CONSTANT_STRING.WRONG_TYPE')
  expect((await failure('SELECT * FROM IDENTIFIER(:t)', { t: 'a b' })).code).toBe('PARSE_SYNTAX_ERROR')
})

test('variables: declared, set, computed, dropped', async () => {
  const { rows, run, failure } = kit()
  await run(
    'DECLARE a INT DEFAULT 5',
    "DECLARE VARIABLE b = 'x'",
    'DECLARE OR REPLACE a BIGINT DEFAULT 6',
    'DECLARE c, d DOUBLE',
  )
  expect(await rows('SELECT a, session.b, system.session.c, typeof(a)')).toEqual([[6, 'x', null, 'bigint']])
  await run('SET VAR a = a + 1, b = upper(b)', 'SET VARIABLE (c, d) = (SELECT 1, 2.5)')
  expect(await rows('SELECT a, b, c, d')).toEqual([[7, 'X', 1, 2.5]])
  await run('SET VAR a = DEFAULT', 'SET VAR (c, d) = (SELECT 1, 2 WHERE false)')
  expect(await rows('SELECT a, c, d')).toEqual([[6, null, null]])
  expect(await rows('SELECT a FROM VALUES (1) AS t(a)')).toEqual([[1]])
  expect((await failure('DECLARE a INT')).code).toBe('VARIABLE_ALREADY_EXISTS')
  expect(await failure('SET VAR a = 1, nope = 2')).toEqual({ code: 'UNRESOLVED_VARIABLE', carets: 'nope' })
  expect(await failure('SET VAR a = 1, A = 2')).toEqual({ code: 'DUPLICATE_ASSIGNMENTS', carets: 'A' })
  expect((await failure('SET VAR (a, b) = (SELECT 1)')).code).toBe('ASSIGNMENT_ARITY_MISMATCH')
  expect((await failure('SET VAR (c, d) = (SELECT id, id FROM range(2))')).code).toBe('ROW_SUBQUERY_TOO_MANY_ROWS')
  expect((await failure("SET VAR a = 'many'")).code).toBe('CAST_INVALID_INPUT')
  expect(await rows('SELECT a')).toEqual([[6]])
  await run('DROP TEMPORARY VARIABLE a', 'DROP TEMPORARY VARIABLE IF EXISTS a')
  expect((await failure('SELECT a')).code).toBe('UNRESOLVED_COLUMN.WITHOUT_SUGGESTION')
  expect((await failure('DROP TEMPORARY VARIABLE a')).code).toBe('VARIABLE_NOT_FOUND')
})

test('EXECUTE IMMEDIATE: text from anywhere constant, parameters, INTO', async () => {
  const { rows, run, failure } = kit()
  await run("DECLARE text = 'SELECT ? * 2 AS r'", 'DECLARE r INT', 'DECLARE s STRING', 'DECLARE missing STRING')
  expect(await rows('EXECUTE IMMEDIATE text USING 21')).toEqual([[42]])
  expect(await rows("EXECUTE IMMEDIATE 'SELECT :a || :b' USING ('x' AS a, 'y' AS b)")).toEqual([['xy']])
  await run(
    "EXECUTE IMMEDIATE 'SELECT :n, upper(:t)' INTO r, s USING 1 + 1 AS n, 'q' AS t",
    "EXECUTE IMMEDIATE 'CREATE TABLE made (a INT)'",
    "EXECUTE IMMEDIATE 'INSERT INTO made VALUES (?)' USING r",
  )
  expect(await rows('SELECT r, s, a FROM made')).toEqual([[2, 'Q', 2]])
  expect((await failure('EXECUTE IMMEDIATE missing')).code).toBe('NULL_QUERY_STRING_EXECUTE_IMMEDIATE')
  expect((await failure('EXECUTE IMMEDIATE 1')).code).toBe('INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE')
  expect((await failure("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''SELECT 1'''")).code).toBe('NESTED_EXECUTE_IMMEDIATE')
  expect((await failure("EXECUTE IMMEDIATE 'SELECT :a' USING 1")).code).toBe('ALL_PARAMETERS_MUST_BE_NAMED')
  expect((await failure("EXECUTE IMMEDIATE 'SELECT :a, ?' USING 1 AS a")).code).toBe(
    'INVALID_QUERY_MIXED_QUERY_PARAMETERS',
  )
  expect((await failure("EXECUTE IMMEDIATE 'SET x = 1' INTO r")).code).toBe('INVALID_STATEMENT_FOR_EXECUTE_INTO')
  expect((await failure("EXECUTE IMMEDIATE 'SELEC 1'")).code).toBe('PARSE_SYNTAX_ERROR')
  expect((await failure("EXECUTE IMMEDIATE 'SELECT id FROM range(3)' INTO r")).code).toBe('ROW_SUBQUERY_TOO_MANY_ROWS')
})

test('functions in SQL: defaults, names, subqueries over arguments, tables, and what is refused', async () => {
  const { rows, run, failure } = kit()
  await run(
    'CREATE TABLE p (name STRING, n INT)',
    "INSERT INTO p VALUES ('a', 1), ('a', 2), ('b', 5)",
    'CREATE FUNCTION area(w DOUBLE, h DOUBLE DEFAULT 2) RETURNS DOUBLE RETURN w * h',
    'CREATE TEMPORARY FUNCTION best(who STRING) RETURNS INT RETURN (SELECT max(n) FROM p WHERE p.name = who)',
    'CREATE TEMPORARY FUNCTION above(least INT) RETURNS TABLE (who STRING, n BIGINT) RETURN SELECT name, n FROM p WHERE n >= above.least',
    'CREATE TEMPORARY FUNCTION twice(x INT) RETURN area(x)',
  )
  expect(await rows('SELECT area(3), area(h => 1, w => 4), twice(5)')).toEqual([[6, 4, 10]])
  expect(await rows('SELECT name, best(name) FROM p WHERE n <> 2 ORDER BY name')).toEqual([
    ['a', 2],
    ['b', 5],
  ])
  expect(await rows('SELECT sum(n), typeof(sum(n)) FROM above(1 + 1) AS q')).toEqual([[7, 'bigint']])
  expect(await rows('SELECT name, area(sum(n)) FROM p GROUP BY name ORDER BY 1')).toEqual([
    ['a', 6],
    ['b', 10],
  ])
  expect((await failure('SELECT area()')).code).toBe('WRONG_NUM_ARGS.WITHOUT_SUGGESTION')
  expect((await failure('SELECT area(1, depth => 2)')).code).toBe('UNRECOGNIZED_PARAMETER_NAME')
  expect((await failure('SELECT area(1, w => 2)')).code).toBe(
    'DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED',
  )
  expect((await failure('SELECT above(1)')).code).toBe('NOT_A_SCALAR_FUNCTION')
  expect((await failure('SELECT * FROM area(1)')).code).toBe('NOT_A_TABLE_FUNCTION')
  expect((await failure('CREATE FUNCTION area(x INT) RETURN x')).code).toBe('ROUTINE_ALREADY_EXISTS')
  expect(await failure('CREATE OR REPLACE FUNCTION area(x INT) RETURN y')).toEqual({
    code: 'UNRESOLVED_COLUMN.WITHOUT_SUGGESTION',
    carets: 'y',
  })
  expect((await failure('CREATE FUNCTION loop(x INT) RETURN loop(x)')).code).toBe('UNRESOLVED_ROUTINE')
  expect(await rows('SELECT area(1)')).toEqual([[2]])
  await run('DROP FUNCTION area', 'DROP FUNCTION IF EXISTS area')
  expect((await failure('DROP FUNCTION area')).code).toBe('ROUTINE_NOT_FOUND')
  expect((await failure('SELECT twice(1)')).code).toBe('UNRESOLVED_ROUTINE')
})

test('views: temporary, global, kept; what hides what', async () => {
  const { rows, run, failure } = kit()
  await run(
    'CREATE VIEW v AS SELECT 1 AS a',
    'CREATE TEMP VIEW v AS SELECT 2 AS a',
    'CREATE GLOBAL TEMP VIEW v AS SELECT 3 AS a',
  )
  expect(await rows('SELECT v.a, g.a, d.a FROM v, global_temp.v AS g, default.v AS d')).toEqual([[2, 3, 2]])
  expect((await failure('CREATE TEMP VIEW v AS SELECT 1')).code).toBe('TEMP_TABLE_OR_VIEW_ALREADY_EXISTS')
  expect((await failure('CREATE VIEW v AS SELECT 1')).code).toBe('TABLE_OR_VIEW_ALREADY_EXISTS')
  expect((await failure('CREATE VIEW w AS SELECT * FROM v')).code).toBe('INVALID_TEMP_OBJ_REFERENCE')
  expect((await failure('CREATE TEMP VIEW w(a, b) AS SELECT 1')).code).toBe(
    'CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS',
  )
  await run('DROP VIEW v')
  expect(await rows('SELECT a FROM v')).toEqual([[1]])
  await run('DROP VIEW v', 'DROP VIEW IF EXISTS v', 'DROP VIEW global_temp.v')
  expect(await failure('DROP VIEW v')).toEqual({ code: 'TABLE_OR_VIEW_NOT_FOUND', carets: 'v' })
})

test('SHOW, DESCRIBE, EXPLAIN and settings', async () => {
  const { session, rows, run, failure } = kit()
  await run(
    "CREATE TABLE t (a INT COMMENT 'first', b STRING DEFAULT 'x') COMMENT 'table' TBLPROPERTIES (k = 'v')",
    "CREATE TEMP VIEW tv (c COMMENT 'see') AS SELECT 1",
  )
  session.udf.register('mine', (x: number) => x, 'INT')
  expect(await rows('SHOW TABLES')).toEqual([
    ['default', 't', false],
    ['', 'tv', true],
  ])
  expect(await rows("SHOW TABLES LIKE 'x*|T'")).toEqual([['default', 't', false]])
  expect(await rows('SHOW VIEWS')).toEqual([['', 'tv', true]])
  expect(await rows('SHOW COLUMNS FROM t')).toEqual([['a'], ['b']])
  expect(await rows('SHOW USER FUNCTIONS')).toEqual([['mine']])
  expect(await rows("SHOW FUNCTIONS LIKE 'uppe*'")).toEqual([['upper']])
  expect(await rows('SHOW TBLPROPERTIES t')).toEqual([['k', 'v']])
  expect(await rows('DESC tv')).toEqual([['c', 'int', 'see']])
  expect(await rows('DESCRIBE TABLE t')).toEqual([
    ['a', 'int', 'first'],
    ['b', 'string', null],
    ['', '', ''],
    ['# Column Default Values', '', ''],
    ['b', 'string', "'x'"],
  ])
  const extended = new Map((await rows('DESCRIBE EXTENDED t')).map((r) => [r[0], r[1]]))
  expect(extended.get('Type')).toBe('MANAGED')
  expect(extended.get('Comment')).toBe('table')
  const [[created]] = (await rows('SHOW CREATE TABLE t')) as [[string]]
  await run('DROP TABLE t', created)
  expect(await rows('SHOW CREATE TABLE t')).toEqual([[created]])
  expect((await rows('DESCRIBE FUNCTION upper'))[0]).toEqual(['Function: upper'])
  expect((await failure('DESCRIBE FUNCTION nosuch')).code).toBe('UNRESOLVED_ROUTINE')
  expect(await failure('DESCRIBE nosuch')).toEqual({ code: 'TABLE_OR_VIEW_NOT_FOUND', carets: 'nosuch' })
  expect((await failure('DESCRIBE t nope')).code).toBe('COLUMN_NOT_FOUND')
  expect(String((await rows('EXPLAIN EXTENDED SELECT a FROM t'))[0]![0])).toContain('Optimized')
  expect(String((await rows('EXPLAIN INSERT INTO t SELECT 1, 2'))[0]![0])).not.toBe('')
  expect(await rows('SELECT count(*) FROM t')).toEqual([[0]])
  expect(await rows('SET spark.sql.ansi.enabled = false')).toEqual([['spark.sql.ansi.enabled', 'false']])
  expect(await rows("SELECT CAST('x' AS INT)")).toEqual([[null]])
  await run("SET TIME ZONE 'Europe/Paris'", 'RESET')
  expect(await rows('SET spark.sql.session.timeZone')).toEqual([['spark.sql.session.timeZone', 'UTC']])
  expect(await rows('SET spark.sql.ansi.enabled')).toEqual([['spark.sql.ansi.enabled', 'true']])
  await run(
    'USE default',
    'USE spark_catalog.default',
    'USE CATALOG spark_catalog',
    'CACHE TABLE t',
    'UNCACHE TABLE t',
    'CLEAR CACHE',
    'REFRESH TABLE t',
  )
  expect(await failure('USE elsewhere')).toEqual({ code: 'SCHEMA_NOT_FOUND', carets: 'elsewhere' })
  expect((await failure('USE CATALOG elsewhere')).code).toBe('CATALOG_NOT_FOUND')
  expect((await failure('CACHE TABLE nope')).code).toBe('TABLE_OR_VIEW_NOT_FOUND')
  expect((await failure('ALTER TABLE t RENAME TO u')).code).toBe('UNSUPPORTED')
})
