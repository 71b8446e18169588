import { allNull } from '../columns/all-null.ts'
import { keyBytesVector, keyFromBytes, keyIsEncoded } from '../columns/key-bytes.ts'
import { vectorOf } from '../columns/builder.ts'
import { FIRST_WORD, SECOND_WORD } from '../columns/short-bytes.ts'
import {
  BoolVector,
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int32Vector,
  Int64Vector,
  NullVector,
  shapeOf,
  type Vector,
} from '../columns/vector.ts'
import { assert, ExecutionError } from '../errors/errors.ts'
import { BINARY, type DataType } from '../types/data-type.ts'

/** The shape keys of `type` are held in: nested and wide types are held as canonical bytes. */
export type KeyShape = 'bool' | 'i32' | 'i64' | 'f32' | 'f64' | 'bytes' | 'null'

/** The most bytes one arena of strings may hold: positions are int32. */
const MAX_ARENA = 0x7fff_ffff
/** Bytes of an arena behind its last key, so that eight can be read at any. */
const ARENA_SLACK = 8

/** `type` as it is held and written: BINARY for types held as canonical bytes. */
export const heldKeyType = (type: DataType): DataType => (keyIsEncoded(type) ? BINARY : type)

/**
 * One key column by slot. The arrays are replaced when the column grows: read them anew after `store`.
 *
 *   bool i32 f32 f64   `values[slot]`;   i64: `values[2 slot]` low and `values[2 slot + 1]` high half
 *   bytes              four from `values[4 slot]`: where the bytes start in `arena`, how many they are, and the first
 *                      eight of them, zeros behind the last: most keys are told apart without a look into the arena
 *
 * `validity` stays null until the first NULL key.
 */
export class KeyColumn {
  readonly type: DataType
  readonly shape: KeyShape
  readonly #encoded: boolean
  values: Int32Array | Float32Array | Float64Array | Uint8Array
  validity: Uint8Array | null = null
  arena: Buffer
  view: DataView
  #arenaEnd = 0
  #dead = 0
  #capacity: number

  constructor(type: DataType, capacity: number) {
    this.type = type
    this.#encoded = keyIsEncoded(type)
    this.shape = this.#encoded ? 'bytes' : (shapeOf(type) as KeyShape)
    this.#capacity = capacity
    this.values = this.#makeValues(capacity)
    this.arena = Buffer.alloc(this.shape === 'bytes' ? 256 : 0)
    this.view = viewOf(this.arena)
  }

  #makeValues(capacity: number): Int32Array | Float32Array | Float64Array | Uint8Array {
    switch (this.shape) {
      case 'bool':
        return new Uint8Array(capacity)
      case 'i32':
        return new Int32Array(capacity)
      case 'bytes':
        return new Int32Array(capacity * 4)
      case 'i64':
        return new Int32Array(capacity * 2)
      case 'f32':
        return new Float32Array(capacity)
      case 'f64':
        return new Float64Array(capacity)
      case 'null':
        return new Uint8Array(0)
    }
  }

  /** Bytes of arrays and arena. */
  get memoryBytes(): number {
    return this.values.byteLength + this.arena.length + (this.validity?.length ?? 0)
  }

  /** A vector of this column's type as one of its held shape, with the rows given (null: all) in place. */
  held(vector: Vector, rows: Int32Array | null): Vector {
    if (this.#encoded && vector.shape !== 'bytes') return keyBytesVector(vector, rows)
    if (vector.shape === this.shape) return vector
    assert(vector.shape === 'null', `a ${vector.shape} vector given for a ${this.shape} key`)
    return allNull(heldKeyType(this.type), vector.length)
  }

  grow(capacity: number): void {
    const values = this.#makeValues(capacity)
    values.set(this.values)
    this.values = values
    if (this.validity !== null) {
      const validity = new Uint8Array(capacity).fill(1, this.#capacity)
      validity.set(this.validity)
      this.validity = validity
    }
    this.#capacity = capacity
  }

  /** Copies the key of `row` (a vector of the held shape) into a slot; -0.0 becomes 0.0. */
  store(slot: number, vector: Vector, row: number, table: string): void {
    if (vector.validity !== null && vector.validity[row] === 0) {
      this.validity ??= new Uint8Array(this.#capacity).fill(1)
      this.validity[slot] = 0
      if (vector.shape === 'bytes') this.values.fill(0, 4 * slot, 4 * slot + 4)
      return
    }
    if (this.validity !== null) this.validity[slot] = 1
    switch (vector.shape) {
      case 'bool':
      case 'i32':
        this.values[slot] = vector.values[row]!
        return
      case 'i64': {
        const halves = vector.halves
        this.values[slot << 1] = halves[row << 1]!
        this.values[(slot << 1) + 1] = halves[(row << 1) + 1]!
        return
      }
      case 'f32':
      case 'f64':
        this.values[slot] = vector.values[row]! + 0
        return
      case 'bytes': {
        const start = vector.starts[row]!
        const length = vector.ends[row]! - start
        const at = this.#arenaEnd
        if (at + length + ARENA_SLACK > this.arena.length) this.#growArena(at + length + ARENA_SLACK, table)
        const { arena } = this
        const data = vector.data
        if (length < 48) for (let i = 0; i < length; i++) arena[at + i] = data[start + i]!
        else data.copy(arena, at, start, start + length)
        const cell = slot << 2
        this.values[cell] = at
        this.values[cell + 1] = length
        this.values[cell + 2] = this.view.getInt32(at, true) & FIRST_WORD[Math.min(length, 8)]!
        this.values[cell + 3] = this.view.getInt32(at + 4, true) & SECOND_WORD[Math.min(length, 8)]!
        this.#arenaEnd = at + length
        return
      }
      default:
        return
    }
  }

  #growArena(needed: number, table: string): void {
    if (needed > MAX_ARENA)
      throw new ExecutionError('STATE_TABLE_TOO_LARGE', { table, message: 'its string keys take more than 2 GiB' })
    const grown = Buffer.allocUnsafeSlow(Math.min(MAX_ARENA, Math.max(needed, Math.ceil(this.arena.length * 1.7))))
    this.arena.copy(grown, 0, 0, this.#arenaEnd)
    this.arena = grown
    this.view = viewOf(grown)
  }

  /** Says that a slot's key will not be read again. */
  release(slot: number): void {
    if (this.shape === 'bytes') {
      this.#dead += this.values[4 * slot + 1]!
      this.values[4 * slot + 1] = 0
    }
  }

  /**
   * Drops released bytes when they are half of the arena, and enough to pay for a walk over the slots below `high`;
   * `states[slot]` not 0 says which still hold keys. False where there was nothing to do.
   */
  compact(states: Uint8Array, high: number): boolean {
    if (this.#dead < Math.max(4096, high) || this.#dead * 2 < this.#arenaEnd) return false
    const live = this.#arenaEnd - this.#dead
    // a new buffer: vectors given out earlier still point into the old one
    const arena = Buffer.allocUnsafeSlow(Math.max(256, Math.ceil(live * 1.25) + ARENA_SLACK))
    let at = 0
    for (let slot = 0; slot < high; slot++) {
      if (states[slot] === 0) continue
      const start = this.values[4 * slot]!
      const length = this.values[4 * slot + 1]!
      this.arena.copy(arena, at, start, start + length)
      this.values[4 * slot] = at
      at += length
    }
    this.arena = arena
    this.view = viewOf(arena)
    this.#arenaEnd = at
    this.#dead = 0
    return true
  }

  /** The keys of the slots given, as SQL sees them. String keys share the arena. */
  vector(slots: Int32Array): Vector {
    const held = this.heldVector(slots)
    if (!this.#encoded) return held
    const bytes = held as BytesVector
    return vectorOf(
      this.type,
      Array.from(slots, (_, i) =>
        bytes.isNull(i) ? null : keyFromBytes(this.type, bytes.data.subarray(bytes.starts[i]!, bytes.ends[i]!)),
      ),
    )
  }

  /** The keys of the slots given, in the held shape. */
  heldVector(slots: Int32Array): Vector {
    const n = slots.length
    let validity: Uint8Array | null = null
    if (this.validity !== null) {
      validity = new Uint8Array(n)
      for (let i = 0; i < n; i++) validity[i] = this.validity[slots[i]!]!
    }
    const type = heldKeyType(this.type)
    const values = this.values
    switch (this.shape) {
      case 'bool':
        return new BoolVector(type, gather(values, slots, new Uint8Array(n)), validity)
      case 'i32':
        return new Int32Vector(type, gather(values, slots, new Int32Array(n)), validity)
      case 'f32':
        return new Float32Vector(type, gather(values, slots, new Float32Array(n)), validity)
      case 'f64':
        return new Float64Vector(type, gather(values, slots, new Float64Array(n)), validity)
      case 'i64': {
        const out = new BigInt64Array(n)
        const halves = new Int32Array(out.buffer)
        for (let i = 0; i < n; i++) {
          const s = slots[i]! << 1
          halves[i << 1] = values[s]!
          halves[(i << 1) + 1] = values[s + 1]!
        }
        return new Int64Vector(type, out, validity)
      }
      case 'bytes': {
        const starts = new Int32Array(n)
        const ends = new Int32Array(n)
        for (let i = 0; i < n; i++) {
          const s = 4 * slots[i]!
          starts[i] = values[s]!
          ends[i] = values[s]! + values[s + 1]!
        }
        return new BytesVector(type, this.arena, starts, ends, validity)
      }
      case 'null':
        return new NullVector(type, n)
    }
  }
}

const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.length)

function gather<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(
  from: Int32Array | Float32Array | Float64Array | Uint8Array,
  slots: Int32Array,
  to: T,
): T {
  for (let i = 0; i < slots.length; i++) to[i] = from[slots[i]!]!
  return to
}
