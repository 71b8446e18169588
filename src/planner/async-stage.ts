import type { Batch } from '../columns/batch.ts'
import type { Vector } from '../columns/vector.ts'
import { InternalError } from '../errors/errors.ts'
import { compileProjection } from '../expr/compile.ts'
import { type ExprEnv, scalarEntryOf, siteOf } from '../expr/env.ts'
import { rowByRow, type RowFaults, type RowsKept } from '../expr/row-by-row.ts'
import type { AsyncCalls, CallSite } from '../functions/entry.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { PipelineSpec } from './spec.ts'

/** What the engine needs to await the calls of one node between two pipelines. */
export interface AsyncStage {
  readonly schema: Schema
  /** Type of the result, the last column. */
  readonly type: DataType
  /** The argument columns, indexed by physical row. */
  readonly args: (batch: Batch) => readonly Vector[]
  /** The same row by row, for a batch that holds rows on which `args` throws: the rows that stay, and their arguments. */
  readonly argsRowByRow: (batch: Batch, faults: RowFaults) => RowsKept
  readonly argTypes: readonly DataType[]
  readonly site: CallSite
  readonly calls: AsyncCalls
  /** Equal arguments give equal results. */
  readonly deterministic: boolean
}

/** The asynchronous nodes of a spec by id; beside `instantiate`. */
export function asyncStages(spec: PipelineSpec, env: ExprEnv): ReadonlyMap<string, AsyncStage> {
  const schemas = new Map(spec.nodes.map((n) => [n.id, n.schema]))
  const stages = new Map<string, AsyncStage>()
  for (const node of spec.nodes) {
    if (node.op !== 'asyncCall') continue
    const { type } = node.schema.fields[node.schema.fields.length - 1]!
    const entry = scalarEntryOf({ kind: 'call', fn: node.fn, args: node.args, type, nullable: true }, env)
    if (entry.async === undefined) throw new InternalError(`${node.fn} is not asynchronous`)
    const args = compileProjection(node.args, schemas.get(node.inputs[0]!)!, env)
    stages.set(node.id, {
      schema: node.schema,
      type,
      args: (batch) => args.project(batch),
      argsRowByRow: rowByRow(null, node.args, env),
      argTypes: node.args.map((a) => a.type),
      site: siteOf(node.fn, node.args, type, env),
      calls: entry.async,
      deterministic: entry.deterministic !== false,
    })
  }
  return stages
}
