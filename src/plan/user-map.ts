import { InternalError } from '../errors/errors.ts'
import { isBare } from '../functions/user/rows.ts'
import { structOf } from '../types/data-type.ts'
import { freshAttr, relationOf, shown, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import type { Attr, LogicalUserMap } from './logical.ts'
import type { UserMap } from './unresolved.ts'

/** Name of the column that holds results which are not objects, and of the row in a grouping by key. */
export const VALUE = 'value'

/** A closure's node; its columns are those of its declared or observed results. */
export function userMap(a: Analysis, p: UserMap, s: Surroundings): Relation {
  const input = a.plan(p.input, s)
  const below = shown(a, input)
  const { id, label, version } = p.closure
  const node = (attrs: readonly Attr[]): LogicalUserMap => ({
    op: 'userMap',
    id: a.freshId(),
    input: below,
    kind: p.kind,
    closure: id,
    label,
    version,
    attrs,
  })
  if (p.kind === 'filter') return { plan: node(below.attrs), columns: input.columns, hidden: [] }
  if (p.result.schema === null) {
    if (!a.catalog.closureSchema) throw new InternalError('nobody looks at the results of a closure')
    p.result.schema = a.catalog.closureSchema(p, below)
  }
  const columns = p.result.schema.fields.map((f) => freshAttr(a, f.name, f.type, f.nullable))
  if (p.kind !== 'key') return relationOf(node(columns))
  const fields = below.attrs.map(({ name, type, nullable }) => ({ name, type, nullable }))
  const bare = isBare({ fields })
  const row = freshAttr(a, VALUE, bare ? fields[0]!.type : structOf(fields), bare && fields[0]!.nullable)
  return relationOf(node([...columns, row]))
}
