import { childrenOf, visit, type Expr } from '../expr/bound.ts'
import { typeName } from '../types/data-type.ts'

/**
 * Text that two expressions share when they mean the same: spans, column names and nullability left out,
 * lambda parameters numbered by position.
 */
export function exprKey(e: Expr, params: ReadonlyMap<number, number> = new Map()): string {
  const inner = (c: Expr): string => exprKey(c, params)
  switch (e.kind) {
    case 'attr':
      return `#${e.id}`
    case 'column':
      return `$${e.index}`
    case 'literal':
      return `${JSON.stringify(e.value)}:${typeName(e.type)}`
    case 'param':
      return `p${params.get(e.id) ?? `?${e.id}`}`
    case 'context':
      return e.name
    case 'cast':
      return `${e.mode}(${inner(e.arg)}:${typeName(e.type)})`
    case 'field':
      return `${inner(e.arg)}.${e.index}`
    case 'call':
      return `${e.fn}(${e.args.map(inner).join(',')}):${typeName(e.type)}`
    case 'lambda': {
      const bound = new Map(params)
      for (const p of e.params) bound.set(p.id, bound.size)
      return `λ${e.params.length}(${exprKey(e.body, bound)})`
    }
    default:
      return `${e.kind}(${childrenOf(e).map(inner).join(',')})`
  }
}

/** The ids of the columns an expression reads. */
export function attrIds(e: Expr): Set<number> {
  const ids = new Set<number>()
  visit(e, (node) => {
    if (node.kind === 'attr') ids.add(node.id)
  })
  return ids
}
