import { assert } from '../errors/errors.ts'
import { castError, canCast, type CastMode } from './cast-rules.ts'
import { toNumberCaster } from './cast-to-number.ts'
import { toTimeCaster } from './cast-to-time.ts'
import { badInput, type Cast, type CastSite } from './cast-site.ts'
import { isNumeric, sameType, type DataType } from './data-type.ts'
import { trimAll } from './decimal.ts'
import { textMaker } from './format.ts'
import { MapValue, type StructValue, type Value } from './value.ts'

export { canCast, castError, type CastMode } from './cast-rules.ts'

/** What a cast depends on besides its types. */
export interface CastOptions {
  readonly mode: CastMode
  /** Zone of the session: text of TIMESTAMP, and its day. */
  readonly timeZone: string
  /** The time of the batch: for texts that are only a time of day and, in constants, `now` and kin. */
  readonly nowUs?: (() => bigint) | undefined
  /** The argument is a constant: the words `epoch`, `now`, `today`, `tomorrow`, `yesterday` are read. */
  readonly constant?: boolean | undefined
}

/**
 * The cast from one type to another as a function from a non-NULL value to a value or NULL; made once per
 * site. A pair of types that does not exist raises `castError`. In ANSI mode bad input raises
 * CAST_INVALID_INPUT, CAST_OVERFLOW or NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION; in `try` mode it gives NULL; in
 * `legacy` mode it gives NULL, and integers wrap or saturate as Spark's do. Bad text of ANSI intervals raises
 * INVALID_INTERVAL_FORMAT.* in both `ansi` and `legacy` mode.
 */
export function caster(from: DataType, to: DataType, options: CastOptions): Cast {
  if (!canCast(from, to, options.mode)) throw castError(from, to, options.mode)
  const site: CastSite = { ...options, ansi: options.mode === 'ansi', legacy: options.mode === 'legacy' }
  return make(from, to, site)
}

function make(from: DataType, to: DataType, site: CastSite): Cast {
  if (from.kind === 'void') return () => null
  if (sameType(from, to) && !nested(from)) return (v) => v
  switch (to.kind) {
    case 'string':
      return textMaker(from, {
        timeZone: site.timeZone,
        nullText: 'null',
        binary: 'utf8',
        scientificDecimals: site.legacy,
      })
    case 'boolean':
      return toBoolean(from, to, site)
    case 'binary':
      return toBinary(from)
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'float':
    case 'double':
    case 'decimal':
      return toNumberCaster(from, to, site)
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval':
    case 'interval_dt':
    case 'interval_ym':
      return toTimeCaster(from, to, site)
    case 'array': {
      assert(from.kind === 'array', 'cast to array from another kind')
      const element = orNull(make(from.element, to.element, site))
      return (v) => (v as readonly Value[]).map(element)
    }
    case 'map': {
      assert(from.kind === 'map', 'cast to map from another kind')
      const key = orNull(make(from.key, to.key, site))
      const value = orNull(make(from.value, to.value, site))
      return (v) => {
        const map = v as MapValue
        return new MapValue(map.keys.map(key), map.values.map(value))
      }
    }
    case 'struct': {
      assert(from.kind === 'struct', 'cast to struct from another kind')
      const members = from.fields.map((f, i) => orNull(make(f.type, to.fields[i]!.type, site)))
      return (v) => (v as StructValue).map((x, i) => members[i]!(x))
    }
    case 'void':
      return () => null
  }
}

/** Members can differ in name alone, so nested types are rebuilt only where a part changes. */
const nested = (t: DataType): boolean => t.kind === 'array' || t.kind === 'map' || t.kind === 'struct'

const orNull =
  (cast: Cast): Cast =>
  (v) =>
    v === null ? null : cast(v)

const TRUE = new Set(['t', 'true', 'y', 'yes', '1'])
const FALSE = new Set(['f', 'false', 'n', 'no', '0'])

function toBoolean(from: DataType, to: DataType, site: CastSite): Cast {
  if (from.kind === 'string')
    return (v) => {
      const word = trimAll(v as string).toLowerCase()
      return TRUE.has(word) ? true : FALSE.has(word) ? false : badInput(v, from, to, site)
    }
  if (from.kind === 'date') return () => null
  if (isNumeric(from) || from.kind === 'timestamp')
    return typeof zeroOf(from) === 'bigint' ? (v) => v !== 0n : (v) => v !== 0
  return (v) => v
}

const zeroOf = (t: DataType): number | bigint =>
  t.kind === 'bigint' || t.kind === 'decimal' || t.kind === 'timestamp' ? 0n : 0

const encoder = new TextEncoder()

function toBinary(from: DataType): Cast {
  if (from.kind === 'string') return (v) => encoder.encode(v as string)
  const width = { tinyint: 1, smallint: 2, int: 4, bigint: 8 }[from.kind as string]
  assert(width !== undefined, `cast to binary from ${from.kind}`)
  return (v) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, BigInt(v as number | bigint))
    return bytes.slice(8 - width)
  }
}
