import { createHash } from 'node:crypto'
import type { Expr } from '../expr/bound.ts'
import { typeName } from '../types/data-type.ts'
import { describeNode } from './describe-plan.ts'
import { keptSide } from './event-time.ts'
import { generatedAttrs, inputsOf, isStreaming, type AggregateCall, type Logical } from './logical.ts'
import { identityText, sourceIdentity } from './source-identity.ts'
import { visitPlan } from './walk.ts'

/** What a stateful node means, free of ids, aliases and positions in the text. */
export interface Fingerprint {
  readonly nodeId: number
  /** sha256 of the canonical JSON, in hex. */
  readonly fingerprint: string
  /** The node in one line, for the message of a refused restart. */
  readonly describe: string
}

type Canonical = null | boolean | number | string | readonly Canonical[] | { readonly [key: string]: Canonical }

/**
 * One fingerprint for each stateful node over a stream, from the analyzed plan (so that a better optimizer keeps old checkpoints).
 * Columns are known by how they come about: the path of a table's column, or the expression that computes them. What only filters
 * or names differently below a node does not change it; keys, functions, types, windows and watermark columns do.
 */
export function fingerprints(plan: Logical, identityOf: IdentityOf = () => undefined): readonly Fingerprint[] {
  const origins = originsOf(plan)
  const out: Fingerprint[] = []
  visitPlan(plan, (node) => {
    if (!isStreaming(node)) return
    const meaning = meaningOf(node, origins)
    if (meaning === null) return
    const fingerprint = createHash('sha256')
      .update(JSON.stringify(meaning, (key, value: unknown) => identified(key, value, identityOf)))
      .digest('hex')
    out.push({ nodeId: node.id, fingerprint, describe: describeNode(node).replaceAll(/#\d+/g, '') })
  })
  return out
}

/** How the aggregates of a plan are ordered by what they mean: the same whatever their names, ids and places. */
export function aggregateOrder(
  plan: Logical,
  identityOf: IdentityOf = () => undefined,
): (a: AggregateCall, b: AggregateCall) => number {
  const origins = originsOf(plan)
  const text = (call: AggregateCall): string =>
    JSON.stringify(callOf(call, origins), (key, value: unknown) => identified(key, value, identityOf))
  return (a, b) => {
    const [x, y] = [text(a), text(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }
}

/** What a function of the user's means besides its name (version, state), or undefined for a function of SQL. */
export type IdentityOf = (fn: string) => string | undefined

const CALLS = new Set(['call', 'aggregate', 'generate', 'asyncCall'])

/** Functions of the user's are known by name and version, never by the id of one run or their source. */
const identified = (key: string, value: unknown, identityOf: IdentityOf): unknown =>
  CALLS.has(key) && typeof value === 'string' ? (identityOf(value) ?? value) : value

const sorted = (list: readonly Canonical[]): readonly Canonical[] =>
  [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

type Origins = ReadonlyMap<number, Canonical>

/** What every column of the plan is made of. */
function originsOf(plan: Logical): Origins {
  const origins = new Map<number, Canonical>()
  let tables = 0
  const set = (id: number, what: Canonical): void => {
    if (!origins.has(id)) origins.set(id, what)
  }
  visitPlan(plan, (p) => {
    const of = (e: Expr): Canonical => canonical(e, origins)
    switch (p.op) {
      case 'scan': {
        // A stream is known by its name in the checkpoint, a bounded table by what it is.
        const table = p.source.name ?? (p.source.streaming ? tables++ : identityText(sourceIdentity(p.source)))
        for (const x of p.attrs) set(x.id, { table, column: x.name.toLowerCase(), type: typeName(x.type) })
        return
      }
      case 'local':
      case 'range': {
        const table = `values ${tables++}`
        p.attrs.forEach((x, i) => set(x.id, { table, column: i, type: typeName(x.type) }))
        return
      }
      case 'project':
        for (const i of p.items) set(i.attr.id, of(i.expr))
        return
      case 'aggregate':
        for (const k of p.keys) set(k.attr.id, of(k.expr))
        for (const x of p.aggregates) set(x.attr.id, callOf(x.call, origins))
        return
      case 'window':
        set(p.attrs.at(-1)!.id, {
          window: of(p.time),
          size: p.sizeUs,
          slide: p.slideUs,
          start: p.startUs,
          gap: p.gap ? of(p.gap) : null,
          ...(p.calendar ? { calendar: { ...p.calendar } } : {}),
          ...(p.cumulates ? { cumulates: true } : {}),
        })
        return
      case 'userMap':
        if (p.kind !== 'filter')
          p.attrs.forEach((x, i) =>
            set(x.id, { closure: p.kind, version: p.version, column: i, type: typeName(x.type) }),
          )
        return
      case 'groupsWithState':
        p.attrs.forEach((x, i) =>
          set(x.id, { stateFunction: p.label, version: p.version, column: i, type: typeName(x.type) }),
        )
        return
      case 'transformWithState':
        p.attrs.forEach((x, i) =>
          set(x.id, { statefulProcessor: p.label, version: p.version, column: i, type: typeName(x.type) }),
        )
        return
      case 'asyncCall':
        set(p.attrs.at(-1)!.id, { asyncCall: p.fn, args: p.args.map(of), type: typeName(p.attrs.at(-1)!.type) })
        return
      case 'expand':
        p.attrs.forEach((x, i) => set(x.id, { expand: p.projections.map((list) => of(list[i]!)) }))
        return
      case 'union':
        // In no order: the same tables united the other way round are the same rows.
        p.attrs.forEach((x, i) =>
          set(x.id, { union: sorted(p.inputs.map((q) => origins.get(q.attrs[i]!.id) ?? null)) }),
        )
        return
      case 'generate':
        generatedAttrs(p).forEach((x, i) => set(x.id, { generate: p.fn, args: p.args.map(of), column: i }))
        return
      default:
        for (const x of p.attrs) set(x.id, { column: typeName(x.type) })
    }
  })
  return origins
}

function canonical(e: Expr, origins: Origins, params: ReadonlyMap<number, number> = new Map()): Canonical {
  const inner = (c: Expr): Canonical => canonical(c, origins, params)
  switch (e.kind) {
    case 'attr':
      return origins.get(e.id) ?? { column: e.name }
    case 'column':
      return { position: e.index }
    case 'literal':
      return { literal: e.value as Canonical, type: typeName(e.type) }
    case 'param':
      return { param: params.get(e.id) ?? -1 }
    case 'context':
      return { context: e.name }
    case 'cast':
      return { cast: inner(e.arg), type: typeName(e.type), mode: e.mode }
    case 'field':
      return { field: e.index, of: inner(e.arg) }
    case 'call':
      return { call: e.fn, args: e.args.map(inner), type: typeName(e.type) }
    case 'lambda': {
      const bound = new Map(params)
      for (const p of e.params) bound.set(p.id, bound.size)
      return { lambda: e.params.length, body: canonical(e.body, origins, bound) }
    }
    case 'and':
    case 'or':
    case 'coalesce':
      return { [e.kind]: e.args.map(inner) }
    case 'in':
      return { in: inner(e.arg), list: e.list.map(inner) }
    case 'case':
      return { case: e.branches.map((b) => [inner(b.when), inner(b.then)]), otherwise: inner(e.otherwise) }
  }
}

function callOf(c: AggregateCall, origins: Origins): Canonical {
  return {
    aggregate: c.fn,
    args: c.args.map((e) => canonical(e, origins)),
    distinct: c.distinct,
    filter: c.filter ? canonical(c.filter, origins) : null,
    type: typeName(c.type),
  }
}

function meaningOf(p: Logical, origins: Origins): Canonical {
  const of = (e: Expr): Canonical => canonical(e, origins)
  const columnOf = (id: number): Canonical => origins.get(id) ?? null
  switch (p.op) {
    case 'aggregate':
      return {
        op: 'aggregate',
        keys: p.keys.map((k) => ({
          key: of(k.expr),
          type: typeName(k.attr.type),
          eventTime: k.attr.eventTime === true,
        })),
        aggregates: p.aggregates.map((x) => callOf(x.call, origins)),
      }
    case 'groupsWithState':
      return {
        op: 'groupsWithState',
        function: p.label,
        version: p.version,
        key: columnOf(p.input.attrs[0]!.id),
        state: p.state.fields.map((f) => ({ name: f.name, type: typeName(f.type) })),
        timeout: p.timeout,
      }
    case 'transformWithState':
      // Its states are known by their tables: one may come and go, none may change.
      return {
        op: 'transformWithState',
        processor: p.label,
        version: p.version,
        key: columnOf(p.input.attrs[0]!.id),
        timeMode: p.timeMode,
        emits: p.emits,
      }
    case 'dedup':
      return {
        op: 'dedup',
        keys: p.keys.map(columnOf),
        withinWatermark: p.withinWatermark,
        delays: p.withinWatermark ? delaysBelow(p) : [],
      }
    case 'join':
      if (keptSide(p) === null && (!isStreaming(p.left) || !isStreaming(p.right))) return null
      return {
        op: 'join',
        type: p.type,
        condition: p.condition ? of(p.condition) : null,
        left: p.left.attrs.map((x) => typeName(x.type)),
        right: p.right.attrs.map((x) => typeName(x.type)),
      }
    case 'setop':
      return { op: p.kind, all: p.all, columns: p.attrs.map((x) => typeName(x.type)) }
    case 'limit':
      return { op: 'limit', count: p.count, offset: p.offset }
    default:
      return null
  }
}

/** Delays of the watermarks below: deduplication within the watermark remembers keys that long. */
function delaysBelow(p: Logical): readonly string[] {
  const own = p.op === 'watermark' ? [p.delayUs] : []
  return [...own, ...inputsOf(p).flatMap(delaysBelow)]
}
