import { InternalError } from '../errors/errors.ts'
import { typeName, type DataType } from './data-type.ts'
import { CalendarInterval, MapValue, type StructValue, type Value } from './value.ts'

/**
 * JSON form of a constant. bigint (BIGINT, timestamps, day-time intervals, unscaled decimals): digits; binary: hex; NaN, infinities and
 * -0.0: their names; arrays and structs: lists; maps: `[keys, values]`; calendar intervals: `[months, days, micros]`; the rest as it is.
 * The same shape as in expr/bound.ts.
 */
export type LiteralJson = null | boolean | number | string | readonly LiteralJson[]

/** The JSON form of a value of `type`; `decodeLiteral` is its inverse. */
export function encodeLiteral(v: Value, type: DataType): LiteralJson {
  if (v === null) return null
  switch (type.kind) {
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
    case 'decimal':
      return String(v as bigint)
    case 'float':
    case 'double':
      return Number.isFinite(v) && !Object.is(v, -0) ? (v as number) : Object.is(v, -0) ? '-0' : String(v)
    case 'binary':
      return hexOf(v as Uint8Array)
    case 'interval': {
      const { months, days, micros } = v as CalendarInterval
      return [months, days, String(micros)]
    }
    case 'array':
      return (v as readonly Value[]).map((x) => encodeLiteral(x, type.element))
    case 'map': {
      const { keys, values } = v as MapValue
      return [keys.map((k) => encodeLiteral(k, type.key)), values.map((x) => encodeLiteral(x, type.value))]
    }
    case 'struct':
      return (v as StructValue).map((x, i) => encodeLiteral(x, type.fields[i]!.type))
    case 'void':
      return null
    case 'string':
      // Half a surrogate pair has no bytes in UTF-8: a constant is what a column would hold of it.
      return (v as string).replace(/\p{Surrogate}/gu, '\uFFFD')
    default:
      return v as boolean | number
  }
}

/** The value a JSON form stands for; a form that `encodeLiteral` does not make is an InternalError. */
export function decodeLiteral(json: LiteralJson, type: DataType): Value {
  if (json === null) return null
  const bad = (): InternalError => new InternalError(`the constant ${JSON.stringify(json)} is no ${typeName(type)}`)
  const list = (x: LiteralJson | undefined): readonly LiteralJson[] => {
    if (!Array.isArray(x)) throw bad()
    return x as readonly LiteralJson[]
  }
  switch (type.kind) {
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
    case 'decimal':
      if (typeof json !== 'string' || !/^-?\d+$/.test(json)) throw bad()
      return BigInt(json)
    case 'float':
    case 'double':
      if (typeof json !== 'number' && typeof json !== 'string') throw bad()
      return Number(json)
    case 'binary': {
      if (typeof json !== 'string' || !/^(?:[0-9A-F]{2})*$/i.test(json)) throw bad()
      return bytesOfHex(json)
    }
    case 'interval': {
      const [months, days, micros] = list(json)
      if (typeof months !== 'number' || typeof days !== 'number' || typeof micros !== 'string') throw bad()
      return new CalendarInterval(months, days, BigInt(micros))
    }
    case 'array':
      return list(json).map((x) => decodeLiteral(x, type.element))
    case 'map': {
      const [keys, values] = list(json)
      return new MapValue(
        list(keys).map((k) => decodeLiteral(k, type.key)),
        list(values).map((x) => decodeLiteral(x, type.value)),
      )
    }
    case 'struct': {
      const members = list(json)
      if (members.length !== type.fields.length) throw bad()
      return members.map((x, i) => decodeLiteral(x, type.fields[i]!.type))
    }
    case 'boolean':
      if (typeof json !== 'boolean') throw bad()
      return json
    case 'string':
      if (typeof json !== 'string') throw bad()
      return json
    case 'void':
      throw bad()
    default:
      if (typeof json !== 'number') throw bad()
      return json
  }
}

/** Upper-case hex digits of bytes. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase()
}

/** The bytes of an even count of hex digits. */
export const bytesOfHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
