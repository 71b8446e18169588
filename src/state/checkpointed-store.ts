import { assert } from '../errors/errors.ts'
import { HashStateTable } from './hash-state-table.ts'
import type { StateRestoreSource, StateStore, StateTableWrite } from './store.ts'
import type { StateTable, StateTableSpec } from './table.ts'

interface Entry {
  readonly operatorId: string
  readonly table: HashStateTable
}

/**
 * The state tables of one query, restored from `source` on first use; without a source they begin empty (queries
 * whose state need not survive).
 */
export class CheckpointedStateStore implements StateStore {
  readonly #source: StateRestoreSource | null
  readonly #entries = new Map<string, Entry>()

  constructor(source: StateRestoreSource | null) {
    this.#source = source
  }

  table(operatorId: string, spec: StateTableSpec): StateTable {
    const key = `${operatorId}\u0000${spec.name}`
    const known = this.#entries.get(key)
    if (known !== undefined) {
      assert(
        JSON.stringify(known.table.spec) === JSON.stringify(spec),
        `state table ${spec.name} of ${operatorId} is asked for with two specs`,
      )
      return known.table
    }
    const table = new HashStateTable(spec)
    if (this.#source !== null) restoreTable(table, this.#source, operatorId)
    this.#entries.set(key, { operatorId, table })
    return table
  }

  forget(operatorId: string, name: string): void {
    const stored = this.#source?.stateTables?.().find((t) => t.operatorId === operatorId && t.table === name)
    if (stored === undefined) return
    const table = this.table(operatorId, stored.spec as StateTableSpec)
    for (const slot of table.slots()) table.remove(slot)
  }

  takeWrites(snapshotBudgetBytes: number): StateTableWrite[] {
    const logs = new Map<Entry, Uint8Array | null>()
    for (const entry of this.#entries.values()) logs.set(entry, entry.table.takeChangeLog())
    // the budget goes to the most overgrown table first
    const byNeed = [...logs.keys()].sort((a, b) => b.table.logBytes - a.table.logBytes)
    let left = snapshotBudgetBytes
    const writes: StateTableWrite[] = []
    for (const entry of byNeed) {
      const changeLog = logs.get(entry) ?? null
      const snapshots = entry.table.takeSnapshots(left)
      for (const s of snapshots) left -= s.blob.length
      if (changeLog === null && snapshots.length === 0) continue
      const { operatorId, table } = entry
      writes.push({ operatorId, table: table.spec.name, changeLog, snapshots, logsNeeded: table.logsNeeded })
    }
    return writes
  }

  tables(): readonly { readonly operatorId: string; readonly table: StateTable }[] {
    return [...this.#entries.values()]
  }
}

/** Rebuilds an empty table from what `source` has of it. Throws CheckpointError. */
export function restoreTable(table: HashStateTable, source: StateRestoreSource, operatorId: string): void {
  const stored = source.restoreState(operatorId, table.spec.name, table.spec)
  if (stored === null) return
  const versions = new Float64Array(256).fill(-1)
  for (const { shard, version, blob } of stored.snapshots) {
    table.loadSnapshot(shard, blob, version)
    versions[shard] = version
  }
  for (const { version, blob } of stored.changeLogs)
    table.applyChangeLog(blob, (shard) => version > versions[shard]!, version)
}
