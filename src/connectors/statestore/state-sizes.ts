import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { lastBatch, storedTables, tableAt } from './stored-tables.ts'

/** How much one state table holds as of the last commit. */
export interface StateTableSize {
  readonly table: string
  readonly rows: number
  /** Bytes it takes in memory once it is restored. */
  readonly memoryBytes: number
  /** Bytes of its snapshots and change logs in the checkpoint, those kept for going back among them. */
  readonly storedBytes: number
}

/** The size of every state table, by restoring one after the other. Throws CheckpointError where one cannot be. */
export function stateSizes(checkpoint: Checkpoint): readonly (StateTableSize & { readonly operatorId: string })[] {
  const stored = checkpoint.database.prepare(`
    SELECT coalesce((SELECT sum(length(content)) FROM millrace_state_changes WHERE table_id = t.id), 0)
         + coalesce((SELECT sum(length(content)) FROM millrace_state_snapshots WHERE table_id = t.id), 0) AS bytes
    FROM millrace_state_tables t WHERE operator_id = ? AND name = ?`)
  return storedTables(checkpoint).map((entry) => {
    const { operatorId, spec } = entry
    const table = tableAt(checkpoint, entry, lastBatch(checkpoint))
    return {
      operatorId,
      table: spec.name,
      rows: table.size,
      memoryBytes: table.memoryBytes,
      storedBytes: Number(stored.get(operatorId, spec.name)?.['bytes']),
    }
  })
}
