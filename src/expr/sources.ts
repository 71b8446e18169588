import {
  BoolVector,
  BytesVector,
  Float32Vector,
  Float64Vector,
  Int128Vector,
  Int32Vector,
  Int64Vector,
  ListVector,
  MapVector,
  StructVector,
  type Validity,
  type Vector,
} from '../columns/vector.ts'
import type { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { InternalError } from '../errors/errors.ts'
import type { CallSite, VectorKernel } from '../functions/entry.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { visit, type Expr } from './bound.ts'
import { constantOf, scalarEntryOf, siteOf, type ExprEnv } from './env.ts'

/**
 * An expression whose result is a whole vector without a loop of ours: a column, a member of a struct that is
 * one, a constant, or a call with a vector kernel over those.
 */
export type Source =
  | { readonly kind: 'column'; readonly index: number; readonly type: DataType }
  | { readonly kind: 'field'; readonly parent: Source; readonly index: number; readonly type: DataType }
  | { readonly kind: 'literal'; readonly value: Value; readonly type: DataType; made: Vector | undefined }
  | {
      readonly kind: 'call'
      readonly kernel: VectorKernel
      readonly args: readonly Source[]
      readonly site: CallSite
      readonly propagate: boolean
      readonly type: DataType
    }

/** The vector form of `e`, or null. `kernels` false leaves calls to the loop. Bare literals count only as arguments. */
export function sourceOf(e: Expr, env: ExprEnv, kernels: boolean): Source | null {
  switch (e.kind) {
    case 'column':
      return { kind: 'column', index: e.index, type: e.type }
    case 'field': {
      const parent = sourceOf(e.arg, env, kernels)
      return parent === null ? null : { kind: 'field', parent, index: e.index, type: e.type }
    }
    case 'call': {
      if (!kernels || !hasVectorKernel(e, env)) return null
      const entry = scalarEntryOf(e, env)
      const args: Source[] = []
      for (const a of e.args) {
        const s = a.kind === 'literal' ? literalSource(a) : sourceOf(a, env, kernels)
        if (s === null) return null
        args.push(s)
      }
      const site = siteOf(e.fn, e.args, e.type, env)
      return { kind: 'call', kernel: entry.vector!, args, site, propagate: entry.nulls !== 'handles', type: e.type }
    }
    default:
      return null
  }
}

/** A constant as a column. */
export function literalSource(e: Expr & { kind: 'literal' }): Source {
  return { kind: 'literal', value: constantOf(e)!, type: e.type, made: undefined }
}

/** True when some call inside could run as a vector kernel. */
export function usesKernels(exprs: readonly Expr[], env: ExprEnv): boolean {
  let found = false
  for (const e of exprs) visit(e, (x) => (found ||= sourceOf(x, env, true)?.kind === 'call'))
  return found
}

function hasVectorKernel(e: Expr & { kind: 'call' }, env: ExprEnv): boolean {
  const entry = scalarEntryOf(e, env)
  return entry.vector !== undefined && entry.deterministic !== false
}

/** Thrown when a vector kernel does not take its arguments after all; the loop computes the call then. */
export const REFUSED: unique symbol = Symbol('vector kernel refused')

/** The vector of `source` over `batch`; throws REFUSED when a kernel declines. */
export function resolveSource(source: Source, batch: Batch): Vector {
  switch (source.kind) {
    case 'column':
      return batch.columns[source.index]!
    case 'field': {
      const parent = resolveSource(source.parent, batch)
      if (parent.shape === 'null') return nullVector(source.type, batch.length)
      if (parent.shape !== 'struct') throw new InternalError(`a struct member was asked of a ${parent.shape} vector`)
      return memberOf(parent, source.index)
    }
    case 'literal':
      return (source.made =
        source.made?.length === batch.length ? source.made : constantVector(source.type, source.value, batch.length))
    case 'call': {
      const args = source.args.map((a) => resolveSource(a, batch))
      const made = source.kernel(args, batch.selection, batch.length, source.site)
      if (made === null) throw REFUSED
      return source.propagate ? args.reduce((v: Vector, a) => maskedBy(v, a.validity), made) : made
    }
  }
}

const members = new WeakMap<StructVector, (Vector | undefined)[]>()

/** Member `index` of a struct vector, NULL where the struct is; the same vector each time. */
export function memberOf(struct: StructVector, index: number): Vector {
  if (struct.validity === null) return struct.children[index]!
  let known = members.get(struct)
  if (known === undefined) members.set(struct, (known = []))
  return (known[index] ??= maskedBy(struct.children[index]!, struct.validity))
}

/** `v` with NULL wherever `mask` is 0 too. */
function maskedBy(v: Vector, mask: Validity): Vector {
  if (mask === null || v.shape === 'null' || v.validity === mask) return v
  let validity = mask
  if (v.validity !== null) {
    validity = new Uint8Array(v.length)
    for (let i = 0; i < v.length; i++) validity[i] = v.validity[i]! & mask[i]!
  }
  switch (v.shape) {
    case 'bool':
      return new BoolVector(v.type, v.values, validity, v.length)
    case 'i32':
      return new Int32Vector(v.type, v.values, validity, v.length)
    case 'i64':
      return new Int64Vector(v.type, v.values, validity, v.length)
    case 'i128':
      return new Int128Vector(v.type, v.values, validity, v.length)
    case 'f32':
      return new Float32Vector(v.type, v.values, validity, v.length)
    case 'f64':
      return new Float64Vector(v.type, v.values, validity, v.length)
    case 'bytes':
      return new BytesVector(v.type, v.data, v.starts, v.ends, validity, v.length)
    case 'list':
      return new ListVector(v.type, v.starts, v.ends, v.child, validity, v.length)
    case 'map':
      return new MapVector(v.type, v.starts, v.ends, v.keys, v.values, validity, v.length)
    case 'struct':
      return new StructVector(v.type, v.children, validity, v.length)
    case 'object':
      return vectorOf(
        v.type,
        v.values.slice(0, v.length).map((x, i) => (validity[i] === 0 ? null : x)),
      )
  }
}

/** `length` times one value. */
export function constantVector(type: DataType, value: Value, length: number): Vector {
  return vectorOf(type, [value]).take(new Int32Array(length))
}

/** `length` NULLs in the layout of `type`. */
export function nullVector(type: DataType, length: number): Vector {
  return constantVector(type, null, length)
}
