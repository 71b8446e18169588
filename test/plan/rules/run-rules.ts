import { expect } from 'vitest'
import type { ExprEnv } from '../../../src/expr/env.ts'
import { exprText } from '../../../src/plan/expr-text.ts'
import type { Logical } from '../../../src/plan/logical.ts'
import { optimize, STAGES } from '../../../src/plan/optimize.ts'
import type { Rule } from '../../../src/plan/rules/rule.ts'
import { columns, envOf, nodes, plan, soundness, source, watermark, worldOf, type World } from '../harness.ts'

/** Tables `a` and `b`, `raw` with structs, and the stream `e` with a watermark on `ts`. */
export const world = worldOf({
  e: watermark(source('ts TIMESTAMP, k STRING, v INT'), 'ts', '10 minutes'),
  a: 'id INT, av STRING, big BIGINT',
  b: 'id INT, bv INT',
  raw: 'kind STRING, body STRUCT<bid: STRUCT<price: INT, channel: STRING>, meta: STRING>, other STRING',
})

/** The plan that runs of a query, without ids where it is text, and the rules that made it. */
export interface Ran {
  readonly plan: Logical
  readonly rules: readonly string[]
  /** Conditions of its filters, inputs before what stands over them. */
  readonly filters: readonly string[]
  /** Conditions of its joins. */
  readonly on: readonly string[]
}

/** Optimizes a query with all rules, or those named, and checks that the plan holds together and the analyzed one is as it was. */
export function run(text: string, rules?: readonly string[], { catalog, env }: World = world): Ran {
  const analyzed = plan(text, { catalog, env })
  const before = JSON.stringify(analyzed)
  const out = optimize(analyzed, env, rules && ((name) => rules.includes(name)))
  soundness(out.plan)
  expect(JSON.stringify(analyzed)).toBe(before)
  expect(columns(out.plan)).toEqual(columns(analyzed))
  return {
    plan: out.plan,
    rules: [...new Set(out.steps.map((s) => s.rule.name))],
    filters: nodes(out.plan, 'filter').map((f) => bare(exprText(f.condition))),
    on: nodes(out.plan, 'join').map((j) => (j.condition ? bare(exprText(j.condition)) : '')),
  }
}

/** Text without ids of columns. */
export const bare = (t: string): string => t.replaceAll(/#\d+/g, '')

/** The rule of a name. */
export function ruleOf(name: string): Rule {
  return STAGES.flat().find((r) => r.name === name)!
}

/** Settings under which arithmetic and casts raise nothing. */
export const legacy: ExprEnv = envOf({ 'spark.sql.ansi.enabled': 'false' })
