import { visit, type Expr } from '../expr/bound.ts'
import { eventTimeColumns, JOIN_NAME, joinBound } from './event-time.ts'
import { attrIds } from './expr-key.ts'
import {
  inputsOf,
  isStreaming,
  type Attr,
  type Logical,
  type LogicalAggregate,
  type LogicalJoin,
  type LogicalWindow,
} from './logical.ts'
import { streamJoins } from './stream-joins.ts'
import { visitPlan } from './walk.ts'

/**
 * What is allowed in a streaming query and yet seldom meant, a sentence each: a watermark on a column that the window or
 * the keys above do not use, so that nothing is ever released; a join of streams that keeps a side for ever, and what
 * then comes too late for the operators above it. `plan` is the analyzed plan.
 */
export function stateWarnings(plan: Logical): readonly string[] {
  const out: string[] = []
  visitPlan(plan, (node) => {
    if (!isStreaming(node)) return
    const warning = warningOf(node)
    if (warning !== null && !out.includes(warning)) out.push(warning)
  })
  const joins = streamJoins(plan)
  return [...new Set([...out, ...joins.flatMap(joinWarnings), ...lateFromJoins(plan, joins)])]
}

/** What a join of streams keeps for ever, and the rows of an outer join that never come out. */
function joinWarnings(join: LogicalJoin): readonly string[] {
  const { leftReleased, rightReleased } = joinBound(join)
  if (leftReleased && rightReleased) return []
  const sides = leftReleased ? 'the right side' : rightReleased ? 'the left side' : 'the left and of the right side'
  const kept = `the ${JOIN_NAME[join.type]} join keeps every row of ${sides} for ever: no condition bounds their event times`
  if (join.type !== 'full') return [kept]
  return [kept, `the full outer join never gives the rows of ${sides} that have no match`]
}

/** Operators that take the event time of a side that an inner join keeps for ever: what it joins late, they drop. */
function lateFromJoins(plan: Logical, joins: readonly LogicalJoin[]): readonly string[] {
  const kept = new Map<number, string>()
  for (const join of joins) {
    const { leftReleased, rightReleased } = joinBound(join)
    const sides = [...(leftReleased ? [] : [join.left]), ...(rightReleased ? [] : [join.right])]
    for (const x of sides.flatMap(eventTimeColumns)) kept.set(x.id, x.name)
  }
  if (kept.size === 0) return []
  const out: string[] = []
  visitPlan(plan, (node) => {
    const times =
      node.op === 'aggregate'
        ? node.keys.filter((k) => k.attr.eventTime).map((k) => k.attr)
        : node.op === 'dedup'
          ? eventTimeColumns(node.input)
          : []
    for (const time of times)
      for (const id of basesOf(node, time.id)) {
        const name = kept.get(id)
        // Of the operator itself there is nothing to say where it stands below the join.
        if (name === undefined || !joins.some((j) => isBelow(node, j))) continue
        const operator = node.op === 'dedup' ? 'dropDuplicates' : 'the aggregation'
        out.push(
          `rows that the join gives with an old "${name}" come too late for ${operator} above it and are dropped: no condition bounds that column`,
        )
      }
  })
  return out
}

const isBelow = (node: Logical, join: LogicalJoin): boolean =>
  inputsOf(node).some((p) => (p.op === 'join' && p.id === join.id) || isBelow(p, join))

/** Ids of the columns that a column of a plan is made of, at every node below. */
function basesOf(plan: Logical, id: number): ReadonlySet<number> {
  const out = new Set<number>([id])
  const made = (p: Logical): readonly Expr[] => {
    if (p.op === 'project') return p.items.filter((i) => out.has(i.attr.id)).map((i) => i.expr)
    if (p.op === 'aggregate') return p.keys.filter((k) => out.has(k.attr.id)).map((k) => k.expr)
    return p.op === 'window' && out.has(p.attrs.at(-1)!.id) ? [p.time] : []
  }
  const walk = (p: Logical): void => {
    for (const e of made(p)) for (const x of attrIds(e)) out.add(x)
    if (p.op === 'union')
      p.attrs.forEach((x, i) => {
        if (out.has(x.id)) for (const q of p.inputs) out.add(q.attrs[i]!.id)
      })
    inputsOf(p).forEach(walk)
  }
  walk(plan)
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
