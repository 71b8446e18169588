import { describeNode } from './describe-plan.ts'
import { nodeTitle } from './formatted-plan.ts'
import { inputsOf, type Logical } from './logical.ts'
import { LOWERINGS } from './lowering.ts'
import type { Optimized, RuleStep } from './optimize.ts'
import { sharedExpressions } from './shared-expressions.ts'
import { visitPlan } from './walk.ts'

/**
 * What made the plan that runs of the query as written: the subqueries that the analyzer made joins, then rule after rule
 * in the order they ran, then what the generated code shares. Below the name of each is a line `before → after` for every
 * node it changed, `added: …` for a new one and `gone: …` for one that is not there any more. The same query gives the
 * same lines.
 */
export function ruleLines(analyzed: Logical, { plan, steps, env }: Optimized): readonly string[] {
  const shared = sharedExpressions(plan, env).map((x) => `  ${x}`)
  return [
    ...loweringLines(analyzed),
    ...steps.flatMap(stepLines),
    ...(shared.length > 0 ? [`common-subexpressions: ${SHARED}`, ...shared] : []),
  ]
}

const SHARED = 'computes what is named more than once in a row once'

function loweringLines(analyzed: Logical): readonly string[] {
  const lines: string[] = []
  visitPlan(analyzed, (p) => {
    if (p.op !== 'join') return
    const text = p.at?.sql.slice(p.at.start, p.at.end).replaceAll(/\s+/g, ' ') ?? 'a subquery'
    for (const name of p.lowered ?? []) lines.push(`${name}: ${LOWERINGS[name]}`, `  ${text} → ${describeNode(p)}`)
  })
  return lines
}

/** Nothing when the step changed no more than objects. */
function stepLines({ rule, before, after }: RuleStep): readonly string[] {
  const changes = changesOf(before, after)
  return changes.length === 0 ? [] : [`${rule.name}: ${rule.doc}`, ...changes.map((c) => `  ${c}`)]
}

/** A node, what it stands over, and what it is shown as. */
interface Shown {
  readonly node: Logical
  readonly text: string
}

function changesOf(before: Logical, after: Logical): readonly string[] {
  const was = shownNodes(before)
  const is = shownNodes(after)
  const gone = [...was.values()].filter((x) => !is.has(x.node.id))
  const added = [...is.values()].filter((x) => !was.has(x.node.id))
  // A filter that moved has a new id: it is shown as one line where there is no doubt which became which.
  const alone = (op: Logical['op'], list: readonly Shown[]): Shown | undefined => {
    const found = list.filter((x) => x.node.op === op)
    return found.length === 1 ? found[0] : undefined
  }
  const lines: string[] = []
  for (const [id, x] of was) {
    const now = is.get(id)
    if (now !== undefined) {
      if (now.text !== x.text) lines.push(`${x.text} → ${now.text}`)
      continue
    }
    const heir = alone(x.node.op, gone) && alone(x.node.op, added)
    lines.push(heir ? `${x.text} → ${heir.text}` : `gone: ${x.text}`)
  }
  for (const x of added) if (!(alone(x.node.op, gone) && alone(x.node.op, added))) lines.push(`added: ${x.text}`)
  return lines
}

/** By id, from the top. Nodes that move are shown with what they stand over. */
function shownNodes(plan: Logical): ReadonlyMap<number, Shown> {
  const out = new Map<number, Shown>()
  const walk = (node: Logical): void => {
    const moves = node.op === 'filter' || node.op === 'limit'
    const over = moves ? ` over ${nodeTitle(node.input)}` : ''
    out.set(node.id, { node, text: `${describeNode(node)}${over}` })
    inputsOf(node).forEach(walk)
  }
  walk(plan)
  return out
}
