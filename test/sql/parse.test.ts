import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/errors/errors.ts'
import {
  parseExpression,
  parseSelectItem,
  parseStatement,
  parseStatements,
  parseTypeText,
} from '../../src/sql/parse.ts'
import { printExpr, printStatement } from '../../src/sql/print.ts'

/** The error of a statement: code, the text under the caret, hint. */
function refusal(sql: string): { code: string; under: string; hint: string | undefined } {
  try {
    parseStatement(sql)
  } catch (e) {
    if (!(e instanceof MillraceError)) throw e
    return { code: e.code, under: e.at ? sql.slice(e.at.start, e.at.end) : '', hint: e.hint }
  }
  throw new Error(`parsed: ${sql}`)
}

const bare = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'at' ? undefined : value)))

describe('carets', () => {
  test.each([
    ['SELECT usr FORM t', 'FORM', 'did you mean FROM?'],
    ['SELEC 1', 'SELEC', 'did you mean SELECT?'],
    ['SELECT a FROM t WEHRE a = 1', 'WEHRE', 'did you mean WHERE?'],
    ['SELECT a FROM t GRUOP BY a', 'GRUOP', 'did you mean GROUP?'],
    ['SELECT a FROM t ORDRE BY a', 'ORDRE', 'did you mean ORDER?'],
    ['SELECT a FROM t LIMT 5', 'LIMT', 'did you mean LIMIT?'],
    ['SELECT a FROM t WHERE a = 1 ADN b = 2', 'ADN', 'did you mean AND?'],
    ['SELECT CASE WHEN a THN b END', 'THN', 'did you mean THEN?'],
    ['SELECT a FROM t, u JION v', 'JION', 'did you mean JOIN?'],
    ['CREATE TEMP VEIW v AS SELECT 1', 'VEIW', 'did you mean VIEW?'],
    ['SELECT usr FORM t WHERE a GRUOP BY b', 'FORM', 'did you mean FROM?'],
  ])('%s', (sql, under, hint) => {
    expect(refusal(sql)).toEqual({ code: 'PARSE_SYNTAX_ERROR', under, hint })
  })

  test('the caret is as wide as the token, under the token', () => {
    expect(() => parseStatement('SELECT usr FORM t')).toThrow(
      '\n1 | SELECT usr FORM t\n               ^^^^\nhint: did you mean FROM?',
    )
  })

  test.each([
    ['SELECT a b c FROM t', 'c'],
    ['SELECT a,, b FROM t', ','],
    ['SELECT 1)', ')'],
    ['SELECT a FROM t LIMIT 5 elephants', 'elephants'],
    ['SELECT 1; SELECT 2', 'SELECT'],
    ["SELECT 1 AS 'x'", "'x'"],
    ['SELECT (1, 2', ''],
    ['SELECT @a', '@'],
    ['SELECT 1 >>>> 2', '>>>>'],
    ['SELECT (a AS b)', 'b'],
  ])('without a keyword in reach the whole faulty token is underlined: %s', (sql, under) => {
    expect(refusal(sql)).toMatchObject({ code: 'PARSE_SYNTAX_ERROR', under })
  })
})

test('each faulty statement of a text is reported, the others are read', () => {
  const { statements, errors } = parseStatements(
    'SELECT 1; SELECT usr FORM t; SELECT 2;; SELECT a FROM t WEHRE b = 1; DROP VIEW v;',
  )
  expect(statements.map(printStatement)).toEqual(['SELECT 1', 'SELECT 2', 'DROP VIEW v'])
  expect(errors.map((e) => e.hint)).toEqual(['did you mean FROM?', 'did you mean WHERE?'])
})

test('an empty text: no statements, or PARSE_EMPTY_STATEMENT where one is asked for', () => {
  expect(parseStatements('  -- nothing\n ; /* here */ ;')).toEqual({ statements: [], errors: [] })
  expect(refusal(' -- nothing ').code).toBe('PARSE_EMPTY_STATEMENT')
})

describe('conditions found while reading', () => {
  test.each([
    ['SELECT 1 /* open', 'UNCLOSED_BRACKETED_COMMENT', '/*'],
    ['SELECT 128Y', 'INVALID_NUMERIC_LITERAL_RANGE', '128Y'],
    ['SELECT -129Y', 'INVALID_NUMERIC_LITERAL_RANGE', '-129Y'],
    ['SELECT 32768S', 'INVALID_NUMERIC_LITERAL_RANGE', '32768S'],
    ['SELECT 9223372036854775808L', 'INVALID_NUMERIC_LITERAL_RANGE', '9223372036854775808L'],
    ['SELECT 1e39F', 'INVALID_NUMERIC_LITERAL_RANGE', '1e39F'],
    ['SELECT 1e309', 'INVALID_NUMERIC_LITERAL_RANGE', '1e309'],
    ["SELECT x'zz'", 'INVALID_TYPED_LITERAL', "x'zz'"],
    ["SELECT colour 'red'", 'UNSUPPORTED_TYPED_LITERAL', "colour 'red'"],
    ["SELECT a LIKE 'b' ESCAPE ''", 'INVALID_ESC', "''"],
    ['SELECT a NOT IN ()', 'INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE', 'a NOT IN ()'],
    ['SELECT a LIKE ALL ()', 'INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN', 'a LIKE ALL ()'],
    [
      "SELECT INTERVAL '1' MONTH TO SECOND",
      'INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION',
      "INTERVAL '1' MONTH TO SECOND",
    ],
    ['WITH a AS (SELECT 1), b AS (SELECT 2), a AS (SELECT 3) SELECT 1', 'DUPLICATED_CTE_NAMES', 'a'],
    ['SELECT 1 FROM t TABLESAMPLE (101 PERCENT)', 'INVALID_TABLESAMPLE_FRACTION', 'TABLESAMPLE (101 PERCENT)'],
    ['SELECT größe FROM t', 'INVALID_IDENTIFIER', 'größe'],
    ['SELECT a - b FROM test-table WHERE true', 'INVALID_IDENTIFIER', 'test-table'],
    ['CREATE VIEW a.b-c-d AS SELECT 1', 'INVALID_IDENTIFIER', 'b-c-d'],
  ])('%s', (sql, code, under) => {
    expect(refusal(sql)).toMatchObject({ code, under })
  })
  test('the smallest values have their minus in them', () => {
    for (const text of ['-128Y', '-32768S', '-9223372036854775808L'])
      expect(printExpr(parseExpression(text))).toBe(text)
    expect(bare(parseExpression('- 5'))).toEqual({ kind: 'literal', type: 'integer', text: '-5' })
    expect(parseExpression('3 -5')).toMatchObject({ kind: 'binary', op: '-' })
  })
})

describe('precedence', () => {
  test.each([
    ['a || b + c', '(a || b) + c'],
    ['a + b * c - d', '(a + (b * c)) - d'],
    ['a - b - c', '(a - b) - c'],
    ['a << b + c', 'a << (b + c)'],
    ['a & b << c', 'a & (b << c)'],
    ['a ^ b & c', 'a ^ (b & c)'],
    ['a | b ^ c', 'a | (b ^ c)'],
    ['a = b | c', 'a = (b | c)'],
    ['a < b = c', '(a < b) = c'],
    ['a = b IS NULL', '(a = b) IS NULL'],
    ['NOT a = b AND c', '(NOT (a = b)) AND c'],
    ['a OR b AND c', 'a OR (b AND c)'],
    ['NOT NOT a OR b', '(NOT (NOT a)) OR b'],
    ['a BETWEEN b + 1 AND c AND d', '(a BETWEEN (b + 1) AND c) AND d'],
    ['-a.b[1] * c', '-a.b[1] * c'],
    ['-1::int', 'CAST(-1 AS int)'],
    ['-a::int', '-CAST(a AS int)'],
    ['a::int[0].b', 'CAST(a AS int)[0].b'],
    ['~a + b', '(~a) + b'],
    ['a % b div c', '(a % b) DIV c'],
    ['a >> 1 >>> 2', '(a >> 1) >>> 2'],
    ['a NOT LIKE b || c', 'a NOT LIKE (b || c)'],
    ['x -> x + 1 = 2', 'x -> (x + 1) = 2'],
  ])('%s', (sql, grouped) => {
    expect(bare(parseExpression(sql))).toEqual(bare(parseExpression(grouped)))
  })
  test('a chain of AND is a balanced tree', () => {
    expect(bare(parseExpression('a AND b AND c'))).toEqual(bare(parseExpression('(a AND b) AND c')))
    expect(bare(parseExpression('a AND b AND c AND d'))).toEqual(bare(parseExpression('(a AND b) AND (c AND d)')))
  })
  test('INTERSECT before UNION, those to the left', () => {
    const text = 'SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4'
    expect(printStatement(parseStatement(text))).toBe('SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3) EXCEPT SELECT 4')
  })
})

describe('keywords as names', () => {
  test.each([
    ['SELECT FROM t', 'SELECT `FROM` AS t'],
    ['SELECT 1 FROM', 'SELECT 1 AS FROM'],
    ['SELECT 1 WHERE', 'SELECT 1 AS WHERE'],
    ['SELECT a limit FROM t', 'SELECT a AS limit FROM t'],
    ['SELECT CASE END', 'SELECT `CASE` AS END'],
    ['SELECT interval day', 'SELECT `interval` AS day'],
    ['SELECT a order FROM t order', 'SELECT a AS order FROM t AS order'],
    ['SELECT date, left, count FROM stream', 'SELECT date, left, count FROM stream'],
    ['SELECT * FROM stream s', 'SELECT * FROM STREAM(s)'],
    ['SELECT DISTINCT on (a) x FROM t', 'SELECT DISTINCT on(a) AS x FROM t'],
    ['SELECT a FROM t left JOIN u', 'SELECT a FROM t LEFT JOIN u'],
    ['SELECT all', 'SELECT `all`'],
    ['SELECT a FROM t GROUP BY ALL ORDER BY ALL DESC', 'SELECT a FROM t GROUP BY ALL ORDER BY ALL DESC'],
  ])('%s', (sql, meaning) => {
    expect(printStatement(parseStatement(sql))).toBe(meaning)
  })
})

describe('literals', () => {
  test.each([
    [String.raw`'tab\tnew\nquote\'back\\nul\0x'`, "tab\tnew\nquote'back\\nul\0x"],
    [String.raw`'\u0041\U0001F600\101'`, 'A😀A'],
    [String.raw`'50\% a\_b \q'`, String.raw`50\% a\_b q`],
    [`'it''s' "say ""x"""`, `it'ssay "x"`],
    [String.raw`r'a\nb' R"c\d"`, String.raw`a\nbc\d`],
  ])('%s', (sql, text) => {
    const literal = parseExpression(sql)
    expect(literal).toMatchObject({ kind: 'literal', type: 'string', text })
    expect(bare(parseExpression(printExpr(literal)))).toEqual(bare(literal))
  })
  test.each([
    ['1', 'integer', '1'],
    ['1L', 'bigint', '1'],
    ['1.5', 'decimal', '1.5'],
    ['.5', 'decimal', '0.5'],
    ['1.', 'decimal', '1'],
    ['1e2', 'double', '1e2'],
    ['1.5D', 'double', '1.5'],
    ['1.5F', 'float', '1.5'],
    ['1.5BD', 'bigdecimal', '1.5'],
    ["X'1f'", 'binary', '1F'],
    ["DATE '2026-01-01'", 'date', '2026-01-01'],
    ['NULL', 'null', 'null'],
    ['TRUE', 'boolean', 'true'],
  ])('%s', (sql, type, text) => {
    expect(bare(parseExpression(sql))).toEqual({ kind: 'literal', type, text })
    expect(bare(parseExpression(printExpr(parseExpression(sql))))).toEqual({ kind: 'literal', type, text })
  })
})

test('spans cover the text of their node', () => {
  const sql = 'SELECT  (a + b) * c AS total, sum(x.y) FROM t ORDER BY  a DESC'
  const tree = parseStatement(sql)
  if (tree.kind !== 'query_statement' || tree.query.body.kind !== 'select') throw new Error('a select')
  const under = (node: { at?: { start: number; end: number } | undefined } | undefined): string =>
    sql.slice(node!.at!.start, node!.at!.end)
  const [first, second] = tree.query.body.items
  expect([first, second].map(under)).toEqual(['(a + b) * c AS total', 'sum(x.y)'])
  if (first?.kind !== 'alias') throw new Error('an alias')
  expect(under(first.arg)).toBe('(a + b) * c')
  expect(under(tree.query.orderBy)).toBe('ORDER BY  a DESC')
})

test('parameters are counted from 0 in the order of the text', () => {
  expect(printStatement(parseStatement('SELECT ?, :name, ? + 1'))).toBe('SELECT ?, :name, ? + 1')
  const tree = JSON.stringify(bare(parseStatement('SELECT ? WHERE ? = ?')))
  expect([...tree.matchAll(/"index":(\d)/g)].map((m) => m[1])).toEqual(['0', '1', '2'])
})

test('entries: expression, select item, type', () => {
  expect(parseSelectItem('a + 1 AS b')).toMatchObject({ kind: 'alias' })
  expect(parseSelectItem('t.*')).toMatchObject({ kind: 'star' })
  expect(() => parseExpression('a AS b')).toThrow('PARSE_SYNTAX_ERROR')
  expect(() => parseExpression('a; b')).toThrow('PARSE_SYNTAX_ERROR')
  expect(() => parseExpression('')).toThrow('PARSE_EMPTY_STATEMENT')
  expect(parseTypeText('STRUCT < a : INT, B: array<map<string,DECIMAL( 10 , 2 )>> >').text).toBe(
    'struct<a:int,B:array<map<string,decimal(10,2)>>>',
  )
})

test('statements that are known and not built say which they are', () => {
  const what = (sql: string): string => {
    const s = parseStatement(sql)
    return s.kind === 'unparsed' ? s.what : s.kind
  }
  expect(what('ALTER TABLE t ADD COLUMN a INT')).toBe('ALTER TABLE')
  expect(what('create database d')).toBe('CREATE DATABASE')
  expect(what('DESCRIBE DATABASE d')).toBe('DESCRIBE DATABASE')
  expect(what('MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE')).toBe('MERGE INTO')
  expect(what("CREATE FUNCTION f AS 'org.example.F'")).toBe('CREATE FUNCTION')
  expect(what('SET spark.sql.ansi.enabled = true')).toBe('set')
  for (const sql of ['INSERT INTO', 'DROP', 'ALTER', 'FOO BAR', 'CREATE TABLE', 'EXPLAIN FOO'])
    expect(refusal(sql).code).toBe('PARSE_SYNTAX_ERROR')
})

describe('depth', () => {
  const nest = (open: string, inner: string, close: string, n: number): string =>
    open.repeat(n) + inner + close.repeat(n)
  const forms: Record<string, (n: number) => string> = {
    brackets: (n) => `SELECT ${nest('(', '1', ')', n)}`,
    'open brackets': (n) => `SELECT ${'('.repeat(n)}`,
    calls: (n) => `SELECT ${nest('f(', '1', ')', n)}`,
    CASE: (n) => `SELECT ${nest('CASE WHEN a THEN ', '1', ' END', n)}`,
    subqueries: (n) => `SELECT ${nest('(SELECT ', '1', ')', n)}`,
    'derived tables': (n) => `SELECT * FROM ${nest('(SELECT * FROM ', 't', ')', n)}`,
    NOT: (n) => `SELECT ${'NOT '.repeat(n)}a`,
    minus: (n) => `SELECT ${'- '.repeat(n)}a`,
    plus: (n) => `SELECT 1${' + 1'.repeat(n)}`,
    subscripts: (n) => `SELECT a${'[1]'.repeat(n)}`,
    types: (n) => `SELECT CAST(a AS ${nest('ARRAY<', 'INT', '>', n)})`,
    lambdas: (n) => `SELECT f(${'x -> '.repeat(n)}1)`,
    EXPLAIN: (n) => `${'EXPLAIN '.repeat(n)}SELECT 1`,
    joins: (n) => `SELECT * FROM t${' JOIN t'.repeat(n)}`,
    UNION: (n) => `SELECT 1${' UNION SELECT 1'.repeat(n)}`,
  }
  for (const [name, text] of Object.entries(forms))
    test(`${name}: 40 levels read, 10 000 are refused by name`, () => {
      if (name !== 'open brackets') expect(() => printStatement(parseStatement(text(40)))).not.toThrow()
      expect(refusal(text(10_000)).code).toBe('FAILED_TO_PARSE_TOO_COMPLEX')
    })
  test('10 000 conditions in a row are no depth', () => {
    expect(() =>
      parseStatement(`SELECT 1 WHERE a = 0${Array.from({ length: 10_000 }, (_, i) => ` OR a = ${i}`).join('')}`),
    ).not.toThrow()
  })
})

test('the queries and views of every recorded scenario print back', () => {
  const folder = new URL('../../conformance/data/scenarios/', import.meta.url)
  let read = 0
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json'))) {
    const scenario = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
      query: string
      views?: { sql?: string }[]
      error?: { condition: string | null }
    }
    for (const sql of [scenario.query, ...(scenario.views ?? []).map((v) => v.sql)]) {
      if (sql === undefined) continue
      if (scenario.error?.condition === 'PARSE_SYNTAX_ERROR') {
        expect(refusal(sql).code).toBe('PARSE_SYNTAX_ERROR')
        continue
      }
      const tree = parseStatement(sql)
      expect(bare(parseStatement(printStatement(tree))), sql).toEqual(bare(tree))
      read++
    }
  }
  expect(read).toBeGreaterThan(270)
})

describe('statements print back', () => {
  // prettier-ignore
  const statements = [
    "CREATE OR REPLACE GLOBAL TEMP VIEW v (a COMMENT 'x', b) COMMENT 'y' TBLPROPERTIES ('k' = 'v', n = 1) AS SELECT 1, 2",
    "CREATE EXTERNAL TABLE IF NOT EXISTS d.t (a INT NOT NULL DEFAULT 1 + 1 COMMENT 'c', `b c` ARRAY<STRING>, WATERMARK FOR a AS a - INTERVAL '1' DAY) USING json OPTIONS (path '/x', 'a.b' = true) PARTITIONED BY (a) LOCATION '/y' COMMENT 'z' TBLPROPERTIES (p = 1.5)",
    'CREATE OR REPLACE TABLE t USING delta AS SELECT 1 AS a', 'REPLACE TABLE t SELECT 1', 'CREATE TABLE IDENTIFIER(:n) (a INT)',
    'DROP TABLE IF EXISTS t PURGE', 'DROP VIEW a.b', 'DROP TEMPORARY FUNCTION IF EXISTS f', 'DROP TEMP VARIABLE x',
    'INSERT INTO t VALUES (1, DEFAULT), (2, 3)', 'INSERT INTO TABLE t (a, b) SELECT 1, 2', 'INSERT OVERWRITE t BY NAME FROM s SELECT a',
    "INSERT INTO t SELECT * FROM STREAM s WITH (outputMode = 'append', queryName 'q')", 'INSERT INTO t SELECT a WITH (x = 1)',
    "INSERT INTO t SELECT * FROM STREAM(s) WITH (a = 1) AS u WHERE a > 1 WITH (trigger = '1 second')",
    "INSERT INTO t SELECT * FROM STREAM s WITH (a = 1) WITH (b = '2')", "INSERT INTO t (SELECT * FROM STREAM s WITH (a = 1))",
    'WITH c AS (SELECT 1) SELECT * FROM STREAM s WITH (a = 1)', 'TRUNCATE TABLE t',
    'SHOW TABLES', "SHOW TABLES IN default LIKE 'a*'", "SHOW VIEWS 'v*'", 'SHOW USER FUNCTIONS', 'SHOW FUNCTIONS LIKE upper', 'SHOW COLUMNS IN t FROM d',
    'SHOW QUERIES', 'SHOW SCHEMAS', 'SHOW CATALOGS', 'SHOW CURRENT NAMESPACE', "SHOW TBLPROPERTIES t ('k')", 'SHOW CREATE TABLE t',
    'DESC t', 'DESCRIBE TABLE EXTENDED a.t c', 'DESCRIBE FORMATTED t', 'DESCRIBE QUERY SELECT 1', 'DESC SELECT 1', 'DESCRIBE extended', "DESC FUNCTION EXTENDED 'upper'", 'DESC function',
    'SET VAR a = 1, session.b = DEFAULT', 'SET VARIABLE (a, b) = (SELECT 1, 2)', 'DECLARE OR REPLACE VARIABLE a, b INT = 5', 'DECLARE x', 'DECLARE variable STRING',
    "EXECUTE IMMEDIATE 'x' INTO a, b USING 1 AS c, d", "EXECUTE IMMEDIATE 'SELECT ' || x USING (1, 2)", 'STOP QUERY q', "STOP QUERY 'a b'",
    'USE default', 'USE CATALOG c', "USE SCHEMA 's'", 'CACHE LAZY TABLE t OPTIONS (a = 1) AS SELECT 1', 'CACHE TABLE t', 'UNCACHE TABLE IF EXISTS t', 'CLEAR CACHE', 'REFRESH TABLE t', 'REFRESH t',
    "CREATE OR REPLACE TEMP FUNCTION IF NOT EXISTS f(a INT DEFAULT 1 COMMENT 'x', b ARRAY<INT>) RETURNS STRING LANGUAGE SQL NOT DETERMINISTIC COMMENT 'y' CONTAINS SQL RETURN a || 'z'",
    'CREATE FUNCTION f() RETURNS TABLE (a INT, b STRING) READS SQL DATA RETURN SELECT 1, 2', 'CREATE FUNCTION f(x INT) RETURN (SELECT max(a) FROM t WHERE b = x)',
    "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTES))", "SELECT * FROM TUMBLE(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL 10 MINUTES) AS w",
    "SELECT * FROM HOP(TABLE (SELECT * FROM STREAM s WATERMARK ts DELAY OF INTERVAL 1 MINUTE), DESCRIPTOR(ts), INTERVAL '5' MINUTE, INTERVAL '1' HOUR) h",
    "SELECT * FROM SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' MINUTES)", "SELECT * FROM SESSION(TABLE(t) PARTITION BY (k, a + 1), ts, '1 minute')",
    "SELECT * FROM SESSION(DATA => TABLE (SELECT 1 AS k) PARTITION BY (k), TIMECOL => ts, GAP => '1 minute')", "SELECT * FROM a.t JOIN CUMULATE(t, ts, '1 minute', '1 hour') ON TRUE",
    'EXPLAIN INSERT INTO t SELECT * FROM STREAM s WITH (a = 1)', 'SELECT IDENTIFIER(a || b) FROM IDENTIFIER(:t) AS x',
  ]
  const bare = (tree: unknown): unknown =>
    JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'at' ? undefined : value)))
  test.each(statements)('%s', (sql) => {
    const tree = parseStatement(sql)
    expect(tree.kind).not.toBe('unparsed')
    const printed = printStatement(tree)
    expect(bare(parseStatement(printed)), printed).toEqual(bare(tree))
  })
  test('PARTITION BY belongs to a table that is an argument', () => {
    expect(refusal('SELECT * FROM f(a PARTITION BY k)')).toMatchObject({ code: 'PARSE_SYNTAX_ERROR' })
    expect(parseStatement('SELECT * FROM f(TABLE t PARTITION BY (a, b), 1)')).toMatchObject({
      query: { body: { from: [{ call: { args: [{ partitionBy: [{ kind: 'name' }, { kind: 'name' }] }, {}] } }] } },
    })
  })
  test('the WITH at the end belongs to the INSERT', () => {
    const tree = parseStatement("INSERT INTO t SELECT * FROM STREAM s WITH (a = 1) WITH (b = '2')")
    expect(tree).toMatchObject({
      kind: 'insert',
      options: [['b', '2']],
      query: { body: { from: [{ stream: true, options: { a: '1' } }] } },
    })
    expect(parseStatement('INSERT INTO t SELECT * FROM STREAM s WITH (a = 1)')).toMatchObject({
      options: [['a', '1']],
      query: { body: { from: [{ stream: true }] } },
    })
  })
  // prettier-ignore
  test.each([
    ['CREATE TABLE', ''], ['CREATE TABLE t (a)', ')'], ['CREATE TABLE t (a INT,)', ')'], ['CREATE TABLE t (a INT) USNIG json', 'USNIG'],
    ['INSERT INTO', ''], ['INSERT t VALUES (1)', 't'], ['SHOW', ''], ['SHOW COLUMNS', ''], ['DROP TABLE', ''], ['STOP', ''],
    ['DECLARE', ''], ['SET VAR x', ''], ['DESCRIBE', ''], ['EXECUTE IMMEDIATE', ''], ['CREATE FUNCTION f(x INT) RETURN', ''],
    ['CREATE TABLE t (a INT) COMMENT "x" COMMENT "y"', 'COMMENT "y"'],
  ] as const)('%s is a syntax error at its place', (sql, carets) => {
    const error = refusal(sql)
    expect(error.code).toBe('PARSE_SYNTAX_ERROR')
    expect(error.under).toBe(carets)
  })
})
