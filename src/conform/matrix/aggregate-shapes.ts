import type { Shape } from './shape.ts'

const WINDOW = "window(ts, '10 seconds')"

/** Aggregations by key, DISTINCT and deduplication. */
export const AGGREGATES: readonly Shape[] = [
  {
    name: 'by key',
    query: 'SELECT user, count(*) AS n, sum(n) AS total FROM raw_clicks GROUP BY user',
    recorded: ['agg-two-keys-update'],
  },
  {
    name: 'by key, watermark on another column',
    query: 'SELECT user, count(*) AS n FROM clicks GROUP BY user',
    recorded: ['err-agg-append-watermark-not-in-keys'],
  },
  {
    name: 'by event time',
    query: 'SELECT ts, count(*) AS n FROM clicks GROUP BY ts',
    recorded: ['win-group-by-event-time-append'],
  },
  {
    name: 'of the whole stream',
    query: 'SELECT count(*) AS n, max(n) AS top FROM raw_clicks',
    recorded: ['err-agg-global-append', 'agg-global-complete'],
  },
  {
    name: 'ROLLUP, CUBE, GROUPING SETS',
    query: 'SELECT user, page, grouping_id() AS g, count(*) AS n FROM raw_clicks GROUP BY CUBE (user, page)',
    key: ['user', 'page', 'g'],
    recorded: ['agg-grouping-sets-update', 'agg-cube-complete'],
  },
  {
    name: 'ROLLUP beside a window',
    query: `SELECT window.start AS start, user, grouping_id() AS g, count(*) AS n FROM clicks GROUP BY ${WINDOW}, ROLLUP (user)`,
    key: ['start', 'user', 'g'],
    recorded: ['agg-rollup-window-append'],
  },
  {
    name: 'HAVING',
    query: `SELECT window.start AS start, user, count(*) AS n FROM clicks GROUP BY ${WINDOW}, user HAVING count(*) > 1`,
    recorded: ['agg-having-update'],
  },
  { name: 'FILTER', query: `SELECT ${WINDOW} AS w, count(*) FILTER (WHERE n > 1) AS n FROM clicks GROUP BY ${WINDOW}` },
  {
    name: 'collect_list, first, last',
    query: `SELECT window.start AS start, collect_list(page) AS pages, first(user) AS first, last(user) AS last FROM clicks GROUP BY ${WINDOW}`,
    recorded: ['agg-first-last-append-window'],
  },
  {
    name: 'DISTINCT aggregate',
    query: 'SELECT count(DISTINCT user) AS users FROM raw_clicks',
    recorded: ['err-sum-distinct-complete', 'err-count-two-distinct'],
  },
  {
    name: 'DISTINCT aggregate by key',
    query: 'SELECT page, count(DISTINCT user) AS users FROM raw_clicks GROUP BY page',
  },
  {
    name: 'DISTINCT aggregate by window',
    query: `SELECT window.start AS start, count(DISTINCT user) AS users FROM clicks GROUP BY ${WINDOW}`,
  },
  {
    name: 'PIVOT',
    query: "SELECT * FROM (SELECT user, page, n FROM raw_clicks) PIVOT (sum(n) FOR page IN ('home', 'cart'))",
    recorded: ['err-agg-pivot-complete'],
  },
  {
    name: 'reduceGroups',
    query: (session) =>
      session
        .table('raw_clicks')
        .select('user', 'n')
        .as<{ readonly user: string; readonly n: number }>()
        .groupByKey((click) => click.user, 'STRING')
        .reduceGroups((a, b) => (a.n >= b.n ? a : b)),
    text: 'raw_clicks.groupByKey((c) => c.user).reduceGroups((a, b) => (a.n >= b.n ? a : b))',
  },
  {
    name: 'SELECT DISTINCT with the event time',
    query: 'SELECT DISTINCT ts, user FROM clicks',
    recorded: ['dedup-select-distinct-with-watermark-append'],
  },
  {
    name: 'SELECT DISTINCT without',
    query: 'SELECT DISTINCT user FROM raw_clicks',
    recorded: ['agg-distinct-select-complete'],
  },
  {
    name: 'dropDuplicates',
    query: (session) => session.table('raw_clicks').dropDuplicates(['user']).select('user', 'page'),
    text: "raw_clicks.dropDuplicates(['user']).select('user', 'page')",
    recorded: ['dedup-by-key-no-watermark-update', 'err-complete-dedup-no-agg'],
  },
  {
    name: 'dropDuplicates with the event time',
    query: (session) => session.table('clicks').dropDuplicates(['user', 'ts']).select('user', 'page'),
    text: "clicks.dropDuplicates(['user', 'ts']).select('user', 'page')",
    recorded: ['dedup-key-and-time-update'],
  },
  {
    name: 'dropDuplicates, watermark on another column',
    query: (session) => session.table('clicks').dropDuplicates(['user']).select('user', 'page'),
    text: "clicks.dropDuplicates(['user']).select('user', 'page')",
    recorded: ['dedup-key-only-with-watermark-append'],
  },
  {
    name: 'dropDuplicatesWithinWatermark',
    // Every duplicate of the demo rows comes within the delay.
    query: (session) =>
      session.table('clicks').dropDuplicatesWithinWatermark(['user', 'page', 'n']).select('user', 'page', 'n'),
    text: "clicks.dropDuplicatesWithinWatermark(['user', 'page', 'n']).select('user', 'page', 'n')",
    recorded: ['dedup-within-watermark-append'],
  },
  {
    name: 'dropDuplicatesWithinWatermark without a watermark',
    query: (session) => session.table('raw_clicks').dropDuplicatesWithinWatermark(['user']).select('user'),
    text: "raw_clicks.dropDuplicatesWithinWatermark(['user']).select('user')",
    recorded: ['err-dedup-within-watermark-no-watermark'],
  },
]
