import { assert } from '../errors/errors.ts'
import type { DataType } from './data-type.ts'
import { hexOf } from './literal.ts'
import type { CalendarInterval, MapValue, StructValue, Value } from './value.ts'

/** Negative, 0 or positive, as for Array.sort. */
export type Compare = (a: Value, b: Value) => number

/**
 * The order of ORDER BY for non-NULL values of a type: NaN above all numbers, -0.0 equal to 0.0, BINARY by unsigned bytes,
 * STRING by UTF-8 bytes, arrays and structs member by member with NULL first. Maps and calendar intervals have no order;
 * they get an arbitrary total one, so that results can be sorted for comparison.
 */
export function compareValues(type: DataType): Compare {
  switch (type.kind) {
    case 'string':
      return (a, b) => compareStrings(a as string, b as string)
    case 'binary':
      return (a, b) => compareBytes(a as Uint8Array, b as Uint8Array)
    case 'float':
    case 'double':
      return (a, b) => compareNumbers(a as number, b as number)
    case 'boolean':
      return (a, b) => Number(a) - Number(b)
    case 'array': {
      const element = nullsFirst(compareValues(type.element))
      return (a, b) => compareLists(a as readonly Value[], b as readonly Value[], () => element)
    }
    case 'struct': {
      const members = type.fields.map((f) => nullsFirst(compareValues(f.type)))
      return (a, b) => compareLists(a as StructValue, b as StructValue, (i) => members[i]!)
    }
    case 'map': {
      const key = nullsFirst(compareValues(type.key))
      const value = nullsFirst(compareValues(type.value))
      return (a, b) => {
        const m = sortedEntries(a as MapValue, key)
        const n = sortedEntries(b as MapValue, key)
        return compareLists(m.keys, n.keys, () => key) || compareLists(m.values, n.values, () => value)
      }
    }
    case 'interval':
      return (a, b) => {
        const x = a as CalendarInterval
        const y = b as CalendarInterval
        return x.months - y.months || x.days - y.days || (x.micros < y.micros ? -1 : x.micros > y.micros ? 1 : 0)
      }
    case 'void':
      return () => 0
    default:
      return (a, b) =>
        (a as number | bigint) < (b as number | bigint) ? -1 : (a as number | bigint) > (b as number | bigint) ? 1 : 0
  }
}

/** A comparison that takes NULL too and puts it first. */
export const nullsFirst =
  (compare: Compare): Compare =>
  (a, b) =>
    a === null ? (b === null ? 0 : -1) : b === null ? 1 : compare(a, b)

/** Whether two non-NULL values are equal as GROUP BY and joins see it: NaN = NaN, -0.0 = 0.0; maps without regard to order. NULL members are equal. */
export function equalValues(type: DataType): (a: Value, b: Value) => boolean {
  switch (type.kind) {
    case 'binary':
    case 'array':
    case 'struct':
    case 'map':
    case 'interval': {
      const compare = compareValues(type)
      return (a, b) => compare(a, b) === 0
    }
    case 'float':
    case 'double':
      return (a, b) => a === b || (Number.isNaN(a) && Number.isNaN(b))
    default:
      return (a, b) => a === b
  }
}

/** NaN above everything, -0.0 equal to 0.0. */
export function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1
}

/** The order of the UTF-8 bytes, which is that of code points; JavaScript's own order puts surrogate pairs before U+E000. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const highX = x >= 0xd800 && x <= 0xdfff
    const highY = y >= 0xd800 && y <= 0xdfff
    return highX === highY ? x - y : highX ? 1 : -1
  }
  return a.length - b.length
}

/** Unsigned bytes, shorter first where one is the beginning of the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

function compareLists(a: readonly Value[], b: readonly Value[], at: (i: number) => Compare): number {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) {
    const c = at(i)(a[i]!, b[i]!)
    if (c !== 0) return c
  }
  return a.length - b.length
}

function sortedEntries(map: MapValue, key: Compare): { keys: readonly Value[]; values: readonly Value[] } {
  const order = map.keys.map((_, i) => i).sort((i, j) => key(map.keys[i]!, map.keys[j]!))
  return { keys: order.map((i) => map.keys[i]!), values: order.map((i) => map.values[i]!) }
}

/** What stands for a value as key of a JavaScript Map. NULL is null. */
export type HashKey = string | number | bigint | null

/**
 * A function from values of a type (NULL too) to keys of a JavaScript Map: two values have one key exactly when
 * `equalValues` holds. Keys of different types must not meet in one Map.
 */
export function hashKey(type: DataType): (v: Value) => HashKey {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === null ? null : v ? 1 : 0)
    case 'binary':
      return (v) => (v === null ? null : hexOf(v as Uint8Array))
    case 'array': {
      const element = hashKey(type.element)
      return (v) => (v === null ? null : joinKeys((v as readonly Value[]).map(element)))
    }
    case 'struct': {
      const members = type.fields.map((f) => hashKey(f.type))
      return (v) => (v === null ? null : joinKeys((v as StructValue).map((x, i) => members[i]!(x))))
    }
    case 'map': {
      const compare = nullsFirst(compareValues(type.key))
      const key = hashKey(type.key)
      const value = hashKey(type.value)
      return (v) => {
        if (v === null) return null
        const { keys, values } = sortedEntries(v as MapValue, compare)
        return joinKeys([...keys.map(key), ...values.map(value)])
      }
    }
    case 'interval':
      return (v) => {
        if (v === null) return null
        const { months, days, micros } = v as CalendarInterval
        return `${months}/${days}/${micros}`
      }
    default:
      // A Map takes NaN as equal to NaN and -0 as equal to 0, as wanted.
      return (v) => v as HashKey
  }
}

/** One key for several columns, made from their keys; for keys of one list of types. */
export function joinKeys(keys: readonly HashKey[]): string {
  let out = ''
  for (const k of keys) {
    if (k === null) out += 'n;'
    else {
      // -0 prints as 0, NaN as NaN; lengths keep neighbours apart.
      const text = String(k)
      out += `${text.length}:${text};`
    }
  }
  return out
}

/** One key for the values of several columns. */
export function rowKey(types: readonly DataType[]): (values: readonly Value[]) => string {
  const makers = types.map(hashKey)
  return (values) => {
    assert(values.length === makers.length, 'rowKey needs one value a column')
    return joinKeys(values.map((v, i) => makers[i]!(v)))
  }
}
