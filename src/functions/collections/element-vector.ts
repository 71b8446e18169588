import { concatVectors } from '../../columns/concat.ts'
import { maskedBy } from '../../columns/masked.ts'
import {
  BoolVector,
  Int32Vector,
  ListVector,
  StructVector,
  shapeOf,
  type MapVector,
  type Vector,
} from '../../columns/vector.ts'
import type { ArrayType, StructType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import type { CallSite, VectorKernel } from '../entry.ts'

/** Elements, entries and members of whole columns: positions are found, values are taken as they lie. */

/** The values of `from` at `places`; NULL where the place is -1. */
function taken(from: Vector, places: Int32Array): Vector | null {
  // What has no typed layout would give undefined for a missing place.
  if (from.shape === 'object' || from.shape === 'null') return null
  let mask: Uint8Array | null = null
  for (let i = 0; i < places.length; i++) {
    if (places[i]! >= 0) continue
    mask ??= new Uint8Array(places.length).fill(1)
    mask[i] = 0
    places[i] = 0
  }
  return maskedBy(from.take(places), mask)
}

/** What a place outside the array means. */
type Outside = (site: CallSite) => 'null' | 'error'
export const errorWithAnsi: Outside = (site) => (site.env.ansi ? 'error' : 'null')
export const neverError: Outside = () => 'null'

/** Calls `each` for the rows asked for that are not NULL, until one gives false. */
function everyRow(v: Vector, rows: Int32Array | null, length: number, each: (row: number) => boolean): boolean {
  const n = rows === null ? length : rows.length
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : rows[i]!
    if (!v.isNull(r) && !each(r)) return false
  }
  return true
}

/** The element at a constant place of an array, counted from `first` (from 1: negative ones from the end), or of a constant key of a map. */
export const elementVector =
  (first: 0 | 1, outside: Outside): VectorKernel =>
  ([collection], rows, length, site) => {
    const constant = site.constants[1]
    if (constant === undefined || constant === null) return null
    if (collection?.shape === 'map') return valueOfKey(collection, constant, rows, length)
    if (collection?.shape !== 'list') return null
    const index = Number(constant)
    if (first === 1 && index === 0) return null
    const { starts, ends } = collection
    const places = new Int32Array(length).fill(-1)
    const strict = outside(site) === 'error'
    const found = everyRow(collection, rows, length, (r) => {
      const place = first === 1 && index < 0 ? ends[r]! + index : starts[r]! + index - first
      const inside = place >= starts[r]! && place < ends[r]!
      if (inside) places[r] = place
      // The loop raises the error.
      return inside || !strict
    })
    return found ? taken(collection.child, places) : null
  }

function valueOfKey(map: MapVector, key: Value, rows: Int32Array | null, length: number): Vector | null {
  const isKey = equalTo(map.keys, key)
  if (isKey === null) return null
  const places = new Int32Array(length).fill(-1)
  everyRow(map, rows, length, (r) => {
    // From the end: of a key that is there twice the last counts.
    for (let i = map.ends[r]! - 1; i >= map.starts[r]!; i--)
      if (isKey(i)) {
        places[r] = i
        break
      }
    return true
  })
  return taken(map.values, places)
}

/** Tests the rows of a column, not NULL, for a value, where that needs no JavaScript value a row; else null. */
function equalTo(v: Vector, value: Value): ((row: number) => boolean) | null {
  if (v.shape === 'i32') return (row) => v.values[row] === value
  if (v.shape !== 'bytes' || typeof value !== 'string') return null
  const { data, starts, ends } = v
  const wanted = Buffer.from(value)
  const size = wanted.length
  return (row) => {
    const start = starts[row]!
    if (ends[row]! - start !== size) return false
    for (let i = 0; i < size; i++) if (data[start + i] !== wanted[i]) return false
    return true
  }
}

/** `array_contains` of a constant. */
export const containsVector: VectorKernel = ([list], rows, length, site) => {
  const wanted = site.constants[1]
  if (list?.shape !== 'list' || wanted === undefined || wanted === null) return null
  const { child, starts, ends } = list
  const isWanted = equalTo(child, wanted)
  if (isWanted === null) return null
  const out = new Uint8Array(length)
  let mask: Uint8Array | null = null
  everyRow(list, rows, length, (r) => {
    let sawNull = false
    for (let i = starts[r]!; i < ends[r]!; i++)
      if (child.isNull(i)) sawNull = true
      else if (isWanted(i)) {
        out[r] = 1
        return true
      }
    if (sawNull) (mask ??= new Uint8Array(length).fill(1))[r] = 0
    return true
  })
  return maskedBy(new BoolVector(site.type, out, list.validity), mask)
}

/** `size`: nothing but positions is read. */
export const sizeVector: VectorKernel = ([collection], _rows, length, site) => {
  if (collection?.shape !== 'list' && collection?.shape !== 'map') return null
  const { starts, ends, validity } = collection
  const out = new Int32Array(length)
  for (let i = 0; i < length; i++) out[i] = ends[i]! - starts[i]!
  if (validity === null || site.env.ansi) return new Int32Vector(site.type, out, validity)
  for (let i = 0; i < length; i++) if (validity[i] === 0) out[i] = -1
  return new Int32Vector(site.type, out, null)
}

/** `array`: the columns one behind the other, of which each row takes its elements. */
export const arrayVector: VectorKernel = (args, _rows, length, site) => {
  const { element } = site.type as ArrayType
  if (args.length === 0 || args.some((a) => a.shape !== shapeOf(element) || a.shape === 'object')) return null
  const width = args.length
  const places = new Int32Array(length * width)
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  for (let r = 0, at = 0; r < length; r++) {
    starts[r] = at
    for (let k = 0; k < width; k++) places[at++] = k * length + r
    ends[r] = at
  }
  const elements = concatVectors(element, args).take(places)
  return new ListVector(site.type, starts, ends, elements, null)
}

/** A struct of whole columns: the columns themselves. `step` 2 passes over the names of `named_struct`. */
export const structVector =
  (step: 1 | 2): VectorKernel =>
  (args, _rows, length, site) => {
    const members = args.filter((_, i) => step === 1 || i % 2 === 1)
    const { fields } = site.type as StructType
    if (members.some((m, i) => m.shape !== shapeOf(fields[i]!.type))) return null
    return new StructVector(site.type, members, null, length)
  }
