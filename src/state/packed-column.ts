import { BytesVector, type Shape, type Validity, type Vector } from '../columns/vector.ts'
import { assert, ExecutionError } from '../errors/errors.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { SlotColumn } from './table.ts'

/** The most bytes one arena may hold: positions are int32. */
const MAX_ARENA = 0x7fff_ffff

/**
 * A STRING or BINARY value column by slot whose bytes stand in one arena, for tables of whole rows: what goes in and
 * out as vectors is never made into JavaScript strings. `values[2 slot]` is where a value begins, `values[2 slot + 1]`
 * how long it is. Vectors given out share the arena, which is written behind its end only, or replaced.
 */
export class PackedColumn implements SlotColumn {
  readonly type: DataType
  readonly shape: Shape = 'bytes'
  values: Int32Array
  validity: Uint8Array
  readonly #table: string
  #arena = Buffer.allocUnsafeSlow(256)
  #end = 0
  /** Bytes of values that were replaced or reset. */
  #dead = 0

  constructor(type: DataType, capacity: number, table: string) {
    this.type = type
    this.values = new Int32Array(capacity * 2)
    this.validity = new Uint8Array(capacity)
    this.#table = table
  }

  memoryBytes(): number {
    return this.values.byteLength + this.validity.length + this.#arena.length
  }

  grow(capacity: number): void {
    const values = new Int32Array(capacity * 2)
    values.set(this.values)
    this.values = values
    const validity = new Uint8Array(capacity)
    validity.set(this.validity)
    this.validity = validity
  }

  /** Back to NULL. */
  reset(slot: number): void {
    this.#dead += this.values[2 * slot + 1]!
    this.values[2 * slot + 1] = 0
    this.validity[slot] = 0
  }

  get(slot: number): Value {
    return this.vector(Int32Array.of(slot)).get(0)
  }

  set(slot: number, value: Value): void {
    this.reset(slot)
    if (value === null) return
    assert(typeof value === 'string' || value instanceof Uint8Array, 'a packed column holds strings and bytes')
    const bytes =
      typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#store(slot, bytes, 0, bytes.length)
  }

  /** The cells of the slots given. */
  vector(slots: Int32Array): BytesVector {
    const n = slots.length
    const { values } = this
    const starts = new Int32Array(n)
    const ends = new Int32Array(n)
    let validity: Validity = new Uint8Array(n)
    let valid = 1
    for (let i = 0; i < n; i++) {
      const slot = slots[i]!
      valid &= validity[i] = this.validity[slot]!
      starts[i] = values[2 * slot]!
      ends[i] = values[2 * slot]! + values[2 * slot + 1]!
    }
    if (valid === 1) validity = null
    return new BytesVector(this.type, this.#arena, starts, ends, validity)
  }

  /** Copies row `rows[i]` of `from` (a vector of this type) to `slots[i]`, for the first `n`. */
  load(from: Vector, rows: Int32Array, slots: Int32Array, n: number): void {
    for (let i = 0; i < n; i++) {
      const [slot, row] = [slots[i]!, rows[i]!]
      this.reset(slot)
      if (from.shape === 'bytes' && !from.isNull(row))
        this.#store(slot, from.data, from.starts[row]!, from.ends[row]! - from.starts[row]!)
    }
  }

  /** Drops dead bytes when they are half of the arena, and says whether; slots at `high` and above were never used. */
  compact(high: number): boolean {
    if (this.#dead < 65_536 || this.#dead * 2 < this.#end) return false
    const live = this.#end - this.#dead
    const arena = Buffer.allocUnsafeSlow(Math.max(256, Math.ceil(live * 1.25)))
    let at = 0
    for (let slot = 0; slot < high; slot++) {
      const length = this.values[2 * slot + 1]!
      if (length === 0) continue
      const start = this.values[2 * slot]!
      this.#arena.copy(arena, at, start, start + length)
      this.values[2 * slot] = at
      at += length
    }
    this.#arena = arena
    this.#end = at
    this.#dead = 0
    return true
  }

  #store(slot: number, data: Buffer, start: number, length: number): void {
    const at = this.#end
    if (at + length > this.#arena.length) this.#reserve(at + length)
    const arena = this.#arena
    // a loop beats the call, which makes an object, for short values
    if (length < 96) for (let i = 0; i < length; i++) arena[at + i] = data[start + i]!
    else data.copy(arena, at, start, start + length)
    this.#end = at + length
    this.values[2 * slot] = at
    this.values[2 * slot + 1] = length
    this.validity[slot] = 1
  }

  #reserve(needed: number): void {
    if (needed > MAX_ARENA)
      throw new ExecutionError('STATE_TABLE_TOO_LARGE', {
        table: this.#table,
        message: 'one of its columns takes more than 2 GiB',
      })
    const grown = Buffer.allocUnsafeSlow(Math.min(MAX_ARENA, Math.max(needed, Math.ceil(this.#arena.length * 1.7))))
    this.#arena.copy(grown, 0, 0, this.#end)
    this.#arena = grown
  }
}
