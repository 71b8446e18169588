import { vectorOf } from '../columns/builder.ts'
import {
  BoolVector,
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int128Vector,
  Int32Vector,
  Int64Vector,
  NullVector,
  shapeOf,
  type Vector,
} from '../columns/vector.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { Codegen } from './codegen.ts'
import type { Int64Mode, Reg } from './emitter.ts'

/** Gathers computed strings (or binaries) as bytes; positions by physical row. */
export class BytesWriter {
  readonly starts: Int32Array
  readonly ends: Int32Array
  data: Buffer
  #used = 0

  constructor(rows: number, guessBytes: number) {
    this.starts = new Int32Array(rows)
    this.ends = new Int32Array(rows)
    this.data = Buffer.allocUnsafeSlow(Math.max(64, guessBytes))
  }

  get usedBytes(): number {
    return this.#used
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.data.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.data.length * 2, this.#used + bytes))
    this.data.copy(grown, 0, 0, this.#used)
    this.data = grown
  }

  /** Writes a string as UTF-8. */
  text(row: number, text: string): void {
    const n = text.length
    this.#room(n * 3)
    const { data } = this
    const from = this.#used
    let to = from
    // Short ASCII is written here: a call into Node's encoder costs more than the loop.
    if (n <= 32) {
      for (let i = 0; i < n; i++) {
        const c = text.charCodeAt(i)
        if (c > 127) {
          to = from + data.write(text, from, 'utf8')
          break
        }
        data[to++] = c
      }
    } else to = from + data.write(text, from, 'utf8')
    this.starts[row] = from
    this.ends[row] = to
    this.#used = to
  }

  /** Copies a whole BINARY value. */
  binary(row: number, value: Uint8Array): void {
    this.copy(row, value, 0, value.length)
  }

  /** Copies bytes of an input. */
  copy(row: number, source: Uint8Array, start: number, end: number): void {
    this.#room(end - start)
    const { data } = this
    let to = this.#used
    this.starts[row] = to
    if (end - start <= 32) for (let i = start; i < end; i++) data[to++] = source[i]!
    else {
      data.set(source.subarray(start, end), to)
      to += end - start
    }
    this.ends[row] = to
    this.#used = to
  }
}

/** One computed column while a loop fills it: what the generated code gets, and the vector at the end. */
export interface Output {
  /** The array or writer generated code assigns through. */
  readonly target: unknown
  readonly validity: Uint8Array
  /** `hasNull`: some row that counts is NULL. */
  finish(hasNull: boolean): Vector
}

/** Room for a column of `type` of `rows` rows. `guess` remembers the size of the last one. */
export function outputOf(type: DataType, rows: number, int64: Int64Mode, guess: { bytes: number }): Output {
  const validity = new Uint8Array(rows)
  const made = (target: unknown, finish: (validity: Uint8Array | null) => Vector): Output => ({
    target,
    validity,
    finish: (hasNull) => finish(hasNull ? validity : null),
  })
  switch (shapeOf(type)) {
    case 'bool': {
      const values = new Uint8Array(rows)
      return made(values, (nulls) => new BoolVector(type, values, nulls))
    }
    case 'i32': {
      const values = new Int32Array(rows)
      return made(values, (nulls) => new Int32Vector(type, values, nulls))
    }
    case 'i64': {
      const values = new BigInt64Array(rows)
      return made(
        int64 === 'narrow' ? new Int32Array(values.buffer) : values,
        (nulls) => new Int64Vector(type, values, nulls),
      )
    }
    case 'i128': {
      const values = new BigInt64Array(2 * rows)
      return made(
        int64 === 'narrow' ? new Int32Array(values.buffer) : values,
        (nulls) => new Int128Vector(type, values, nulls),
      )
    }
    case 'f32': {
      const values = new Float32Array(rows)
      return made(values, (nulls) => new Float32Vector(type, values, nulls))
    }
    case 'f64': {
      const values = new Float64Array(rows)
      return made(values, (nulls) => new Float64Vector(type, values, nulls))
    }
    case 'bytes': {
      const writer = new BytesWriter(rows, guess.bytes)
      return made(writer, (nulls) => {
        guess.bytes = writer.usedBytes + (writer.usedBytes >> 3)
        return new BytesVector(type, writer.data, writer.starts, writer.ends, nulls)
      })
    }
    case 'null':
      return made(null, () => new NullVector(type, rows))
    default: {
      const values = new Array<Value>(rows).fill(null)
      return made(values, () => vectorOf(type, values))
    }
  }
}

/** Emits the lines that store `reg` into output `name` at row `r`; `${name}c` becomes 1 when a NULL was met. */
export function storeCode(gen: Codegen, name: string, reg: Reg): void {
  const { out } = gen
  const isNull = reg.n
  if (isNull === 'true') return out.line(`${name}c = 1;`)
  const valid = isNull === null ? '' : ` ${name}n[r] = 1;`
  const store = storeLine(gen, name, reg)
  if (isNull === null) out.line(store)
  else out.line(`if (${isNull}) ${name}c = 1; else { ${store}${valid} }`)
}

function storeLine(gen: Codegen, name: string, reg: Reg): string {
  switch (reg.form) {
    case 'bool':
      return `${name}[r] = ${reg.v} ? 1 : 0;`
    case 'i64':
      if (shapeOf(reg.type) === 'i128') {
        if (gen.int64 === 'wide') return `${name}[2 * r] = ${reg.v}; ${name}[2 * r + 1] = ${reg.v} >> 64n;`
        return `${name}[4 * r] = ${reg.v} | 0; ${name}[4 * r + 1] = Math.floor(${reg.v} / 4294967296); ${name}[4 * r + 2] = ${name}[4 * r + 3] = ${reg.v} < 0 ? -1 : 0;`
      }
      if (gen.int64 === 'wide') return `${name}[r] = ${reg.v};`
      return `${name}[2 * r] = ${reg.v} | 0; ${name}[2 * r + 1] = Math.floor(${reg.v} / 4294967296);`
    case 'str':
      if (reg.bytes !== undefined) return `${name}.copy(r, ${reg.bytes.data}, ${reg.bytes.start}, ${reg.bytes.end});`
      return `${name}.text(r, ${reg.v});`
    case 'value':
      if (reg.type.kind === 'binary') return `${name}.binary(r, ${reg.lazy ?? reg.v});`
      return `${name}[r] = ${reg.lazy ?? reg.v};`
    default:
      return `${name}[r] = ${reg.v};`
  }
}
