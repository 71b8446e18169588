import { conjuncts, type Expr } from '../expr/bound.ts'
import type { Attr } from '../plan/logical.ts'
import type { ReleaseRule, TimeColumn } from '../operators/config.ts'
import { CalendarInterval } from '../types/value.ts'
import { decodeLiteral } from '../types/literal.ts'
import type { JoinKeys } from './join-keys.ts'

/** When the rows of each side may be forgotten; null: never. */
export interface JoinBounds {
  readonly left: ReleaseRule | null
  readonly right: ReleaseRule | null
}

/** Millisecond watermarks: an instant that may still match is passed one millisecond later. */
const MILLISECOND_US = 1000n
const DAY_US = 86_400_000_000n

/**
 * What the join condition says about time. Equal event times (or windows) release both sides when the watermark reaches
 * the time. A range `r.t BETWEEN l.t + a AND l.t + b` releases a left row when the watermark is strictly beyond
 * `l.t + b`, provided the right side has a watermark; the other side alike.
 */
export function joinBounds(keys: JoinKeys, left: readonly Attr[], right: readonly Attr[]): JoinBounds {
  for (const { left: l, right: r, nullSafe } of keys.pairs) {
    const [a, b] = [timeOf(l, left), timeOf(r, right)]
    if (a && b && (a.attr.eventTime === true || b.attr.eventTime === true)) {
      const rule = { afterUs: '0', exact: true, nulls: nullSafe ? 'kept' : 'final' } as const
      return { left: { time: a.column, ...rule }, right: { time: b.column, ...rule } }
    }
  }
  const l = left.findIndex((a) => a.eventTime === true)
  const r = right.findIndex((a) => a.eventTime === true)
  const rules: { left: ReleaseRule | null; right: ReleaseRule | null } = { left: null, right: null }
  for (const c of keys.residual === null ? [] : conjuncts(keys.residual)) {
    const bound = rangeOf(c, left, right)
    if (bound === null) continue
    const { leftAt, rightAt, op, offsetUs } = bound
    const strict = op === '<' || op === '>'
    const extra = strict ? 0n : MILLISECOND_US
    // right <= left + offset: the last right match of a left row is left + offset.
    if ((op === '<' || op === '<=') && rightAt === r)
      rules.left = least(rules.left, {
        time: { column: leftAt, kind: 'time' },
        afterUs: String(offsetUs + extra),
        exact: false,
        nulls: 'final',
      })
    // right >= left + offset: the last left match of a right row is right - offset.
    if ((op === '>' || op === '>=') && leftAt === l)
      rules.right = least(rules.right, {
        time: { column: rightAt, kind: 'time' },
        afterUs: String(extra - offsetUs),
        exact: false,
        nulls: 'final',
      })
  }
  return rules
}

/** The column by which rows of a side are judged late: its event time, if it has one. */
export function lateColumn(attrs: readonly Attr[]): TimeColumn | null {
  const column = attrs.findIndex((a) => a.eventTime === true)
  if (column < 0) return null
  return { column, kind: attrs[column]!.type.kind === 'struct' ? 'window' : 'time' }
}

const least = (a: ReleaseRule | null, b: ReleaseRule): ReleaseRule =>
  a !== null && BigInt(a.afterUs) <= BigInt(b.afterUs) ? a : b

function timeOf(e: Expr, attrs: readonly Attr[]): { readonly attr: Attr; readonly column: TimeColumn } | null {
  if (e.kind !== 'attr') return null
  const column = attrs.findIndex((a) => a.id === e.id)
  const attr = attrs[column]
  if (attr === undefined) return null
  const { type } = attr
  if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') return { attr, column: { column, kind: 'time' } }
  const isWindow =
    type.kind === 'struct' &&
    type.fields.length === 2 &&
    type.fields[1]!.name === 'end' &&
    type.fields[1]!.type.kind.startsWith('timestamp')
  return isWindow ? { attr, column: { column, kind: 'window' } } : null
}

type Comparison = '<' | '<=' | '>' | '>='
const MIRROR: Readonly<Record<Comparison, Comparison>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** A comparison read as `right time op left time + offset`, by column positions; null when it is none. */
function rangeOf(
  e: Expr,
  left: readonly Attr[],
  right: readonly Attr[],
): { readonly leftAt: number; readonly rightAt: number; readonly op: Comparison; readonly offsetUs: bigint } | null {
  if (e.kind !== 'call' || !(e.fn in MIRROR)) return null
  const op = e.fn as Comparison
  const [a, b] = [linear(e.args[0]!), linear(e.args[1]!)]
  if (a === null || b === null) return null
  const at = (attrs: readonly Attr[], id: number): number => attrs.findIndex((x) => x.id === id)
  const [aRight, bLeft] = [at(right, a.id), at(left, b.id)]
  if (aRight >= 0 && bLeft >= 0) return { leftAt: bLeft, rightAt: aRight, op, offsetUs: b.offsetUs - a.offsetUs }
  const [aLeft, bRight] = [at(left, a.id), at(right, b.id)]
  if (aLeft >= 0 && bRight >= 0)
    return { leftAt: aLeft, rightAt: bRight, op: MIRROR[op], offsetUs: a.offsetUs - b.offsetUs }
  return null
}

/** `column + constant interval` as column and microseconds. */
function linear(e: Expr): { readonly id: number; readonly offsetUs: bigint } | null {
  if (e.kind === 'attr')
    return e.type.kind === 'timestamp' || e.type.kind === 'timestamp_ntz' ? { id: e.id, offsetUs: 0n } : null
  if (e.kind !== 'call' || (e.fn !== '+' && e.fn !== '-')) return null
  const [x, y] = [e.args[0]!, e.args[1]!]
  const offset = intervalUs(y)
  if (offset !== null) {
    const base = linear(x)
    return base && { id: base.id, offsetUs: base.offsetUs + (e.fn === '+' ? offset : -offset) }
  }
  const first = e.fn === '+' ? intervalUs(x) : null
  if (first === null) return null
  const base = linear(y)
  return base && { id: base.id, offsetUs: base.offsetUs + first }
}

function intervalUs(e: Expr): bigint | null {
  if (e.kind !== 'literal' || e.value === null) return null
  const v = decodeLiteral(e.value, e.type)
  if (e.type.kind === 'interval_dt') return v as bigint
  if (v instanceof CalendarInterval && v.months === 0) return BigInt(v.days) * DAY_US + v.micros
  return null
}
