import type { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import { InternalError } from '../errors/errors.ts'
import { shapeOf } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { visit, type Expr } from './bound.ts'
import { constantOf, type ExprEnv } from './env.ts'
import type { CompileOptions } from './kernel.ts'
import { FilterLoop } from './loop.ts'
import { constantVector, MAX_REFUSALS, resolveSource, sourceOf, usesKernels, type Source } from './sources.ts'

export type { CompileOptions } from './kernel.ts'
export { compileAggregateUpdate, type AggregateCall, type AggregateUpdate, type StateColumns } from './aggregate.ts'
export { codegenReport, type CodegenReport } from './report.ts'

/** Computes expressions over batches. */
export interface Projection {
  /**
   * One vector per expression, as long as the columns of `batch` and filled at the rows that count (the
   * batch's selection stays in force). Bare columns and struct members are shared, not copied.
   * ExecutionErrors carry the clause at fault.
   */
  project(batch: Batch): readonly Vector[]
}

/** What a fused filter and projection gives. */
export interface Fused {
  /** The rows that pass, as physical indexes; null when all do and the batch had no selection. */
  readonly selection: Int32Array | null
  /** As from Projection.project, filled at the rows of `selection`. */
  readonly columns: readonly Vector[]
}

/** Compiles `exprs` over batches of `inputSchema`. */
export function compileProjection(
  exprs: readonly Expr[],
  inputSchema: Schema,
  env: ExprEnv,
  options: CompileOptions = {},
): Projection {
  const fused = compileFused(null, exprs, inputSchema, env, options)
  return { project: (batch) => fused(batch).columns }
}

/** Compiles a predicate: the rows of a batch where it is TRUE (null: all, and the batch had no selection). */
export function compileFilter(
  predicate: Expr,
  inputSchema: Schema,
  env: ExprEnv,
  options: CompileOptions = {},
): (batch: Batch) => Int32Array | null {
  const fused = compileFused(predicate, [], inputSchema, env, options)
  return (batch) => fused(batch).selection
}

/** Compiles filter and projection into one loop over the rows. `filter` null keeps every row that counts. */
export function compileFused(
  filter: Expr | null,
  exprs: readonly Expr[],
  inputSchema: Schema,
  env: ExprEnv,
  options: CompileOptions = {},
): (batch: Batch) => Fused {
  checkColumns(filter === null ? exprs : [filter, ...exprs], inputSchema)
  // Vector kernels work on the rows that count: the filter first, so that they are few.
  if (filter !== null && options.kernels !== false && usesKernels(exprs, env)) {
    const keep = compileFused(filter, [], inputSchema, env, options)
    const project = compileFused(null, exprs, inputSchema, env, options)
    return (batch) => {
      const { selection } = keep(batch)
      return { selection, columns: project(batch.select(selection)).columns }
    }
  }
  const outputs = exprs.map((e) => outputFor(e, env, options))
  const computed = exprs.filter((_, k) => outputs[k] === null)
  const loop = filter !== null || computed.length > 0 ? new FilterLoop(filter, computed, env, options) : null
  return (batch) => {
    const result = loop?.run(batch)
    const selection = result === undefined ? batch.selection : result.selection
    let next = 0
    const columns = outputs.map((o) => (o === null ? result!.vectors[next++]! : o(batch)))
    return { selection, columns }
  }
}

/** How a column that needs no loop is made; null when it needs one. */
function outputFor(e: Expr, env: ExprEnv, options: CompileOptions): ((batch: Batch) => Vector) | null {
  if (e.kind === 'literal') return constantOutput(e, constantOf(e)!)
  const source = sourceOf(e, env, options.kernels !== false)
  if (source === null) return null
  return source.kind === 'call' ? kernelOutput(e, source, env, options) : (batch) => resolveSource(source, batch)
}

function constantOutput(e: Expr, value: Value): (batch: Batch) => Vector {
  let made: Vector | undefined
  return (batch) => (made = made?.length === batch.length ? made : constantVector(e.type, value, batch.length))
}

/** A call with a vector kernel; by the loop where the kernel declines or fails. */
function kernelOutput(e: Expr, source: Source, env: ExprEnv, options: CompileOptions): (batch: Batch) => Vector {
  let loop: FilterLoop | undefined
  let refusals = 0
  return (batch) => {
    if (refusals < MAX_REFUSALS) {
      try {
        const made = resolveSource(source, batch)
        refusals = 0
        if (made.shape === shapeOf(e.type)) return made
      } catch {
        // The loop decides: it computes what the kernel refused, and raises what must be raised, with its clause.
        refusals++
      }
    }
    loop ??= new FilterLoop(null, [e], env, { ...options, kernels: false })
    return loop.run(batch).vectors[0]!
  }
}

/** A column index outside the input, or one of another layout, is a fault of the planner: say so before any row. */
function checkColumns(exprs: readonly Expr[], schema: Schema): void {
  for (const e of exprs)
    visit(e, (x) => {
      if (x.kind !== 'column') return
      const field = schema.fields[x.index]
      if (field === undefined || shapeOf(field.type) !== shapeOf(x.type))
        throw new InternalError(`column ${x.index} ("${x.name}") does not fit the input`)
    })
}
