import { attrExpr, passOn } from '../analysis.ts'
import { attrIds } from '../expr-key.ts'
import { type Attr, generatedAttrs, type Logical } from '../logical.ts'
import { expressionsOf } from '../walk.ts'
import type { Rule } from './rule.ts'

/** Columns nobody reads are not computed, carried or read from tables. Aggregates and keys of stateful nodes stay as they are. */
export const pruneColumns: Rule = {
  name: 'prune-columns',
  doc: 'leaves out columns that nothing reads',
  apply: (plan, _env, ids) => exactly(plan, plan.attrs, ids),
}

type Ids = ReadonlySet<number>

/** The plan with exactly the columns `wanted`, in their order. */
function exactly(plan: Logical, wanted: readonly Attr[], ids: () => number): Logical {
  const out = prune(plan, new Set(wanted.map((x) => x.id)), ids)
  if (out.attrs.length === wanted.length && out.attrs.every((x, i) => x.id === wanted[i]!.id)) return out
  const items = wanted.map((x) => passOn(out.attrs.find((y) => y.id === x.id) ?? x))
  return { op: 'project', id: ids(), input: out, items, attrs: items.map((i) => i.attr) }
}

const readBy = (plan: Logical): Ids => new Set(expressionsOf(plan).flatMap((e) => [...attrIds(e)]))
const union = (...sets: readonly Ids[]): Ids => new Set(sets.flatMap((s) => [...s]))
const only = (attrs: readonly Attr[], need: Ids): readonly Attr[] => attrs.filter((x) => need.has(x.id))

/** The plan with at least the columns `need`, in their order; others only where a node carries them anyway. */
function prune(plan: Logical, need: Ids, ids: () => number): Logical {
  switch (plan.op) {
    case 'scan': {
      const attrs = only(plan.attrs, need)
      if (plan.columns !== null && attrs.length === plan.attrs.length) return plan
      return { ...plan, attrs, columns: attrs.map((x) => [x.name]) }
    }
    case 'local': {
      const keep = plan.attrs.flatMap((x, i) => (need.has(x.id) ? [i] : []))
      if (keep.length === plan.attrs.length) return plan
      return { ...plan, attrs: keep.map((i) => plan.attrs[i]!), rows: plan.rows.map((r) => keep.map((i) => r[i]!)) }
    }
    case 'range':
    case 'previous':
      return plan
    case 'recursive': {
      const anchor = exactly(plan.anchor, plan.anchor.attrs, ids)
      const step = exactly(plan.step, plan.step.attrs, ids)
      return anchor === plan.anchor && step === plan.step ? plan : { ...plan, anchor, step }
    }
    case 'project': {
      const items = plan.items.filter((i) => need.has(i.attr.id))
      const input = prune(plan.input, new Set(items.flatMap((i) => [...attrIds(i.expr)])), ids)
      return items.length === plan.items.length && input === plan.input
        ? plan
        : { ...plan, input, items, attrs: items.map((i) => i.attr) }
    }
    case 'filter':
    case 'observe':
    case 'sort': {
      const input = prune(plan.input, union(need, readBy(plan)), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: inOrder(plan.attrs, input) }
    }
    case 'limit':
    case 'sample': {
      const input = prune(plan.input, need, ids)
      return input === plan.input ? plan : { ...plan, input, attrs: inOrder(plan.attrs, input) }
    }
    case 'watermark': {
      const input = prune(plan.input, union(need, new Set([plan.column])), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: inOrder(plan.attrs, input) }
    }
    case 'aggregate': {
      // Its state holds keys and results only, so columns too many below do no harm.
      const input = prune(plan.input, readBy(plan), ids)
      return input === plan.input ? plan : { ...plan, input }
    }
    case 'dedup': {
      const input = narrow(plan.input, union(need, new Set(plan.keys), eventTime(plan.input)), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: inOrder(plan.attrs, input) }
    }
    case 'expand': {
      const keep = plan.attrs.flatMap((x, i) => (need.has(x.id) ? [i] : []))
      const projections = plan.projections.map((p) => keep.map((i) => p[i]!))
      const input = prune(plan.input, new Set(projections.flat().flatMap((e) => [...attrIds(e)])), ids)
      return keep.length === plan.attrs.length && input === plan.input
        ? plan
        : { ...plan, input, projections, attrs: keep.map((i) => plan.attrs[i]!) }
    }
    case 'userMap': {
      // A closure sees the whole row.
      const input = exactly(plan.input, plan.input.attrs, ids)
      if (input === plan.input) return plan
      return { ...plan, input, attrs: plan.kind === 'filter' ? inOrder(plan.attrs, input) : plan.attrs }
    }
    case 'groupsWithState': {
      const input = exactly(plan.input, plan.input.attrs, ids)
      return input === plan.input ? plan : { ...plan, input }
    }
    case 'transformWithState': {
      const input = exactly(plan.input, plan.input.attrs, ids)
      const initial = plan.initial === null ? null : exactly(plan.initial, plan.initial.attrs, ids)
      return input === plan.input && initial === plan.initial ? plan : { ...plan, input, initial }
    }
    case 'asyncCall': {
      const column = plan.attrs.at(-1)!
      if (!need.has(column.id)) return prune(plan.input, need, ids)
      const input = prune(plan.input, union(without(need, [column]), readBy(plan)), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: [...inOrder(plan.attrs, input), column] }
    }
    case 'window': {
      const column = plan.attrs.at(-1)!
      const input = prune(plan.input, union(without(need, [column]), readBy(plan)), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: [...inOrder(plan.attrs, input), column] }
    }
    case 'generate': {
      const own = generatedAttrs(plan)
      const input = prune(plan.input, union(without(need, own), readBy(plan)), ids)
      // What only the generator reads goes no further: it would be repeated for every row it gives.
      const attrs = [...only(inOrder(plan.attrs, input), need), ...own]
      return input === plan.input && attrs.length === plan.attrs.length ? plan : { ...plan, input, attrs }
    }
    case 'over': {
      const own = plan.calls.map((c) => c.attr)
      const input = prune(plan.input, union(without(need, own), readBy(plan)), ids)
      return input === plan.input ? plan : { ...plan, input, attrs: [...inOrder(plan.attrs, input), ...own] }
    }
    case 'join': {
      const all = union(need, readBy(plan))
      const left = narrow(plan.left, new Set(only(plan.left.attrs, all).map((x) => x.id)), ids)
      const right = narrow(plan.right, new Set(only(plan.right.attrs, all).map((x) => x.id)), ids)
      if (left === plan.left && right === plan.right) return plan
      const below = new Set([...left.attrs, ...right.attrs].map((x) => x.id))
      return { ...plan, left, right, attrs: plan.attrs.filter((x) => below.has(x.id)) }
    }
    case 'union': {
      const keep = plan.attrs.flatMap((x, i) => (need.has(x.id) ? [i] : []))
      const inputs = plan.inputs.map((p) =>
        exactly(
          p,
          keep.map((i) => p.attrs[i]!),
          ids,
        ),
      )
      return keep.length === plan.attrs.length && inputs.every((x, i) => x === plan.inputs[i])
        ? plan
        : { ...plan, inputs, attrs: keep.map((i) => plan.attrs[i]!) }
    }
    case 'setop': {
      const left = exactly(plan.left, plan.left.attrs, ids)
      const right = exactly(plan.right, plan.right.attrs, ids)
      return left === plan.left && right === plan.right ? plan : { ...plan, left, right }
    }
  }
}

/** As `prune`, but without the columns that only a filter below read: what has state must not keep them. */
function narrow(plan: Logical, need: Ids, ids: () => number): Logical {
  const out = prune(plan, need, ids)
  if (out.attrs.every((x) => need.has(x.id))) return out
  const attrs = only(out.attrs, need)
  return { op: 'project', id: ids(), input: out, items: attrs.map((x) => ({ expr: attrExpr(x), attr: x })), attrs }
}

const eventTime = (plan: Logical): Ids => new Set(plan.attrs.filter((x) => x.eventTime).map((x) => x.id))
const without = (need: Ids, gone: readonly Attr[]): Ids =>
  new Set([...need].filter((id) => !gone.some((x) => x.id === id)))

/** The node's own form of the columns its input still has. */
function inOrder(attrs: readonly Attr[], input: Logical): readonly Attr[] {
  return input.attrs.map((x) => attrs.find((y) => y.id === x.id) ?? x)
}
