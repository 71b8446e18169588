import type { OutputModeName, SinkProvider } from '../connectors/provider.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { takesBack } from '../plan/changes.ts'
import type { Logical } from '../plan/logical.ts'

/** Refuses partition columns for a sink that knows none. */
export function checkPartitioning(provider: SinkProvider, columns: readonly string[]): void {
  if (columns.length > 0 && provider.partitions !== true)
    throw new UnsupportedError('UNSUPPORTED', { feature: `partitionBy on the ${provider.format} sink` })
}

/** Refuses a query that takes rows back for a sink that cannot. */
export function checkDeletions(provider: SinkProvider, plan: Logical, mode: OutputModeName): void {
  const node = mode === 'update' && provider.deletes !== true ? takesBack(plan, mode) : null
  if (node !== null)
    throw new UnsupportedError(
      'STREAMING_SINK_WITHOUT_DELETIONS',
      { format: provider.format },
      { at: node.at, hint: `write in output mode changelog or append, or to a sink that takes rows out` },
    )
}
