import { AnalysisError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstCall, AstExpr, AstRelation } from '../sql/ast.ts'
import { arrayOf, dayTimeInterval, STRING } from '../types/data-type.ts'
import { attrExpr, freshAttr, passOn, project, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import type { ExprContext } from './expr-context.ts'
import type { Attr, Logical, LogicalAggregate, Named } from './logical.ts'
import { byParameter } from './named-arguments.ts'
import { analyzeRelation } from './relation.ts'
import { resolveExpr } from './resolve-expr.ts'
import { callExpr, literal } from './term.ts'
import {
  durationUs,
  NO_SIZES,
  positive,
  sessionGap,
  timeOf,
  windowColumn,
  type Time,
  type WindowParts,
} from './time-window.ts'
import { relationContext } from './where.ts'

/** Parameters in their order; all but an offset must be given. */
const PARAMETERS = {
  tumble: ['data', 'timecol', 'size', 'offset'],
  hop: ['data', 'timecol', 'slide', 'size', 'offset'],
  cumulate: ['data', 'timecol', 'step', 'size', 'offset'],
  session: ['data', 'timecol', 'gap'],
} as const

type Name = keyof typeof PARAMETERS

/** The window functions that stand in FROM. */
export const WINDOW_TABLE_FUNCTIONS = Object.keys(PARAMETERS) as readonly Name[]

/** True for their names, in lower case. */
export const isWindowTableFunction = (name: string): boolean => Object.hasOwn(PARAMETERS, name)

/**
 * `TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL 10 MINUTES)` and its kin: the rows of the table, once for each window that
 * holds them, with window_start, window_end and window_time behind their columns. The last two carry event time where
 * the time column does. A session's rows come when it is over.
 */
export function windowTableFunction(a: Analysis, call: AstCall, surroundings: Surroundings): Relation {
  const fn = call.name.at(-1)!.name.toLowerCase() as Name
  const names = PARAMETERS[fn]
  if (call.args.length > names.length)
    throw new AnalysisError(
      'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
      { function: fn, expected: `at most ${names.length} arguments`, actual: call.args.length },
      { at: call.at },
    )
  const args = byParameter(call, fn, names, names.filter((n) => n !== 'offset').length)
  const arg = (name: string): AstExpr | undefined => args[(names as readonly string[]).indexOf(name)]
  const data = arg('data')!
  const partitionBy = (data.kind === 'call' && data.partitionBy) || []
  if (partitionBy.length > 0 && fn !== 'session')
    throw new AnalysisError(
      'WINDOW_TABLE_FUNCTION.PARTITIONED',
      { function: fn },
      { at: partitionBy[0]!.at ?? data.at },
    )
  const input = analyzeRelation(a, tableOf(data, fn), surroundings)
  const base = new Base(a, input.plan)
  const ctx = relationContext(a, input, surroundings, 'SELECT', base)
  const time = timeOf(timeColumn(arg('timecol')!, fn), fn, ctx)
  if (fn === 'session') return sessions(call, input, time, arg('gap')!, partitionBy, ctx)
  const us = (name: string): bigint => durationUs(arg(name)!, fn, name, ctx)
  const window = windowColumn(ctx, call, fn, 'window', time, fixedParts(fn, us, arg))
  const columns = input.columns.map((c): Attr => ({ ...c, qualifier: [] }))
  return withBounds(a, base.plan, window.expr, columns.map(passOn))
}

/** Sizes of the windows, checked. */
function fixedParts(fn: Name, us: (name: string) => bigint, arg: (name: string) => AstExpr | undefined): WindowParts {
  const size = us('size')
  positive(size, 'size', arg('size')!.at, fn)
  const every = fn === 'tumble' ? 'size' : fn === 'hop' ? 'slide' : 'step'
  const slide = us(every)
  positive(slide, every, arg(every)!.at, fn)
  const offset = arg('offset') ? us('offset') : 0n
  const violated = (left: string, constraint: string, right: string): never => {
    throw new AnalysisError(
      'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION',
      { function: fn, left, constraint, right },
      { at: arg(left)!.at },
    )
  }
  if (slide > size) violated(every, 'at most', 'size')
  if (fn === 'cumulate' && size % slide !== 0n) violated('size', 'a multiple of', 'step')
  // Where windows begin repeats itself: every slide, or for growing ones every size.
  const period = fn === 'cumulate' ? size : slide
  const parts = { sizeUs: String(size), slideUs: String(slide), startUs: String(offset % period) }
  return fn === 'cumulate' ? { ...parts, cumulates: true } : parts
}

/** The relation an argument stands for: `TABLE t`, `TABLE (query)`, a bare name or a query in brackets. */
function tableOf(data: AstExpr, fn: string): AstRelation {
  const inner = data.kind === 'call' && data.name.at(-1)!.name.toLowerCase() === 'table' ? data.args[0] : data
  if (inner?.kind === 'name') return { kind: 'table', name: inner.parts, stream: false, at: inner.at }
  if (inner?.kind === 'subquery') return { kind: 'subquery', query: inner.query, at: inner.at }
  if (inner?.kind === 'call') return { kind: 'tablefunction', call: inner, at: inner.at }
  throw new AnalysisError(
    'WINDOW_TABLE_FUNCTION.NO_TABLE',
    { function: fn, given: `a ${data.kind}` },
    { at: data.at, hint: 'write TABLE name, or TABLE (SELECT ...)' },
  )
}

/** The column of `DESCRIPTOR(column)`, or a bare name. */
function timeColumn(arg: AstExpr, fn: string): AstExpr {
  if (arg.kind === 'name') return arg
  const [column, ...more] = arg.kind === 'call' && arg.name.at(-1)!.name.toLowerCase() === 'descriptor' ? arg.args : []
  if (column?.kind === 'name' && more.length === 0) return column
  throw new AnalysisError('WINDOW_TABLE_FUNCTION.NO_TIME_COLUMN', { function: fn }, { at: arg.at })
}

/** `columns`, then the bounds of the window; a column of the plan. */
function withBounds(a: Analysis, plan: Logical, window: Expr, columns: readonly Named[]): Relation {
  const struct = window.kind === 'attr' ? plan.attrs.find((x) => x.id === window.id)! : null
  const marked = struct?.eventTime === true
  const member = (index: number): Expr => {
    const type = window.type.kind === 'struct' ? window.type.fields[index]!.type : window.type
    return { kind: 'field', arg: window, index, type, nullable: window.nullable }
  }
  const end = member(1)
  const last = callExpr(a.env, '-', [end, literal(1n, dayTimeInterval('second', 'second'))])
  const bounds: Named[] = [
    { expr: member(0), attr: freshAttr(a, 'window_start', end.type, false) },
    { expr: end, attr: freshAttr(a, 'window_end', end.type, false, marked) },
    { expr: last, attr: freshAttr(a, 'window_time', end.type, false, marked) },
  ]
  const all = [...columns, ...bounds]
  return { plan: project(a, plan, all), columns: all.map((n) => n.attr), hidden: [] }
}

/** Rows of sessions: gathered by an aggregation over the session and the partition, then given one by one. */
function sessions(
  call: AstCall,
  input: Relation,
  time: Time,
  gapArg: AstExpr,
  partitionBy: readonly AstExpr[],
  ctx: ExprContext,
): Relation {
  const { a, base } = ctx
  const { gap, shown } = sessionGap(gapArg, 'session', ctx)
  const parts = partitionBy.map((p) => {
    const { expr } = resolveExpr(p, ctx)
    return expr.kind === 'attr' ? expr : attrExpr(base.compute(expr, 'partition', false), p.at)
  })
  const window = windowColumn(ctx, call, `session(${time.text}, ${shown})`, 'window', time, { ...NO_SIZES, gap })
  const row = callExpr(
    a.env,
    'named_struct',
    input.columns.flatMap((c, i): Expr[] => [literal(`c${i}`, STRING), attrExpr(c)]),
    call.at,
  )
  const keys = [window.expr, ...parts].flatMap((e): Named[] => {
    const attr = e.kind === 'attr' ? base.plan.attrs.find((x) => x.id === e.id) : undefined
    return attr ? [passOn(attr)] : []
  })
  const rows = freshAttr(a, 'rows', arrayOf(row.type, false), false)
  const gathered: LogicalAggregate = {
    op: 'aggregate',
    id: a.freshId(),
    input: base.plan,
    keys,
    aggregates: [
      { call: { fn: 'collect_list', args: [row], distinct: false, type: rows.type, at: call.at }, attr: rows },
    ],
    attrs: [...keys.map((k) => k.attr), rows],
    at: call.at,
  }
  const one = freshAttr(a, 'row', row.type, false)
  const given: Logical = {
    op: 'generate',
    id: a.freshId(),
    input: gathered,
    fn: 'explode',
    args: [attrExpr(rows)],
    outer: false,
    attrs: [...gathered.attrs, one],
    at: call.at,
  }
  const columns = input.columns.map((c, i): Named => ({
    expr: { kind: 'field', arg: attrExpr(one), index: i, type: c.type, nullable: c.nullable },
    attr: freshAttr(a, c.name, c.type, c.nullable),
  }))
  return withBounds(a, given, window.expr, columns)
}
