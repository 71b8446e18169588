import { visit, type Expr } from '../expr/bound.ts'
import { joinBound } from './event-time.ts'
import { inputsOf, isStreaming, type Attr, type Logical, type LogicalAggregate, type LogicalWindow } from './logical.ts'
import { visitPlan } from './walk.ts'

/**
 * What is allowed in a streaming query and yet seldom meant, a sentence each: a watermark on a column that the window or
 * the keys above do not use, so that nothing is ever released; a join of streams that keeps a side for ever. `plan` is
 * the analyzed plan.
 */
export function stateWarnings(plan: Logical): readonly string[] {
  const out: string[] = []
  visitPlan(plan, (node) => {
    if (!isStreaming(node)) return
    const warning = warningOf(node)
    if (warning !== null && !out.includes(warning)) out.push(warning)
  })
  return out
}

const FOREVER = 'the state is never released and no row is late'

function warningOf(node: Logical): string | null {
  switch (node.op) {
    case 'aggregate': {
      if (node.keys.length === 0 || node.keys.some((k) => k.attr.eventTime)) return null
      const marks = watermarkColumns(node.input)
      if (marks.length === 0) return null
      const window = windowOf(node)
      if (window === null)
        return `the watermark is on ${list(marks)}, which is no key of the aggregation by ${list(node.keys.map((k) => k.attr.name))}: ${FOREVER}`
      const used = columnsIn(window.time, window.input)
      return `the watermark is on ${list(marks)}, the window on ${used.length === 0 ? 'an expression' : list(used)}: ${FOREVER}; put the watermark on the column of the window`
    }
    case 'dedup': {
      if (node.withinWatermark || node.input.attrs.some((a) => a.eventTime && node.keys.includes(a.id))) return null
      const marks = watermarkColumns(node.input)
      if (marks.length === 0) return null
      return `the watermark is on ${list(marks)}, which is not among the columns that duplicates agree in: every key is kept for ever; add it, or use dropDuplicatesWithinWatermark`
    }
    case 'join': {
      if (!isStreaming(node.left) || !isStreaming(node.right)) return null
      const { leftReleased, rightReleased } = joinBound(node)
      if (leftReleased && rightReleased) return null
      const sides = leftReleased ? 'right side' : rightReleased ? 'left side' : 'both sides'
      return `the join keeps every row of the ${sides === 'both sides' ? 'left and of the right side' : sides} for ever: no condition bounds their event times`
    }
    default:
      return null
  }
}

const list = (names: readonly string[]): string => names.map((n) => `"${n}"`).join(', ')

/** Names of the columns with a watermark among the rows a node gets, however deep below; operators with state hide theirs. */
function watermarkColumns(plan: Logical): readonly string[] {
  if (plan.op === 'watermark') return [plan.attrs.find((a) => a.id === plan.column)?.name ?? '?']
  if (plan.op === 'aggregate') return []
  return [...new Set(inputsOf(plan).flatMap(watermarkColumns))]
}

/** The window that is a key of an aggregation. */
function windowOf(plan: LogicalAggregate): LogicalWindow | null {
  for (let p: Logical = plan.input; ; p = inputsOf(p)[0]!) {
    if (p.op === 'window') return p
    if (p.op !== 'project' && p.op !== 'expand' && p.op !== 'filter') return null
  }
}

/** Names of the columns of `input` an expression reads. */
function columnsIn(e: Expr, input: Logical): readonly string[] {
  const byId = new Map<number, Attr>(input.attrs.map((a) => [a.id, a]))
  const out = new Set<string>()
  visit(e, (n) => {
    const name = n.kind === 'attr' ? byId.get(n.id)?.name : undefined
    if (name !== undefined) out.add(name)
  })
  return [...out]
}
