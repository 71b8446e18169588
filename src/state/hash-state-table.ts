import type { Batch } from '../columns/batch.ts'
import { hashRows } from '../columns/hash.ts'
import { asShape, Int64Vector, shapeOf, type Vector } from '../columns/vector.ts'
import { assert, ExecutionError } from '../errors/errors.ts'
import { BIGINT } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { decodeChangeLog, decodeSnapshot, encodeChangeLog, encodeSnapshot } from './blob.ts'
import { KeyColumn } from './key-columns.ts'
import { PackedColumn } from './packed-column.ts'
import type { PaneIndex } from './pane-index.ts'
import { PaneSet } from './pane-set.ts'
import { probeFor, type ProbeHost } from './probe.ts'
import { ShardLog } from './shard-log.ts'
import type { StateTable, StateTableSpec } from './table.ts'
import { SlotMarks } from './slot-marks.ts'
import { ValueColumn } from './value-columns.ts'
import { Visits } from './visits.ts'

const MAX_SLOTS = 1 << 28
const NO_SLOTS = new Int32Array(0)

/**
 * The state table in memory. One open-addressing index per pane, addressed by the high bits of the key hash so that
 * a shard is one run of it; keys, values, hashes and marks are columns by slot, shared by all panes
 * (docs/decisions/0001-state-table-layout.md). Keys are found by hash and verified on bytes or typed values.
 * Columns do not shrink: a table keeps the memory of its largest time, and fills it again.
 */
export class HashStateTable implements StateTable, ProbeHost {
  readonly spec: StateTableSpec
  readonly columns: readonly (ValueColumn | PackedColumn)[]
  readonly keyColumns: readonly KeyColumn[]
  hashes: Int32Array
  /** Ordinal of the slot's pane; empty when not paned. */
  #paneOf: Int32Array
  #capacity = 16
  /** Slots at and above were never used. */
  #high = 0
  #size = 0
  #loading = false
  readonly #panes: PaneSet
  readonly #marks = new SlotMarks(16)
  #removedPanes: bigint[] = []
  readonly #shardSizes = new Int32Array(256)
  readonly #shardLog = new ShardLog()
  /** Rows of removed panes by shard since the last commit. */
  readonly #droppedOfShard = new Int32Array(256)
  #scratch = new Int32Array(0)
  readonly visits: Visits

  /** Tables that belong together may count into one `visits`. */
  constructor(spec: StateTableSpec, visits = new Visits()) {
    this.spec = spec
    this.visits = visits
    this.columns = spec.values.map(({ type }) =>
      spec.packed === true && shapeOf(type) === 'bytes'
        ? new PackedColumn(type, this.#capacity, spec.name)
        : new ValueColumn(type, this.#capacity),
    )
    this.keyColumns = spec.keys.map((f) => new KeyColumn(f.type, this.#capacity))
    this.hashes = new Int32Array(this.#capacity)
    this.#paneOf = new Int32Array(spec.paned ? this.#capacity : 0)
    this.#panes = new PaneSet(spec.paned ? 3 : 5)
  }

  get size(): number {
    return this.#size
  }

  get memoryBytes(): number {
    let bytes = this.hashes.byteLength + this.#marks.memoryBytes + this.#paneOf.byteLength + 2048 * 3
    for (const column of this.columns) bytes += column.memoryBytes(this.#size)
    for (const column of this.keyColumns) bytes += column.memoryBytes
    // an index, and about 200 bytes for the pane's objects
    return bytes + this.#panes.indexBytes + this.#panes.size * 200
  }

  /** How many of the latest change logs a restore needs beside the snapshots. */
  get logsNeeded(): number {
    return this.#shardLog.logsNeeded
  }

  /** Bytes logged since the snapshots. */
  get logBytes(): number {
    return this.#shardLog.logBytes
  }

  upsert(
    keys: readonly Vector[],
    batch: Batch,
    panes: BigInt64Array | null,
    slots: Int32Array,
    isNew: Uint8Array | null,
  ): void {
    this.#probe(keys, batch.selection, batch.rowCount, panes, slots, isNew, true)
  }

  append(keys: readonly Vector[], n: number, slots: Int32Array): void {
    assert(!this.spec.paned, `state table ${this.spec.name} needs panes`)
    const held = keys.map((key, k) => this.keyColumns[k]!.held(key, null))
    const hashes = new Int32Array(n)
    hashRows(held, null, n, hashes)
    this.visits.slots += n
    const pane = this.#panes.find(0, 0, true)!
    for (let i = 0; i < n; i++) slots[i] = this.insert(pane, hashes[i]!, held, i)
  }

  find(keys: readonly Vector[], batch: Batch, panes: BigInt64Array | null, slots: Int32Array): void {
    this.#probe(keys, batch.selection, batch.rowCount, panes, slots, null, false)
  }

  #probe(
    keys: readonly Vector[],
    rows: Int32Array | null,
    n: number,
    panes: BigInt64Array | null,
    slots: Int32Array,
    isNew: Uint8Array | null,
    make: boolean,
  ): void {
    const { keyColumns } = this
    assert(
      keys.length === keyColumns.length,
      `state table ${this.spec.name} has ${keyColumns.length} keys, ${keys.length} given`,
    )
    assert(
      (panes !== null) === this.spec.paned,
      `state table ${this.spec.name} ${this.spec.paned ? 'needs' : 'has no'} panes`,
    )
    const held = keys.map((key, k) => keyColumns[k]!.held(key, rows))
    const nullable = held.map((key, k) => key.validity !== null || keyColumns[k]!.validity !== null)
    this.visits.slots += n
    if (this.#scratch.length < n) this.#scratch = new Int32Array(Math.max(n, 1024))
    hashRows(held, rows, n, this.#scratch)
    const halves = panes === null ? null : new Int32Array(panes.buffer, panes.byteOffset, panes.length * 2)
    const probe = probeFor(
      keyColumns.map((c) => c.shape),
      nullable,
      panes !== null,
    )
    probe(this, held, rows, n, this.#scratch, halves, slots, isNew, make)
  }

  /** For the row loop. */
  pane(low: number, high: number, make: boolean): PaneIndex | undefined {
    return this.#panes.find(low, high, make)
  }

  /** For the row loop. */
  insert(pane: PaneIndex, hash: number, keys: readonly Vector[], row: number): number {
    let slot = this.#marks.takeFree()
    if (slot < 0) {
      if (this.#high === this.#capacity) this.#grow()
      slot = this.#high++
    }
    const columns = this.keyColumns
    for (let k = 0; k < columns.length; k++) columns[k]!.store(slot, keys[k]!, row, this.spec.name)
    this.hashes[slot] = hash
    if (this.spec.paned) this.#paneOf[slot] = pane.ordinal
    const before = pane.index.length
    pane.insert(slot, hash, this.hashes)
    if (pane.index.length !== before) {
      this.#panes.grown(before, pane)
      this.visits.moved += before
    }
    this.#marks.hold(slot, this.#loading)
    this.#shardSizes[hash >>> 24]!++
    this.#size++
    return slot
  }

  #grow(): void {
    const old = this.#capacity
    const capacity = Math.min(MAX_SLOTS, old < 65_536 ? old * 2 : Math.ceil(old * 1.5))
    if (capacity === old)
      throw new ExecutionError('STATE_TABLE_TOO_LARGE', { table: this.spec.name, message: `it has ${old} keys` })
    this.visits.moved += old
    for (const column of this.keyColumns) column.grow(capacity)
    for (const column of this.columns) column.grow(capacity)
    this.hashes = grownInts(this.hashes, capacity)
    this.#marks.grow(capacity)
    if (this.spec.paned) this.#paneOf = grownInts(this.#paneOf, capacity)
    this.#capacity = capacity
  }

  markChanged(slots: Int32Array, count: number): void {
    this.visits.slots += count
    this.#marks.change(slots, count)
  }

  changedSlots(): Int32Array {
    const changed = this.#marks.changed()
    this.visits.slots += changed.length
    return changed
  }

  isHeld(slot: number): boolean {
    return this.#marks.isHeld(slot)
  }

  remove(slot: number): void {
    assert(this.isHeld(slot), `slot ${slot} of state table ${this.spec.name} is not held`)
    const pane = this.#paneObject(slot)
    pane.delete(slot, this.hashes)
    this.#forget(slot, true)
    if (this.spec.paned && pane.count === 0) this.#panes.delete(pane)
  }

  #forget(slot: number, byKey: boolean): void {
    const shard = this.hashes[slot]! >>> 24
    this.visits.slots++
    const written = this.#marks.remove(slot, byKey && !this.#loading)
    if (!written) this.#droppedOfShard[shard]!++
    this.#shardSizes[shard]!--
    this.#size--
  }

  #paneObject(slot: number): PaneIndex {
    const pane = this.spec.paned ? this.#panes.list[this.#paneOf[slot]!] : this.#panes.find(0, 0, true)
    assert(pane !== undefined, `slot ${slot} of state table ${this.spec.name} has no pane`)
    return pane
  }

  slots(): Int32Array {
    const out = new Int32Array(this.#size)
    let at = 0
    for (const pane of this.#panes.ascending()) {
      at = pane.slots(out, at)
      this.visits.slots += pane.index.length
    }
    return out
  }

  panes(): BigInt64Array {
    const out = new BigInt64Array(this.#panes.size)
    let n = 0
    for (const pane of this.#panes.ascending()) if (pane.count > 0) out[n++] = pane.id
    this.visits.slots += out.length
    return out.subarray(0, n)
  }

  panesUpTo(bound: bigint): BigInt64Array {
    const out: bigint[] = []
    for (const pane of this.#panes.ascending()) {
      this.visits.slots++
      if (pane.id > bound) break
      if (pane.count > 0) out.push(pane.id)
    }
    return BigInt64Array.from(out)
  }

  slotsOfPane(pane: bigint): Int32Array {
    const held = this.#panes.get(pane)
    if (held === undefined) return NO_SLOTS
    const out = new Int32Array(held.count)
    held.slots(out, 0)
    this.visits.slots += held.index.length
    return out
  }

  paneOf(slot: number): bigint {
    if (!this.spec.paned) return 0n
    // a removed pane's keys stay readable until the commit
    return this.#panes.list[this.#paneOf[slot]!]?.id ?? 0n
  }

  removePane(pane: bigint): number {
    const held = this.#panes.get(pane)
    if (held === undefined) return 0
    const { index, count } = held
    for (let i = 0; i < index.length; i++) if (index[i] !== 0) this.#forget(index[i]! - 1, false)
    if (this.spec.paned) {
      this.#panes.delete(held)
    } else {
      held.index = new Int32Array(index.length)
      held.count = 0
    }
    if (!this.#loading) this.#removedPanes.push(pane)
    return count
  }

  keyVector(index: number, slots: Int32Array): Vector {
    return this.keyColumns[index]!.vector(slots)
  }

  valueVector(index: number, slots: Int32Array): Vector {
    return this.columns[index]!.vector(slots)
  }

  getValue(slot: number, index: number): Value {
    return this.columns[index]!.get(slot)
  }

  setValue(slot: number, index: number, value: Value): void {
    this.columns[index]!.set(slot, value)
    this.#marks.changeOne(slot)
  }

  takeChangeLog(): Uint8Array | null {
    const changed = this.#marks.changed()
    const deleted = this.#marks.deleted()
    if (changed.length === 0 && deleted.length === 0 && this.#removedPanes.length === 0) {
      // keys made and removed again: nothing to write, slots to free
      this.#settle()
      return null
    }
    const starts = new Uint32Array(257)
    const ordered = byShard(changed, this.hashes, starts)
    const touched = this.#droppedOfShard.slice()
    for (let shard = 0; shard < 256; shard++) touched[shard]! += starts[shard + 1]! - starts[shard]!
    for (let i = 0; i < deleted.length; i++) touched[this.hashes[deleted[i]!]! >>> 24]!++
    const blob = encodeChangeLog(
      this.spec,
      starts,
      this.#rowVectors(ordered),
      ordered.length,
      this.#keyVectors(deleted),
      deleted.length,
      this.#removedPanes,
    )
    this.#shardLog.addLog(touched, blob.length)
    this.visits.slots += changed.length + deleted.length
    this.visits.bytes += blob.length
    this.#settle()
    return blob
  }

  forgetChanges(): void {
    this.#settle()
  }

  /** Ends a batch: marks cleared, slots of removed keys free again. */
  #settle(): void {
    this.#marks.settle((slot) => {
      for (const column of this.columns) column.reset(slot)
      for (const column of this.keyColumns) column.release(slot)
    })
    this.#panes.reclaim()
    this.#removedPanes = []
    this.#droppedOfShard.fill(0)
    for (const column of this.keyColumns)
      if (column.shape === 'bytes' && column.compact(this.#marks.states, this.#high)) this.visits.moved += this.#high
    for (const column of this.columns)
      if (column instanceof PackedColumn && column.compact(this.#high)) this.visits.moved += this.#high
  }

  #keyVectors(slots: Int32Array): Vector[] {
    const out = this.keyColumns.map((c) => c.heldVector(slots))
    if (this.spec.paned) {
      const panes = new BigInt64Array(slots.length)
      for (let i = 0; i < slots.length; i++) panes[i] = this.paneOf(slots[i]!)
      out.push(new Int64Vector(BIGINT, panes, null))
    }
    return out
  }

  #rowVectors(slots: Int32Array): Vector[] {
    return [...this.#keyVectors(slots), ...this.columns.map((c) => c.vector(slots))]
  }

  takeSnapshots(budgetBytes: number): { readonly shard: number; readonly blob: Uint8Array }[] {
    const rowBytes = this.#rowBytes()
    const due = this.#shardLog.due(budgetBytes, (shard) => 64 + this.#shardSizes[shard]! * rowBytes)
    if (due.length === 0) return []
    // many panes: one walk over all slots is cheaper than a look into every pane for every shard
    this.visits.slots += this.#panes.size
    const starts = new Uint32Array(257)
    const walked = this.#panes.size * due.length > this.#size ? byShard(this.slots(), this.hashes, starts) : null
    return due.map((shard) => {
      const slots = walked === null ? this.#slotsOfShard(shard) : walked.subarray(starts[shard], starts[shard + 1])
      const blob = encodeSnapshot(this.spec, shard, this.#rowVectors(slots), slots.length)
      this.#shardLog.clear(shard)
      this.visits.slots += slots.length
      this.visits.bytes += blob.length
      return { shard, blob }
    })
  }

  #slotsOfShard(shard: number): Int32Array {
    const out = new Int32Array(this.#shardSizes[shard]!)
    let at = 0
    for (const pane of this.#panes.ascending()) at = pane.slotsOfShard(shard, this.hashes, out, at)
    assert(at === out.length, `shard ${shard} of state table ${this.spec.name} counts ${out.length} keys, has ${at}`)
    return out
  }

  /** What a row takes in a snapshot, about. */
  #rowBytes(): number {
    let bytes = this.spec.paned ? 8 : 0
    for (const c of this.keyColumns) bytes += c.shape === 'bytes' ? 4 + c.arena.length / Math.max(16, this.#high) : 8
    for (const c of this.columns) bytes += Array.isArray(c.values) ? 24 : 8
    return bytes
  }

  loadSnapshot(shard: number, blob: Uint8Array, version?: number): void {
    const at = version === undefined ? '' : `, version ${version}`
    const rows = decodeSnapshot(
      this.spec,
      shard,
      blob,
      `the snapshot of state table ${this.spec.name}${at}, shard ${shard},`,
    )
    assert(this.#shardSizes[shard] === 0, `shard ${shard} of state table ${this.spec.name} is not empty`)
    this.#load(rows, null)
    this.#shardLog.clear(shard)
  }

  applyChangeLog(blob: Uint8Array, wants: (shard: number) => boolean, version?: number): void {
    const at = version === undefined ? '' : `, version ${version},`
    const log = decodeChangeLog(this.spec, blob, `the change log of state table ${this.spec.name}${at}`)
    const wanted = new Uint8Array(256)
    for (let shard = 0; shard < 256; shard++) wanted[shard] = wants(shard) ? 1 : 0
    const touched = new Int32Array(256)
    this.#loading = true
    try {
      for (const pane of log.removedPanes) {
        const slots = this.slotsOfPane(pane)
        for (let i = 0; i < slots.length; i++) {
          const shard = this.hashes[slots[i]!]! >>> 24
          if (wanted[shard] === 0) continue
          touched[shard]!++
          this.remove(slots[i]!)
        }
      }
      const deleted = this.#wantedRows(log.deleted, wanted, touched)
      const slots = new Int32Array(deleted.length)
      this.#probeRows(log.deleted, deleted, slots, false)
      for (let i = 0; i < slots.length; i++) if (slots[i]! >= 0) this.remove(slots[i]!)
    } finally {
      this.#loading = false
    }
    this.#settle()
    this.#load(
      log.changed,
      log.offsets === null
        ? this.#wantedRows(log.changed, wanted, touched)
        : wantedRanges(log.offsets, wanted, touched),
    )
    this.#shardLog.addLog(touched, blob.length)
  }

  /** Rows whose shard is wanted, counted by shard into `touched`. */
  #wantedRows(rows: Batch, wanted: Uint8Array, touched: Int32Array): Int32Array {
    const n = rows.length
    const hashes = new Int32Array(n)
    hashRows(rows.columns.slice(0, this.keyColumns.length), null, n, hashes)
    const out = new Int32Array(n)
    let count = 0
    for (let r = 0; r < n; r++) {
      const shard = hashes[r]! >>> 24
      if (wanted[shard] === 0) continue
      touched[shard]!++
      out[count++] = r
    }
    return out.subarray(0, count)
  }

  #probeRows(rows: Batch, selected: Int32Array | null, slots: Int32Array, make: boolean): void {
    const n = this.keyColumns.length
    const panes = this.spec.paned ? asShape(rows.columns[n]!, 'i64').values : null
    this.#probe(rows.columns.slice(0, n), selected, slots.length, panes, slots, null, make)
  }

  #load(rows: Batch, selected: Int32Array | null): void {
    const chosen = selected ?? Int32Array.from({ length: rows.length }, (_, i) => i)
    const slots = new Int32Array(chosen.length)
    this.#loading = true
    try {
      this.#probeRows(rows, chosen, slots, true)
    } finally {
      this.#loading = false
    }
    const first = this.keyColumns.length + (this.spec.paned ? 1 : 0)
    this.columns.forEach((column, i) => column.load(rows.columns[first + i]!, chosen, slots, slots.length))
  }
}

function grownInts(old: Int32Array, capacity: number): Int32Array {
  const grown = new Int32Array(capacity)
  grown.set(old)
  return grown
}

/** As `#wantedRows` for rows ordered by shard: `offsets[shard]` is where the shard's begin. */
function wantedRanges(offsets: Uint32Array, wanted: Uint8Array, touched: Int32Array): Int32Array {
  const out = new Int32Array(offsets[256]!)
  let count = 0
  for (let shard = 0; shard < 256; shard++) {
    if (wanted[shard] === 0) continue
    const end = offsets[shard + 1]!
    touched[shard]! += end - offsets[shard]!
    for (let r = offsets[shard]!; r < end; r++) out[count++] = r
  }
  return out.subarray(0, count)
}

/** The slots ordered by shard; `starts[shard]` receives where each begins, `starts[256]` their number. */
function byShard(slots: Int32Array, hashes: Int32Array, starts: Uint32Array): Int32Array {
  for (let i = 0; i < slots.length; i++) starts[(hashes[slots[i]!]! >>> 24) + 1]!++
  for (let shard = 0; shard < 256; shard++) starts[shard + 1]! += starts[shard]!
  const next = starts.slice()
  const out = new Int32Array(slots.length)
  for (let i = 0; i < slots.length; i++) out[next[hashes[slots[i]!]! >>> 24]!++] = slots[i]!
  return out
}
