import { mapChildren, type Expr } from '../../expr/bound.ts'
import type { DataType, Field, StructType } from '../../types/data-type.ts'
import type { Attr, Logical } from '../logical.ts'
import { expressionsOf, mapExpressions, transformPlan, visitPlan } from '../walk.ts'
import type { Rule } from './rule.ts'

/**
 * A struct column of a table of which only members are read is read with those members only: its type shrinks in the whole
 * plan, and the table's `columns` name the paths.
 */
export const pruneMembers: Rule = {
  name: 'prune-members',
  doc: 'reads only the members of structs that are used',
  apply: (plan) => {
    const wanted = wantedMembers(plan)
    const shrunk = new Map<number, Shrunk>()
    visitPlan(plan, (node) => {
      if (node.op !== 'scan') return
      for (const x of node.attrs) {
        const use = wanted.get(x.id)
        if (x.type.kind === 'struct' && use && !use.whole && use.members.size > 0) {
          const s = shrink(x.type, use)
          if (s.dropped) shrunk.set(x.id, s)
        }
      }
    })
    return shrunk.size === 0 ? plan : rewritten(plan, shrunk)
  },
}

/** How a value is used: as a whole, or some of its members. */
interface Use {
  whole: boolean
  readonly members: Map<number, Use>
}

const unused = (): Use => ({ whole: false, members: new Map() })

function wantedMembers(plan: Logical): Map<number, Use> {
  const uses = new Map<number, Use>()
  const of = (id: number): Use => {
    const use = uses.get(id) ?? unused()
    uses.set(id, use)
    return use
  }
  const whole = (x: Attr): void => {
    of(x.id).whole = true
  }
  const read = (e: Expr): void => {
    const path: number[] = []
    let base = e
    while (base.kind === 'field') {
      path.unshift(base.index)
      base = base.arg
    }
    if (base.kind === 'attr') {
      let use = of(base.id)
      for (const i of path) {
        const next = use.members.get(i) ?? unused()
        use.members.set(i, next)
        use = next
      }
      use.whole = true
      return
    }
    if (base !== e) read(base)
    else mapChildren(e, (c) => (read(c), c))
  }
  plan.attrs.forEach(whole)
  visitPlan(plan, (node) => {
    switch (node.op) {
      case 'project':
        for (const i of node.items) if (!(i.expr.kind === 'attr' && i.expr.id === i.attr.id)) read(i.expr)
        return
      case 'union':
        for (const p of node.inputs) p.attrs.forEach(whole)
        return
      case 'setop':
        node.left.attrs.forEach(whole)
        node.right.attrs.forEach(whole)
        return
      case 'userMap':
      case 'groupsWithState':
        node.input.attrs.forEach(whole)
        return
      case 'transformWithState':
        node.input.attrs.forEach(whole)
        node.initial?.attrs.forEach(whole)
        return
      case 'dedup':
        for (const x of node.attrs) if (node.keys.includes(x.id)) whole(x)
        return
      default:
        for (const e of expressionsOf(node)) read(e)
    }
  })
  return uses
}

interface Shrunk {
  readonly type: DataType
  /** By old index: the new one, and how the member itself shrank. */
  readonly members: ReadonlyMap<number, { readonly index: number; readonly inner: Shrunk | null }>
  readonly dropped: boolean
}

function shrink(type: StructType, use: Use): Shrunk {
  const fields: Field[] = []
  const members = new Map<number, { readonly index: number; readonly inner: Shrunk | null }>()
  let dropped = false
  type.fields.forEach((f, i) => {
    const own = use.members.get(i)
    if (!own) {
      dropped = true
      return
    }
    const inner = !own.whole && own.members.size > 0 && f.type.kind === 'struct' ? shrink(f.type, own) : null
    if (inner?.dropped) dropped = true
    members.set(i, { index: fields.length, inner })
    fields.push(inner ? { ...f, type: inner.type } : f)
  })
  return { type: { kind: 'struct', fields }, members, dropped }
}

function rewritten(plan: Logical, shrunk: ReadonlyMap<number, Shrunk>): Logical {
  const attr = (x: Attr): Attr => {
    const s = shrunk.get(x.id)
    return s ? { ...x, type: s.type } : x
  }
  /** The expression, and how the struct it gives shrank. */
  const visit = (e: Expr): { readonly e: Expr; readonly s: Shrunk | null } => {
    if (e.kind === 'attr') {
      const s = shrunk.get(e.id) ?? null
      return { e: s ? { ...e, type: s.type } : e, s }
    }
    if (e.kind === 'field') {
      const base = visit(e.arg)
      const member = base.s?.members.get(e.index)
      if (!member) return { e: base.e === e.arg ? e : { ...e, arg: base.e }, s: null }
      return { e: { ...e, arg: base.e, index: member.index, type: member.inner?.type ?? e.type }, s: member.inner }
    }
    return { e: mapChildren(e, (c) => visit(c).e), s: null }
  }
  return transformPlan(plan, (node) => {
    const next = mapExpressions(node, (e) => visit(e).e)
    const attrs = next.attrs.map(attr)
    switch (next.op) {
      case 'scan':
        return { ...next, attrs, columns: attrs.flatMap((x) => paths([x.name], shrunk.has(x.id) ? x.type : null)) }
      case 'project':
        return { ...next, items: next.items.map((i) => ({ ...i, attr: attr(i.attr) })), attrs }
      case 'aggregate':
        return { ...next, keys: next.keys.map((k) => ({ ...k, attr: attr(k.attr) })), attrs }
      default:
        return { ...next, attrs } as Logical
    }
  })
}

/** Paths to the members that are left; a column that did not shrink is one path. */
function paths(at: readonly string[], type: DataType | null): readonly (readonly string[])[] {
  if (type?.kind !== 'struct') return [at]
  return type.fields.flatMap((f) => paths([...at, f.name], f.type))
}
