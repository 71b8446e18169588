import { count } from '../../dataframe/functions.ts'
import type { MillraceSession } from '../../session.ts'
import type { Shape } from './shape.ts'

interface Click {
  readonly user: string
  readonly n: number
}

/** Queries that look at one row at a time. */
export const ROWS: readonly Shape[] = [
  {
    name: 'SELECT',
    query: 'SELECT user, upper(page) AS page, n * 2 AS n FROM raw_clicks',
    recorded: ['sl-projection'],
  },
  {
    name: 'WHERE',
    query: "SELECT user, n FROM clicks WHERE n > 1 AND page = 'home'",
    recorded: ['sl-filter-three-valued'],
  },
  { name: 'WITH', query: 'WITH big AS (SELECT * FROM clicks WHERE n > 1) SELECT user, page FROM big' },
  { name: 'explode', query: 'SELECT user, explode(tags) AS tag FROM raw_clicks' },
  {
    name: 'LATERAL VIEW OUTER',
    query: 'SELECT user, tag FROM raw_clicks LATERAL VIEW OUTER explode(tags) t AS tag',
    recorded: ['sl-explode-outer-posexplode'],
  },
  {
    name: 'registered function',
    query: (session) => {
      session.udf.register('twice', (n: number) => n * 2, 'INT')
      return session.sql('SELECT user, twice(n) AS n FROM raw_clicks')
    },
    text: "session.udf.register('twice', (n) => n * 2, 'INT')\nSELECT user, twice(n) AS n FROM raw_clicks",
  },
  {
    name: 'asynchronous function',
    query: (session) => {
      session.udf.register('later', (n: number) => Promise.resolve(n + 1), { returns: 'INT', async: true })
      return session.sql('SELECT user, later(n) AS n FROM raw_clicks')
    },
    text: "session.udf.register('later', async (n) => n + 1, { returns: 'INT', async: true })\nSELECT user, later(n) AS n FROM raw_clicks",
  },
  {
    name: 'map, filter and flatMap',
    query: (session) =>
      clicks(session)
        .filter((click) => click.n > 1)
        .map(({ user, n }) => ({ user, n: n * 2 }), 'user STRING, n INT')
        .flatMap(({ user }) => [{ user }, { user }], 'user STRING'),
    text: "raw_clicks.filter((c) => c.n > 1).map(({ user, n }) => ({ user, n: n * 2 }), '…').flatMap(({ user }) => [{ user }, { user }], '…')",
  },
  {
    name: 'rand',
    // Whatever the numbers are, the answer is known.
    query: 'SELECT user, rand() < 2 AS below FROM raw_clicks',
  },
  {
    name: 'current_timestamp',
    query: "SELECT user, current_timestamp() > TIMESTAMP '2000-01-01 00:00:00' AS past FROM raw_clicks",
    recorded: ['sl-current-timestamp-same-in-batch'],
  },
  { name: 'monotonically_increasing_id', query: 'SELECT monotonically_increasing_id() AS id, user FROM raw_clicks' },
  { name: 'TABLESAMPLE', query: 'SELECT user FROM raw_clicks TABLESAMPLE (50 PERCENT)', recorded: ['err-tablesample'] },
  {
    name: 'observe',
    query: (session) => session.table('raw_clicks').observe('seen', count('*').alias('rows')).select('user'),
    text: "raw_clicks.observe('seen', count('*').alias('rows')).select('user')",
  },
  {
    name: 'watermark set twice on a column',
    query: (session) => session.table('clicks').withWatermark('ts', '20 seconds').select('user'),
    text: "clicks.withWatermark('ts', '20 seconds').select('user')",
  },
]

const clicks = (session: MillraceSession) => session.table('raw_clicks').select('user', 'n').as<Click>()
