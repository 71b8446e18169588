import type { Shape } from './shape.ts'

const WINDOW = "window(ts, '10 seconds')"
const BOUGHT = 'c.user = b.user AND b.ts BETWEEN c.ts - INTERVAL 5 SECONDS AND c.ts + INTERVAL 10 SECONDS'
const PER_USER = (table: string): string =>
  `SELECT window AS w, user, count(*) AS n FROM ${table} GROUP BY ${WINDOW}, user`

/** Operators with state above one another. */
export const CHAINS: readonly Shape[] = [
  {
    name: 'aggregate of an aggregate, by key',
    query: 'SELECT n, count(*) AS users FROM (SELECT user, count(*) AS n FROM raw_clicks GROUP BY user) GROUP BY n',
    recorded: ['err-two-aggs-complete'],
  },
  {
    name: 'aggregate of an aggregate, by window',
    query: `SELECT w, max(n) AS most FROM (${PER_USER('clicks')}) GROUP BY w`,
  },
  {
    name: 'aggregate of a join of streams, by key',
    query: 'SELECT c.user, sum(b.amount) AS total FROM raw_clicks c JOIN raw_buys b ON c.user = b.user GROUP BY c.user',
    recorded: ['chain-join-then-agg-update', 'chain-join-then-agg-complete'],
  },
  {
    name: 'aggregate of a join of streams, by window',
    query: `SELECT window.start AS start, sum(amount) AS total FROM (SELECT c.ts, b.amount FROM clicks c JOIN buys b ON c.user = b.user AND c.ts = b.ts) GROUP BY ${WINDOW}`,
    recorded: ['join-inner-then-window-agg-append'],
  },
  {
    name: 'aggregate of an outer join of streams, by window',
    query: `SELECT window.start AS start, count(amount) AS bought, count(*) AS n FROM (SELECT c.ts, b.amount FROM clicks c LEFT JOIN buys b ON ${BOUGHT}) GROUP BY ${WINDOW}`,
    recorded: ['vol-join-left-window-then-agg'],
  },
  {
    name: 'join of two aggregates, by window',
    query: `SELECT c.user, c.w.start AS start, c.n, b.n AS bought FROM (${PER_USER('clicks')}) c JOIN (${PER_USER('buys')}) b ON c.user = b.user AND c.w = b.w`,
  },
  {
    name: 'join of two aggregates, by key',
    query:
      'SELECT c.user, c.n, b.n AS bought FROM (SELECT user, count(*) AS n FROM raw_clicks GROUP BY user) c JOIN (SELECT user, count(*) AS n FROM raw_buys GROUP BY user) b ON c.user = b.user',
    recorded: ['err-agg-join-agg-update'],
  },
  {
    name: 'join of an aggregate and a stream',
    query:
      'SELECT c.user, c.n, b.amount FROM (SELECT user, count(*) AS n FROM raw_clicks GROUP BY user) c JOIN raw_buys b ON c.user = b.user',
    recorded: ['err-agg-join-stream-update'],
  },
  {
    name: 'join of three streams',
    query: `SELECT c.user, b.amount, d.n FROM clicks c JOIN buys b ON c.user = b.user AND c.ts = b.ts JOIN clicks d ON d.user = c.user AND d.ts = c.ts`,
  },
  {
    name: 'aggregate of a join with a table',
    query: 'SELECT u.country, count(*) AS n FROM raw_clicks c JOIN users u ON c.user = u.user GROUP BY u.country',
    recorded: ['static-join-then-agg-update'],
  },
  {
    name: 'join of an aggregate with a table',
    query:
      'SELECT u.country, c.n FROM (SELECT user, count(*) AS n FROM raw_clicks GROUP BY user) c JOIN users u ON c.user = u.user',
    key: ['country'],
    recorded: ['static-join-agg-then-join-complete'],
  },
  {
    name: 'dropDuplicates, then a window',
    query: (session) => {
      session.table('clicks').dropDuplicates(['user', 'page', 'ts']).createOrReplaceTempView('unique_clicks')
      return session.sql(`SELECT window.start AS start, count(*) AS n FROM unique_clicks GROUP BY ${WINDOW}`)
    },
    text: `clicks.dropDuplicates(['user', 'page', 'ts']).createOrReplaceTempView('unique_clicks')\nSELECT window.start AS start, count(*) AS n FROM unique_clicks GROUP BY ${WINDOW}`,
    recorded: ['dedup-then-window-agg-append'],
  },
  {
    name: 'dropDuplicates by key, then an aggregate by key',
    query: (session) => {
      session.table('raw_clicks').dropDuplicates(['user']).createOrReplaceTempView('first_clicks')
      return session.sql('SELECT page, count(*) AS n FROM first_clicks GROUP BY page')
    },
    text: "raw_clicks.dropDuplicates(['user']).createOrReplaceTempView('first_clicks')\nSELECT page, count(*) AS n FROM first_clicks GROUP BY page",
  },
  {
    name: 'aggregate, then dropDuplicates',
    query: (session) => session.sql(PER_USER('clicks')).dropDuplicates(['w', 'n']).select('w', 'n'),
    text: `(${PER_USER('clicks')}).dropDuplicates(['w', 'n']).select('w', 'n')`,
  },
  {
    name: 'aggregate, then dropDuplicatesWithinWatermark',
    query: (session) => session.sql(PER_USER('clicks')).dropDuplicatesWithinWatermark(['w', 'user']).select('w', 'n'),
    text: `(${PER_USER('clicks')}).dropDuplicatesWithinWatermark(['w', 'user']).select('w', 'n')`,
  },
  {
    name: 'aggregate by key, then dropDuplicates',
    query: (session) =>
      session.sql('SELECT user, count(*) AS n FROM raw_clicks GROUP BY user').dropDuplicates(['n']).select('n'),
    text: "(SELECT user, count(*) AS n FROM raw_clicks GROUP BY user).dropDuplicates(['n']).select('n')",
    unlikeBatch: { update: 'each value of `n` comes once, when the first user reaches it.' },
    recorded: ['chain-agg-then-dedup-no-watermark-update'],
  },
  {
    name: 'dropDuplicates twice',
    query: (session) =>
      session
        .table('clicks')
        .dropDuplicates(['user', 'page', 'ts'])
        .dropDuplicates(['user', 'ts'])
        .select('user', 'ts'),
    text: "clicks.dropDuplicates(['user', 'page', 'ts']).dropDuplicates(['user', 'ts']).select('user', 'ts')",
    recorded: ['dedup-twice-append'],
  },
  {
    name: 'aggregate of a union',
    query:
      'SELECT user, count(*) AS n FROM (SELECT user FROM raw_clicks UNION ALL SELECT user FROM raw_buys) GROUP BY user',
    recorded: ['union-agg-update'],
  },
  {
    name: 'union of aggregates, by window',
    query: `SELECT 'click' AS what, w.start AS start, user, n FROM (${PER_USER('clicks')}) UNION ALL SELECT 'buy', w.start, user, n FROM (${PER_USER('buys')})`,
    key: ['what', 'start', 'user'],
    recorded: ['union-of-aggregates-append'],
  },
  {
    name: 'aggregate of a WITH RECURSIVE',
    query:
      'WITH RECURSIVE down AS (SELECT n FROM raw_clicks UNION ALL SELECT n - 1 FROM down WHERE n > 1) SELECT n, count(*) AS times FROM down GROUP BY n',
  },
]
