import type { Batch } from '../columns/batch.ts'
import { ExecutionError } from '../errors/errors.ts'
import type { PipelineSpec, RecursiveNode } from '../planner/spec.ts'

/** Rows after which a recursive table has failed (spark.sql.cteRecursionRowLimit). */
const MAX_ROWS = 1_000_000

/**
 * The rows of a recursive table: those of its first part, then round after round what its other part makes of the rows of
 * the round before, until a round gives none or enough were given. `run` gives all rows of a bounded spec, whose
 * `previous` leaves give the batches.
 */
export async function* readRecursive(
  node: RecursiveNode,
  run: (spec: PipelineSpec, previous: readonly Batch[]) => Promise<readonly Batch[]>,
): AsyncGenerator<Batch> {
  const { name, maxLevel, limit } = node
  let rows = 0
  let round = await run(node.anchor, [])
  for (let level = 1; ; level++) {
    const before = rows
    for (const batch of round) {
      rows += batch.rowCount
      yield batch.rename(node.schema)
    }
    if (rows === before || (limit !== null && rows >= limit)) return
    if (level > maxLevel) throw new ExecutionError('RECURSION_LEVEL_LIMIT_EXCEEDED', { name, limit: maxLevel })
    if (rows > MAX_ROWS) throw new ExecutionError('RECURSION_ROW_LIMIT_EXCEEDED', { name, limit: MAX_ROWS })
    round = await run(node.step, round)
  }
}
