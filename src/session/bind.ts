import { namesIn } from '../sql/read-expr.ts'
import type { AstExpr, AstParameter, AstStatement, Ident } from '../sql/ast.ts'

/** What parameters stand for: by name in lower case, or by 0-based index. Undefined leaves the parameter unbound. */
export type ParameterValues = (parameter: AstParameter) => AstExpr | undefined

/**
 * The statement with its parameters and IDENTIFIER(…) clauses replaced. `identifier` gives the text an IDENTIFIER's
 * expression computes. A parameter without value stays, and analysis refuses it.
 */
export function bindStatement(
  statement: AstStatement,
  values: ParameterValues,
  identifier: (expr: AstExpr) => string,
): AstStatement {
  if (!needsBinding(statement)) return statement
  const bind = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.flatMap((child) => (isComputed(child) ? names(child) : [bind(child)]))
    if (node === null || typeof node !== 'object') return node
    if (isParameter(node)) return values(node) ?? node
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, isOpaque(key) ? child : bind(child)]))
  }
  const names = (ident: Ident): Ident[] => {
    const expr = bind(ident.computed) as AstExpr
    const at = expr.at ?? ident.at ?? { sql: '', start: 0, end: 0 }
    return namesIn(identifier(expr), at)
  }
  return bind(statement) as AstStatement
}

/** Spans, and values that are bound already. */
const isOpaque = (key: string): boolean => key === 'at' || key === 'bound'

const isParameter = (node: object): node is AstParameter =>
  (node as { kind?: unknown }).kind === 'parameter' && !('bound' in node)

const isComputed = (node: unknown): node is Ident => typeof node === 'object' && node !== null && 'computed' in node

/** The parameters of a statement, in the order of the text. */
export function parametersOf(root: unknown): readonly AstParameter[] {
  const found: AstParameter[] = []
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look)
    else if (node !== null && typeof node === 'object') {
      if (isParameter(node)) found.push(node)
      for (const [key, child] of Object.entries(node)) if (!isOpaque(key)) look(child)
    }
  }
  look(root)
  return found
}

function needsBinding(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(needsBinding)
  if (node === null || typeof node !== 'object') return false
  if (isParameter(node) || isComputed(node)) return true
  return Object.entries(node).some(([key, child]) => !isOpaque(key) && needsBinding(child))
}

/** Whether a query stands anywhere in a syntax tree. */
export function containsQuery(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(containsQuery)
  if (node === null || typeof node !== 'object') return false
  if ((node as { kind?: unknown }).kind === 'query') return true
  return Object.entries(node).some(([key, child]) => !isOpaque(key) && containsQuery(child))
}
