/**
 * memory: keeps the output as a table of the session, named by the query.
 *
 *   kind   idempotent: a batch id already in the table is left out
 *   modes  append, update and changelog add the batch's rows, complete replaces the table (as Spark's); a deletion in
 *          update mode takes out all rows of its key
 */
import { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { rowKey } from '../../types/compare.ts'
import type { Value } from '../../types/value.ts'
import { OUTPUT_MODES, defineSink, type OutputModeName, type Sink } from '../provider.ts'

/** The table of one query. Readers see whole batches only. */
export class MemoryTable {
  readonly schema: Schema
  readonly mode: OutputModeName
  readonly #lots: { readonly batchId: number; readonly batches: readonly Batch[] }[] = []
  readonly #keyOf: (batch: Batch, i: number) => string

  /** `key`: positions of the columns by which deletions find their rows. */
  constructor(schema: Schema, mode: OutputModeName, key: readonly number[] = []) {
    this.schema = schema
    this.mode = mode
    const text = rowKey(key.map((k) => schema.fields[k]!.type))
    this.#keyOf = (batch, i) => text(key.map((k) => batch.columns[k]!.get(batch.rowAt(i))))
  }

  /** The newest batch id in the table, -1 before the first. */
  get latestBatchId(): number {
    return this.#lots.at(-1)?.batchId ?? -1
  }

  /** The contents as of `batchId` (default: the newest). In complete mode only the newest is kept for reading. */
  contents(batchId = this.latestBatchId): Batch[] {
    const lots = this.#lots.filter((l) => l.batchId <= batchId)
    if (this.mode === 'complete') return [...(lots.at(-1)?.batches ?? [])]
    const batches = lots.flatMap((l) => l.batches)
    return batches.some((b) => b.weights !== null) ? this.#withoutDeleted(batches) : batches
  }

  /** The rows that no later deletion of their key takes out. */
  #withoutDeleted(batches: readonly Batch[]): Batch[] {
    const deleted = new Set<string>()
    const kept: Batch[] = []
    for (const batch of batches.toReversed()) {
      const rows: number[] = []
      for (let i = batch.rowCount - 1; i >= 0; i--) {
        if (weightAt(batch, i) < 0) deleted.add(this.#keyOf(batch, i))
        else if (deleted.size === 0 || !deleted.has(this.#keyOf(batch, i))) rows.push(batch.rowAt(i))
      }
      kept.push(new Batch(batch.schema, batch.columns, batch.length, Int32Array.from(rows.reverse())))
    }
    return kept.reverse()
  }

  /** Rows of the contents. */
  rows(batchId = this.latestBatchId): Value[][] {
    return rowsOf(this.contents(batchId), () => true)
  }

  /** What each batch brought, in order, empty ones too; `deleted` are rows of update mode that it took out, before it added its own. */
  get batches(): { readonly batchId: number; readonly rows: Value[][]; readonly deleted: Value[][] }[] {
    return this.#lots.map(({ batchId, batches }) => ({
      batchId,
      rows: rowsOf(batches, (w) => w > 0),
      deleted: rowsOf(batches, (w) => w < 0),
    }))
  }

  /** Adds one batch's output at once; a batch id that is not above the newest is ignored. */
  add(batchId: number, batches: readonly Batch[]): void {
    if (batchId > this.latestBatchId) this.#lots.push({ batchId, batches })
  }
}

const weightAt = (batch: Batch, i: number): number => (batch.weights === null ? 1 : batch.weights[batch.rowAt(i)]!)

const rowsOf = (batches: readonly Batch[], wants: (weight: number) => boolean): Value[][] =>
  batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => (wants(weightAt(b, i)) ? [b.row(i)] : [])).flat())

/** Where memory sinks keep their tables: one object of the session, under MEMORY_TABLES. */
export class MemoryTables {
  readonly #tables = new Map<string, MemoryTable>()

  get(name: string): MemoryTable | undefined {
    return this.#tables.get(name.toLowerCase())
  }

  /** The table of a query as it starts: a new one, unless `keep` and there is one of the same columns (a restart in this session). */
  open(name: string, schema: Schema, mode: OutputModeName, key: readonly number[], keep: boolean): MemoryTable {
    const id = name.toLowerCase()
    const old = this.#tables.get(id)
    if (keep && old !== undefined && old.mode === mode && JSON.stringify(old.schema) === JSON.stringify(schema))
      return old
    const table = new MemoryTable(schema, mode, key)
    this.#tables.set(id, table)
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
  modes: OUTPUT_MODES,
  deletes: true,
  open(options, ctx) {
    const name = String(options['queryName'] ?? ctx.queryName ?? '')
    if (name === '')
      throw new OptionError('MEMORY_SINK_WITHOUT_NAME', {}, { hint: "call queryName('name') before start()" })
    const held = ctx.objects.get(MEMORY_TABLES)
    const tables = held instanceof MemoryTables ? held : new MemoryTables()
    const keep = ctx.lastCommittedBatch >= 0
    return Promise.resolve(new MemorySink(tables.open(name, ctx.schema, ctx.mode, ctx.upsertKey ?? [], keep)))
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
  get batches(): MemoryTable['batches'] {
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
