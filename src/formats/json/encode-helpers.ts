import type { DataType } from '../../types/data-type.ts'
import { formatDecimal } from '../../types/decimal.ts'
import type { Zone } from '../../types/time-zone.ts'
import type { Value } from '../../types/value.ts'
import { jsonText, type TimeWriters, timestampText } from './json-text.ts'

/** The output of an encoder and what its generated code calls for the rarer things. `b` and `w` (a view over the same bytes) change when the buffer grows. */
export class EncodeHelpers {
  b: Buffer = Buffer.allocUnsafeSlow(1 << 16)
  w: DataView = new DataView(this.b.buffer, this.b.byteOffset, this.b.byteLength)
  /** Where the next byte goes. */
  q = 0
  /** The minute whose text was made last: its beginning in microseconds, its 16 bytes, and its offset text. */
  minuteUs = NaN
  w0 = 0
  w1 = 0
  w2 = 0
  w3 = 0
  /** Bytes of the offset: 1 (`Z`, in w4), 6 (w4 and w5) or 0 (TIMESTAMP_NTZ); -1: the timestamp needs the long way. */
  suffix = 0
  w4 = 0
  w5 = 0
  readonly zone: Zone
  readonly #types: readonly DataType[]
  readonly #ignoreNulls: boolean
  readonly #times: TimeWriters

  constructor(zone: Zone, types: readonly DataType[], ignoreNulls: boolean, times: TimeWriters = {}) {
    this.#times = times
    this.zone = zone
    this.#types = types
    this.#ignoreNulls = ignoreNulls
  }

  /** Makes room for `count` bytes behind position `q`. */
  grow(q: number, count: number): void {
    const size = Math.max(this.b.length * 2, q + count)
    const b = Buffer.allocUnsafeSlow(size)
    this.b.copy(b, 0, 0, q)
    this.b = b
    this.w = new DataView(b.buffer, b.byteOffset, b.byteLength)
  }

  /** Writes text as it stands, with room for `room` more; gives the position behind it. */
  text(q: number, text: string, room: number): number {
    const most = text.length * 3
    if (this.b.length < q + most + room) this.grow(q, most + room)
    return q + this.b.write(text, q, 'utf8')
  }

  /** Writes the bytes [s, t) of `data` with whatever escapes they need, without quotes. */
  escaped(q: number, data: Buffer, s: number, t: number, room: number): number {
    if (this.b.length < q + (t - s) * 6 + room) this.grow(q, (t - s) * 6 + room)
    const b = this.b
    for (let i = s; i < t; i++) {
      const c = data[i]!
      if (c === 34 || c === 92) {
        b[q++] = 92
        b[q++] = c
      } else if (c >= 32) b[q++] = c
      else {
        b[q++] = 92
        const short = SHORT[c]
        if (short !== undefined) b[q++] = short
        else {
          b[q++] = 117
          b[q++] = 48
          b[q++] = 48
          b[q++] = HEX[c >> 4]!
          b[q++] = HEX[c & 15]!
        }
      }
    }
    return q
  }

  /** Writes a value of any type by way of its text; `index` counts the types given to the constructor. */
  other(q: number, value: Value, index: number, room: number): number {
    return this.text(q, jsonText(value, this.#types[index]!, this.zone, this.#ignoreNulls, this.#times), room)
  }

  readonly decimal = formatDecimal

  /** Finds the minute of a timestamp and makes its text; `zoned` false: the clock as it stands. */
  minute(us: number, zoned: boolean): void {
    const offsetUs = zoned ? this.zone.offsetSeconds(us / 1e6) * 1e6 : 0
    const localMinute = Math.floor((us + offsetUs) / 60e6)
    this.minuteUs = localMinute * 60e6 - offsetUs
    const date = new Date(localMinute * 60_000)
    const year = date.getUTCFullYear()
    if (!(year >= 0 && year <= 9999) || offsetUs % 60e6 !== 0) {
      this.suffix = -1
      return
    }
    const text = Buffer.from(`${date.toISOString().slice(0, 16)}${zoned ? offsetText(offsetUs) : ''}`.padEnd(24, ' '))
    this.w0 = text.readInt32LE(0)
    this.w1 = text.readInt32LE(4)
    this.w2 = text.readInt32LE(8)
    this.w3 = text.readInt32LE(12)
    this.w4 = text.readInt32LE(16)
    this.w5 = text.readInt32LE(20)
    this.suffix = !zoned ? 0 : offsetUs === 0 ? 1 : 6
  }

  /** Writes a timestamp of any size, without quotes. */
  timestamp(q: number, us: bigint, zoned: boolean, room: number): number {
    return this.text(q, timestampText(us, zoned ? this.zone : null), room)
  }
}

const SHORT: Readonly<Record<number, number>> = { 8: 98, 9: 116, 10: 110, 12: 102, 13: 114 }
const HEX = Buffer.from('0123456789ABCDEF')

/** `Z`, `+05:30`. */
function offsetText(offsetUs: number): string {
  if (offsetUs === 0) return 'Z'
  const minutes = Math.abs(offsetUs) / 60e6
  const two = (x: number): string => String(Math.trunc(x)).padStart(2, '0')
  return `${offsetUs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}
