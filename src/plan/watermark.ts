import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstExpr, AstWatermark } from '../sql/ast.ts'
import { isDatetime, typeName } from '../types/data-type.ts'
import { parseDurationUs } from '../types/intervals.ts'
import { CalendarInterval } from '../types/value.ts'
import { freshAttr, passOn, project, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import type { Attr, Logical, LogicalWatermark } from './logical.ts'
import { resolveExpr } from './resolve-expr.ts'
import { constantValue } from './term.ts'
import { relationContext } from './where.ts'

/** One number for each place that defines a watermark, however often a view that holds it is used. */
const origins = new WeakMap<object, number>()
let lastOrigin = 0
function originOf(definition: object): number {
  let origin = origins.get(definition)
  if (origin === undefined) origins.set(definition, (origin = ++lastOrigin))
  return origin
}

const DAY_US = 86_400_000_000n

/** `withWatermark(column, delay)`. CANNOT_PARSE_INTERVAL for a delay that is none. */
export function watermarkOf(
  a: Analysis,
  input: Relation,
  node: { readonly column: AstExpr; readonly delay: string },
  surroundings: Surroundings,
): Relation {
  const { column, delay } = node
  const us = parseDurationUs(delay).totalUs
  return onColumn(a, input, column, undefined, us, delay, column.at, surroundings, node)
}

/** `WATERMARK expr [AS name] DELAY OF interval` behind a relation. */
export function watermarkClause(a: Analysis, input: Relation, w: AstWatermark, surroundings: Surroundings): Relation {
  const base = new Base(a, input.plan)
  const term = resolveExpr(w.delay, relationContext(a, input, surroundings, 'WATERMARK', base))
  const value = constantValue(term.expr, a.env)
  const us =
    typeof value === 'bigint'
      ? value
      : typeof value === 'number'
        ? BigInt(value) * 31n * DAY_US
        : value instanceof CalendarInterval
          ? (BigInt(value.months) * 31n + BigInt(value.days)) * DAY_US + value.micros
          : 0n
  return onColumn(a, input, w.expr, w.name?.name, us, term.text, w.at, surroundings, w)
}

function onColumn(
  a: Analysis,
  input: Relation,
  column: AstExpr,
  name: string | undefined,
  us: bigint,
  delay: string,
  at: Span | undefined,
  surroundings: Surroundings,
  definition: object,
): Relation {
  if (us < 0n) throw new AnalysisError('INVALID_WATERMARK_DELAY', { delay }, { at })
  const base = new Base(a, input.plan)
  const term = resolveExpr(column, relationContext(a, input, surroundings, 'WATERMARK', base))
  const { expr } = term
  const time = isDatetime(expr.type) && expr.type.kind !== 'date'
  const window = expr.type.kind === 'struct' && expr.type.fields.length === 2 && expr.type.fields[1]!.name === 'end'
  if (!time && !window)
    throw new AnalysisError(
      'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE',
      { name: term.text, actual: typeName(expr.type) },
      { at: column.at ?? at },
    )
  let plan: Logical = base.plan
  let columns = input.columns
  let id: number
  if (expr.kind === 'attr' && (name === undefined || name.toLowerCase() === expr.name.toLowerCase())) id = expr.id
  else {
    const attr = freshAttr(a, name ?? term.name ?? term.text, expr.type, expr.nullable)
    plan = project(a, plan, [...plan.attrs.map(passOn), { expr, attr }], at)
    columns = [...columns, attr]
    id = attr.id
  }
  // One column carries event time: an earlier mark on another column goes.
  const mark = (x: Attr): Attr => {
    const { eventTime: _was, ...rest } = x
    return x.id === id ? { ...rest, eventTime: true } : rest
  }
  const node: LogicalWatermark = {
    op: 'watermark',
    id: a.freshId(),
    input: plan,
    column: id,
    delayUs: String(us),
    origin: originOf(definition),
    attrs: plan.attrs.map(mark),
    at,
  }
  return { plan: node, columns: columns.map(mark), hidden: input.hidden.map(mark) }
}
