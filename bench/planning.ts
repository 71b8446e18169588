/**
 * From SQL text to a running plan: node dist/bench/planning.js [RUNS=300]
 *
 * A query of 60 lines over four empty tables: parsing, parsing and analysis, and all up to the rows (which are none):
 * analysis, optimization, planning, generated code. Warm, milliseconds; and the first parse of the process.
 */
import { millrace } from '../src/index.ts'
import { parseStatement } from '../src/sql/parse.ts'

const runs = Number(process.argv[2] ?? 300)

const QUERY = `WITH recent AS (
  SELECT o.id,
         o.customer,
         o.placed,
         o.state,
         date_trunc('month', o.placed) AS month
  FROM orders o
  WHERE o.placed >= TIMESTAMP '2026-01-01 00:00:00'
    AND o.state NOT IN ('cancelled', 'draft')
),
lines AS (
  SELECT i.order_id,
         i.product,
         i.quantity,
         i.price,
         i.quantity * i.price * (1 - coalesce(i.discount, 0)) AS amount,
         CASE
           WHEN i.quantity >= 100 THEN 'bulk'
           WHEN i.quantity >= 10 THEN 'box'
           ELSE 'single'
         END AS size
  FROM items i
  WHERE i.price BETWEEN 1 AND 10000
),
spent AS (
  SELECT r.customer,
         r.month,
         count(DISTINCT r.id) AS orders,
         sum(l.amount) AS amount,
         max(l.amount) AS largest,
         count(*) FILTER (WHERE l.size = 'bulk') AS bulk
  FROM recent r
  JOIN lines l ON l.order_id = r.id
  GROUP BY r.customer, r.month
  HAVING sum(l.amount) > 100
),
ranked AS (
  SELECT s.*,
         row_number() OVER (PARTITION BY s.month ORDER BY s.amount DESC, s.customer) AS place,
         sum(s.amount) OVER (PARTITION BY s.customer ORDER BY s.month) AS so_far,
         lag(s.amount) OVER (PARTITION BY s.customer ORDER BY s.month) AS before
  FROM spent s
)
SELECT c.name,
       upper(substring(c.country, 1, 2)) AS country,
       r.month,
       r.orders,
       round(r.amount, 2) AS amount,
       r.largest,
       r.bulk,
       r.place,
       round(100 * (r.amount - r.before) / nullif(r.before, 0), 1) AS growth,
       concat_ws(' / ', c.segment, p.label) AS label
FROM ranked r
JOIN customers c ON c.id = r.customer
LEFT JOIN segments p ON p.segment = c.segment AND p.until > current_date()
WHERE r.place <= 10
  AND EXISTS (SELECT 1 FROM orders o WHERE o.customer = c.id AND o.state = 'paid')
ORDER BY r.month, r.place`

const begun = performance.now()
parseStatement('SELECT 1')
console.log(`first parse of the process         ${(performance.now() - begun).toFixed(1).padStart(8)} ms`)

await using session = millrace()
for (const [name, ddl] of [
  ['orders', 'id BIGINT, customer BIGINT, placed TIMESTAMP, state STRING'],
  ['items', 'order_id BIGINT, product STRING, quantity INT, price DECIMAL(10,2), discount DECIMAL(4,2)'],
  ['customers', 'id BIGINT, name STRING, country STRING, segment STRING'],
  ['segments', 'segment STRING, label STRING, until DATE'],
] as const)
  session.createDataFrame([], ddl).createOrReplaceTempView(name)

async function measure(name: string, body: () => unknown): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await body()
    times.push(performance.now() - start)
  }
  const warm = times.slice(Math.floor(runs / 3)).sort((a, b) => a - b)
  const at = (share: number): string => warm[Math.floor(warm.length * share)]!.toFixed(2).padStart(8)
  console.log(`${name.padEnd(34)} ${at(0.5)} ms median ${at(0.95)} ms p95`)
}

console.log(`a query of ${QUERY.split('\n').length} lines, ${runs} runs, the last two thirds`)
await measure('parse', () => parseStatement(QUERY))
await measure('parse and analysis', () => session.sql(QUERY).schema)
await measure('all, up to the rows of empty tables', () => session.sql(QUERY).collect())
