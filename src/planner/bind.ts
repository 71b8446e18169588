import { InternalError } from '../errors/errors.ts'
import { type ColumnExpr, type Expr, mapChildren } from '../expr/bound.ts'
import type { Attr } from '../plan/logical.ts'
import type { Schema } from '../types/data-type.ts'

/** Turns `attr` leaves into columns by their position among `attrs`. */
export function bindExpr(expr: Expr, attrs: readonly Attr[]): Expr {
  if (expr.kind === 'attr') {
    const index = attrs.findIndex((a) => a.id === expr.id)
    if (index < 0)
      throw new InternalError(
        `column ${expr.name}#${expr.id} is not among ${attrs.map((a) => `${a.name}#${a.id}`).join(', ')}`,
      )
    return {
      kind: 'column',
      index,
      name: expr.name,
      type: attrs[index]!.type,
      nullable: attrs[index]!.nullable,
      at: expr.at,
    }
  }
  return mapChildren(expr, (child) => bindExpr(child, attrs))
}

/** The column at a position, as an expression. */
export function columnAt(attrs: readonly Attr[], index: number): ColumnExpr {
  const attr = attrs[index]!
  return { kind: 'column', index, name: attr.name, type: attr.type, nullable: attr.nullable }
}

/** The schema a node with these columns emits. */
export const schemaOfAttrs = (attrs: readonly Attr[]): Schema => ({
  fields: attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })),
})
