import type { DataType, StructType } from '../../types/data-type.ts'
import { decimalInType, parseDecimal } from '../../types/decimal.ts'
import { parseDate, parseTimestamp, parseTimestampNtz } from '../../types/time.ts'
import type { Zone } from '../../types/time-zone.ts'
import { MapValue, type Value } from '../../types/value.ts'
import type { TimeTexts } from '../time-texts.ts'
import {
  closeQuote,
  escapesAreValid,
  findBackslash,
  skipBlanks,
  skipNumber,
  skipValue,
  unescapeInPlace,
} from './json-bytes.ts'

/** What a JSON value cannot be read as; `BAD` is no SQL value. */
export const BAD = Symbol('not readable as this type')

const NON_NUMBERS: Readonly<Record<string, number>> = {
  NaN: NaN,
  Infinity: Infinity,
  INF: Infinity,
  '+Infinity': Infinity,
  '+INF': Infinity,
  '-Infinity': -Infinity,
  '-INF': -Infinity,
}

const INT_RANGE: Readonly<Record<string, readonly [min: number, max: number]>> = {
  tinyint: [-128, 127],
  smallint: [-32768, 32767],
  int: [-2147483648, 2147483647],
}

/**
 * Reads single JSON values exactly: the slow path of the decoder, and its judge. Spark's rules: null is NULL for
 * every type; integers want integer literals within range; FLOAT and DOUBLE take any number and the strings NaN,
 * Infinity, INF; DECIMAL rounds half up and also takes strings; STRING takes the text of any other value as it
 * stands; TIMESTAMP takes a string or whole seconds; BINARY is base64. After `read`, `pos` is behind the value.
 */
export class ValueParser {
  pos = 0
  /** Why the last `read` gave BAD. */
  reason = ''
  readonly #zone: Zone
  readonly #times: TimeTexts
  readonly #nonNumbers: boolean

  /** `nonNumbers` false: NaN and Infinity are no numbers. */
  constructor(zone: Zone, times: TimeTexts = {}, nonNumbers = true) {
    this.#zone = zone
    this.#times = times
    this.#nonNumbers = nonNumbers
  }

  /** The value at `p`, or BAD when it is malformed or not of the type. Does not change the buffer. */
  read(b: Buffer, p: number, end: number, type: DataType): Value | typeof BAD {
    const c = p < end ? b[p]! : 0
    if (c === 110) {
      this.pos = skipValue(b, p, end)
      return this.pos < 0 ? this.#bad('not JSON') : null
    }
    switch (type.kind) {
      case 'struct':
        return c === 123 ? this.#struct(b, p, end, type) : this.#mismatch(b, p, end, type)
      case 'array':
        return c === 91 ? this.#array(b, p, end, type.element) : this.#mismatch(b, p, end, type)
      case 'map':
        return c === 123 ? this.#map(b, p, end, type.key, type.value) : this.#mismatch(b, p, end, type)
      default:
        return this.#scalar(b, p, end, type, c)
    }
  }

  #bad(reason: string): typeof BAD {
    this.reason = reason
    this.pos = -1
    return BAD
  }

  #mismatch(b: Buffer, p: number, end: number, type: DataType): typeof BAD {
    const q = skipValue(b, p, end)
    if (q < 0) return this.#bad('not JSON')
    const text = b.toString('utf8', p, Math.min(q, p + 60))
    return this.#bad(`${text} is not of type ${type.kind.toUpperCase()}`)
  }

  /** The text of the string at `p` (a quote). */
  text(b: Buffer, p: number, end: number): string | typeof BAD {
    const q = closeQuote(b, p + 1, end)
    if (q < 0) return this.#bad('a string is not closed')
    this.pos = q + 1
    if (findBackslash(b, p + 1, q) < 0) return b.toString('utf8', p + 1, q)
    if (!escapesAreValid(b, p + 1, q)) return this.#bad('a string holds an escape that JSON does not know')
    const copy = Buffer.from(b.subarray(p + 1, q))
    return copy.toString('utf8', 0, unescapeInPlace(copy, 0, copy.length))
  }

  #scalar(b: Buffer, p: number, end: number, type: DataType, c: number): Value | typeof BAD {
    if (c === 34) {
      const text = this.text(b, p, end)
      if (typeof text !== 'string') return BAD
      const v = this.#fromText(text, type)
      return v === BAD ? this.#bad(`"${text.slice(0, 60)}" is not of type ${type.kind.toUpperCase()}`) : v
    }
    const q = skipValue(b, p, end)
    if (q < 0) return this.#nonNumber(b, p, end, type)
    this.pos = q
    if (type.kind === 'string') return b.toString('utf8', p, q)
    if (c === 116 || c === 102) return type.kind === 'boolean' ? c === 116 : this.#mismatch(b, p, end, type)
    if (c === 123 || c === 91) return this.#mismatch(b, p, end, type)
    const v = this.#fromNumber(b.toString('latin1', p, q), type)
    return v === BAD ? this.#mismatch(b, p, end, type) : v
  }

  /** NaN and Infinity without quotes. */
  #nonNumber(b: Buffer, p: number, end: number, type: DataType): Value | typeof BAD {
    if (this.#nonNumbers && (type.kind === 'float' || type.kind === 'double'))
      for (const word of Object.keys(NON_NUMBERS))
        if (
          b.toString('latin1', p, Math.min(end, p + word.length)) === word &&
          !/\w/.test(b.toString('latin1', p + word.length, p + word.length + 1))
        ) {
          this.pos = p + word.length
          return NON_NUMBERS[word]!
        }
    return this.#bad('not JSON')
  }

  #fromNumber(text: string, type: DataType): Value | typeof BAD {
    switch (type.kind) {
      case 'tinyint':
      case 'smallint':
      case 'int': {
        const x = Number(text)
        const [min, max] = INT_RANGE[type.kind]!
        return /[.eE]/.test(text) || x < min || x > max ? BAD : x | 0
      }
      case 'bigint': {
        if (/[.eE]/.test(text)) return BAD
        const x = BigInt(text)
        return BigInt.asIntN(64, x) === x ? x : BAD
      }
      case 'timestamp': {
        if (/[.eE]/.test(text)) return BAD
        const x = BigInt(text) * 1_000_000n
        return BigInt.asIntN(64, x) === x ? x : BAD
      }
      case 'double':
        return Number(text)
      case 'float':
        return Math.fround(Number(text))
      case 'decimal': {
        const d = parseDecimal(text)
        return (d && decimalInType(d, type)) ?? BAD
      }
      default:
        return BAD
    }
  }

  #fromText(text: string, type: DataType): Value | typeof BAD {
    switch (type.kind) {
      case 'string':
        return text
      case 'timestamp':
        return (
          (this.#times.timestamp === undefined ? parseTimestamp(text, this.#zone) : this.#times.timestamp(text)) ?? BAD
        )
      case 'timestamp_ntz':
        return (this.#times.timestampNtz ?? parseTimestampNtz)(text) ?? BAD
      case 'date':
        return (this.#times.date ?? parseDate)(text) ?? BAD
      case 'float':
      case 'double':
        return (this.#nonNumbers ? NON_NUMBERS[text] : undefined) ?? BAD
      case 'decimal': {
        const d = parseDecimal(text)
        return (d && decimalInType(d, type)) ?? BAD
      }
      case 'binary':
        return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : BAD
      default:
        return BAD
    }
  }

  #struct(b: Buffer, p: number, end: number, type: StructType): Value | typeof BAD {
    const out: Value[] = type.fields.map(() => null)
    const ok = this.eachMember(b, p, end, (name, at) => {
      const i = type.fields.findIndex((f) => f.name === name)
      if (i < 0) return this.#skip(b, at, end)
      const v = this.read(b, at, end, type.fields[i]!.type)
      if (v === BAD) return false
      out[i] = v
      return true
    })
    return ok ? out : BAD
  }

  #array(b: Buffer, p: number, end: number, element: DataType): Value | typeof BAD {
    const out: Value[] = []
    const ok = this.eachElement(b, p, end, (at) => {
      const v = this.read(b, at, end, element)
      if (v === BAD) return false
      out.push(v)
      return true
    })
    return ok ? out : BAD
  }

  #map(b: Buffer, p: number, end: number, keyType: DataType, valueType: DataType): Value | typeof BAD {
    const keys: Value[] = []
    const values: Value[] = []
    const ok = this.eachMember(b, p, end, (name, at) => {
      const key = this.#fromText(name, keyType)
      if (key === BAD) {
        this.#bad(`the key "${name}" is not of type ${keyType.kind.toUpperCase()}`)
        return false
      }
      const v = this.read(b, at, end, valueType)
      if (v === BAD) return false
      keys.push(key)
      values.push(v)
      return true
    })
    return ok ? new MapValue(keys, values) : BAD
  }

  #skip(b: Buffer, p: number, end: number): boolean {
    this.pos = skipValue(b, p, end)
    // Numbers JSON does not know are let through where nobody asks for them, as by Spark.
    if (this.pos < 0) this.#nonNumber(b, p, end, { kind: 'double' })
    return this.pos >= 0
  }

  /** Steps over a value nobody asks for; false when it is malformed. */
  skip(b: Buffer, p: number, end: number): boolean {
    return this.#skip(b, p, end)
  }

  /** Walks the object at `p`; `member` gets each name and the position of its value and must leave `pos` behind it. */
  eachMember(b: Buffer, p: number, end: number, member: (name: string, at: number) => boolean): boolean {
    let q = skipBlanks(b, p + 1, end)
    if (q < end && b[q] === 125) {
      this.pos = q + 1
      return true
    }
    for (;;) {
      if (q >= end || b[q] !== 34) return this.#bad('a member name is missing') !== BAD
      const name = this.text(b, q, end)
      if (typeof name !== 'string') return false
      q = skipBlanks(b, this.pos, end)
      if (q >= end || b[q] !== 58) return this.#bad(`":" is missing behind "${name}"`) !== BAD
      if (!member(name, skipBlanks(b, q + 1, end))) return false
      q = skipBlanks(b, this.pos, end)
      const c = q < end ? b[q] : 0
      if (c === 125) {
        this.pos = q + 1
        return true
      }
      if (c !== 44) return this.#bad('the object is not closed') !== BAD
      q = skipBlanks(b, q + 1, end)
    }
  }

  /** Walks the array at `p` likewise. */
  eachElement(b: Buffer, p: number, end: number, element: (at: number) => boolean): boolean {
    let q = skipBlanks(b, p + 1, end)
    if (q < end && b[q] === 93) {
      this.pos = q + 1
      return true
    }
    for (;;) {
      if (!element(q)) return false
      q = skipBlanks(b, this.pos, end)
      const c = q < end ? b[q] : 0
      if (c === 93) {
        this.pos = q + 1
        return true
      }
      if (c !== 44) return this.#bad('the array is not closed') !== BAD
      q = skipBlanks(b, q + 1, end)
    }
  }

  /** Sets `reason` for a failure found by the caller. */
  fail(reason: string): false {
    this.#bad(reason)
    return false
  }
}

/** Behind the number at `p` and its value, for generated code: NaN means "leave it to the exact path". */
export function doubleAt(b: Buffer, p: number, end: number, out: { pos: number }): number {
  const q = skipNumber(b, p, end)
  if (q < 0) return NaN
  out.pos = q
  return Number(b.toString('latin1', p, q))
}
