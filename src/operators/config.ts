import type { Expr } from '../expr/bound.ts'
import type { StateTableSpec } from '../state/table.ts'
import type { DataType } from '../types/data-type.ts'
import type { WindowShape } from '../types/window-shape.ts'

/** One aggregate as the operator runs it: expressions over the operator's input. Plain JSON. */
export interface AggregateSpec {
  readonly fn: string
  readonly args: readonly Expr[]
  /** DISTINCT: which of the node's DistinctSpecs its arguments are values of; null: they are over the input. */
  readonly distinct: number | null
  readonly filter: Expr | null
  readonly type: DataType
  /** Types of its state fields. */
  readonly state: readonly DataType[]
}

/** Values that aggregates take once per group: expressions over the rows of the input where `filter` is TRUE. */
export interface DistinctSpec {
  readonly values: readonly Expr[]
  readonly filter: Expr | null
  /** Keyed by group and value; a value column counts how often it came, where that is kept. */
  readonly state: StateTableSpec
}

/**
 * The key by which groups expire. `window`: key `keys[index]` is a struct<start, end> of the shape, its pane that of the
 * window (see WindowBounds). `time`: the key is the pane itself, of a window of no length.
 */
export interface PaneSpec {
  readonly kind: 'window' | 'time'
  /** Position among the grouping keys. */
  readonly index: number
  readonly shape: WindowShape
  /** The key carries a watermark: late rows are dropped and expired groups released, where the output mode says so. */
  readonly expires: boolean
}

/** A column that holds a time: the time itself, or a window struct, whose time is its end. */
export interface TimeColumn {
  readonly column: number
  readonly kind: 'time' | 'window'
}

/**
 * When a buffered row of a stream join may be forgotten: as soon as the watermark is at or beyond its time plus
 * `afterUs`. `exact`: the time is a join key (the watermark passes through the join as it is). `nulls`: a row without a
 * time matches nothing and is final at once, or NULL equals NULL (`<=>`) and it is kept for ever.
 */
export interface ReleaseRule {
  readonly time: TimeColumn
  readonly afterUs: string
  readonly exact: boolean
  readonly nulls: 'final' | 'kept'
}

export interface SortKeySpec {
  readonly expr: Expr
  readonly descending: boolean
  readonly nullsFirst: boolean
}
