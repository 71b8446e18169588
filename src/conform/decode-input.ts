import { InternalError } from '../errors/errors.ts'
import { caster } from '../types/cast.ts'
import { type DataType, type Schema, STRING } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import { MapValue, type Value } from '../types/value.ts'

/** A row of a scenario (section 5 of its README) as Values: a missing column is NULL, unknown names are ignored. */
export function decodeInput(schema: Schema, row: Readonly<Record<string, Json>>): Value[] {
  return schema.fields.map((f) => decode(row[f.name] ?? null, f.type))
}

function decode(json: Json, type: DataType): Value {
  if (json === null) return null
  switch (type.kind) {
    case 'boolean':
    case 'string':
      return json as boolean | string
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'double':
      return Number(json)
    case 'float':
      return Math.fround(Number(json))
    case 'bigint':
      return BigInt(json as string | number)
    case 'binary':
      return Uint8Array.from(Buffer.from(json as string, 'hex'))
    case 'array':
      return (json as readonly Json[]).map((x) => decode(x, type.element))
    case 'map': {
      const entries = json as readonly (readonly [Json, Json])[]
      return new MapValue(
        entries.map(([k]) => decode(k, type.key)),
        entries.map(([, v]) => decode(v, type.value)),
      )
    }
    case 'struct':
      return type.fields.map((f) => decode((json as Readonly<Record<string, Json>>)[f.name] ?? null, f.type))
    case 'decimal':
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      // Timestamps stand in UTC, whatever the session zone.
      return caster(STRING, type, { mode: 'ansi', timeZone: 'UTC' })(String(json))
    default:
      throw new InternalError(`no scenario input of type ${type.kind}`)
  }
}
