/**
 * memory: keeps the output as a table of the session, named by the query.
 *
 *   kind   idempotent: a batch id already in the table is left out
 *   modes  append and update add the batch's rows, complete replaces the table (as Spark's)
 */
import type { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { defineSink, type OutputModeName, type Sink } from '../provider.ts'

/** The table of one query. Readers see whole batches only. */
export class MemoryTable {
  readonly schema: Schema
  readonly mode: OutputModeName
  readonly #lots: { readonly batchId: number; readonly batches: readonly Batch[] }[] = []

  constructor(schema: Schema, mode: OutputModeName) {
    this.schema = schema
    this.mode = mode
  }

  /** The newest batch id in the table, -1 before the first. */
  get latestBatchId(): number {
    return this.#lots.at(-1)?.batchId ?? -1
  }

  /** The contents as of `batchId` (default: the newest). In complete mode only the newest is kept for reading. */
  contents(batchId = this.latestBatchId): Batch[] {
    const lots = this.#lots.filter((l) => l.batchId <= batchId)
    if (this.mode === 'complete') return [...(lots.at(-1)?.batches ?? [])]
    return lots.flatMap((l) => l.batches)
  }

  /** Rows of the contents. */
  rows(batchId = this.latestBatchId): Value[][] {
    return rowsOf(this.contents(batchId))
  }

  /** What each batch brought, in order, empty ones too. */
  get batches(): { readonly batchId: number; readonly rows: Value[][] }[] {
    return this.#lots.map((l) => ({ batchId: l.batchId, rows: rowsOf(l.batches) }))
  }

  /** Adds one batch's output at once; a batch id that is not above the newest is ignored. */
  add(batchId: number, batches: readonly Batch[]): void {
    if (batchId > this.latestBatchId) this.#lots.push({ batchId, batches })
  }
}

function rowsOf(batches: readonly Batch[]): Value[][] {
  return batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
}

/** Where memory sinks keep their tables: one object of the session, under MEMORY_TABLES. */
export class MemoryTables {
  readonly #tables = new Map<string, MemoryTable>()

  get(name: string): MemoryTable | undefined {
    return this.#tables.get(name.toLowerCase())
  }

  /** The table of a query as it starts: a new one, unless `keep` and there is one of the same columns (a restart in this session). */
  open(name: string, schema: Schema, mode: OutputModeName, keep: boolean): MemoryTable {
    const key = name.toLowerCase()
    const old = this.#tables.get(key)
    if (keep && old !== undefined && old.mode === mode && JSON.stringify(old.schema) === JSON.stringify(schema))
      return old
    const table = new MemoryTable(schema, mode)
    this.#tables.set(key, table)
    return table
  }

  drop(name: string): void {
    this.#tables.delete(name.toLowerCase())
  }

  get names(): string[] {
    return [...this.#tables.keys()]
  }
}

/** Id of the session's MemoryTables among the objects of a query. */
export const MEMORY_TABLES = 'memory-tables'

export const memorySink = defineSink({
  format: 'memory',
  doc: 'Keeps the output as a table of the session under the name of the query; for tests and dashboards.',
  options: {
    queryName: { type: 'string', doc: 'Name of the table; the name of the query unless given.' },
  },
  kind: 'idempotent',
  modes: ['append', 'update', 'complete'],
  open(options, ctx) {
    const name = String(options['queryName'] ?? ctx.queryName ?? '')
    if (name === '')
      throw new OptionError('MEMORY_SINK_WITHOUT_NAME', {}, { hint: "call queryName('name') before start()" })
    const held = ctx.objects.get(MEMORY_TABLES)
    const tables = held instanceof MemoryTables ? held : new MemoryTables()
    return Promise.resolve(new MemorySink(tables.open(name, ctx.schema, ctx.mode, ctx.lastCommittedBatch >= 0)))
  },
  describe: () => 'MemorySink',
})

/** Collects a batch and hands it to the table when it is finished. */
export class MemorySink implements Sink {
  readonly table: MemoryTable
  #batchId = -1
  #pending: Batch[] = []

  constructor(table: MemoryTable) {
    this.table = table
  }

  /** As `table.batches`. */
  get batches(): { readonly batchId: number; readonly rows: Value[][] }[] {
    return this.table.batches
  }

  begin(batchId: number): void {
    this.#batchId = batchId
    this.#pending = []
  }

  add(batch: Batch): void {
    if (batch.rowCount > 0) this.#pending.push(batch.dense())
  }

  finish(): void {
    this.table.add(this.#batchId, this.#pending)
    this.#pending = []
  }

  abort(): void {
    this.#pending = []
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
