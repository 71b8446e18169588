import { assert } from '../errors/errors.ts'
import type { DataType } from '../types/data-type.ts'
import { MapValue, type Value } from '../types/value.ts'

/**
 * Column vectors: one class per physical shape, over typed arrays. A vector is immutable once it has left
 * the code that filled it; several batches may share one.
 *
 *   BOOLEAN                                  BoolVector     Uint8Array of 0 and 1
 *   TINYINT SMALLINT INT DATE interval_ym    Int32Vector    Int32Array
 *   BIGINT TIMESTAMP(_NTZ) interval_dt,
 *   DECIMAL(p ≤ 18)                          Int64Vector    BigInt64Array (decimals: the unscaled value)
 *   FLOAT / DOUBLE                           Float32Vector / Float64Vector
 *   STRING BINARY                            BytesVector    bytes + start and end of each value
 *   ARRAY / MAP                              ListVector / MapVector   start and end into children
 *   STRUCT                                   StructVector   one child per field
 *   DECIMAL(p > 18)                          Int128Vector   two int64 a value, the low one first (the unscaled value)
 *   calendar interval                        ObjectVector   JavaScript values
 *   VOID                                     NullVector
 *
 * Validity is a Uint8Array with 1 for a value and 0 for NULL, or null when no value is NULL. What the value
 * array holds at a NULL is undefined.
 */
export type Vector =
  | BoolVector
  | Int32Vector
  | Int64Vector
  | Int128Vector
  | Float32Vector
  | Float64Vector
  | BytesVector
  | ListVector
  | MapVector
  | StructVector
  | ObjectVector
  | NullVector

export type Validity = Uint8Array | null

export type Shape = Vector['shape']

/** The vector class that holds values of `type`. */
export function shapeOf(type: DataType): Shape {
  switch (type.kind) {
    case 'boolean':
      return 'bool'
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'date':
    case 'interval_ym':
      return 'i32'
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
      return 'i64'
    case 'float':
      return 'f32'
    case 'double':
      return 'f64'
    case 'decimal':
      return type.precision <= 18 ? 'i64' : 'i128'
    case 'string':
    case 'binary':
      return 'bytes'
    case 'array':
      return 'list'
    case 'map':
      return 'map'
    case 'struct':
      return 'struct'
    case 'interval':
      return 'object'
    case 'void':
      return 'null'
  }
}

/** Gathers `validity` at `rows`; null when nothing gathered is NULL. */
function takeValidity(validity: Validity, rows: Int32Array): Validity {
  if (validity === null) return null
  const out = new Uint8Array(rows.length)
  let all = 1
  for (let i = 0; i < rows.length; i++) all &= out[i] = validity[rows[i]!]!
  return all === 1 ? null : out
}

export class BoolVector {
  readonly shape = 'bool'
  readonly type: DataType
  readonly length: number
  readonly values: Uint8Array
  readonly validity: Validity
  constructor(type: DataType, values: Uint8Array, validity: Validity, length = values.length) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.values[row] === 1
  }
  take(rows: Int32Array): BoolVector {
    const out = new Uint8Array(rows.length)
    for (let i = 0; i < rows.length; i++) out[i] = this.values[rows[i]!]!
    return new BoolVector(this.type, out, takeValidity(this.validity, rows))
  }
}

export class Int32Vector {
  readonly shape = 'i32'
  readonly type: DataType
  readonly length: number
  readonly values: Int32Array
  readonly validity: Validity
  constructor(type: DataType, values: Int32Array, validity: Validity, length = values.length) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.values[row]!
  }
  take(rows: Int32Array): Int32Vector {
    const out = new Int32Array(rows.length)
    for (let i = 0; i < rows.length; i++) out[i] = this.values[rows[i]!]!
    return new Int32Vector(this.type, out, takeValidity(this.validity, rows))
  }
}

export class Int64Vector {
  readonly shape = 'i64'
  readonly type: DataType
  readonly length: number
  readonly values: BigInt64Array
  readonly validity: Validity
  #halves: Int32Array | undefined
  constructor(type: DataType, values: BigInt64Array, validity: Validity, length = values.length) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  /** The same memory as int32 pairs, low half first: `halves[2 * row]`, `halves[2 * row + 1]`. */
  get halves(): Int32Array {
    return (this.#halves ??= new Int32Array(this.values.buffer, this.values.byteOffset, this.values.length * 2))
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.values[row]!
  }
  take(rows: Int32Array): Int64Vector {
    const out = new BigInt64Array(rows.length)
    const to = new Int32Array(out.buffer)
    const from = this.halves
    for (let i = 0; i < rows.length; i++) {
      const r = rows[i]! << 1
      to[i << 1] = from[r]!
      to[(i << 1) + 1] = from[r + 1]!
    }
    return new Int64Vector(this.type, out, takeValidity(this.validity, rows))
  }
}

/** Wide decimals. Value `i` is `values[2 * i]` (its low 64 bits) and `values[2 * i + 1]`, as one two's complement number. */
export class Int128Vector {
  readonly shape = 'i128'
  readonly type: DataType
  readonly length: number
  readonly values: BigInt64Array
  readonly validity: Validity
  #halves: Int32Array | undefined
  constructor(type: DataType, values: BigInt64Array, validity: Validity, length = values.length >> 1) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  /** The same memory as four int32 a value, the lowest first: `halves[4 * row]` to `halves[4 * row + 3]`. */
  get halves(): Int32Array {
    return (this.#halves ??= new Int32Array(this.values.buffer, this.values.byteOffset, this.values.length * 2))
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  /** The number of a row; undefined behaviour at a NULL. */
  big(row: number): bigint {
    const low = this.values[2 * row]!
    const high = this.values[2 * row + 1]!
    return high === low >> 63n ? low : (high << 64n) | BigInt.asUintN(64, low)
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.big(row)
  }
  take(rows: Int32Array): Int128Vector {
    const out = new BigInt64Array(rows.length * 2)
    const to = new Int32Array(out.buffer)
    const from = this.halves
    for (let i = 0; i < rows.length; i++) {
      const [r, t] = [rows[i]! << 2, i << 2]
      to[t] = from[r]!
      to[t + 1] = from[r + 1]!
      to[t + 2] = from[r + 2]!
      to[t + 3] = from[r + 3]!
    }
    return new Int128Vector(this.type, out, takeValidity(this.validity, rows))
  }
}

export class Float32Vector {
  readonly shape = 'f32'
  readonly type: DataType
  readonly length: number
  readonly values: Float32Array
  readonly validity: Validity
  constructor(type: DataType, values: Float32Array, validity: Validity, length = values.length) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.values[row]!
  }
  take(rows: Int32Array): Float32Vector {
    const out = new Float32Array(rows.length)
    for (let i = 0; i < rows.length; i++) out[i] = this.values[rows[i]!]!
    return new Float32Vector(this.type, out, takeValidity(this.validity, rows))
  }
}

export class Float64Vector {
  readonly shape = 'f64'
  readonly type: DataType
  readonly length: number
  readonly values: Float64Array
  readonly validity: Validity
  constructor(type: DataType, values: Float64Array, validity: Validity, length = values.length) {
    this.type = type
    this.values = values
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.values[row]!
  }
  take(rows: Int32Array): Float64Vector {
    const out = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) out[i] = this.values[rows[i]!]!
    return new Float64Vector(this.type, out, takeValidity(this.validity, rows))
  }
}

/**
 * STRING (UTF-8) and BINARY. Value `i` is `data[starts[i] .. ends[i])`. Values may lie anywhere in `data`,
 * share bytes, and leave gaps: a decoder points into its input block, `split` into its argument. An Arrow
 * offsets buffer gives `starts` and `ends` as two views of itself.
 */
export class BytesVector {
  readonly shape = 'bytes'
  readonly type: DataType
  readonly length: number
  readonly data: Buffer
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly validity: Validity
  #strings: (string | undefined)[] | undefined
  constructor(
    type: DataType,
    data: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    validity: Validity,
    length = starts.length,
  ) {
    this.type = type
    this.data = data
    this.starts = starts
    this.ends = ends
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  /** The value as a JavaScript string, made on first use and kept; undefined behaviour at a NULL. */
  string(row: number): string {
    const cache = (this.#strings ??= new Array<string | undefined>(this.length))
    return (cache[row] ??= this.data.toString('utf8', this.starts[row]!, this.ends[row]!))
  }
  get(row: number): Value {
    if (this.isNull(row)) return null
    return this.type.kind === 'binary'
      ? Uint8Array.prototype.slice.call(this.data, this.starts[row]!, this.ends[row]!)
      : this.string(row)
  }
  /** Shares `data`: only the positions are copied. */
  take(rows: Int32Array): BytesVector {
    const starts = new Int32Array(rows.length)
    const ends = new Int32Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      starts[i] = this.starts[rows[i]!]!
      ends[i] = this.ends[rows[i]!]!
    }
    return new BytesVector(this.type, this.data, starts, ends, takeValidity(this.validity, rows))
  }
}

/** ARRAY: value `i` is `child[starts[i] .. ends[i])`; ranges may share elements and leave gaps. */
export class ListVector {
  readonly shape = 'list'
  readonly type: DataType
  readonly length: number
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly child: Vector
  readonly validity: Validity
  constructor(
    type: DataType,
    starts: Int32Array,
    ends: Int32Array,
    child: Vector,
    validity: Validity,
    length = starts.length,
  ) {
    this.type = type
    this.starts = starts
    this.ends = ends
    this.child = child
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    if (this.isNull(row)) return null
    const out: Value[] = []
    for (let i = this.starts[row]!; i < this.ends[row]!; i++) out.push(this.child.get(i))
    return out
  }
  take(rows: Int32Array): ListVector {
    const starts = new Int32Array(rows.length)
    const ends = new Int32Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      starts[i] = this.starts[rows[i]!]!
      ends[i] = this.ends[rows[i]!]!
    }
    return new ListVector(this.type, starts, ends, this.child, takeValidity(this.validity, rows))
  }
}

/** MAP: entries of value `i` are `keys[starts[i] .. ends[i])` and `values` alike. */
export class MapVector {
  readonly shape = 'map'
  readonly type: DataType
  readonly length: number
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly keys: Vector
  readonly values: Vector
  readonly validity: Validity
  constructor(
    type: DataType,
    starts: Int32Array,
    ends: Int32Array,
    keys: Vector,
    values: Vector,
    validity: Validity,
    length = starts.length,
  ) {
    this.type = type
    this.starts = starts
    this.ends = ends
    this.keys = keys
    this.values = values
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    if (this.isNull(row)) return null
    const keys: Value[] = []
    const values: Value[] = []
    for (let i = this.starts[row]!; i < this.ends[row]!; i++) {
      keys.push(this.keys.get(i))
      values.push(this.values.get(i))
    }
    return new MapValue(keys, values)
  }
  take(rows: Int32Array): MapVector {
    const starts = new Int32Array(rows.length)
    const ends = new Int32Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      starts[i] = this.starts[rows[i]!]!
      ends[i] = this.ends[rows[i]!]!
    }
    return new MapVector(this.type, starts, ends, this.keys, this.values, takeValidity(this.validity, rows))
  }
}

/** STRUCT: children as long as the struct. A NULL struct's children hold anything. */
export class StructVector {
  readonly shape = 'struct'
  readonly type: DataType
  readonly length: number
  readonly children: readonly Vector[]
  readonly validity: Validity
  constructor(type: DataType, children: readonly Vector[], validity: Validity, length: number) {
    this.type = type
    this.children = children
    this.validity = validity
    this.length = length
  }
  isNull(row: number): boolean {
    return this.validity !== null && this.validity[row] === 0
  }
  get(row: number): Value {
    return this.isNull(row) ? null : this.children.map((c) => c.get(row))
  }
  take(rows: Int32Array): StructVector {
    return new StructVector(
      this.type,
      this.children.map((c) => c.take(rows)),
      takeValidity(this.validity, rows),
      rows.length,
    )
  }
}

/** Values without a typed layout: calendar intervals. NULL is null. */
export class ObjectVector {
  readonly shape = 'object'
  readonly type: DataType
  readonly length: number
  readonly values: readonly Value[]
  readonly validity: Validity
  constructor(type: DataType, values: readonly Value[]) {
    this.type = type
    this.values = values
    this.length = values.length
    let validity: Uint8Array | null = null
    for (let i = 0; i < values.length; i++)
      if (values[i] === null) (validity ??= new Uint8Array(values.length).fill(1))[i] = 0
    this.validity = validity
  }
  isNull(row: number): boolean {
    return this.values[row] === null
  }
  get(row: number): Value {
    return this.values[row]!
  }
  take(rows: Int32Array): ObjectVector {
    return new ObjectVector(
      this.type,
      Array.from(rows, (r) => this.values[r]!),
    )
  }
}

/** A column of type VOID, or a pruned struct member: every value is NULL. */
export class NullVector {
  readonly shape = 'null'
  readonly type: DataType
  readonly length: number
  readonly validity: Validity
  constructor(type: DataType, length: number) {
    this.type = type
    this.length = length
    this.validity = new Uint8Array(length)
  }
  isNull(_row: number): boolean {
    return true
  }
  get(_row: number): Value {
    return null
  }
  take(rows: Int32Array): NullVector {
    return new NullVector(this.type, rows.length)
  }
}

/** Narrows a vector to the class of one shape; a mismatch is a fault of ours. */
export function asShape<S extends Shape>(vector: Vector, shape: S): Extract<Vector, { shape: S }> {
  assert(vector.shape === shape, `expected a ${shape} vector, got ${vector.shape}`)
  return vector as Extract<Vector, { shape: S }>
}
