import { UnsupportedError } from '../errors/errors.ts'
import { conjuncts, visit, type Expr } from '../expr/bound.ts'
import { decodeLiteral } from '../types/literal.ts'
import { US_PER_DAY } from '../types/time.ts'
import { CalendarInterval } from '../types/value.ts'
import { isStreaming, type Attr, type Logical, type LogicalJoin } from './logical.ts'
import type { JoinType } from './unresolved.ts'

/** The columns of a plan that carry event time. */
export const eventTimeColumns = (plan: Logical): readonly Attr[] => plan.attrs.filter((x) => x.eventTime === true)

/** Joins as messages name them. */
export const JOIN_NAME: Readonly<Record<JoinType, string>> = {
  inner: 'inner',
  cross: 'cross',
  left: 'left outer',
  right: 'right outer',
  full: 'full outer',
  semi: 'left semi',
  anti: 'left anti',
}

/**
 * In a join of a stream with a bounded table: the port of the table where the join keeps the table's rows, so that a row
 * of the stream can change what becomes of them; null where every row of the stream is answered from the table alone.
 */
export function keptSide(join: LogicalJoin): 0 | 1 | null {
  const [left, right] = [isStreaming(join.left), isStreaming(join.right)]
  if (left === right) return null
  if (join.type === 'full') return left ? 1 : 0
  if (left) return join.type === 'right' ? 1 : null
  return join.type === 'left' || join.type === 'semi' || join.type === 'anti' ? 0 : null
}

/** The refusal of a join whose rows without a match are never final. */
export function joinWithoutWatermark(join: LogicalJoin): UnsupportedError {
  const kept = keptSide(join)
  const missing =
    kept === null
      ? 'an equality or a range of event-time columns with a watermark on the side that bounds the other'
      : 'a condition by which the watermark of the stream makes a row of the table final'
  const hint =
    kept === null
      ? 'set withWatermark(...) on both sides and add a condition such as r.time BETWEEN l.time AND l.time + INTERVAL 5 MINUTES'
      : 'a row of the table has no match only when none can come any more: set withWatermark(...) on the stream and add a condition such as stream.time <= table.time, or keep the rows of the stream instead'
  return new UnsupportedError(
    'STREAMING_JOIN_WITHOUT_WATERMARK',
    { join: JOIN_NAME[join.type], missing },
    { at: join.condition?.at ?? join.at, hint },
  )
}

/** How a join of two streams, or of a stream and a table whose rows it keeps, is bounded in time. */
export interface JoinBound {
  /** Pairs of columns, left and right, that must be equal. */
  readonly equalities: readonly { readonly left: Expr; readonly right: Expr }[]
  /** One of the equalities is between columns of which one carries event time. */
  readonly equalTime: boolean
  /** Each side: its state can be released because a bound on its event time follows from the other side's watermark. */
  readonly leftReleased: boolean
  readonly rightReleased: boolean
}

const COMPARE = new Set(['<', '<=', '>', '>='])

/** Reads from a join's condition what bounds its state in time. */
export function joinBound(join: LogicalJoin): JoinBound {
  const left = columnsOf(join.left)
  const right = columnsOf(join.right)
  const side = (e: Expr): 'left' | 'right' | 'both' | 'none' => {
    let l = false
    let r = false
    visit(e, (n) => {
      if (n.kind !== 'attr') return
      if (left.has(n.id)) l = true
      else if (right.has(n.id)) r = true
    })
    return l && r ? 'both' : l ? 'left' : r ? 'right' : 'none'
  }
  const isTime = (e: Expr): boolean => e.kind === 'attr' && (left.get(e.id) ?? right.get(e.id))?.eventTime === true
  const equalities: { left: Expr; right: Expr }[] = []
  let equalTime = false
  let leftLow = false
  let rightLow = false
  for (const c of join.condition ? conjuncts(join.condition) : []) {
    if (c.kind !== 'call') continue
    const [a, b] = c.args as [Expr, Expr]
    if (
      (c.fn === '=' || c.fn === '<=>') &&
      side(a) !== side(b) &&
      ['left', 'right'].includes(side(a)) &&
      ['left', 'right'].includes(side(b))
    ) {
      const pair = side(a) === 'left' ? { left: a, right: b } : { left: b, right: a }
      equalities.push(pair)
      if (isTime(pair.left) || isTime(pair.right)) equalTime = true
    } else if (COMPARE.has(c.fn)) {
      // `big > small`: the side whose column is the greater cannot be older than the smaller allows.
      const [big, small] = c.fn.startsWith('>') ? [a, b] : [b, a]
      const [greater, lesser] = [timeOffset(big)?.id, timeOffset(small)?.id]
      if (greater === undefined || lesser === undefined) continue
      if (left.has(greater) && right.get(lesser)?.eventTime === true) leftLow = true
      else if (right.has(greater) && left.get(lesser)?.eventTime === true) rightLow = true
    }
  }
  return {
    equalities,
    equalTime,
    // Rows of a side are kept until the other side's watermark has passed all they could still match.
    leftReleased: equalTime || leftLow,
    rightReleased: equalTime || rightLow,
  }
}

/** Columns by id; a watermark on a bounded table bounds nothing. */
const columnsOf = (side: Logical): ReadonlyMap<number, Attr> =>
  new Map(side.attrs.map((x) => [x.id, isStreaming(side) ? x : { ...x, eventTime: false }]))

/**
 * A time that is a column plus or minus constant intervals; null for every other expression, whose bound cannot be told
 * from the watermark. `offsetUs` is null where a constant is not folded yet.
 */
export function timeOffset(e: Expr): { readonly id: number; readonly offsetUs: bigint | null } | null {
  if (e.kind === 'attr')
    return e.type.kind === 'timestamp' || e.type.kind === 'timestamp_ntz' ? { id: e.id, offsetUs: 0n } : null
  if (e.kind !== 'call' || (e.fn !== '+' && e.fn !== '-')) return null
  const [x, y] = [e.args[0]!, e.args[1]!]
  const second = intervalUs(y)
  const interval = second ?? (e.fn === '+' ? intervalUs(x) : null)
  if (interval === null) return null
  const base = timeOffset(second === null ? y : x)
  if (base === null) return null
  if (interval === 'unfolded' || base.offsetUs === null) return { id: base.id, offsetUs: null }
  return { id: base.id, offsetUs: base.offsetUs + (e.fn === '+' ? interval : -interval) }
}

/** The length of a constant interval; null for what is none, or has months. */
function intervalUs(e: Expr): bigint | 'unfolded' | null {
  if (e.kind !== 'literal') return isInterval(e) && !readsColumn(e) ? 'unfolded' : null
  if (e.value === null) return null
  const v = decodeLiteral(e.value, e.type)
  if (e.type.kind === 'interval_dt') return v as bigint
  if (v instanceof CalendarInterval && v.months === 0) return BigInt(v.days) * US_PER_DAY + v.micros
  return null
}

const isInterval = (e: Expr): boolean => e.type.kind === 'interval_dt' || e.type.kind === 'interval'

function readsColumn(e: Expr): boolean {
  let found = false
  visit(e, (n) => {
    if (n.kind === 'attr') found = true
  })
  return found
}
