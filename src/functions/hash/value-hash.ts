import type { DataType } from '../../types/data-type.ts'
import type { CalendarInterval, MapValue, Value } from '../../types/value.ts'
import { murmurBytes, murmurInt, murmurLong } from './murmur3.ts'
import { xxBytes, xxInt, xxLong } from './xxhash64.ts'

/** Feeds one value into a hash: the hash so far is the seed of the next. NULL leaves it as it is. */
export type ValueHash<H> = (v: Value, seed: H) => H

interface Algorithm<H> {
  int(x: number, seed: H): H
  long(x: bigint, seed: H): H
  bytes(b: Uint8Array, seed: H): H
}

const scratch = new DataView(new ArrayBuffer(8))

/** Java's two's-complement bytes of an integer, most significant first, as few as hold it. */
function bigIntegerBytes(x: bigint): Uint8Array {
  let n = 1
  while (BigInt.asIntN(n * 8, x) !== x) n++
  const hex = BigInt.asUintN(n * 8, x)
    .toString(16)
    .padStart(n * 2, '0')
  return Buffer.from(hex, 'hex')
}

function valueHash<H>(type: DataType, a: Algorithm<H>): ValueHash<H> {
  const notNull =
    (f: (v: Exclude<Value, null>, seed: H) => H): ValueHash<H> =>
    (v, seed) =>
      v === null ? seed : f(v, seed)
  switch (type.kind) {
    case 'void':
      return (_, seed) => seed
    case 'boolean':
      return notNull((v, s) => a.int(v === true ? 1 : 0, s))
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'date':
    case 'interval_ym':
      return notNull((v, s) => a.int(v as number, s))
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
      return notNull((v, s) => a.long(v as bigint, s))
    case 'float':
      return notNull((v, s) => {
        scratch.setFloat32(0, v === 0 ? 0 : (v as number))
        return a.int(Number.isNaN(v) ? 0x7fc00000 : scratch.getInt32(0), s)
      })
    case 'double':
      return notNull((v, s) => {
        scratch.setFloat64(0, v === 0 ? 0 : (v as number))
        return a.long(Number.isNaN(v) ? 0x7ff8000000000000n : scratch.getBigInt64(0), s)
      })
    case 'decimal':
      return type.precision <= 18
        ? notNull((v, s) => a.long(v as bigint, s))
        : notNull((v, s) => a.bytes(bigIntegerBytes(v as bigint), s))
    case 'string':
      return notNull((v, s) => a.bytes(Buffer.from(v as string, 'utf8'), s))
    case 'binary':
      return notNull((v, s) => a.bytes(v as Uint8Array, s))
    case 'interval':
      return notNull((v, s) => {
        const i = v as CalendarInterval
        return a.int(i.months, a.int(i.days, a.long(i.micros, s)))
      })
    case 'array': {
      const element = valueHash(type.element, a)
      return notNull((v, s) => (v as readonly Value[]).reduce<H>((h, x) => element(x, h), s))
    }
    case 'struct': {
      const members = type.fields.map((f) => valueHash(f.type, a))
      return notNull((v, s) => (v as readonly Value[]).reduce<H>((h, x, i) => members[i]!(x, h), s))
    }
    case 'map': {
      const key = valueHash(type.key, a)
      const value = valueHash(type.value, a)
      return notNull((v, s) =>
        (v as MapValue).keys.reduce<H>((h, k, i) => value((v as MapValue).values[i]!, key(k, h)), s),
      )
    }
  }
}

/** Spark's `hash` of values of `type`. */
export const murmurOf = (type: DataType): ValueHash<number> =>
  valueHash(type, { int: murmurInt, long: murmurLong, bytes: murmurBytes })

/** Spark's `xxhash64` of values of `type`. */
export const xxhashOf = (type: DataType): ValueHash<bigint> =>
  valueHash(type, { int: xxInt, long: xxLong, bytes: xxBytes })
