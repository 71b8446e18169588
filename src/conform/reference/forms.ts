/** What is called like a function and is not in the registry: the analyzer has its own rule for it. */
export interface Form {
  readonly names: readonly string[]
  readonly group: 'syntax' | 'grouping and windows of time' | 'window functions'
  readonly shown: string
  readonly doc: string
  /** A statement, and the first column of its rows as texts. */
  readonly sql: string
  readonly gives: readonly string[]
}

const ORDERED = "FROM VALUES ('a', 3), ('b', 5), ('c', 5) AS t(k, v)"
const over = (call: string): string => `SELECT ${call} OVER (ORDER BY v, k) ${ORDERED}`
const ties = (call: string): string => `SELECT ${call} OVER (ORDER BY v) ${ORDERED}`

const syntax = (names: readonly string[], shown: string, doc: string, sql: string, ...gives: string[]): Form => ({
  names,
  group: 'syntax',
  shown,
  doc,
  sql,
  gives,
})
const ranking = (name: string, shown: string, doc: string, sql: string, ...gives: string[]): Form => ({
  names: [name],
  group: 'window functions',
  shown,
  doc,
  sql,
  gives,
})
const grouped = (name: string, shown: string, doc: string, sql: string, ...gives: string[]): Form => ({
  names: [name],
  group: 'grouping and windows of time',
  shown,
  doc,
  sql,
  gives,
})

export const FORMS: readonly Form[] = [
  syntax(
    ['and'],
    'a AND b',
    'False when one side is false, though the other be NULL.',
    'SELECT true AND false',
    'false',
  ),
  syntax(['or'], 'a OR b', 'True when one side is true, though the other be NULL.', 'SELECT true OR NULL', 'true'),
  syntax(
    ['between'],
    'a [NOT] BETWEEN low AND high',
    'Whether `a` is neither below `low` nor above `high`.',
    'SELECT 5 BETWEEN 1 AND 9',
    'true',
  ),
  syntax(
    ['in'],
    'a [NOT] IN (b, …) or (query)',
    'Whether `a` equals one of the list, or one row of the query.',
    'SELECT 2 IN (1, 2)',
    'true',
  ),
  syntax(
    ['case', 'when'],
    'CASE [a] WHEN b THEN c … [ELSE d] END',
    'The result of the first branch that holds; NULL without ELSE.',
    "SELECT CASE WHEN 1 > 2 THEN 'more' ELSE 'less' END",
    'less',
  ),
  syntax(
    ['cast'],
    'CAST(a AS type), a :: type',
    'The value as another type; `TRY_CAST` gives NULL where that fails.',
    "SELECT CAST('12' AS INT) + 1",
    '13',
  ),
  syntax(
    [
      'bigint',
      'binary',
      'boolean',
      'date',
      'decimal',
      'double',
      'float',
      'int',
      'smallint',
      'string',
      'timestamp',
      'tinyint',
    ],
    'type(a)',
    'The same as `CAST(a AS type)`.',
    "SELECT int('7')",
    '7',
  ),
  syntax(
    ['range'],
    'range([start,] end [, step]) in FROM',
    'A table of the numbers from `start` up to, not including, `end`.',
    'SELECT id FROM range(3)',
    '0',
    '1',
    '2',
  ),
  grouped(
    'grouping',
    'grouping(column)',
    '1 where the column is left out of the grouping set of the row, else 0.',
    `SELECT grouping(k) ${ORDERED} GROUP BY GROUPING SETS ((k), ()) ORDER BY 1`,
    '0',
    '0',
    '0',
    '1',
  ),
  grouped(
    'grouping_id',
    'grouping_id([column, …])',
    'The bits of `grouping` of all grouping columns as one number.',
    `SELECT grouping_id() ${ORDERED} GROUP BY ROLLUP (k) ORDER BY 1`,
    '0',
    '0',
    '0',
    '1',
  ),
  grouped(
    'window',
    'window(time, length [, slide [, start]])',
    'The windows of fixed length a time falls into: a struct of `start` and `end`.',
    "SELECT window(TIMESTAMP '2024-01-01 10:07:00', '10 minutes').start",
    '2024-01-01T10:00:00.000Z',
  ),
  grouped(
    'session_window',
    'session_window(time, gap)',
    'Windows that a pause of `gap` ends.',
    "SELECT count(*) FROM VALUES (TIMESTAMP '2024-01-01 10:00:00'), (TIMESTAMP '2024-01-01 10:03:00'), (TIMESTAMP '2024-01-01 11:00:00') AS t(ts) GROUP BY session_window(ts, '5 minutes') ORDER BY 1",
    '1',
    '2',
  ),
  grouped(
    'calendar_window',
    "calendar_window(time, 'day' or 'week' or …)",
    'Windows of the calendar in the time zone of the session; ours.',
    "SELECT calendar_window(TIMESTAMP '2024-02-15 10:07:00', 'month').end",
    '2024-03-01T00:00:00.000Z',
  ),
  ranking('row_number', 'row_number()', 'The number of the row in its partition.', over('row_number()'), '1', '2', '3'),
  ranking('rank', 'rank()', 'The number of rows before those equal to it, plus one.', ties('rank()'), '1', '2', '2'),
  ranking('dense_rank', 'dense_rank()', 'As `rank`, without gaps.', ties('dense_rank()'), '1', '2', '2'),
  ranking(
    'percent_rank',
    'percent_rank()',
    '`rank` as a share from 0 to 1.',
    ties('percent_rank()'),
    '0',
    '0.5',
    '0.5',
  ),
  ranking(
    'cume_dist',
    'cume_dist()',
    'The share of rows that do not come after it.',
    `SELECT cume_dist() OVER (ORDER BY v) FROM VALUES (1), (2) AS t(v)`,
    '0.5',
    '1',
  ),
  ranking('ntile', 'ntile(n)', 'Which of `n` parts of equal size the row is in.', over('ntile(2)'), '1', '1', '2'),
  ranking(
    'lag',
    'lag(value [, offset [, default]])',
    'The value some rows before, 1 unless `offset` says.',
    over("lag(k, 1, '-')"),
    '-',
    'a',
    'b',
  ),
  ranking(
    'lead',
    'lead(value [, offset [, default]])',
    'The value some rows after.',
    over("lead(k, 1, '-')"),
    'b',
    'c',
    '-',
  ),
  ranking(
    'nth_value',
    'nth_value(value, n)',
    'The value of row `n` of the frame.',
    over('nth_value(k, 2)'),
    'null',
    'b',
    'b',
  ),
  ranking(
    'counter_diff',
    'counter_diff(value)',
    'How much a counter has grown since the row before, when it may begin again at 0.',
    'SELECT counter_diff(v) OVER (ORDER BY t) FROM VALUES (1, 5), (2, 8) AS c(t, v)',
    'null',
    '3',
  ),
]
