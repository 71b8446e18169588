import type { StateTable, StateTableSpec } from './table.ts'

/** Where tables are restored from; structurally what `checkpoint` gives. */
export interface StateRestoreSource {
  /** The tables ever written, with their specs. */
  stateTables?(): readonly { readonly operatorId: string; readonly table: string; readonly spec: unknown }[]
  restoreState(
    operatorId: string,
    table: string,
    spec: StateTableSpec,
  ): {
    readonly snapshots: readonly { readonly shard: number; readonly version: number; readonly blob: Uint8Array }[]
    readonly changeLogs: Iterable<{ readonly version: number; readonly blob: Uint8Array }>
  } | null
}

/** What one table writes at a commit; structurally what `checkpoint` takes. */
export interface StateTableWrite {
  readonly operatorId: string
  readonly table: string
  readonly changeLog: Uint8Array | null
  readonly snapshots: readonly { readonly shard: number; readonly blob: Uint8Array }[]
  /** How many of the table's latest change logs, this one among them, a restore needs beside the snapshots. */
  readonly logsNeeded: number
}

/** The state tables of one query: operators get theirs at instantiation, restored to the last commit. */
export interface StateStore {
  /** The same object for the life of the query. */
  table(operatorId: string, spec: StateTableSpec): StateTable
  /** Empties a table that the query no longer has, where the checkpoint holds one. */
  forget(operatorId: string, table: string): void
  /** Takes the change logs of all tables and the snapshots due within the byte budget; clears the marks. */
  takeWrites(snapshotBudgetBytes: number): StateTableWrite[]
  tables(): readonly { readonly operatorId: string; readonly table: StateTable }[]
}
