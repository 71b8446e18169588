import { ExecutionError } from '../../errors/errors.ts'
import { arrayOf, FLOAT, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry, type Resolved } from '../entry.ts'
import { unexpectedType } from '../faults.ts'

type Floats = readonly (number | null)[]

const VECTOR = arrayOf(FLOAT)

/** Refuses arrays of anything but FLOAT, and untyped NULLs: a vector is never cast. */
const resolveVectors =
  (fn: string, vectors: number) =>
  (args: readonly DataType[]): Resolved => {
    args.forEach((t, i) => {
      const fits = i < vectors ? t.kind === 'array' && t.element.kind === 'float' : t.kind === 'float'
      if (!fits) unexpectedType(fn, i + 1, i < vectors ? 'ARRAY<FLOAT>' : 'FLOAT', t)
    })
    return { args, type: FLOAT, nullable: true }
  }

/** Combines two vectors of one length; NULL when an element is NULL. */
function fold(fn: string, a: Floats, b: Floats, step: (x: number, y: number) => void): boolean {
  if (a.length !== b.length)
    throw new ExecutionError('VECTOR_DIMENSION_MISMATCH', { function: fn, left: a.length, right: b.length })
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === null || y === null) return false
    step(x, y)
  }
  return true
}

const pair = (
  name: string,
  doc: string,
  example: { sql: string; gives: string },
  run: (a: Floats, b: Floats) => Value,
): FunctionEntry =>
  scalar(name, [arg('left', VECTOR), arg('right', VECTOR)], undefined, {
    resolve: resolveVectors(name, 2),
    group: 'vector',
    doc,
    examples: [example],
    canBeNull: true,
    eval: run,
  })

/** Vectors: arrays of FLOAT of one length. */
export const entries: readonly FunctionEntry[] = [
  pair(
    'vector_inner_product',
    'The sum of the products of the elements at one index.',
    { sql: 'vector_inner_product(array(1F, 2F), array(3F, 4F))', gives: '11.0' },
    (a, b) => {
      let sum = 0
      return fold('vector_inner_product', a, b, (x, y) => (sum += x * y)) ? Math.fround(sum) : null
    },
  ),
  pair(
    'vector_l2_distance',
    'The Euclidean distance of two vectors.',
    { sql: 'vector_l2_distance(array(0F, 0F), array(3F, 4F))', gives: '5.0' },
    (a, b) => {
      let sum = 0
      return fold('vector_l2_distance', a, b, (x, y) => (sum += (x - y) * (x - y))) ? Math.fround(Math.sqrt(sum)) : null
    },
  ),
  pair(
    'vector_cosine_similarity',
    'The cosine of the angle between two vectors; NULL when one has no length.',
    { sql: 'vector_cosine_similarity(array(1F, 0F), array(1F, 0F))', gives: '1.0' },
    (a, b) => {
      let dot = 0
      let aa = 0
      let bb = 0
      const complete = fold('vector_cosine_similarity', a, b, (x, y) => {
        dot += x * y
        aa += x * x
        bb += y * y
      })
      return complete && aa > 0 && bb > 0 ? Math.fround(dot / (Math.sqrt(aa) * Math.sqrt(bb))) : null
    },
  ),
  scalar('vector_norm', [arg('vector', VECTOR), arg('degree', FLOAT, { optional: true })], undefined, {
    resolve: resolveVectors('vector_norm', 1),
    group: 'vector',
    doc: 'The p-norm of a vector; `degree` is 1, 2 (the default) or infinity.',
    examples: [{ sql: 'vector_norm(array(3F, 4F))', gives: '5.0' }],
    canBeNull: true,
    eval: (vector: Floats, degree = 2) => {
      let sum = 0
      for (const x of vector) {
        if (x === null) return null
        if (degree === Infinity) sum = Math.max(sum, Math.abs(x))
        else if (degree === 1) sum += Math.abs(x)
        else if (degree === 2) sum += x * x
        else throw new ExecutionError('INVALID_VECTOR_NORM_DEGREE', { degree })
      }
      return Math.fround(degree === 2 ? Math.sqrt(sum) : sum)
    },
  }),
]
