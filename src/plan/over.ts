import { AnalysisError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstCall, AstFrame, AstFrameBound, AstSortItem, AstWindowSpec, Ident } from '../sql/ast.ts'
import { DOUBLE, INT, isDatetime, isNumeric, sameType, typeName, VOID, type DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { checkArgumentCount } from './argument-count.ts'
import { attrExpr, freshAttr, type Analysis } from './analysis.ts'
import type { ExprContext } from './expr-context.ts'
import { isFoldable } from '../expr/fold.ts'
import { exprKey } from './expr-key.ts'
import type { AggregateCall, Attr, Logical, LogicalOver, SortKey } from './logical.ts'
import { aggregateCall } from './resolve-aggregate.ts'
import {
  calledName,
  findFunction,
  OVER_ONLY,
  refuseModifiers,
  resolveArguments,
  unknownFunction,
} from './resolve-call.ts'
import { callName } from './pretty-name.ts'
import { resolveExpr } from './resolve-expr.ts'
import { castTo, constantValue, literal, type Term } from './term.ts'

/** The window of a call, bounds as constants. */
export interface OverFrame {
  readonly unit: 'rows' | 'range'
  readonly start: OverBound
  readonly end: OverBound
  readonly ignoreNulls: boolean
}
/** `offset` is a constant expression over no columns; negative offsets are `preceding`. */
export type OverBound =
  | { readonly kind: 'unbounded_preceding' | 'unbounded_following' | 'current_row' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: Expr }

interface OverCall {
  readonly call: AggregateCall
  readonly attr: Attr
  readonly frame: OverFrame
  readonly partitionBy: readonly Expr[]
  readonly orderBy: readonly SortKey[]
}

/** The window functions of one select; equal ones once. `plan` puts their nodes on. */
export class OverCalls {
  readonly #a: Analysis
  readonly #windows: readonly { readonly name: Ident; readonly spec: AstWindowSpec }[]
  readonly #calls: OverCall[] = []

  constructor(a: Analysis, windows: readonly { readonly name: Ident; readonly spec: AstWindowSpec }[]) {
    this.#a = a
    this.#windows = windows
  }

  get size(): number {
    return this.#calls.length
  }

  has(id: number): boolean {
    return this.#calls.some((c) => c.attr.id === id)
  }

  /** `f(...) OVER (...)` as a column. */
  resolve(ast: AstCall, given: AstWindowSpec, ctx: ExprContext): Term {
    const name = calledName(ast)
    const inner: ExprContext = { ...ctx, over: undefined, insideOver: true, generator: undefined }
    const spec = this.#specOf(given)
    if (OVER_ONLY.has(name)) refuseModifiers(ast, name)
    if (ast.distinct)
      throw new AnalysisError('DISTINCT_WINDOW_FUNCTION_UNSUPPORTED', { function: name }, { at: ast.at })
    const partitionBy = spec.partitionBy.map((e) => resolveExpr(e, inner))
    const order = spec.orderBy.map((s) => sortTerm(s, inner))
    const orderBy = order.map((o) => o.key)
    const { call, text, nullable, kind } = functionOf(ast, name, inner)
    if (OVER_ONLY.has(name) && orderBy.length === 0)
      throw new AnalysisError('WINDOW_FUNCTION_FRAME_NOT_ORDERED', { function: name }, { at: ast.at })
    const frame = frameOf(spec.frame, kind, orderBy, ast, call, inner)
    const attr = freshAttr(this.#a, text, call.type, nullable)
    this.#calls.push({ call, attr, frame: frame.frame, partitionBy: partitionBy.map((t) => t.expr), orderBy })
    const parts = [
      ...(partitionBy.length > 0 ? [`PARTITION BY ${partitionBy.map((t) => t.text).join(', ')}`] : []),
      ...(order.length > 0 ? [`ORDER BY ${order.map((o) => o.text).join(', ')}`] : []),
      frame.text,
    ]
    return { expr: attrExpr(attr, ast.at), text: `${text} OVER (${parts.join(' ')})` }
  }

  #specOf(spec: AstWindowSpec): AstWindowSpec {
    const base = spec.base
    if (!base) return spec
    const found = this.#windows.find((w) => w.name.name.toLowerCase() === base.name.toLowerCase())
    if (!found) throw new AnalysisError('MISSING_WINDOW_SPECIFICATION', { name: base.name }, { at: base.at ?? spec.at })
    const of = this.#specOf(found.spec)
    return {
      ...of,
      ...(spec.orderBy.length > 0 ? { orderBy: spec.orderBy } : {}),
      ...(spec.frame ? { frame: spec.frame } : {}),
      at: spec.at,
    }
  }

  /** One node per window, calls of one window together; expressions rewritten by `f`. */
  plan(input: Logical, f: (e: Expr) => Expr): Logical {
    let plan = input
    const groups = new Map<string, OverCall[]>()
    for (const c of this.#calls) {
      const key = `${c.partitionBy.map((e) => exprKey(e)).join()}|${c.orderBy.map((k) => `${exprKey(k.expr)}${k.descending}${k.nullsFirst}`).join()}`
      groups.set(key, [...(groups.get(key) ?? []), c])
    }
    for (const calls of groups.values()) {
      const first = calls[0]!
      const node: LogicalOver = {
        op: 'over',
        id: this.#a.freshId(),
        input: plan,
        partitionBy: first.partitionBy.map(f),
        orderBy: first.orderBy.map((k) => ({ ...k, expr: f(k.expr) })),
        calls: calls.map((c) => ({
          call: { ...c.call, args: c.call.args.map(f), ...(c.call.filter ? { filter: f(c.call.filter) } : {}) },
          attr: c.attr,
          frame: c.frame,
        })),
        attrs: [...plan.attrs, ...calls.map((c) => c.attr)],
        at: first.call.at,
      }
      plan = node
    }
    return plan
  }
}

/** A sort item with Spark's text for it. */
export function sortTerm(s: AstSortItem, ctx: ExprContext): { readonly key: SortKey; readonly text: string } {
  const term = resolveExpr(s.expr, ctx)
  const nullsFirst = s.nulls ? s.nulls === 'first' : !s.descending
  return {
    key: { expr: term.expr, descending: s.descending, nullsFirst },
    text: `${term.text} ${s.descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`,
  }
}

type Kind = 'aggregate' | 'ranking' | 'offset'

const RANKING: Readonly<Record<string, DataType | undefined>> = {
  row_number: INT,
  rank: INT,
  dense_rank: INT,
  ntile: INT,
  percent_rank: DOUBLE,
  cume_dist: DOUBLE,
}

/** What stands for the first argument where none is given. */
const DEFAULTS: Readonly<Record<string, readonly [Value, DataType] | undefined>> = {
  ntile: [1, INT],
  lag: [null, VOID],
  lead: [null, VOID],
}

/** Spark writes these in capitals. */
const RANK_LIKE = new Set(['rank', 'dense_rank', 'percent_rank'])

interface WindowFunction {
  readonly call: AggregateCall
  readonly text: string
  readonly nullable: boolean
  readonly kind: Kind
}

function functionOf(ast: AstCall, name: string, ctx: ExprContext): WindowFunction {
  if (!OVER_ONLY.has(name)) {
    const entry = findFunction(name, ctx.a.env)
    if (!entry) throw unknownFunction(ast, name)
    if (entry.kind !== 'aggregate')
      throw new AnalysisError('UNSUPPORTED_EXPR_FOR_WINDOW', { function: name }, { at: ast.at })
    return { ...aggregateCall(ast, entry, { ...ctx, insideAggregate: undefined }), kind: 'aggregate' }
  }
  const given = resolveArguments(ast.args, ctx)
  checkArgumentCount(name, given.length, ast)
  const left = DEFAULTS[name]
  const terms = given.length === 0 && left ? [{ expr: literal(...left), text: String(left[0] ?? 'NULL') }] : given
  const args = terms.map((t) => t.expr)
  const outOfRange = (value: unknown, position: number): never => {
    throw new AnalysisError(
      'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE',
      { function: name, name: position === 0 ? 'buckets' : 'offset', range: 'above 0', value: String(value) },
      { at: ast.at },
    )
  }
  const wrongType = (position: number, expected: string): never => {
    const actual = typeName(args[position]!.type)
    throw new AnalysisError(
      'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
      { position: position + 1, function: name, expected, actual },
      { at: ast.at },
    )
  }
  const ranking = RANKING[name]
  if (ranking) {
    if (name === 'ntile' && args[0]) {
      const n = constantValue(args[0], ctx.a.env)
      if (n === undefined)
        throw new AnalysisError(
          'DATATYPE_MISMATCH.NON_FOLDABLE_INPUT',
          { name: 'buckets', function: name },
          { at: ast.at },
        )
      if (args[0].type.kind !== 'int') wrongType(0, 'INT')
      if (typeof n === 'number' && n <= 0) outOfRange(n, 0)
    }
    return {
      call: { fn: name, args, distinct: false, type: ranking, at: ast.at },
      text: RANK_LIKE.has(name)
        ? `${name.toUpperCase()}()`
        : callName(
            name,
            terms.map((t) => t.text),
          ),
      nullable: false,
      kind: 'ranking',
    }
  }
  if (name === 'counter_diff') {
    if (!isNumeric(args[0]!.type)) wrongType(0, 'a number')
    if (args[1] && args[1].type.kind !== 'timestamp' && args[1].type.kind !== 'timestamp_ntz')
      wrongType(1, 'a timestamp')
    const texts = terms.map((t) => t.text)
    const { type } = args[0]!
    return {
      call: { fn: name, args, distinct: false, type, at: ast.at },
      text: callName(name, texts),
      nullable: true,
      kind: 'ranking',
    }
  }
  const second = args[1]
  if (second && constantValue(second, ctx.a.env) === undefined && !isFoldable(second, ctx.a.env))
    throw new AnalysisError('DATATYPE_MISMATCH.NON_FOLDABLE_INPUT', { name: 'offset', function: name }, { at: ast.at })
  // `lag` negates its offset before any coercion.
  if (second && name === 'lag' && !isNumeric(second.type) && second.type.kind !== 'void')
    throw new AnalysisError(
      'FAILED_FUNCTION_CALL',
      { function: name, message: `the offset is ${typeName(second.type)}` },
      { at: second.at ?? ast.at },
    )
  if (second && (name === 'lag' || name === 'lead') && second.type.kind !== 'int') wrongType(1, 'INT')
  const type = args[0]!.type.kind === 'void' && args[2] ? args[2].type : (args[0]!.type ?? VOID)
  const typed = args.map((e, i) => (i === 1 ? castTo(e, INT, ctx.a.env) : castTo(e, type, ctx.a.env)))
  const texts = terms.map((t) => t.text)
  if (name === 'nth_value') {
    const n = constantValue(typed[1]!, ctx.a.env)
    if (typeof n === 'number' && n <= 0) outOfRange(n, 1)
    return {
      call: { fn: name, args: typed, distinct: false, type, at: ast.at },
      text: callName(name, texts),
      nullable: true,
      kind: 'aggregate',
    }
  }
  const shown = [texts[0]!, texts[1] ?? '1', texts[2] ?? 'NULL']
  return {
    call: { fn: name, args: typed, distinct: false, type, at: ast.at },
    text: `${name}(${shown.join(', ')})`,
    nullable: true,
    kind: 'offset',
  }
}

const bound = (
  b: AstFrameBound,
  ctx: ExprContext,
): { readonly bound: OverBound; readonly text: string; readonly sign: number; readonly offset?: Expr } => {
  switch (b.kind) {
    case 'unbounded_preceding':
      return { bound: { kind: b.kind }, text: 'UNBOUNDED PRECEDING', sign: -Infinity }
    case 'unbounded_following':
      return { bound: { kind: b.kind }, text: 'UNBOUNDED FOLLOWING', sign: Infinity }
    case 'current_row':
      return { bound: { kind: b.kind }, text: 'CURRENT ROW', sign: 0 }
    default: {
      const term = resolveExpr(b.offset, ctx)
      const direction = b.kind === 'preceding' ? -1 : 1
      const n = constantValue(term.expr, ctx.a.env)
      if (n === undefined)
        throw new AnalysisError(
          'INVALID_SQL_SYNTAX.INVALID_WINDOW_FRAME_BOUND',
          {},
          { at: b.offset.at, hint: 'write a number, or an interval over times' },
        )
      const size = typeof n === 'number' || typeof n === 'bigint' ? Number(n) : 1
      return {
        bound: { kind: b.kind, offset: term.expr },
        text: `${term.text} ${b.kind.toUpperCase()}`,
        sign: direction * size,
        offset: term.expr,
      }
    }
  }
}

const UNBOUNDED: OverBound = { kind: 'unbounded_preceding' }
const CURRENT: OverBound = { kind: 'current_row' }

type FrameCondition =
  | 'DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE'
  | 'DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER'
  | 'DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER'
  | 'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE'

/** Whether a frame over dates or times may count in `offset`. */
function stepsThrough(order: DataType, offset: DataType): boolean {
  if (offset.kind === 'interval_ym') return true
  if (order.kind === 'date')
    return offset.kind === 'int' || (offset.kind === 'interval_dt' && offset.start === 'day' && offset.end === 'day')
  return offset.kind === 'interval_dt' || offset.kind === 'interval'
}

/** ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW. */
const isRunning = (frame: AstFrame): boolean =>
  frame.unit === 'rows' &&
  frame.start.kind === 'unbounded_preceding' &&
  (frame.end === undefined || frame.end.kind === 'current_row')

function frameOf(
  given: AstFrame | undefined,
  kind: Kind,
  orderBy: readonly SortKey[],
  ast: AstCall,
  call: AggregateCall,
  ctx: ExprContext,
): { readonly frame: OverFrame; readonly text: string } {
  const ignoreNulls = ast.nulls === 'ignore'
  // Offsets have a frame of one row, ranks one that ends at theirs.
  if (given && (kind === 'offset' || (kind === 'ranking' && !isRunning(given))))
    throw new AnalysisError('WINDOW_FRAME_NOT_ALLOWED', { function: calledName(ast) }, { at: given.at ?? ast.at })
  if (kind === 'offset') {
    const n = call.args[1] === undefined ? 1 : constantValue(call.args[1], ctx.a.env)
    const shift = Number(n ?? 1) * (call.fn === 'lag' ? -1 : 1)
    return {
      frame: { unit: 'rows', start: CURRENT, end: CURRENT, ignoreNulls },
      text: `ROWS BETWEEN ${shift} FOLLOWING AND ${shift} FOLLOWING`,
    }
  }
  if (!given) {
    if (orderBy.length === 0 && kind === 'aggregate')
      return {
        frame: { unit: 'rows', start: UNBOUNDED, end: { kind: 'unbounded_following' }, ignoreNulls },
        text: 'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
      }
    const unit = kind === 'ranking' ? 'rows' : 'range'
    return {
      frame: { unit, start: UNBOUNDED, end: CURRENT, ignoreNulls },
      text: `${unit.toUpperCase()} BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`,
    }
  }
  const start = bound(given.start, ctx)
  const end = given.end ? bound(given.end, ctx) : { bound: CURRENT, text: 'CURRENT ROW', sign: 0, offset: undefined }
  if (start.sign === Infinity || end.sign === -Infinity)
    throw new AnalysisError('DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_INVALID_BOUND', {}, { at: given.at ?? ast.at })
  const order = orderBy[0]?.expr.type
  const fail = (condition: FrameCondition, offset?: Expr): never => {
    const details = { frame: offset ? typeName(offset.type) : '', order: order ? typeName(order) : '' }
    throw new AnalysisError(condition, details, { at: given.at ?? ast.at })
  }
  const fitting = (b: OverBound): OverBound => {
    if (!('offset' in b)) return b
    const { offset } = b
    if (given.unit === 'rows') {
      const n = offset.type.kind
      if (n !== 'int') return fail('DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE', offset)
      return b
    }
    if (!order) return b
    if (orderBy.length > 1) return fail('DATATYPE_MISMATCH.RANGE_FRAME_MULTI_ORDER')
    if (isDatetime(order)) {
      if (!stepsThrough(order, offset.type)) fail('DATATYPE_MISMATCH.RANGE_FRAME_INVALID_TYPE', offset)
      return b
    }
    // The offset is taken as a number of the order's own type.
    if (isNumeric(order) && isNumeric(offset.type)) return { ...b, offset: castTo(offset, order, ctx.a.env) }
    if (sameType(order, offset.type) && (order.kind === 'interval_dt' || order.kind === 'interval_ym')) return b
    return fail('DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE', offset)
  }
  const whole = start.bound.kind === 'unbounded_preceding' && end.bound.kind === 'unbounded_following'
  if (given.unit === 'range' && !order && !whole) fail('DATATYPE_MISMATCH.RANGE_FRAME_WITHOUT_ORDER')
  const bounds = { start: fitting(start.bound), end: fitting(end.bound) }
  // A bound beside CURRENT ROW is not compared: such a frame may be empty.
  if (start.offset && end.offset) {
    if (!sameType(start.offset.type, end.offset.type))
      throw new AnalysisError(
        'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_DIFF_TYPES',
        { left: typeName(start.offset.type), right: typeName(end.offset.type) },
        { at: given.at ?? ast.at },
      )
    if (start.sign > end.sign)
      throw new AnalysisError(
        'DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON',
        {},
        { at: given.at ?? ast.at },
      )
  }
  return {
    frame: { unit: given.unit, ...bounds, ignoreNulls },
    text: `${given.unit.toUpperCase()} BETWEEN ${start.text} AND ${end.text}`,
  }
}
