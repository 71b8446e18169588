import { conjuncts, visit, type Expr } from '../expr/bound.ts'
import type { Attr, Logical, LogicalJoin } from './logical.ts'

/** The columns of a plan that carry event time. */
export const eventTimeColumns = (plan: Logical): readonly Attr[] => plan.attrs.filter((x) => x.eventTime === true)

/** How a join of two streams is bounded in time. */
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
  const left = new Map(join.left.attrs.map((x) => [x.id, x]))
  const right = new Map(join.right.attrs.map((x) => [x.id, x]))
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
      const greater = timeSide(big, side, reads(left, isMoment), reads(right, isMoment))
      const lesser = timeSide(small, side, reads(left, isMarked), reads(right, isMarked))
      if (greater === 'left' && lesser === 'right') leftLow = true
      else if (greater === 'right' && lesser === 'left') rightLow = true
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

/** Whether an expression reads a column of `columns` that `test` holds for. */
const reads =
  (columns: ReadonlyMap<number, Attr>, test: (x: Attr | undefined) => boolean) =>
  (e: Expr): boolean => {
    let found = false
    visit(e, (n) => {
      if (n.kind === 'attr' && test(columns.get(n.id))) found = true
    })
    return found
  }

const isMarked = (x: Attr | undefined): boolean => x?.eventTime === true
const isMoment = (x: Attr | undefined): boolean =>
  x !== undefined && ['timestamp', 'timestamp_ntz', 'date'].includes(x.type.kind)

function timeSide(
  e: Expr,
  side: (e: Expr) => 'left' | 'right' | 'both' | 'none',
  leftTime: (e: Expr) => boolean,
  rightTime: (e: Expr) => boolean,
): 'left' | 'right' | null {
  const s = side(e)
  if (s === 'left' && leftTime(e)) return 'left'
  if (s === 'right' && rightTime(e)) return 'right'
  return null
}
