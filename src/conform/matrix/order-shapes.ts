import type { Shape } from './shape.ts'

const COUNTS = 'SELECT user, count(*) AS n FROM raw_clicks GROUP BY user'

/** Order, limits, window functions and recursion. */
export const ORDER: readonly Shape[] = [
  { name: 'ORDER BY', query: 'SELECT user, n FROM raw_clicks ORDER BY n', recorded: ['err-order-by-append'] },
  {
    name: 'ORDER BY of an aggregate',
    query: `${COUNTS} ORDER BY n DESC, user`,
    recorded: ['err-order-by-agg-update', 'sl-complete-order-by'],
  },
  { name: 'SORT BY', query: 'SELECT user, n FROM raw_clicks SORT BY n', recorded: ['err-sort-by-append'] },
  { name: 'LIMIT', query: 'SELECT user, n FROM raw_clicks LIMIT 3', recorded: ['sl-limit-append', 'err-limit-update'] },
  // More than there are: which rows are left out is not defined.
  { name: 'LIMIT of an aggregate', query: `${COUNTS} LIMIT 100` },
  {
    name: 'ORDER BY and LIMIT of an aggregate',
    query: `${COUNTS} ORDER BY n DESC, user LIMIT 2`,
    recorded: ['sl-complete-order-by-limit'],
  },
  {
    name: 'LIMIT, then an aggregate',
    query: 'SELECT user, count(*) AS n FROM (SELECT * FROM raw_clicks LIMIT 4) GROUP BY user',
  },
  { name: 'OFFSET', query: 'SELECT user FROM raw_clicks LIMIT 2 OFFSET 1', recorded: ['err-offset-append'] },
  { name: 'OFFSET of an ordered aggregate', query: `${COUNTS} ORDER BY n DESC, user LIMIT 2 OFFSET 1` },
  {
    name: 'OVER',
    query: 'SELECT user, row_number() OVER (PARTITION BY user ORDER BY n) AS nth FROM raw_clicks',
    recorded: ['err-row-number'],
  },
  {
    name: 'OVER above an aggregate',
    query: `SELECT user, n, sum(n) OVER () AS total FROM (${COUNTS})`,
    recorded: ['err-sum-over-all'],
  },
  {
    name: 'first rows of each key',
    query:
      'SELECT user, n FROM (SELECT user, n, rank() OVER (PARTITION BY user ORDER BY n DESC) AS place FROM raw_clicks) WHERE place <= 1',
    recorded: ['err-qualify-rank'],
  },
  {
    name: 'WITH RECURSIVE over a stream',
    query:
      'WITH RECURSIVE down AS (SELECT n FROM raw_clicks UNION ALL SELECT n - 1 FROM down WHERE n > 1) SELECT n FROM down',
    recorded: ['err-recursive-cte'],
  },
  {
    name: 'WITH RECURSIVE over values, joined with a stream',
    query:
      'WITH RECURSIVE low AS (SELECT 1 AS k UNION ALL SELECT k + 1 FROM low WHERE k < 3) SELECT c.user, low.k FROM raw_clicks c JOIN low ON c.n = low.k',
  },
]
