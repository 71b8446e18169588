import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'
import { type Expected, expectAlive, expectError, failure } from './fixtures.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
session
  .createDataFrame([{ user: 'ann', amount: 3n, tags: ['a'] }], 'user STRING, amount BIGINT, tags ARRAY<STRING>')
  .createOrReplaceTempView('clicks')

const CASES: readonly (readonly [sql: string, expected: Expected])[] = [
  [
    'SELECT user FORM clicks',
    { kind: 'ParseError', code: 'PARSE_SYNTAX_ERROR', names: ['FORM', 'FROM'], carets: 'FORM' },
  ],
  ['SELECT user,\n       FROM clicks WHERE', { kind: 'ParseError', code: 'PARSE_SYNTAX_ERROR', names: [] }],
  ['SELECT (1 + 2', { kind: 'ParseError', code: 'PARSE_SYNTAX_ERROR', names: ['end of'] }],
  ["SELECT 'never closed", { kind: 'ParseError', code: 'PARSE_SYNTAX_ERROR', names: [] }],
  ['SELECT 1 /* never closed', { kind: 'ParseError', code: 'UNCLOSED_BRACKETED_COMMENT', names: [] }],
  ['', { kind: 'ParseError', code: 'PARSE_EMPTY_STATEMENT', names: [] }],
  [
    'SELECT usr FROM clicks',
    { kind: 'AnalysisError', code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION', names: ['usr', 'user'], carets: 'usr' },
  ],
  [
    'SELECT\n  upper(user),\n  c.amont\nFROM clicks c',
    {
      kind: 'AnalysisError',
      code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
      names: ['amont', 'amount', '3 |'],
      carets: 'c.amont',
    },
  ],
  ['SELECT * FROM clix', { kind: 'AnalysisError', code: 'TABLE_OR_VIEW_NOT_FOUND', names: ['clix'], carets: 'clix' }],
  ['SELECT uppr(user) FROM clicks', { kind: 'AnalysisError', code: 'UNRESOLVED_ROUTINE', names: ['uppr', 'upper'] }],
  [
    'SELECT upper(user, 1) FROM clicks',
    { kind: 'AnalysisError', code: 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION', names: ['upper'] },
  ],
  [
    'SELECT amount + tags FROM clicks',
    {
      kind: 'AnalysisError',
      code: 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES',
      names: ['bigint', 'array<string>'],
      carets: 'amount + tags',
    },
  ],
  ['SELECT user, count(*) FROM clicks', { kind: 'AnalysisError', code: 'MISSING_GROUP_BY', names: ['user'] }],
  [
    'SELECT user, amount, count(*) FROM clicks GROUP BY user',
    { kind: 'AnalysisError', code: 'MISSING_AGGREGATION', names: ['amount'] },
  ],
  ['SELECT CAST(user AS STRNG) FROM clicks', { kind: 'ParseError', code: 'UNSUPPORTED_DATATYPE', names: ['STRNG'] }],
  ['DROP VIEW nothing_there', { kind: 'AnalysisError', code: 'TABLE_OR_VIEW_NOT_FOUND', names: ['nothing_there'] }],
  [
    'SET spark.sql.ansi.enabled = maybe',
    { kind: 'OptionError', code: 'INVALID_CONF_VALUE.REQUIREMENT', names: ['spark.sql.ansi.enabled', 'maybe'] },
  ],
]

test.each(CASES)('%s', async (sql, expected) => {
  expectError(await failure(() => session.sql(sql)), expected)
  await expectAlive(session)
})

test('an error of a row names the value and the place in the text', async () => {
  const sql = 'SELECT user,\n       CAST(user AS INT) AS n\nFROM clicks'
  expectError(await failure(() => session.sql(sql).collect()), {
    kind: 'ExecutionError',
    code: 'CAST_INVALID_INPUT',
    names: ['ann', 'INT', '2 |'],
    carets: 'CAST(user AS INT)',
  })
  expectError(await failure(() => session.sql('SELECT amount / 0 AS x FROM clicks').collect()), {
    kind: 'ExecutionError',
    code: 'DIVIDE_BY_ZERO',
    names: ['amount / 0'],
    carets: 'amount / 0',
  })
  await expectAlive(session)
})

test('DataFrame calls are refused by name too', async () => {
  const clicks = session.table('clicks')
  expectError(await failure(() => clicks.select('usr')), {
    kind: 'AnalysisError',
    code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    names: ['usr', 'user'],
  })
  expectError(await failure(() => clicks.selectExpr('uppr(user)')), {
    kind: 'AnalysisError',
    code: 'UNRESOLVED_ROUTINE',
    names: ['uppr', 'upper'],
  })
  expectError(await failure(() => clicks.selectExpr('user + ')), {
    kind: 'ParseError',
    code: 'PARSE_SYNTAX_ERROR',
    names: [],
  })
  expectError(await failure(() => session.table('clix')), {
    kind: 'AnalysisError',
    code: 'TABLE_OR_VIEW_NOT_FOUND',
    names: ['clix'],
  })
  expectError(await failure(() => session.createDataFrame([{ a: 1 }], 'a INTT')), {
    kind: 'ParseError',
    code: 'UNSUPPORTED_DATATYPE',
    names: ['INTT'],
  })
  expectError(await failure(() => session.createDataFrame([])), {
    kind: 'AnalysisError',
    code: 'CANNOT_INFER_EMPTY_SCHEMA',
    names: [],
  })
  await expectAlive(session)
})

test('hostile nesting and length end in a short error, not in a broken stack', async () => {
  for (const sql of [
    `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
    `SELECT ${new Array(5000).fill('amount').join(' + ')} AS total FROM clicks`,
  ]) {
    const error = await failure(() => session.sql(sql))
    expectError(error, { kind: 'ParseError', code: 'FAILED_TO_PARSE_TOO_COMPLEX', names: [] })
    expect(error.message.length).toBeLessThan(1000)
  }
  await expectAlive(session)
})

test('of a line of a hundred kilobytes the message shows the part at fault', async () => {
  const list = new Array(10_000).fill("'some text'").join(', ')
  const error = await failure(() =>
    session.sql(`SELECT user FROM clicks WHERE user IN (${list}) AND usr = 'x' AND user NOT IN (${list})`),
  )
  expectError(error, {
    kind: 'AnalysisError',
    code: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
    names: ['usr', '…'],
    carets: 'usr',
  })
  expect(error.message.length).toBeLessThan(1000)
  const [shown, carets] = error.message.split('\n').slice(2)
  expect(shown!.slice(carets!.indexOf('^'), carets!.lastIndexOf('^') + 1)).toBe('usr')
})
