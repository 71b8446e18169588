import type { Batch } from '../columns/batch.ts'
import { shapeOf, type Vector } from '../columns/vector.ts'
import type { Int64Mode } from './emitter.ts'
import { TextReader } from './text-reader.ts'
import { nullVector, resolveSource, type Source } from './sources.ts'

/**
 * The arrays behind the inputs of a loop, in the order `Codegen.prologue` names them. `retainsText`: strings it
 * reads may outlive the batch.
 */
export function inputArrays(vectors: readonly Vector[], int64: Int64Mode, retainsText: boolean): unknown[] {
  const out: unknown[] = []
  for (const v of vectors) {
    const validity = v.validity ?? allValid(v.length)
    switch (v.shape) {
      case 'i64':
        out.push(int64 === 'narrow' ? v.halves : v.values, validity)
        break
      case 'i128':
        out.push(int64 === 'narrow' ? v.halves : v, validity)
        break
      case 'bytes':
        out.push(v.starts, v.ends, v.data, retainsText || v.type.kind !== 'string' ? v : new TextReader(v), validity)
        break
      case 'list':
      case 'map':
      case 'struct':
        out.push(v, validity)
        break
      case 'null':
        break
      default:
        out.push(v.values, validity)
    }
  }
  return out
}

let ones = new Uint8Array(8192).fill(1)

function allValid(length: number): Uint8Array {
  if (ones.length < length) ones = new Uint8Array(length).fill(1)
  return ones
}

/** The vectors of `sources` over `batch`, each in the layout of its type. Throws what a vector kernel throws. */
export function resolveInputs(sources: ReadonlyMap<number, Source>, batch: Batch): ReadonlyMap<number, Vector> {
  const out = new Map<number, Vector>()
  for (const [key, s] of sources) {
    const v = resolveSource(s, batch)
    out.set(key, v.shape === 'null' && shapeOf(s.type) !== 'null' ? nullVector(s.type, batch.length) : v)
  }
  return out
}
