import { conjuncts, type Expr } from '../expr/bound.ts'
import { timeOffset } from '../plan/event-time.ts'
import type { Attr } from '../plan/logical.ts'
import type { ReleaseRule, TimeColumn } from '../operators/config.ts'
import type { JoinKeys } from './join-keys.ts'

/** When the rows of each side may be forgotten; null: never. */
export interface JoinBounds {
  readonly left: ReleaseRule | null
  readonly right: ReleaseRule | null
}

/** Millisecond watermarks: an instant that may still match is passed one millisecond later. */
const MILLISECOND_US = 1000n

/**
 * What the join condition says about time; `leftKeys` and `rightKeys` are where the keys stand among the columns. Equal event times (or windows) release both sides when the watermark reaches
 * the time. A range `r.t BETWEEN l.t + a AND l.t + b` releases a left row when the watermark is strictly beyond
 * `l.t + b`, provided the right side has a watermark; the other side alike.
 */
export function joinBounds(
  keys: JoinKeys,
  left: readonly Attr[],
  right: readonly Attr[],
  leftKeys: readonly number[],
  rightKeys: readonly number[],
): JoinBounds {
  for (const [i, { nullSafe }] of keys.pairs.entries()) {
    const [a, b] = [timeAt(left, leftKeys[i]!), timeAt(right, rightKeys[i]!)]
    if (a && b && (left[leftKeys[i]!]!.eventTime === true || right[rightKeys[i]!]!.eventTime === true)) {
      const rule = { afterUs: '0', exact: true, nulls: nullSafe ? 'kept' : 'final' } as const
      return { left: { time: a, ...rule }, right: { time: b, ...rule } }
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
  return column < 0 ? null : timeColumn(attrs, column)
}

/** A column of event time by its position: a time, or a window. */
export const timeColumn = (attrs: readonly Attr[], column: number): TimeColumn => ({
  column,
  kind: attrs[column]!.type.kind === 'struct' ? 'window' : 'time',
})

const least = (a: ReleaseRule | null, b: ReleaseRule): ReleaseRule =>
  a !== null && BigInt(a.afterUs) <= BigInt(b.afterUs) ? a : b

/** A column by its position as a time or a window; null when it is neither. */
function timeAt(attrs: readonly Attr[], column: number): TimeColumn | null {
  const { type } = attrs[column]!
  if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') return { column, kind: 'time' }
  const isWindow =
    type.kind === 'struct' &&
    type.fields.length === 2 &&
    type.fields[1]!.name === 'end' &&
    type.fields[1]!.type.kind.startsWith('timestamp')
  return isWindow ? { column, kind: 'window' } : null
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
  const [a, b] = [timeOffset(e.args[0]!), timeOffset(e.args[1]!)]
  if (a === null || b === null || a.offsetUs === null || b.offsetUs === null) return null
  const [fromA, fromB] = [a.offsetUs, b.offsetUs]
  const at = (attrs: readonly Attr[], id: number): number => attrs.findIndex((x) => x.id === id)
  const [aRight, bLeft] = [at(right, a.id), at(left, b.id)]
  if (aRight >= 0 && bLeft >= 0) return { leftAt: bLeft, rightAt: aRight, op, offsetUs: fromB - fromA }
  const [aLeft, bRight] = [at(left, a.id), at(right, b.id)]
  if (aLeft >= 0 && bRight >= 0) return { leftAt: aLeft, rightAt: bRight, op: MIRROR[op], offsetUs: fromA - fromB }
  return null
}
