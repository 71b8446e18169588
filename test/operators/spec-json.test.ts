import { expect, test } from 'vitest'
import type { Batch } from '../../src/columns/batch.ts'
import { runBatch } from '../../src/engine/batch-run.ts'
import { systemClock } from '../../src/engine/clock.ts'
import { type DataFrame, millrace } from '../../src/index.ts'
import { fingerprints } from '../../src/plan/fingerprint.ts'
import { optimize } from '../../src/plan/optimize.ts'
import { planQuery } from '../../src/planner/plan-query.ts'
import type { PipelineSpec } from '../../src/planner/spec.ts'
import { env } from '../expr/build.ts'
import { text } from './harness.ts'

const session = millrace({ 'spark.sql.session.timeZone': env.timeZone })
session.sql(`CREATE VIEW t AS SELECT * FROM VALUES
  (1, 'a', 10.50, timestamp'2026-01-01 00:00:07', array('x', 'y'), map('k', 1), named_struct('m', 1, 'n', 'one')),
  (2, NULL, -3.25, timestamp'1969-12-31 23:59:58', array(), NULL, NULL),
  (NULL, 'b', NULL, NULL, NULL, map(), named_struct('m', NULL, 'n', '')),
  (2, 'b', 99999999.99, timestamp'2026-01-01 00:00:13', array(NULL), map('q', NULL), named_struct('m', 3, 'n', 'drei'))
  AS v(id, name, price, ts, tags, props, s)`)
session.sql(
  "CREATE VIEW u AS SELECT * FROM VALUES (1, X'00ff', 9223372036854775807), (3, X'', -9223372036854775808), (2, NULL, NULL) AS w(id, raw, big)",
)

const QUERIES = [
  'SELECT * FROM t',
  'SELECT * FROM u',
  "SELECT id + 1 AS a, upper(name) AS b, price * 2 AS c, CASE WHEN id > 1 THEN 'x' ELSE name END AS d, s.n, props['k'] AS k FROM t WHERE id IS NOT NULL OR name LIKE 'b%'",
  'SELECT name, count(*) AS n, sum(price) AS total, min(ts) AS first, avg(id) AS mean, count(DISTINCT id) AS ids FROM t GROUP BY name',
  'SELECT count(*) AS n FROM t WHERE false',
  "SELECT window.start, window.end, count(*) AS n FROM t GROUP BY window(ts, '10 seconds', '5 seconds', '2 seconds')",
  'SELECT id, name, sum(price) AS p FROM t GROUP BY ROLLUP (id, name)',
  'SELECT DISTINCT id FROM t',
  'SELECT t.id, u.raw, u.big FROM t FULL OUTER JOIN u ON t.id = u.id AND t.price > 0',
  'SELECT t.id FROM t LEFT ANTI JOIN u ON t.id <=> u.id',
  'SELECT a.id, b.id AS other FROM t a CROSS JOIN u b WHERE a.id < b.id',
  'SELECT id FROM t UNION ALL SELECT id FROM u',
  'SELECT id FROM t INTERSECT ALL SELECT id FROM u',
  'SELECT id FROM t EXCEPT SELECT id FROM u',
  'SELECT * FROM t ORDER BY price DESC NULLS LAST, id',
  'SELECT id FROM t ORDER BY id LIMIT 2 OFFSET 1',
  'SELECT id, pos, tag FROM t LATERAL VIEW OUTER posexplode(tags) x AS pos, tag',
  'SELECT id, key, value FROM t LATERAL VIEW explode(props) x AS key, value',
  'SELECT transform(tags, x -> concat(x, name)) AS xs, filter(array(1, 2, 3), y -> y > id) AS ys FROM t',
  "SELECT CAST('2026-03-08 02:30:00' AS TIMESTAMP) AS gap, date'2026-02-28' + id AS d, interval '1' day AS i FROM t",
  'SELECT id FROM range(5)',
  'SELECT id, sum(price) OVER (PARTITION BY name ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s, lag(name, 1, name) IGNORE NULLS OVER (ORDER BY id, price) AS l, ntile(2) OVER (ORDER BY id, price) AS n FROM t',
  "SELECT ts, count(*) OVER (ORDER BY ts DESC RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW) AS n FROM t",
  'WITH RECURSIVE r(n, path) AS (SELECT id, array(id) FROM u UNION ALL SELECT n + 1, array_append(path, n) FROM r WHERE n < 5) SELECT * FROM r',
] as const

function specOf(df: DataFrame): PipelineSpec {
  const { plan } = optimize(df.analyzed, env)
  const envSpec = {
    timeZone: env.timeZone,
    ansi: env.ansi,
    caseSensitive: env.caseSensitive,
    mapKeyDedupPolicy: env.mapKeyDedupPolicy,
  }
  const prints = new Map(
    fingerprints(df.analyzed).map((f) => [f.nodeId, { fingerprint: f.fingerprint, describe: f.describe }]),
  )
  return planQuery(plan, { mode: null, env, envSpec, fingerprints: prints })
}

async function rowsOf(spec: PipelineSpec): Promise<string[]> {
  const batches: Batch[] = []
  await runBatch(
    spec,
    { clock: systemClock, timeZone: env.timeZone, objects: new Map(), env },
    (b) => void batches.push(b),
  )
  return batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => text(b.row(i))))
}

/** What JSON would silently change: undefined members aside, every value must be one of JSON's. */
function notJson(value: unknown, path: string): string[] {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'string') return []
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? [] : [`${path} is ${value}`]
  if (Array.isArray(value)) return value.flatMap((v, i) => notJson(v, `${path}[${i}]`))
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.entries(value).flatMap(([k, v]) => notJson(v, `${path}.${k}`))
  return [`${path} is a ${typeof value === 'object' ? value.constructor.name : typeof value}`]
}

test.each(QUERIES)('%s', async (sql) => {
  const spec = specOf(session.sql(sql))
  expect(notJson(spec, 'spec')).toEqual([])
  const copy = JSON.parse(JSON.stringify(spec)) as PipelineSpec
  // Twice through JSON is once through JSON.
  expect(JSON.stringify(copy)).toBe(JSON.stringify(spec))
  const rows = await rowsOf(spec)
  expect(await rowsOf(copy)).toEqual(rows)
  expect(rows.length).toBe((await session.sql(sql).collect()).length)
})
