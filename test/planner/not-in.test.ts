import { expect, test } from 'vitest'
import { optimize } from '../../src/plan/optimize.ts'
import { planQuery } from '../../src/planner/plan-query.ts'
import { envOf, plan, worldOf } from '../plan/harness.ts'

const world = worldOf({ a: 'id INT, n STRING', b: 'x INT NOT NULL, y INT' })
const env = envOf()
const envSpec = { timeZone: 'UTC', ansi: true, caseSensitive: false, mapKeyDedupPolicy: 'EXCEPTION' } as const

function joinOf(where: string) {
  const { plan: optimized } = optimize(plan(`SELECT * FROM a WHERE ${where}`, world), env)
  const { nodes } = planQuery(optimized, { mode: null, env, envSpec, fingerprints: new Map() })
  const join = nodes.find((n) => n.op === 'join')!
  return { keys: join.leftKeys.length, aware: join.nullAware === true, residual: join.residual !== null }
}

test.each([
  ['id NOT IN (SELECT y FROM b WHERE x > 1)', { keys: 1, aware: true, residual: false }],
  ['id + 0.5D NOT IN (SELECT y FROM b)', { keys: 1, aware: true, residual: false }],
  // A key is computed for all rows, also where `b` is empty.
  ['CAST(n AS INT) NOT IN (SELECT y FROM b)', { keys: 0, aware: false, residual: true }],
  ['id NOT IN (SELECT y FROM b WHERE x = id)', { keys: 1, aware: false, residual: true }],
  ['(id, id) NOT IN (SELECT x, y FROM b)', { keys: 0, aware: false, residual: true }],
  ['id IN (SELECT y FROM b)', { keys: 1, aware: false, residual: false }],
  ['NOT EXISTS (SELECT 1 FROM b WHERE y = id)', { keys: 1, aware: false, residual: false }],
])('%s', (where, wanted) => expect(joinOf(where)).toEqual(wanted))
