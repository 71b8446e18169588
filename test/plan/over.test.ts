import { expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const FROM = `FROM VALUES (1, 1.5, 'a', date'2026-01-31', timestamp'2026-01-01 00:00:00') AS t(i, d, s, day, ts)`

const conditionOf = (sql: string): string => {
  try {
    void session.sql(sql).schema
  } catch (error) {
    return (error as { readonly code: string }).code
  }
  return 'no error'
}

test.each([
  ['ORDER BY i, d RANGE BETWEEN 1 PRECEDING AND CURRENT ROW', 'DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER'],
  ['RANGE BETWEEN 1 PRECEDING AND CURRENT ROW', 'DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER'],
  ['ORDER BY ts RANGE BETWEEN 1 PRECEDING AND CURRENT ROW', 'DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE'],
  [
    "ORDER BY day RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW",
    'DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE',
  ],
  ['ORDER BY s RANGE BETWEEN 1 PRECEDING AND CURRENT ROW', 'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE'],
  ['ORDER BY i ROWS BETWEEN 1.5 PRECEDING AND CURRENT ROW', 'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE'],
  ['ORDER BY i ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW', 'no error'],
  ['ORDER BY i ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING', 'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON'],
  [
    'ORDER BY i ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW',
    'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND',
  ],
  ['ORDER BY i ROWS BETWEEN i PRECEDING AND CURRENT ROW', 'INVALID_SQL_SYNTAX.INVALID_WINDOW_FRAME_BOUND'],
  [
    "ORDER BY day RANGE BETWEEN INTERVAL '1' MONTH PRECEDING AND 3 FOLLOWING",
    'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_DIFF_TYPES',
  ],
  ["ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW", 'no error'],
  ['ORDER BY i RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING', 'no error'],
])('the frame of OVER (%s)', (window, condition) => {
  expect(conditionOf(`SELECT count(*) OVER (${window}) ${FROM}`)).toBe(condition)
})

test.each([
  ['lag(i, i)', 'DATATYPE_MISMATCH.NON_FOLDABLE_INPUT'],
  ["lag(i, '1')", 'FAILED_FUNCTION_CALL'],
  ['lead(i, 1, d)', 'no error'],
])('the arguments of %s', (call, condition) => {
  expect(conditionOf(`SELECT ${call} OVER (ORDER BY i) ${FROM}`)).toBe(condition)
})

test('listagg takes its order from WITHIN GROUP, over a window too', async () => {
  const from = `FROM VALUES (1, 'b'), (2, 'a'), (3, NULL), (4, 'c') AS t(i, s)`
  const [row] = await session
    .sql(
      `SELECT listagg(s, '-') WITHIN GROUP (ORDER BY i DESC) AS x, listagg(DISTINCT s) WITHIN GROUP (ORDER BY s) AS y ${from}`,
    )
    .collect()
  expect(Object.values(row as object)).toEqual(['c-a-b', 'abc'])
})

test('counter_diff gives what a counter gained, NULL where it began anew, and skips NULL', async () => {
  const from = `FROM VALUES (1, 5L, 0), (2, NULL, 0), (3, 9L, 0), (4, 2L, 0), (5, 8L, 1) AS t(o, v, s)`
  const rows = await session
    .sql(`SELECT counter_diff(v, timestamp_seconds(s)) OVER (ORDER BY o) AS d ${from}`)
    .collect()
  expect(rows.map((r) => Object.values(r as object)[0])).toEqual([null, null, 4n, null, null])
  const negative = session.sql('SELECT counter_diff(v) OVER (ORDER BY v) FROM VALUES (-1) AS t(v)')
  await expect(negative.collect()).rejects.toMatchObject({ code: 'COUNTER_DIFF_INVALID_INPUT' })
  expect(conditionOf(`SELECT counter_diff(s) OVER (ORDER BY i) ${FROM}`)).toBe(
    'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
  )
})
