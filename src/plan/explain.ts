import { OUTPUT_MODES, type OutputModeName } from '../connectors/provider.ts'
import { describeNode, describePlan } from './describe-plan.ts'
import { formattedPlan } from './formatted-plan.ts'
import { isStreaming, type Logical } from './logical.ts'
import { modeRefusal, type Judging } from './mode-refusal.ts'
import type { Optimized } from './optimize.ts'
import { ruleLines } from './rule-lines.ts'
import { stateFacts, stateText, type StateFact } from './state-facts.ts'
import { stateWarnings } from './state-warnings.ts'
import { visitPlan } from './walk.ts'

/** What EXPLAIN shows: the plan as analyzed, and as it will run. */
export interface Explained {
  readonly analyzed: Logical
  readonly optimized?: Optimized | undefined
  /** The output mode of a query that is started, or what lets each mode judge the plan. */
  readonly modes: OutputModeName | Judging
}

/**
 * How much EXPLAIN shows: `simple` the optimized plan with its state and warnings; `formatted` the same with numbered
 * operators and the details of each; every other mode the analyzed plan too, and what each rule
 * did to it. All but `simple` show
 * what the output modes say to a stream.
 */
export function explain(what: Explained, mode: string): string {
  const { analyzed, optimized } = what
  const last = optimized?.plan ?? analyzed
  const facts = isStreaming(last) ? stateFacts(last, typeof what.modes === 'string' ? what.modes : null) : []
  const sections: string[] = []
  if (mode === 'formatted') sections.push(`== Plan ==\n${formattedPlan(last, facts)}`)
  else {
    if (mode !== 'simple') sections.push(`== Analyzed Plan ==\n${columnsLine(analyzed)}\n${describePlan(analyzed)}`)
    const rules = optimized && mode !== 'simple' ? ruleLines(analyzed, optimized) : []
    if (rules.length > 0) sections.push(`== Rules ==\n${rules.join('\n')}`)
    sections.push(`== ${optimized ? 'Optimized' : 'Analyzed'} Plan ==\n${describePlan(last)}`)
    if (facts.length > 0) sections.push(`== State ==\n${stateLines(last, facts).join('\n')}`)
  }
  if (isStreaming(analyzed) && mode !== 'simple') sections.push(`== Output Modes ==\n${modeLines(what).join('\n')}`)
  const warnings = stateWarnings(analyzed)
  if (warnings.length > 0) sections.push(`== Warnings ==\n${warnings.join('\n')}`)
  return `${sections.join('\n\n')}\n`
}

/** The mode a query runs in, or what each mode says to the plan. */
function modeLines({ analyzed, modes }: Explained): readonly string[] {
  if (typeof modes === 'string') return [modes]
  return OUTPUT_MODES.map((m) => {
    const refusal = modeRefusal(analyzed, m, modes)
    return `${m}: ${refusal === null ? 'yes' : `no, ${refusal.message.split('\n', 1)[0]}`}`
  })
}

function stateLines(plan: Logical, facts: readonly StateFact[]): readonly string[] {
  const names = new Map<number, string>()
  visitPlan(plan, (p) => void names.set(p.id, describeNode(p).split(' ')[0]!))
  return facts.map((f) => `${names.get(f.nodeId)} #${f.nodeId}: ${stateText(f)}`)
}

const columnsLine = (plan: Logical): string => plan.attrs.map((x) => x.name).join(', ')
