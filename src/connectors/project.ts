import { Batch } from '../columns/batch.ts'
import { asShape, type Vector } from '../columns/vector.ts'
import { StructVector } from '../columns/vector.ts'
import { assert } from '../errors/errors.ts'
import { type DataType, type Schema, sameType, type StructType } from '../types/data-type.ts'

type Convert = (v: Vector) => Vector

/**
 * A function that gives the columns of `to`, by name, from batches of `from`: columns left out, reordered, struct
 * members left out. Copies nothing. `this schema` itself comes back as it is.
 */
export function projection(from: Schema, to: Schema): (batch: Batch) => Batch {
  const columns = to.fields.map((f) => {
    const at = memberAt(from.fields, f.name)
    return { at, convert: converter(from.fields[at]!.type, f.type) }
  })
  const same = from.fields.length === to.fields.length && columns.every((c, i) => c.at === i && c.convert === null)
  if (same) return (batch) => batch.rename(to)
  return (batch) =>
    new Batch(
      to,
      columns.map(({ at, convert }) => (convert === null ? batch.columns[at]! : convert(batch.columns[at]!))),
      batch.length,
      batch.selection,
      batch.weights,
    )
}

function memberAt(fields: Schema['fields'], name: string): number {
  let at = fields.findIndex((f) => f.name === name)
  if (at < 0) at = fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
  assert(at >= 0, `the source has no column ${name}`)
  return at
}

function converter(from: DataType, to: DataType): Convert | null {
  if (sameType(from, to)) return null
  assert(from.kind === 'struct' && to.kind === 'struct', `the source gives ${from.kind}, not ${to.kind}`)
  return structConverter(from, to)
}

function structConverter(from: StructType, to: StructType): Convert {
  const members = to.fields.map((f) => {
    const at = memberAt(from.fields, f.name)
    return { at, convert: converter(from.fields[at]!.type, f.type) }
  })
  return (v) => {
    if (v.shape === 'null') return v
    const s = asShape(v, 'struct')
    const children = members.map(({ at, convert }) => (convert === null ? s.children[at]! : convert(s.children[at]!)))
    return new StructVector(to, children, s.validity, s.length)
  }
}
