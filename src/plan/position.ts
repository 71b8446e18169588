import type { AstExpr, AstLiteral } from '../sql/ast.ts'

/** Whether an item of GROUP BY or ORDER BY is a place in the select list: a bare integer that INT holds. */
export const isPosition = (ast: AstExpr): ast is AstLiteral =>
  ast.kind === 'literal' && ast.type === 'integer' && Math.abs(Number(ast.text)) <= 2147483647
