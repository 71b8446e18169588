import { asShape, type Vector } from '../columns/vector.ts'
import type { StateCodec } from '../functions/user/group-state.ts'
import { GroupIndex } from '../state/group-index.ts'
import type { StateTable } from '../state/table.ts'
import { TimeIndex } from '../state/time-index.ts'

/** Column of a state's table that holds the value. */
export const VALUE = 0
/** Column of a map's table that numbers its entries in the order in which they came in. */
export const PLACE = 1

/** One state of a running processor: its table and what finds rows in it. */
export class SharedState {
  readonly table: StateTable
  readonly codec: StateCodec
  /** Of the keys of a map. */
  readonly keyCodec: StateCodec | null
  readonly expiry: { readonly column: number; readonly ttlMs: bigint; readonly times: TimeIndex } | null
  readonly #order: ((slots: Int32Array) => BigInt64Array) | null
  #groups: GroupIndex | null = null

  constructor(
    kind: 'value' | 'list' | 'map',
    table: StateTable,
    codec: StateCodec,
    keyCodec: StateCodec | null,
    ttlMs: number | null,
  ) {
    this.table = table
    this.codec = codec
    this.keyCodec = keyCodec
    const column = table.spec.values.length - 1
    this.expiry = ttlMs === null ? null : { column, ttlMs: BigInt(ttlMs), times: new TimeIndex(table, column) }
    const place = (slots: Int32Array): BigInt64Array =>
      asShape(kind === 'list' ? table.keyVector(1, slots) : table.valueVector(PLACE, slots), 'i64').values
    this.#order = kind === 'value' ? null : place
  }

  /** Which rows each key has; made when it is first asked for, which has to be before a row is added. */
  groups(): GroupIndex {
    return (this.#groups ??= new GroupIndex(this.table, this.#order!))
  }

  remove(slot: number, keys: Vector, row = 0): void {
    if (this.#order !== null) this.groups().remove(keys, slot, row)
    this.table.remove(slot)
  }

  /** Removes rows whose time is over, `max` of them at most; gives how many. */
  expire(nowMs: bigint, max: number): number {
    const due = this.expiry?.times.takeUpTo(nowMs, max)
    if (due === undefined || due.length === 0) return 0
    const keys = this.table.keyVector(0, due)
    for (const [i, slot] of due.entries()) this.remove(slot, keys, i)
    return due.length
  }

  endBatch(): void {
    this.#groups?.endBatch()
  }
}
