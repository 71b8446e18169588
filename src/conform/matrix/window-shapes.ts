import type { Shape } from './shape.ts'

const perWindow = (window: string, table = 'clicks', keys = ''): string =>
  `SELECT window.start AS start, window.end AS end${keys}, count(*) AS n FROM ${table} GROUP BY ${window}${keys}`
const perSession = (gap: string, table = 'clicks'): string =>
  `SELECT session_window.start AS start, session_window.end AS end, user, count(*) AS n FROM ${table} GROUP BY session_window(ts, ${gap}), user`

/** Aggregations by windows of event time. */
export const WINDOWS: readonly Shape[] = [
  {
    name: 'tumbling window',
    query: perWindow("window(ts, '10 seconds')"),
    recorded: ['agg-count-append-window', 'win-tumbling-update'],
  },
  { name: 'tumbling window and key', query: perWindow("window(ts, '10 seconds')", 'clicks', ', user') },
  {
    name: 'sliding window',
    query: perWindow("window(ts, '10 seconds', '5 seconds')"),
    recorded: ['win-sliding-append', 'win-sliding-update'],
  },
  { name: 'window with a start offset', query: perWindow("window(ts, '10 seconds', '10 seconds', '3 seconds')") },
  {
    name: 'window without a watermark',
    query: perWindow("window(ts, '10 seconds')", 'raw_clicks'),
    recorded: ['err-agg-window-append-no-watermark'],
  },
  {
    name: 'window as a column, nothing aggregated',
    query: "SELECT window(ts, '10 seconds').start AS start, user FROM clicks",
    recorded: ['win-projection-tumbling-append'],
  },
  {
    name: 'window_time of a window',
    query:
      "SELECT window_time(window) AS time, user, n FROM (SELECT window(ts, '10 seconds') AS window, user, count(*) AS n FROM clicks GROUP BY 1, user)",
    recorded: ['win-window-time-update'],
  },
  {
    name: 'window of windows',
    query:
      "SELECT window.start AS start, sum(n) AS n FROM (SELECT window AS w, user, count(*) AS n FROM clicks GROUP BY window(ts, '5 seconds'), user) GROUP BY window(w, '20 seconds')",
    recorded: ['chain-window-of-window-append'],
  },
  {
    name: 'window of window_time',
    query:
      "SELECT window.start AS start, sum(n) AS n FROM (SELECT window_time(w) AS time, n FROM (SELECT window AS w, user, count(*) AS n FROM clicks GROUP BY window(ts, '5 seconds'), user)) GROUP BY window(time, '20 seconds')",
  },
  {
    name: 'session window',
    query: perSession("'5 seconds'"),
    recorded: ['win-session-static-append', 'win-session-complete-merge'],
  },
  {
    name: 'session window, gap by row',
    query: perSession("CASE WHEN page = 'cart' THEN '12 seconds' ELSE '5 seconds' END"),
    recorded: ['win-session-dynamic-gap-append'],
  },
  {
    name: 'session window without another key',
    query: "SELECT session_window.start AS start, count(*) AS n FROM clicks GROUP BY session_window(ts, '5 seconds')",
    recorded: ['err-session-no-other-key'],
  },
  {
    name: 'session window without a watermark',
    query: perSession("'5 seconds'", 'raw_clicks'),
    recorded: ['err-session-append-no-watermark'],
  },
  {
    name: 'window of sessions',
    query:
      "SELECT window.start AS start, sum(n) AS n FROM (SELECT session_window AS w, user, count(*) AS n FROM clicks GROUP BY session_window(ts, '5 seconds'), user) GROUP BY window(w, '20 seconds')",
    recorded: ['chain-session-then-window-append'],
  },
  {
    name: 'day of the calendar',
    query:
      "SELECT w.start AS start, w.end AS end, count(*) AS n FROM (SELECT calendar_window(ts, 'day', 'Europe/Vienna') AS w FROM clicks) GROUP BY w",
  },
  { name: 'window of a month', query: perWindow("window(ts, '1 month')") },
  {
    name: 'TUMBLE in FROM',
    query:
      "SELECT window_start, window_end, count(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECONDS)) GROUP BY window_start, window_end",
  },
  {
    name: 'HOP in FROM',
    query:
      "SELECT window_start, window_end, user, count(*) AS n FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '10' SECONDS)) GROUP BY window_start, window_end, user",
  },
  {
    name: 'CUMULATE in FROM',
    query:
      "SELECT window_start, window_end, count(*) AS n FROM TABLE(CUMULATE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '20' SECONDS)) GROUP BY window_start, window_end",
  },
  {
    name: 'SESSION in FROM',
    query:
      "SELECT user, window_start, window_end, n FROM TABLE(SESSION(TABLE clicks PARTITION BY user, DESCRIPTOR(ts), INTERVAL '5' SECONDS))",
  },
  {
    name: 'TUMBLE in FROM, nothing aggregated',
    query: "SELECT window_start, user, n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECONDS))",
  },
]
