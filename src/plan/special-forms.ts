import { AnalysisError, InternalError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { Expr } from '../expr/bound.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'
import {
  BIGINT,
  BINARY,
  BOOLEAN,
  DATE,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  typeName,
  type DataType,
} from '../types/data-type.ts'
import { attrExpr } from './analysis.ts'
import { checkArgumentCount } from './argument-count.ts'
import { calendarWindow } from './calendar-window.ts'
import type { ExprContext } from './expr-context.ts'
import { attrIds, exprKey } from './expr-key.ts'
import { betweenTerm, castTerm, commonOf, inTerm, resolveExpr } from './resolve-expr.ts'
import { calledName, resolveArguments } from './resolve-call.ts'
import { callExpr, caseOf, cast, castTo, isNotNull, literal, type Term } from './term.ts'
import { sessionWindow, timeWindow, windowTime } from './time-window.ts'

type Form = (call: AstCall, ctx: ExprContext) => Term

/** The arguments, stars expanded, their count checked. */
function terms(call: AstCall, ctx: ExprContext): readonly Term[] {
  const out = resolveArguments(call.args, ctx)
  checkArgumentCount(calledName(call), out.length, call)
  return out
}

const named = (name: string, args: readonly Term[]): string => `${name}(${args.map((t) => t.text).join(', ')})`

function unified(args: readonly Term[], name: string, call: AstCall, ctx: ExprContext): readonly Expr[] {
  const type = commonOf(
    args.map((t) => t.expr),
    name,
    call.at,
    ctx,
  )
  return args.map((t) => castTo(t.expr, type, ctx.a.env))
}

const coalesce =
  (name: string): Form =>
  (call, ctx) => {
    const args = terms(call, ctx)
    const list = unified(args, name, call, ctx)
    const expr: Expr = {
      kind: 'coalesce',
      args: list,
      type: list[0]!.type,
      nullable: list.every((e) => e.nullable),
      at: call.at,
    }
    return { expr, text: named(name, args) }
  }

/** IF, and what reads like it: `condition` must be BOOLEAN or NULL. */
function condition(term: Term, position: number, fn: string, at: Span | undefined, ctx: ExprContext): Expr {
  const kind = term.expr.type.kind
  if (kind === 'boolean' || kind === 'void') return castTo(term.expr, BOOLEAN, ctx.a.env)
  throw new AnalysisError(
    'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE',
    { position, function: fn, expected: 'BOOLEAN', actual: typeName(term.expr.type) },
    { at: term.expr.at ?? at },
  )
}

const ifForm: Form = (call, ctx) => {
  const args = terms(call, ctx)
  const when = condition(args[0]!, 1, 'if', call.at, ctx)
  const [then, otherwise] = unified(args.slice(1), 'if', call, ctx)
  return {
    expr: caseOf([{ when, then: then! }], otherwise!, call.at),
    text: `(IF(${args.map((t) => t.text).join(', ')}))`,
  }
}

const nvl2: Form = (call, ctx) => {
  const args = terms(call, ctx)
  const [then, otherwise] = unified(args.slice(1), 'nvl2', call, ctx)
  return {
    expr: caseOf([{ when: isNotNull(args[0]!.expr), then: then! }], otherwise!, call.at),
    text: named('nvl2', args),
  }
}

const nullif: Form = (call, ctx) => {
  const args = terms(call, ctx)
  const [a, b] = args as [Term, Term]
  const when = callExpr(ctx.a.env, '=', [a.expr, b.expr], call.at)
  return {
    expr: caseOf([{ when, then: literal(null, a.expr.type, call.at) }], a.expr, call.at),
    text: named('nullif', args),
  }
}

const castTo1 =
  (type: DataType): Form =>
  (call, ctx) => {
    const [arg] = terms(call, ctx)
    return { ...castTerm(arg!, type, false, call.at, ctx), text: arg!.text, name: undefined }
  }

const batchTime = (at: Span | undefined): Expr => ({
  kind: 'context',
  name: 'batch_time',
  type: TIMESTAMP,
  nullable: false,
  at,
})

const now =
  (name: string, type: DataType): Form =>
  (call, ctx) => {
    terms(call, ctx)
    const time = batchTime(call.at)
    return { expr: type.kind === 'timestamp' ? time : cast(time, type, 'ansi', call.at), text: `${name}()` }
  }

/** A struct of terms; columns and aliases keep their names, others are col1, col2 … */
export function structTerm(
  args: readonly AstExpr[],
  ctx: ExprContext,
  at: Span | undefined,
  shown: 'struct' | 'named_struct',
): Term {
  const list = resolveArguments(args, ctx)
  const names = list.map((t, i) => t.name ?? (isNamed(t.expr) ? t.text : `col${i + 1}`))
  const flat = list.flatMap((t, i) => [literal(names[i]!, STRING, at), t.expr])
  const expr = callExpr(ctx.a.env, 'named_struct', flat, at)
  const inner =
    shown === 'named_struct'
      ? list.map((t, i) => `${names[i]}, ${t.text}`)
      : list.map((t, i) =>
          args.length === list.length && args[i]!.kind === 'alias' ? `${t.text} AS ${names[i]}` : t.text,
        )
  return { expr, text: `${shown}(${inner.join(', ')})` }
}

const isNamed = (e: Expr): boolean => e.kind === 'attr' || e.kind === 'field'

const grouping: Form = (call, ctx) => {
  const fn = 'grouping'
  if (!ctx.grouping) throw new AnalysisError('UNSUPPORTED_GROUPING_EXPRESSION', { function: fn }, { at: call.at })
  const [arg] = terms(call, { ...ctx, grouping: undefined })
  const index = ctx.grouping.keys.findIndex((k) => k.key === exprKey(arg!.expr))
  if (index < 0) throw new AnalysisError('GROUPING_COLUMN_MISMATCH', { expression: arg!.text }, { at: call.at })
  const shift = literal(ctx.grouping.keys.length - 1 - index, INT, call.at)
  const bit = callExpr(
    ctx.a.env,
    '&',
    [callExpr(ctx.a.env, '>>', [attrExpr(ctx.grouping.id, call.at), shift], call.at), literal(1n, BIGINT)],
    call.at,
  )
  return { expr: cast(bit, TINYINT, 'legacy', call.at), text: named(fn, [arg!]) }
}

const groupingId: Form = (call, ctx) => {
  const fn = 'grouping_id'
  if (!ctx.grouping) throw new AnalysisError('UNSUPPORTED_GROUPING_EXPRESSION', { function: fn }, { at: call.at })
  const args = terms(call, { ...ctx, grouping: undefined })
  const keys = ctx.grouping.keys
  if (args.length > 0 && (args.length !== keys.length || args.some((t, i) => exprKey(t.expr) !== keys[i]!.key)))
    throw new AnalysisError('GROUPING_ID_COLUMN_MISMATCH', {}, { at: call.at })
  return { expr: attrExpr(ctx.grouping.id, call.at), text: named(fn, args) }
}

const true_ = (then: Expr) => ({ when: literal(true, BOOLEAN), then })

/** Calls that are not registry entries: lazy ones, clocks, casts by type name, grouping functions, time windows. */
export const SPECIAL_FORMS: Readonly<Record<string, Form | undefined>> = Object.assign(
  Object.create(null) as Record<string, Form>,
  {
    coalesce: coalesce('coalesce'),
    ifnull: coalesce('ifnull'),
    nvl: coalesce('nvl'),
    nvl2,
    nullif,
    if: ifForm,
    // The type is known without any row: the argument is not evaluated.
    typeof: (call: AstCall, ctx: ExprContext) => {
      const [arg] = terms(call, ctx)
      const name = literal(typeName(arg!.expr.type), STRING, call.at)
      // A branch that is never taken keeps the columns it names, which must be grouped like any other.
      const expr =
        attrIds(arg!.expr).size === 0
          ? name
          : caseOf([true_(name), { when: isNotNull(arg!.expr), then: name }], name, call.at)
      return { expr, text: named('typeof', [arg!]) }
    },
    cast: (call: AstCall, ctx: ExprContext) => {
      terms(call, ctx)
      throw new InternalError('a call of CAST has no right count of arguments')
    },
    struct: (call: AstCall, ctx: ExprContext) => structTerm(call.args, ctx, call.at, 'struct'),
    between: (call: AstCall, ctx: ExprContext) => {
      const [a, low, high] = terms(call, ctx)
      return betweenTerm(a!, low!, high!, call.at, ctx)
    },
    in: (call: AstCall, ctx: ExprContext) => {
      const [a, ...list] = terms(call, ctx)
      return inTerm(a!, list, call.at, ctx)
    },
    not: (call: AstCall, ctx: ExprContext) =>
      resolveExpr(
        { kind: 'unary', op: 'not', arg: call.args[0] ?? { kind: 'literal', type: 'null', text: 'NULL' }, at: call.at },
        ctx,
      ),
    // `v:a.b` reads a VARIANT, a type millrace does not have: no column can be one.
    semi_structured_extract: (call: AstCall, ctx: ExprContext) => {
      const base = resolveExpr(call.args[0]!, ctx)
      throw new AnalysisError(
        'COLUMN_IS_NOT_VARIANT_TYPE',
        { actual: typeName(base.expr.type) },
        { at: call.at, hint: 'use get_json_object or from_json' },
      )
    },
    current_timestamp: now('current_timestamp', TIMESTAMP),
    now: now('now', TIMESTAMP),
    current_date: now('current_date', DATE),
    curdate: now('current_date', DATE),
    localtimestamp: now('localtimestamp', TIMESTAMP_NTZ),
    grouping,
    grouping_id: groupingId,
    window: timeWindow,
    session_window: sessionWindow,
    calendar_window: calendarWindow,
    window_time: windowTime,
    boolean: castTo1(BOOLEAN),
    tinyint: castTo1(TINYINT),
    smallint: castTo1(SMALLINT),
    int: castTo1(INT),
    bigint: castTo1(BIGINT),
    float: castTo1(FLOAT),
    double: castTo1(DOUBLE),
    decimal: castTo1(decimal(10, 0)),
    string: castTo1(STRING),
    binary: castTo1(BINARY),
    date: castTo1(DATE),
    timestamp: castTo1(TIMESTAMP),
  } satisfies Record<string, Form>,
)
