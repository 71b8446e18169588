import { vectorOf } from '../columns/builder.ts'
import {
  BoolVector,
  Float32Vector,
  Float64Vector,
  Int32Vector,
  Int64Vector,
  NullVector,
  shapeOf,
  type Shape,
  type Validity,
  type Vector,
} from '../columns/vector.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { SlotColumn } from './table.ts'

/** What one cell of an object column is taken to weigh: a pointer and a small value. */
const OBJECT_BYTES = 64

/** A value column by slot, as `SlotColumn` says, with what the table does to it. */
export class ValueColumn implements SlotColumn {
  readonly type: DataType
  readonly shape: Shape
  values: BigInt64Array | Int32Array | Float64Array | Float32Array | Uint8Array | Value[]
  validity: Uint8Array

  constructor(type: DataType, capacity: number) {
    this.type = type
    this.shape = shapeOf(type)
    this.values = makeValues(this.shape, capacity)
    this.validity = new Uint8Array(capacity)
  }

  memoryBytes(size: number): number {
    const { values } = this
    return this.validity.length + (Array.isArray(values) ? values.length * 8 + size * OBJECT_BYTES : values.byteLength)
  }

  grow(capacity: number): void {
    const validity = new Uint8Array(capacity)
    validity.set(this.validity)
    this.validity = validity
    const old = this.values
    if (Array.isArray(old)) {
      for (let i = old.length; i < capacity; i++) old.push(null)
      return
    }
    const values = makeValues(this.shape, capacity)
    ;(values as Uint8Array).set(old as Uint8Array)
    this.values = values
  }

  /** Back to NULL/0. */
  reset(slot: number): void {
    this.validity[slot] = 0
    const { values } = this
    if (Array.isArray(values)) values[slot] = null
    else if (values instanceof BigInt64Array) values[slot] = 0n
    else values[slot] = 0
  }

  get(slot: number): Value {
    if (this.validity[slot] === 0) return null
    if (this.shape === 'bool') return this.values[slot] === 1
    return this.values[slot] as Value
  }

  set(slot: number, value: Value): void {
    if (value === null) {
      this.reset(slot)
      return
    }
    this.validity[slot] = 1
    const values = this.values as Value[]
    values[slot] = this.shape === 'bool' ? (value === true ? 1 : 0) : value
  }

  /** The cells of the slots given. */
  vector(slots: Int32Array): Vector {
    const n = slots.length
    let validity: Validity = new Uint8Array(n)
    let valid = 1
    for (let i = 0; i < n; i++) valid &= validity[i] = this.validity[slots[i]!]!
    if (valid === 1) validity = null
    const { values, type } = this
    switch (this.shape) {
      case 'bool':
        return new BoolVector(type, gather(values as Uint8Array, slots, new Uint8Array(n)), validity)
      case 'i32':
        return new Int32Vector(type, gather(values as Int32Array, slots, new Int32Array(n)), validity)
      case 'f32':
        return new Float32Vector(type, gather(values as Float32Array, slots, new Float32Array(n)), validity)
      case 'f64':
        return new Float64Vector(type, gather(values as Float64Array, slots, new Float64Array(n)), validity)
      case 'i64': {
        const from = halvesOf(values as BigInt64Array)
        const out = new BigInt64Array(n)
        const to = halvesOf(out)
        for (let i = 0; i < n; i++) {
          const s = slots[i]! << 1
          to[i << 1] = from[s]!
          to[(i << 1) + 1] = from[s + 1]!
        }
        return new Int64Vector(type, out, validity)
      }
      case 'null':
        return new NullVector(type, n)
      default:
        return vectorOf(
          type,
          Array.from(slots, (s) => (this.validity[s] === 0 ? null : (values as Value[])[s]!)),
        )
    }
  }

  /** Copies row `rows[i]` of `from` (a vector of this type) to `slots[i]`, for the first `n`. */
  load(from: Vector, rows: Int32Array, slots: Int32Array, n: number): void {
    const { validity } = this
    for (let i = 0; i < n; i++) validity[slots[i]!] = from.isNull(rows[i]!) ? 0 : 1
    switch (from.shape) {
      case 'bool':
      case 'i32':
      case 'f32':
      case 'f64': {
        const to = this.values as Float64Array
        for (let i = 0; i < n; i++) to[slots[i]!] = from.values[rows[i]!]!
        return
      }
      case 'i64': {
        const to = halvesOf(this.values as BigInt64Array)
        const halves = from.halves
        for (let i = 0; i < n; i++) {
          const s = slots[i]! << 1
          const r = rows[i]! << 1
          to[s] = halves[r]!
          to[s + 1] = halves[r + 1]!
        }
        return
      }
      case 'null':
        return
      default: {
        const to = this.values as Value[]
        for (let i = 0; i < n; i++) to[slots[i]!] = from.get(rows[i]!)
      }
    }
  }
}

const halvesOf = (values: BigInt64Array): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.length * 2)

function makeValues(shape: Shape, capacity: number): ValueColumn['values'] {
  switch (shape) {
    case 'bool':
      return new Uint8Array(capacity)
    case 'i32':
      return new Int32Array(capacity)
    case 'i64':
      return new BigInt64Array(capacity)
    case 'f32':
      return new Float32Array(capacity)
    case 'f64':
      return new Float64Array(capacity)
    case 'null':
      return new Uint8Array(capacity)
    default:
      return new Array<Value>(capacity).fill(null)
  }
}

function gather<T extends Int32Array | Float32Array | Float64Array | Uint8Array>(from: T, slots: Int32Array, to: T): T {
  for (let i = 0; i < slots.length; i++) to[i] = from[slots[i]!]!
  return to
}
