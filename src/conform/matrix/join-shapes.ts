import type { Shape } from './shape.ts'

const KINDS = [
  ['inner', 'JOIN'],
  ['left', 'LEFT JOIN'],
  ['right', 'RIGHT JOIN'],
  ['full', 'FULL JOIN'],
  ['semi', 'LEFT SEMI JOIN'],
  ['anti', 'LEFT ANTI JOIN'],
] as const

const RECORDED: Readonly<Record<string, readonly string[]>> = {
  'stream and table, inner': ['static-join-inner'],
  'stream and table, left': ['static-join-left'],
  'stream and table, anti': ['static-join-left-anti'],
  'table and stream, left': ['err-static-join-static-left'],
  'streams by key alone, inner': ['join-inner-no-watermark', 'err-complete-join-no-agg'],
  'streams by key alone, right': ['err-join-right-no-watermark'],
  'streams by key alone, full': ['err-join-full-no-watermark'],
  'streams by key, watermarks, no bound of time, full': ['err-join-full-watermark-no-range'],
  'streams in a range of time, left': ['err-join-left-update-mode'],
  'streams in a range of time, right': ['join-right-time-range'],
  'streams in a range of time, full': ['join-full-time-range'],
  'streams at the same time, inner': ['join-inner-event-time-equality'],
  'streams at the same time, full': ['join-full-event-time-equality'],
  'streams at the same time, anti': ['err-join-anti'],
  'streams of equal windows, right': ['join-right-window-equality'],
  'streams of equal windows, full': ['join-full-window-equality'],
}

/** Both sides, the condition, and the columns of each side. */
const PAIRS = [
  ['stream and table', 'raw_clicks l', 'users r', 'l.user = r.user', 'l.user, l.n', 'r.country'],
  ['table and stream', 'users l', 'raw_clicks r', 'l.user = r.user', 'l.user, l.country', 'r.n'],
  [
    'table and stream in a range of time',
    'offers l',
    'clicks r',
    'l.user = r.user AND r.ts BETWEEN l.since AND l.until',
    'l.user, l.until',
    'r.n',
  ],
  ['streams by key alone', 'raw_clicks l', 'raw_buys r', 'l.user = r.user', 'l.user, l.n', 'r.amount'],
  ['streams by key, watermarks, no bound of time', 'clicks l', 'buys r', 'l.user = r.user', 'l.user, l.n', 'r.amount'],
  [
    'streams in a range of time',
    'clicks l',
    'buys r',
    // Both directions, so that either side can be released.
    'l.user = r.user AND r.ts BETWEEN l.ts - INTERVAL 5 SECONDS AND l.ts + INTERVAL 10 SECONDS',
    'l.user, l.ts, l.n',
    'r.ts AS bought, r.amount',
  ],
  [
    'streams at the same time',
    'clicks l',
    'buys r',
    'l.user = r.user AND l.ts = r.ts',
    'l.user, l.ts, l.n',
    'r.amount',
  ],
  [
    'streams of equal windows',
    "(SELECT window(ts, '10 seconds') AS w, user, n FROM clicks) l",
    "(SELECT window(ts, '10 seconds') AS w, user, amount FROM buys) r",
    'l.user = r.user AND l.w = r.w',
    'l.user, l.w.start AS start, l.n',
    'r.amount',
  ],
] as const

const kinds: readonly Shape[] = PAIRS.flatMap(([sides, left, right, on, own, other]) =>
  KINDS.map(([kind, join]): Shape => {
    const name = `${sides}, ${kind}`
    const columns = kind === 'semi' || kind === 'anti' ? own : `${own}, ${other}`
    return { name, query: `SELECT ${columns} FROM ${left} ${join} ${right} ON ${on}`, recorded: RECORDED[name] ?? [] }
  }),
)

/** Joins, and subqueries, which run as joins. */
export const JOINS: readonly Shape[] = [
  ...kinds,
  {
    name: 'stream and table, cross',
    query: 'SELECT c.user, u.country FROM raw_clicks c CROSS JOIN users u',
    recorded: ['static-join-cross'],
  },
  { name: 'streams, cross', query: 'SELECT c.user, b.amount FROM clicks c CROSS JOIN buys b' },
  {
    name: 'stream and table, no equality',
    query: 'SELECT c.user, u.country FROM raw_clicks c JOIN users u ON c.user < u.user',
    recorded: ['static-join-non-equi'],
  },
  {
    name: 'streams in a range of time, no equality',
    query:
      'SELECT c.user, b.amount FROM clicks c JOIN buys b ON b.ts BETWEEN c.ts - INTERVAL 5 SECONDS AND c.ts + INTERVAL 5 SECONDS',
    recorded: ['err-join-range-only'],
  },
  {
    name: 'streams in a range of time, watermark on the wrong side, left',
    query:
      'SELECT l.user, r.amount FROM clicks l LEFT JOIN raw_buys r ON l.user = r.user AND r.ts BETWEEN l.ts AND l.ts + INTERVAL 5 SECONDS',
    recorded: ['err-join-left-watermark-wrong-side'],
  },
  {
    name: 'streams at a time that is computed, left',
    query:
      "SELECT l.user, l.ts, r.amount FROM clicks l LEFT JOIN buys r ON l.user = r.user AND l.ts = date_trunc('second', r.ts)",
  },
  {
    name: 'streams in a range whose end is computed, left',
    query:
      "SELECT l.user, r.amount FROM clicks l LEFT JOIN buys r ON l.user = r.user AND r.ts BETWEEN l.ts AND date_trunc('minute', l.ts) + INTERVAL 1 MINUTE",
  },
  {
    name: 'streams in a range with an interval to be computed, left',
    query:
      'SELECT l.user, l.ts, r.amount FROM clicks l LEFT JOIN buys r ON l.user = r.user AND r.ts BETWEEN l.ts AND l.ts + INTERVAL 1 SECOND * 5',
  },
  {
    name: 'stream with itself',
    query: 'SELECT a.user, a.n AS n, b.n AS m FROM clicks a JOIN clicks b ON a.user = b.user AND a.ts = b.ts',
    recorded: ['join-self-inner'],
  },
  {
    name: 'IN (subquery over a table)',
    query: 'SELECT user, n FROM raw_clicks WHERE user IN (SELECT user FROM users)',
  },
  {
    name: 'NOT IN (subquery over a table)',
    query: 'SELECT user, n FROM raw_clicks WHERE user NOT IN (SELECT user FROM users)',
  },
  {
    name: 'EXISTS (subquery over a table)',
    query: 'SELECT user, n FROM raw_clicks c WHERE EXISTS (SELECT 1 FROM users u WHERE u.user = c.user)',
  },
  {
    name: 'scalar subquery over a table',
    query: 'SELECT user, (SELECT max(country) FROM users) AS last FROM raw_clicks',
    recorded: ['static-join-scalar-subquery'],
  },
  {
    name: 'IN (subquery over a stream)',
    query: 'SELECT user FROM users WHERE user IN (SELECT user FROM raw_clicks)',
    recorded: ['err-static-in-stream-subquery'],
  },
  {
    name: 'EXISTS (subquery over a stream)',
    query: 'SELECT user FROM raw_clicks c WHERE EXISTS (SELECT 1 FROM raw_buys b WHERE b.user = c.user)',
    recorded: ['err-stream-exists-stream'],
  },
  {
    name: 'scalar subquery over a stream',
    query: 'SELECT user, (SELECT max(n) FROM raw_clicks) AS top FROM raw_clicks',
    recorded: ['err-scalar-subquery-over-stream'],
  },
]
