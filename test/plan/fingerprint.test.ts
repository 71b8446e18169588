import { expect, test } from 'vitest'
import { explain } from '../../src/plan/explain.ts'
import { fingerprints } from '../../src/plan/fingerprint.ts'
import { optimize } from '../../src/plan/optimize.ts'
import { envOf, plan, source, watermark, worldOf } from './harness.ts'

const world = worldOf({
  e: watermark(source('ts TIMESTAMP, k STRING, v INT'), 'ts', '10 minutes'),
  f: source('k STRING, v INT'),
})
const prints = (text: string) => fingerprints(plan(text, world)).map((f) => f.fingerprint)
const base = 'SELECT k, sum(v) AS s FROM f GROUP BY k'

test.each([
  'SELECT k, sum(v) AS total FROM f GROUP BY k',
  'SELECT sum(v), k FROM f GROUP BY k',
  'SELECT x AS k, sum(y) AS s FROM (SELECT k AS x, v AS y FROM f) GROUP BY x',
  'SELECT k, sum(v) AS s FROM f WHERE v > 1 GROUP BY k HAVING sum(v) > 2',
])('the same state: %s', (text) => {
  expect(prints(text)).toEqual(prints(base))
})

test.each([
  'SELECT k, max(v) AS s FROM f GROUP BY k',
  'SELECT k, sum(v + 1) AS s FROM f GROUP BY k',
  'SELECT upper(k), sum(v) AS s FROM f GROUP BY upper(k)',
  'SELECT k, sum(v) FILTER (WHERE v > 1) AS s FROM f GROUP BY k',
  'SELECT k, sum(CAST(v AS DOUBLE)) AS s FROM f GROUP BY k',
])('other state: %s', (text) => {
  expect(prints(text)).not.toEqual(prints(base))
})

test('windows differ by size, slide and start', () => {
  const of = (w: string) => prints(`SELECT count(*) FROM e GROUP BY window(ts, ${w})`)[0]
  expect(
    new Set([
      of("'5 minutes'"),
      of("'10 minutes'"),
      of("'10 minutes', '5 minutes'"),
      of("'10 minutes', '5 minutes', '1 minute'"),
    ]).size,
  ).toBe(4)
  expect(of("'5 minutes'")).toBe(of("'300 seconds'"))
})

test('a static table has none, a fingerprint describes its node', () => {
  expect(fingerprints(plan('SELECT k, count(*) FROM t GROUP BY k', worldOf({ t: 'k STRING' })))).toEqual([])
  expect(fingerprints(plan(base, world))[0]!.describe).toBe('Aggregate keys=[k] [sum(v) AS sum(v)]')
})

const modes = { conf: () => undefined, env: envOf() }

test('EXPLAIN shows both plans, the rules and what the state is bounded by', () => {
  const analyzed = plan(
    "SELECT window.start AS ws, count(*) AS n FROM e WHERE v > 1 GROUP BY window(ts, '5 minutes')",
    world,
  )
  const text = explain({ analyzed, optimized: optimize(analyzed, envOf()), modes }, 'extended').replaceAll(/#\d+/g, '#')
  expect(text).toBe(`== Analyzed Plan ==
ws, n
Project [window#.start AS ws#, count(1)# AS n#]
+- Aggregate keys=[window#*] [count(1) AS count(1)#]
   +- TimeWindow ts# size=300000000us slide=300000000us start=0us AS window#*
      +- Filter (v# > 1)
         +- Watermark # delay=600000000us
            +- Scan memory (stream) [ts#, k#, v#]

== Rules ==
push-filters: moves filters towards the tables
  Filter (v# > 1) over Watermark → Filter (v# > 1) over Scan memory (stream)
prune-columns: leaves out columns that nothing reads
  Scan memory (stream) [ts#, k#, v#] → Scan memory (stream) [ts#, v#] read=[ts, v]
scan-predicates: tells the decoders of tables which rows are wanted
  Scan memory (stream) [ts#, v#] read=[ts, v] → Scan memory (stream) [ts#, v#] read=[ts, v] where=[v > 1]

== Optimized Plan ==
Project [window#.start AS ws#, count(1)# AS n#]
+- Aggregate keys=[window#*] [count(1) AS count(1)#]
   +- TimeWindow ts# size=300000000us slide=300000000us start=0us AS window#*
      +- Watermark # delay=600000000us
         +- Filter (v# > 1)
            +- Scan memory (stream) [ts#, v#] read=[ts, v] where=[v > 1]

== State ==
Aggregate #: one row per (window), released when the watermark on ts (10 minutes behind) reaches the end of window

== Output Modes ==
append: yes
update: yes
complete: yes
changelog: yes
`)
})

test('state that nothing bounds is named', () => {
  expect(explain({ analyzed: plan(base, world), modes }, 'simple')).toContain('UNBOUNDED')
})
