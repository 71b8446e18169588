import type { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import type { DataType, Field } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { WindowShape } from '../types/window-shape.ts'
import type { Visits } from './visits.ts'

/**
 * What a state table holds: plain JSON, part of the PipelineSpec, written to the checkpoint and compared on restart.
 *
 * `paned` tables keep one hash index per pane; the pane of a row is a BIGINT given beside the keys (a window start,
 * or the event time that is the key), so that expiry walks whole panes. Other tables have one pane, 0.
 */
export interface StateTableSpec {
  readonly name: string
  readonly keys: readonly Field[]
  readonly values: readonly Field[]
  readonly paned: boolean
  /** Strings and bytes among the values are written and read in vectors only, and kept as bytes (packed-column.ts). */
  readonly packed?: boolean
  /** Where the pane is neither a window nor a time: what it is, for those who read the state. */
  readonly paneField?: Field
  /**
   * Where the pane is that of a window: the key that stands for it (not among `keys`), for those who read the state. Of a
   * fixed size, `sizeUs`, unless it has another shape.
   */
  readonly window?: {
    readonly at: number
    readonly field: Field
    readonly sizeUs: string
    readonly shape?: WindowShape
  }
}

/**
 * One value column of a state table, indexed by slot, grown by the table: read the arrays anew after every `upsert`.
 * Fixed-width shapes are typed arrays as in the vectors; bytes, list, map, struct, i128 and object shapes are arrays of Values.
 */
export interface SlotColumn {
  readonly type: DataType
  values: BigInt64Array | Int32Array | Float64Array | Float32Array | Uint8Array | Value[]
  /** 1 a value, 0 NULL. */
  validity: Uint8Array
  /** Copies row `rows[i]` of `from` (a vector of this type) to `slots[i]`, for the first `n`. Marks nothing. */
  load(from: Vector, rows: Int32Array, slots: Int32Array, n: number): void
}

/**
 * A keyed table of operator state. Slots are small integers, stable while the key lives, reused after `remove`.
 * Every key belongs to one of 256 shards by the top byte of its hash (columns/hash.ts, frozen): the unit of
 * snapshot, restore and, later, spill and worker ownership.
 *
 * A table tracks which slots changed since the last commit: `upsert` marks new slots, callers mark updated ones.
 */
export interface StateTable {
  readonly spec: StateTableSpec
  readonly columns: readonly SlotColumn[]
  /** Keys held. */
  readonly size: number
  /** Bytes of typed arrays and key arena held; objects are estimated. */
  readonly memoryBytes: number
  readonly visits: Visits

  /**
   * Finds or makes the slot of each row's key. `keys` are the key columns of `batch` order (physical rows);
   * rows are those of `batch` that count; `panes` is by physical row, null when not paned. For the i-th row that
   * counts, `slots[i]` receives its slot, and where `isNew` is given, `isNew[i]` 1 if this call made it (only for
   * the first row of the key). NULL is a key value like any other. A fresh slot's values are NULL/0.
   */
  upsert(
    keys: readonly Vector[],
    batch: Batch,
    panes: BigInt64Array | null,
    slots: Int32Array,
    isNew: Uint8Array | null,
  ): void
  /** Makes the slots of `n` keys that are not held and differ from each other, as `upsert` would; not for paned tables. */
  append(keys: readonly Vector[], n: number, slots: Int32Array): void
  /** As upsert, but makes nothing: -1 where the key is not held. */
  find(keys: readonly Vector[], batch: Batch, panes: BigInt64Array | null, slots: Int32Array): void
  /** Marks slots as changed in this batch; negative entries are skipped. Cheap when already marked. */
  markChanged(slots: Int32Array, count: number): void
  /** Slots changed (new or marked, still held) since the last commit, each once, in order of first change. */
  changedSlots(): Int32Array
  /** Forgets a key; its slot may be reused after the next commit. */
  remove(slot: number): void
  /** False for a slot that was removed or never made. */
  isHeld(slot: number): boolean
  /** Every held slot, pane by pane in ascending pane order. */
  slots(): Int32Array
  /** Panes held, ascending. */
  panes(): BigInt64Array
  /** Panes held with an id of at most `bound`, ascending; cost follows what it gives. */
  panesUpTo(bound: bigint): BigInt64Array
  /** Slots of one pane. */
  slotsOfPane(pane: bigint): Int32Array
  paneOf(slot: number): bigint
  /** Removes every key of a pane; cost follows what it held. Returns how many. */
  removePane(pane: bigint): number
  /** Key column `index` of the given slots, as a vector. */
  keyVector(index: number, slots: Int32Array): Vector
  /** Value column `index` of the given slots, as a vector. */
  valueVector(index: number, slots: Int32Array): Vector
  /** Value of one cell; and its setter, which marks the slot changed. */
  getValue(slot: number, index: number): Value
  setValue(slot: number, index: number, value: Value): void

  /**
   * The changes since the last commit as one blob (columnar: changed rows bucketed by shard, then deleted keys), and
   * clears the marks. null when nothing changed.
   */
  takeChangeLog(): Uint8Array | null
  /** Clears the marks without writing, so that slots of removed keys are free again: for tables that are in no checkpoint. */
  forgetChanges(): void
  /** Snapshot blobs of the shards most in need, within a byte budget: those with most change-log bytes since their last snapshot first. */
  takeSnapshots(budgetBytes: number): { readonly shard: number; readonly blob: Uint8Array }[]
  /** Puts a snapshot of one shard into an empty shard. */
  loadSnapshot(shard: number, blob: Uint8Array): void
  /** Applies the part of a change log that belongs to the shards for which `wants` holds. Logs are applied in order of version. */
  applyChangeLog(blob: Uint8Array, wants: (shard: number) => boolean): void
}
