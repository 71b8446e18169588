import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { openCheckpoint } from '../../checkpoint/open.ts'
import { CheckpointError, OptionError } from '../../errors/errors.ts'
import { HashStateTable } from '../../state/hash-state-table.ts'
import { restoreTable } from '../../state/checkpointed-store.ts'
import type { StateTableSpec } from '../../state/table.ts'
import type { Options } from '../provider.ts'

/** A state table in a checkpoint; `operator` counts the operators with state from 0, in the order of the checkpoint. */
export interface StoredTable {
  readonly operator: number
  readonly operatorId: string
  readonly spec: StateTableSpec
}

/** The table of timers of a stateful processor, as the planner names it. */
const TIMERS = '$timers'

/** Opens the checkpoint of option `path` as it is at this moment, also while its query runs; to be closed by the caller. */
export const openForReading = (options: Options): Checkpoint =>
  openCheckpoint(String(options['path']), { readonly: true, snapshot: true })

/** Every state table of a checkpoint. */
export function storedTables(checkpoint: Checkpoint): readonly StoredTable[] {
  const operators: string[] = []
  return checkpoint.stateTables().map(({ operatorId, spec }) => {
    if (!operators.includes(operatorId)) operators.push(operatorId)
    return { operator: operators.indexOf(operatorId), operatorId, spec: spec as unknown as StateTableSpec }
  })
}

/** The table that options operatorId and storeName, stateVarName, readRegisteredTimers or joinSide name. Throws OptionError naming what there is. */
export function chosenTable(checkpoint: Checkpoint, options: Options): StoredTable {
  const tables = storedTables(checkpoint)
  const operator = String(options['operatorId'])
  const ofOperator = tables.filter((t) => t.operatorId === operator || String(t.operator) === operator)
  const invalid = (option: string, value: string, expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'statestore', option, value, expected })
  if (ofOperator.length === 0) {
    const known = [...new Map(tables.map((t) => [t.operator, `${t.operator} (${t.operatorId})`])).values()].join(', ')
    throw invalid('operatorId', operator, known === '' ? 'a query with state' : `one of ${known}`)
  }
  const side = String(options['joinSide']).toLowerCase()
  if (!['none', 'left', 'right'].includes(side)) throw invalid('joinSide', side, 'left, right or none')
  const named = ['storeName', 'stateVarName', 'readRegisteredTimers', 'joinSide'].filter((option) =>
    option === 'joinSide' ? side !== 'none' : options[option] !== undefined && options[option] !== false,
  )
  if (named.length > 1) throw invalid(named[1]!, String(options[named[1]!]), `${named.join(' or ')}, one of them,`)
  const by = named[0] ?? 'storeName'
  const wanted =
    named.length === 0
      ? undefined
      : by === 'joinSide'
        ? side
        : by === 'readRegisteredTimers'
          ? TIMERS
          : String(options[by])
  const names = ofOperator.map((t) => t.spec.name)
  if (wanted === undefined || (wanted === 'default' && !names.includes(wanted))) {
    if (ofOperator.length === 1) return ofOperator[0]!
    throw invalid(by, wanted ?? '', `one of ${names.join(', ')}`)
  }
  const found = ofOperator.find((t) => t.spec.name === wanted)
  if (found === undefined)
    throw invalid(
      by,
      by === 'readRegisteredTimers' ? 'true' : wanted,
      by === 'readRegisteredTimers' ? 'an operator with timers' : `one of ${names.join(', ')}`,
    )
  return found
}

/** A table as of a batch; empty for batch -1. Throws CHECKPOINT_BATCH_GONE where the batch is not held. */
export function tableAt(checkpoint: Checkpoint, { operatorId, spec }: StoredTable, batchId: number): HashStateTable {
  const table = new HashStateTable(spec)
  if (batchId < 0) return table
  if (checkpoint.commitRow(batchId) === null)
    throw new CheckpointError(
      'CHECKPOINT_BATCH_GONE',
      { batch: batchId, path: checkpoint.path },
      { hint: heldText(checkpoint) },
    )
  restoreTable(table, { restoreState: (op, name, s) => checkpoint.restoreState(op, name, s, batchId) }, operatorId)
  return table
}

function heldText(checkpoint: Checkpoint): string {
  const { commits } = checkpoint.batches()
  return commits.length === 0
    ? 'no batch is committed yet'
    : `batches ${commits[0]} to ${commits[commits.length - 1]} are held (spark.sql.streaming.minBatchesToRetain)`
}

/** The last committed batch; -1 for none. */
export const lastBatch = (checkpoint: Checkpoint): number => checkpoint.lastCommit()?.batchId ?? -1
