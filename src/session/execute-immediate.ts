import { AnalysisError, ParseError } from '../errors/errors.ts'
import type { AstExecuteImmediate, AstExpr, AstParameter } from '../sql/ast.ts'
import { parseStatement } from '../sql/parse.ts'
import { typeName } from '../types/data-type.ts'
import { bindStatement, parametersOf } from './bind.ts'
import { constantText, converter, evaluateNow, rowsOf, type Typed } from './evaluate.ts'
import { boundParameter } from './parameters.ts'
import { command, type Outcome, type StatementContext } from './statement-context.ts'
import { assign, checkArity, onlyRow, requireDistinct } from './variable-statements.ts'

/** EXECUTE IMMEDIATE text [INTO variables] [USING values]. */
export function executeImmediate(s: AstExecuteImmediate, ctx: StatementContext): Outcome {
  const text = textOf(s.text, ctx)
  const parsed = parseStatement(text)
  if (parsed.kind === 'execute_immediate')
    throw new AnalysisError('NESTED_EXECUTE_IMMEDIATE', {}, { at: s.text.at ?? s.at })
  const parameters = parametersOf(parsed)
  const statement = bindStatement(parsed, valuesFor(parameters, s, ctx), (e) => constantText(ctx, e, 'IDENTIFIER'))
  if (!s.into) return ctx.statement(statement)
  if (statement.kind !== 'query_statement')
    throw new AnalysisError('INVALID_STATEMENT_FOR_EXECUTE_INTO', {}, { at: s.at })
  const targets = requireDistinct(ctx, s.into)
  const plan = { op: 'sql', query: statement.query } as const
  const { attrs } = ctx.plans.analyze(plan)
  checkArity(targets, attrs.length, s.at)
  const convert = targets.map((t, i) => converter(ctx, attrs[i]!.type, t.type, s.at))
  const { into } = s
  return command(async () => assign(ctx, into, onlyRow((await rowsOf(ctx, plan)).rows, targets.length), convert))
}

function textOf(expr: AstExpr, ctx: StatementContext): string {
  const { types, values } = evaluateNow(ctx, [expr])
  const type = types[0]!
  if (type.kind !== 'string' && type.kind !== 'void')
    throw new AnalysisError(
      'INVALID_EXPR_TYPE_FOR_QUERY_EXECUTE_IMMEDIATE',
      { actual: typeName(type) },
      { at: expr.at },
    )
  if (values === null)
    throw new AnalysisError(
      'NOT_A_CONSTANT_STRING.NOT_CONSTANT',
      { name: 'the text of EXECUTE IMMEDIATE' },
      { at: expr.at },
    )
  if (values[0] === null) throw new AnalysisError('NULL_QUERY_STRING_EXECUTE_IMMEDIATE', {}, { at: expr.at })
  return values[0] as string
}

function valuesFor(
  parameters: readonly AstParameter[],
  s: AstExecuteImmediate,
  ctx: StatementContext,
): (p: AstParameter) => AstExpr | undefined {
  const named = parameters.find((p) => p.name !== undefined)
  if (named && parameters.some((p) => p.name === undefined))
    throw new ParseError('INVALID_QUERY_MIXED_QUERY_PARAMETERS', {}, { at: named.at })
  const using = s.using ?? []
  const items = using.map((item) => {
    const alias =
      item.kind === 'alias' ? item.names[0]!.name : item.kind === 'name' ? item.parts.at(-1)!.name : undefined
    if (named && alias === undefined)
      throw new AnalysisError('ALL_PARAMETERS_MUST_BE_NAMED', { name: named.name! }, { at: item.at ?? s.at })
    return { name: alias, value: valueOf(item.kind === 'alias' ? item.arg : item, ctx) }
  })
  return (p) => {
    const found =
      p.name === undefined ? items[p.index ?? 0] : items.find((x) => x.name?.toLowerCase() === p.name!.toLowerCase())
    return found && boundParameter(p, found.value)
  }
}

function valueOf(expr: AstExpr, ctx: StatementContext): Typed {
  const { types, values } = evaluateNow(ctx, [expr])
  if (values === null)
    throw new AnalysisError(
      'UNSUPPORTED_EXPR_FOR_PARAMETER',
      {},
      { at: expr.at, hint: 'set a variable to it first, and give the variable' },
    )
  return { value: values[0]!, type: types[0]! }
}
