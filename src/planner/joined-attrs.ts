import type { Attr, LogicalJoin } from '../plan/logical.ts'

/** The columns that a join gives: of both sides, NULL where a row has no match, or of the left side alone. */
export function joinedAttrs(type: LogicalJoin['type'], left: readonly Attr[], right: readonly Attr[]): readonly Attr[] {
  if (type === 'semi' || type === 'anti') return left
  const leftMayMiss = type === 'right' || type === 'full'
  const rightMayMiss = type === 'left' || type === 'full'
  return [...(leftMayMiss ? left.map(nullable) : left), ...(rightMayMiss ? right.map(nullable) : right)]
}

const nullable = (attr: Attr): Attr => ({ ...attr, nullable: true })
