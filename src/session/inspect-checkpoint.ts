import type { SinkToken } from '../checkpoint/checkpoint.ts'
import { type CheckpointLogs, describeLogs } from '../checkpoint/description.ts'
import { existingCheckpoint, openCheckpoint } from '../checkpoint/open.ts'
import { hashOffsetRow } from '../checkpoint/recovery.ts'
import { type StateTableSize, stateSizes } from '../connectors/statestore/state-sizes.ts'
import { identityText } from '../plan/source-identity.ts'
import type { Json } from '../types/json.ts'
import { type QueryIdentity, storedIdentity } from './query-identity.ts'
import { sinkToken } from './checkpoint-sink.ts'

/** What a checkpoint says of its query. Times in milliseconds since the epoch. */
export interface CheckpointInspection extends Omit<CheckpointLogs, 'offsets'> {
  readonly sources: readonly {
    readonly name: string
    /** What it reads: format and path, topic …; null when the checkpoint does not say. */
    readonly reads: string | null
    /** Where the last committed batch ended; null before the first. */
    readonly offset: Json
  }[]
  /** null before the first start. */
  readonly sink: {
    readonly writes: string
    readonly outputMode: string
    /** What a sink with a token must hold of the last committed batch; null before the first. */
    readonly expected: SinkToken | null
    /** What it holds, where that can be seen from here; undefined where not. */
    readonly token?: SinkToken | null
  } | null
  readonly operators: readonly {
    readonly operatorId: string
    readonly meaning: string | null
    readonly tables: readonly StateTableSize[]
  }[]
}

/**
 * What is in the checkpoint at `location`, as it is at this moment, also while its query runs. Restores the state to
 * count its rows. Throws CheckpointError: not found, damaged, of another format.
 */
export function inspectCheckpoint(location: string, options: { readonly batches?: number } = {}): CheckpointInspection {
  existingCheckpoint(location)
  const checkpoint = openCheckpoint(location, { readonly: true, snapshot: true })
  try {
    const { offsets, ...logs } = describeLogs(checkpoint, location, options.batches ?? 5)
    const identity: QueryIdentity | undefined = storedIdentity(checkpoint)
    const names = new Set([...(identity?.sources.map((s) => s.name) ?? []), ...Object.keys(offsets)])
    const reads = new Map(identity?.sources.map((s) => [s.name, identityText(s)]))
    const committed = logs.held === null ? null : checkpoint.offsetRow(logs.held.last)
    const meanings = checkpoint.fingerprints() ?? {}
    const sizes = stateSizes(checkpoint)
    const ids = new Set([...Object.keys(meanings), ...sizes.map((t) => t.operatorId)])
    return {
      ...logs,
      sources: [...names].map((name) => ({ name, reads: reads.get(name) ?? null, offset: offsets[name] ?? null })),
      sink:
        identity === undefined
          ? null
          : {
              writes: identityText(identity.sink),
              outputMode: identity.mode,
              expected:
                committed === null
                  ? null
                  : {
                      queryId: checkpoint.queryId,
                      batchId: committed.batchId,
                      offsetHash: hashOffsetRow(committed),
                    },
              ...sinkToken(identity.sink, checkpoint.path),
            },
      operators: [...ids].map((operatorId) => ({
        operatorId,
        meaning: meanings[operatorId]?.describe ?? null,
        tables: sizes.filter((t) => t.operatorId === operatorId).map(({ operatorId: _, ...size }) => size),
      })),
    }
  } finally {
    checkpoint.close()
  }
}
