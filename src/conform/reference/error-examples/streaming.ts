import { conform, started, statements, when, type ErrorExamples } from './error-example.ts'

/** An example for every condition of the section "streaming" of errors/codes.ts. */
export const STREAMING: ErrorExamples = {
  'INVALID_CONF_VALUE.REQUIREMENT': statements('SET spark.sql.ansi.enabled = maybe'),
  'INVALID_CONF_VALUE.TIME_ZONE': statements("SET spark.sql.session.timeZone = 'Mars/Base'"),
  NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING: started(
    'append',
    'SELECT user, row_number() OVER (PARTITION BY user ORDER BY n) AS nth FROM raw_clicks',
  ),
  STREAMING_CHAINED_STATE: started(
    'update',
    'SELECT n, count(*) AS users FROM (SELECT user, count(*) AS n FROM raw_clicks GROUP BY user) GROUP BY n',
  ),
  STREAMING_DEDUP_WITHOUT_WATERMARK: when(
    "`stream.dropDuplicatesWithinWatermark(['user'])` of a stream without a watermark.",
  ),
  STREAMING_DISTINCT_AGGREGATE: conform('SELECT count(DISTINCT user) FROM raw_clicks', 'update'),
  STREAMING_EXCEPT: started('append', 'SELECT user FROM users EXCEPT SELECT user FROM raw_clicks'),
  STREAMING_EXPRESSION: started('append', 'SELECT monotonically_increasing_id() AS id, user FROM raw_clicks'),
  STREAMING_INTERSECT: started('append', 'SELECT user FROM raw_clicks INTERSECT SELECT user FROM raw_buys'),
  STREAMING_JOIN_KEEPS_REFRESHED_TABLE: when('`stream RIGHT JOIN t` where `t` is read with `refreshInterval`.'),
  STREAMING_JOIN_OUTPUT_MODE: started(
    'update',
    'SELECT l.user, l.n FROM clicks l LEFT ANTI JOIN buys r ON l.user = r.user',
  ),
  STREAMING_JOIN_TYPE: conform('SELECT c.user FROM clicks c RIGHT JOIN users u ON c.user = u.user', 'append'),
  STREAMING_JOIN_WITHOUT_EQUALITY: started('append', 'SELECT c.user, b.amount FROM clicks c CROSS JOIN buys b'),
  STREAMING_JOIN_WITHOUT_WATERMARK: started(
    'append',
    'SELECT l.user, l.n FROM clicks l LEFT SEMI JOIN buys r ON l.user = r.user',
  ),
  STREAMING_LIMIT: started('update', 'SELECT user, n FROM raw_clicks LIMIT 3'),
  STREAMING_OFFSET: started('append', 'SELECT user FROM raw_clicks LIMIT 2 OFFSET 1'),
  'STREAMING_OUTPUT_MODE.INVALID': started('upsert', 'SELECT user FROM raw_clicks'),
  'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION': started('append', 'SELECT DISTINCT user FROM raw_clicks'),
  STREAMING_PIVOT: started(
    'update',
    "SELECT * FROM (SELECT user, page, n FROM raw_clicks) PIVOT (sum(n) FOR page IN ('home', 'cart'))",
  ),
  STREAMING_RECURSIVE_CTE: started(
    'append',
    'WITH RECURSIVE down AS (SELECT n FROM raw_clicks UNION ALL SELECT n - 1 FROM down WHERE n > 1) SELECT n FROM down',
  ),
  STREAMING_SAMPLE: started('append', 'SELECT user FROM raw_clicks TABLESAMPLE (50 PERCENT)'),
  STREAMING_SESSION_WITHOUT_KEY: conform(
    "SELECT count(*) FROM clicks GROUP BY session_window(ts, '5 minutes')",
    'append',
  ),
  STREAMING_SINK_WITHOUT_DELETIONS: when(
    'Session windows in update mode written to `console`, which cannot take a row back.',
  ),
  STREAMING_SORT: started('append', 'SELECT user, n FROM raw_clicks SORT BY n'),
  STREAMING_STATE_FUNCTION_COUNT: when('Two `mapGroupsWithState` in one query.'),
  STREAMING_STATE_FUNCTION_MODE: when('`flatMapGroupsWithState` that says append, in a query of output mode update.'),
  STREAMING_INITIAL_STATE: when('`transformWithState` whose initial state is a stream.'),
  STREAMING_STATE_FUNCTION_WITHOUT_WATERMARK: when(
    '`mapGroupsWithState` with event-time timeouts over a stream without a watermark.',
  ),
  STREAMING_UNION_WITH_TABLE: started('update', 'SELECT user FROM raw_clicks UNION SELECT user FROM users'),
  STREAMING_WATERMARK_REDEFINED: started(
    'append',
    'SELECT * FROM (SELECT * FROM clicks) WATERMARK ts DELAY OF INTERVAL 5 SECONDS',
  ),
  STREAM_REQUIRED: when(
    'A plan that reads no stream is asked to run as one; `df.writeStream` refuses it before, with WRITE_STREAM_NOT_ALLOWED.',
  ),
  INVALID_CALENDAR_PERIOD: statements("SELECT calendar_window(since, 'fortnight') FROM offers"),
  INVALID_WEEK_START: statements("SELECT calendar_window(since, 'week', 'UTC', 'someday') FROM offers"),
  TIME_WINDOW_DURATION_NOT_CONSTANT: statements('SELECT window(since, user) FROM offers'),
  TIME_WINDOW_DURATION_WITH_MONTHS: statements(
    "SELECT session_window(since, '1 month') FROM offers GROUP BY session_window(since, '1 month')",
  ),
  'WINDOW_TABLE_FUNCTION.NO_TABLE': statements("SELECT * FROM TUMBLE(1, DESCRIPTOR(since), INTERVAL '10' SECONDS)"),
  'WINDOW_TABLE_FUNCTION.NO_TIME_COLUMN': statements("SELECT * FROM TUMBLE(TABLE offers, 5, INTERVAL '10' SECONDS)"),
  'WINDOW_TABLE_FUNCTION.PARTITIONED': statements(
    "SELECT * FROM TUMBLE(TABLE offers PARTITION BY user, DESCRIPTOR(since), INTERVAL '10' SECONDS)",
  ),
  TIME_WINDOW_TWICE: statements("SELECT window(since, '1 minute'), window(until, '1 minute') FROM offers"),
}
