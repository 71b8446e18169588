import type { DecodePredicate } from '../../formats/decode-plan.ts'
import { conjuncts, type Expr } from '../../expr/bound.ts'
import type { LogicalFilter, LogicalScan } from '../logical.ts'
import { transformPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/** Comparisons of a table's column with a constant are handed to its decoder; they stay in the filter too. */
export const scanPredicates: Rule = {
  name: 'scan-predicates',
  doc: 'tells the decoders of tables which rows are wanted',
  apply: (plan) =>
    transformPlan(plan, (node) =>
      node.op === 'filter' && node.input.op === 'scan' ? withPredicates(node, node.input) : node,
    ),
}

const FLIPPED = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const
type Comparison = keyof typeof FLIPPED
const isComparison = (fn: string): fn is Comparison => Object.hasOwn(FLIPPED, fn)

function withPredicates(filter: LogicalFilter, scan: LogicalScan): LogicalFilter {
  const found = conjuncts(filter.condition).flatMap((c) => predicateOf(c, scan) ?? [])
  const text = (p: DecodePredicate): string => JSON.stringify(p)
  const known = new Set(scan.predicates.map(text))
  const fresh = found.filter((p) => !known.has(text(p)))
  return fresh.length === 0 ? filter : { ...filter, input: { ...scan, predicates: [...scan.predicates, ...fresh] } }
}

function predicateOf(c: Expr, scan: LogicalScan): DecodePredicate | null {
  if (c.kind !== 'call') return null
  if (c.fn === 'isnotnull' || c.fn === 'isnull') {
    const column = pathOf(c.args[0]!, scan)
    return column ? { column, op: c.fn, literal: null } : null
  }
  if (!isComparison(c.fn)) return null
  const [a, b] = c.args as [Expr, Expr]
  if (b.kind === 'literal' && b.value !== null) {
    const column = pathOf(a, scan)
    return column ? { column, op: c.fn, literal: b.value } : null
  }
  if (a.kind === 'literal' && a.value !== null) {
    const column = pathOf(b, scan)
    return column ? { column, op: FLIPPED[c.fn], literal: a.value } : null
  }
  return null
}

/** The path of a column or struct member of the table, by the names of its schema. */
function pathOf(e: Expr, scan: LogicalScan): readonly string[] | null {
  if (e.kind === 'attr') return scan.attrs.some((x) => x.id === e.id) ? [nameIn(scan, e.id)] : null
  if (e.kind !== 'field' || e.arg.type.kind !== 'struct') return null
  const base = pathOf(e.arg, scan)
  return base ? [...base, e.arg.type.fields[e.index]!.name] : null
}

const nameIn = (scan: LogicalScan, id: number): string => scan.attrs.find((x) => x.id === id)!.name
