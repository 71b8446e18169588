import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { Logical } from '../plan/logical.ts'
import type { SourceRef } from '../plan/unresolved.ts'
import { visitPlan } from '../plan/walk.ts'
import type { Schema } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'

/** Key of the columns a source found, among the metadata of a checkpoint: by its name, else by what it reads. */
const keyOf = (source: SourceRef): string =>
  `inferred/${source.name ?? `${source.format}:${source.options['path'] ?? ''}`}`

/** The columns a source of the query found at its first start; undefined before that. */
export const keptSchema = (checkpoint: Checkpoint, source: SourceRef): Schema | undefined =>
  checkpoint.metadata(keyOf(source)) as unknown as Schema | undefined

/** Keeps the columns that the streams of a plan found; those kept before stay. */
export function keepSchemas(checkpoint: Checkpoint, plan: Logical): void {
  visitPlan(plan, (node) => {
    if (node.op !== 'scan' || node.source.inferred !== true || !node.source.streaming) return
    const key = keyOf(node.source)
    if (checkpoint.metadata(key) === undefined) checkpoint.setMetadata(key, node.source.schema as unknown as Json)
  })
}
