/**
 * One SQL value outside a column: what `interpret`, function bodies and literals use.
 *
 *   BOOLEAN                       boolean
 *   TINYINT SMALLINT INT DATE     number (DATE: days since 1970-01-01)
 *   BIGINT                        bigint, within int64
 *   TIMESTAMP TIMESTAMP_NTZ       bigint, microseconds since the epoch (NTZ: of the local clock)
 *   day-time interval             bigint, microseconds;   year-month interval: number, months
 *   FLOAT DOUBLE                  number (FLOAT values are rounded with Math.fround)
 *   DECIMAL(p,s)                  bigint, the unscaled value (1.50 as DECIMAL(3,2) is 150n)
 *   STRING                        string;   BINARY: Uint8Array
 *   calendar interval             CalendarInterval
 *   ARRAY                         readonly Value[]
 *   MAP                           MapValue (insertion order; keys never NULL)
 *   STRUCT                        StructValue: the member values in order, a plain array
 *   NULL of any type              null
 */
export type Value =
  null | boolean | number | bigint | string | Uint8Array | CalendarInterval | MapValue | readonly Value[]

/** A struct's member values in the order of its fields. */
export type StructValue = readonly Value[]

/** The legacy calendar interval; the three parts do not carry into each other. */
export class CalendarInterval {
  readonly months: number
  readonly days: number
  readonly micros: bigint
  constructor(months: number, days: number, micros: bigint) {
    this.months = months
    this.days = days
    this.micros = micros
  }
}

/** A MAP value: two parallel arrays in insertion order. */
export class MapValue {
  readonly keys: readonly Value[]
  readonly values: readonly Value[]
  constructor(keys: readonly Value[], values: readonly Value[]) {
    this.keys = keys
    this.values = values
  }
}
