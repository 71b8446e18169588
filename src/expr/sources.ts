import type { StructVector, Vector } from '../columns/vector.ts'
import type { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { maskedBy } from '../columns/masked.ts'
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

/** After so many batches in a row that a kernel did not take (text that is not ASCII), its calls are left to the loop. */
export const MAX_REFUSALS = 3

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

/** `length` times one value. */
export function constantVector(type: DataType, value: Value, length: number): Vector {
  return vectorOf(type, [value]).take(new Int32Array(length))
}

/** `length` NULLs in the layout of `type`. */
export function nullVector(type: DataType, length: number): Vector {
  return constantVector(type, null, length)
}
