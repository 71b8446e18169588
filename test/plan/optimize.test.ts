import { expect, test } from 'vitest'
import { fingerprints } from '../../src/plan/fingerprint.ts'
import type { Logical } from '../../src/plan/logical.ts'
import { optimize, STAGES } from '../../src/plan/optimize.ts'
import { envOf, nodes, plan } from './harness.ts'
import { run, world } from './rules/run-rules.ts'

const stateful = [
  "SELECT window.start, count(*) FROM e JOIN (SELECT ts AS t2, k AS k2 FROM e) ON k = k2 AND ts = t2 GROUP BY window(ts, '5 minutes')",
  'SELECT k, n FROM (SELECT k, count(*) AS n, max(v) AS m FROM e GROUP BY k) WHERE k IS NOT NULL AND n > 1',
  'SELECT DISTINCT k FROM e WHERE v > 1 LIMIT 5',
  'SELECT v FROM e WHERE k IN (SELECT av FROM a) EXCEPT SELECT id FROM b',
]

test.each(stateful)('nodes with state keep their order and ids: %s', (text) => {
  const analyzed = plan(text, world)
  const after = optimize(analyzed, envOf()).plan
  const order = (p: Logical): readonly number[] => {
    const kept = fingerprints(analyzed).map((f) => f.nodeId)
    const ids: number[] = []
    const walk = (n: Logical): void => {
      if (kept.includes(n.id)) ids.push(n.id)
      for (const key of ['input', 'left', 'right'] as const) if (key in n) walk((n as never)[key])
    }
    walk(p)
    return ids
  }
  expect(order(after)).toEqual(order(analyzed))
  expect(order(after).length).toBeGreaterThan(0)
})

test('rules have a name of their own and run to rest', () => {
  const rules = new Set(STAGES.flat())
  expect(new Set([...rules].map((r) => r.name)).size).toBe(rules.size)
  for (const text of [...stateful, 'SELECT a.id FROM a, b WHERE a.id = b.id AND bv > 5 LIMIT 3']) {
    const { plan: once } = run(text)
    expect(optimize(once, envOf()).steps.filter((s) => s.rule.name !== 'rewrite-set-operations')).toEqual([])
  }
})

test('without rules the plan is the analyzed one', () => {
  const analyzed = plan('SELECT a.id FROM a, b WHERE a.id = b.id AND 1 = 1', world)
  expect(optimize(analyzed, envOf(), () => false)).toMatchObject({ plan: analyzed, steps: [] })
  expect(nodes(analyzed, 'filter')).toHaveLength(1)
})
