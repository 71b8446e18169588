import { randomUUID } from 'node:crypto'
import { IngestLog, type IngestAppend } from '../../checkpoint/ingest-log.ts'
import { Batch } from '../../columns/batch.ts'
import { vectorOf } from '../../columns/builder.ts'
import { decodeBatch, encodeBatch } from '../../columns/codec.ts'
import { CheckpointError, ExecutionError } from '../../errors/errors.ts'
import type { Database } from '../../storage/database.ts'
import { type Schema, sameType } from '../../types/data-type.ts'
import { parseSchema, printSchema } from '../../types/ddl.ts'
import type { Json } from '../../types/json.ts'
import { projection } from '../project.ts'
import { keepsBadRecords } from './bad-rows.ts'

/** What may be said of rows that are taken in. */
export interface IntakeFacts {
  /** Where the sender can go on from after these rows. */
  readonly position?: Json | undefined
  /** Names the request; one seen before adds nothing. */
  readonly key?: string | undefined
}

/**
 * Rows received and not yet committed, in lots numbered from 1 without gaps; a lot is a batch of at most
 * MAX_BATCH_ROWS rows. In memory, or in the log of the checkpoint.
 */
export interface Intake {
  /** Where the sender can go on from; null when nothing was said. */
  readonly position: Json | null
  /** Numbers of the first lot held and of the last; `first` is `end + 1` when none is held. */
  readonly first: number
  readonly end: number
  rowsOf(lot: number): number
  /**
   * Resolves once the rows are kept (logged: on disk): true, or false when their key was seen before. All of one call
   * is kept or nothing.
   */
  append(batches: readonly Batch[], facts?: IntakeFacts): Promise<boolean>
  /** Keeps at once what waits to be written. */
  flush(): void
  /** The lots from < lot <= to. */
  read(from: number, to: number): Iterable<Batch>
  /** Lots up to `to` are committed. */
  forget(to: number): void
  close(): void
}

/**
 * An intake in memory. It may outlive the source that reads it (a query that stops and starts again in the same
 * session): `align` keeps its numbers in step with the offsets of the checkpoint.
 */
export class MemoryIntake implements Intake {
  readonly #id = randomUUID()
  #lots: Batch[] = []
  #forgotten = 0
  #position: Json | null = null
  /** Offset of the checkpoint less number here; null until the first offset is known. */
  #shift: number | null = null

  get position(): Json | null {
    return this.#position
  }
  get first(): number {
    return this.#forgotten + (this.#shift ?? 0) + 1
  }
  get end(): number {
    return this.first + this.#lots.length - 1
  }
  rowsOf(lot: number): number {
    return this.#at(lot)?.rowCount ?? 0
  }
  #at(lot: number): Batch | undefined {
    return this.#lots[lot - this.first]
  }

  /** A source over this intake opens; `kept` is what `align` gave in its last run, if any. */
  attach(kept: Json | undefined): void {
    const mine = kept !== null && typeof kept === 'object' && 'intake' in kept && kept['intake'] === this.#id
    this.#shift = mine ? Number((kept as { readonly shift: number }).shift) : null
  }

  /** The query stands at `from`. Gives what is to be kept for `attach`; undefined when that is known. */
  align(from: number): Json | undefined {
    if (this.#shift !== null) return undefined
    this.#shift = from - this.#forgotten
    return { intake: this.#id, shift: this.#shift }
  }

  append(batches: readonly Batch[], facts: IntakeFacts = {}): Promise<boolean> {
    this.#lots.push(...batches)
    if (facts.position !== undefined) this.#position = facts.position
    return Promise.resolve(true)
  }
  flush(): void {}

  /** Rows of an earlier process are gone: their lots are left out. */
  *read(from: number, to: number): Generator<Batch> {
    if (this.#shift === null && from !== 0) return
    for (let lot = from + 1; lot <= to; lot++) {
      const batch = this.#at(lot)
      if (batch !== undefined) yield batch
    }
  }

  forget(to: number): void {
    if (this.#shift === null) return
    const n = Math.min(this.#lots.length, to - this.#shift - this.#forgotten)
    if (n <= 0) return
    this.#lots.splice(0, n)
    this.#forgotten += n
  }
  close(): void {}
}

/** An intake in the log of the checkpoint. What arrives in one turn of the event loop is written in one transaction. */
export class LoggedIntake implements Intake {
  readonly #log: IngestLog
  readonly #schema: Schema
  readonly #source: string
  readonly #keys = new Map<string, Promise<boolean>>()
  #queue: { readonly append: IngestAppend; readonly done: (error: unknown) => void }[] = []
  #timer: NodeJS.Immediate | null = null
  #closed = false

  constructor(database: Database, source: string, schema: Schema) {
    this.#log = new IngestLog(database, source, printSchema(schema))
    this.#schema = schema
    this.#source = source
  }

  get position(): Json | null {
    return this.#log.position
  }
  get first(): number {
    return this.#log.first
  }
  get end(): number {
    return this.#log.last
  }
  rowsOf(lot: number): number {
    return this.#log.rowsOf(lot)
  }

  append(batches: readonly Batch[], facts: IntakeFacts = {}): Promise<boolean> {
    const { key } = facts
    if (this.#closed) return Promise.reject(stopped(this.#source))
    if (key !== undefined) {
      const under = this.#keys.get(key)
      if (under !== undefined) return under.then(() => false)
      if (this.#log.has(key)) return Promise.resolve(false)
    }
    const lots = batches.map((b) => ({
      rows: b.rowCount,
      content: encodeBatch(this.#schema, b.columns, b.selection, b.rowCount),
    }))
    const kept = new Promise<boolean>((resolve, reject) => {
      const done = (error: unknown): void => {
        if (key !== undefined) this.#keys.delete(key)
        if (error === null) resolve(true)
        else reject(error)
      }
      this.#queue.push({ append: { lots, ...facts }, done })
    })
    if (key !== undefined) this.#keys.set(key, kept)
    this.#timer ??= setImmediate(() => this.flush())
    return kept
  }

  flush(): void {
    if (this.#timer !== null) clearImmediate(this.#timer)
    this.#timer = null
    const queue = this.#queue
    this.#queue = []
    if (queue.length === 0) return
    let failure: unknown = null
    try {
      this.#log.append(queue.map((q) => q.append))
    } catch (error) {
      failure = error
    }
    for (const q of queue) q.done(failure)
  }

  *read(from: number, to: number): Generator<Batch> {
    const now = printSchema(this.#schema)
    for (const { schema: ddl, content, what } of this.#log.read(from, to)) {
      if (ddl === now) yield decodeBatch(this.#schema, content, what)
      else yield this.#old(ddl)(decodeBatch(parseSchema(ddl), content, what))
    }
  }

  /** From rows logged under an earlier declaration: columns may have been dropped or moved, not changed or added. */
  #old(ddl: string): (batch: Batch) => Batch {
    const was = parseSchema(ddl)
    // Without the mark of bad records they would be taken for rows; rows logged before there was one are all well.
    const marks = keepsBadRecords(this.#schema)
    const columns = marks && !keepsBadRecords(was) ? this.#schema.fields.slice(0, -1) : this.#schema.fields
    const losesMark = !marks && keepsBadRecords(was)
    const fits =
      !losesMark &&
      columns.every((f) =>
        was.fields.some((g) => g.name.toLowerCase() === f.name.toLowerCase() && sameType(f.type, g.type)),
      )
    if (!fits)
      throw new CheckpointError(
        'INGEST_SCHEMA_CHANGED',
        { source: this.#source, before: ddl, after: printSchema(this.#schema) },
        {
          hint: `start once more with the old ${losesMark ? 'badRecords' : 'columns'} and let the query take what is logged`,
        },
      )
    const project = projection(was, { fields: columns })
    if (columns.length === this.#schema.fields.length) return project
    return (batch) => {
      const rows = project(batch)
      const none = vectorOf(this.#schema.fields.at(-1)!.type, new Array<null>(rows.length).fill(null))
      return new Batch(this.#schema, [...rows.columns, none], rows.length, rows.selection, rows.weights)
    }
  }

  forget(to: number): void {
    this.#log.prune(to)
  }

  close(): void {
    this.flush()
    this.#closed = true
    this.#log.settle()
  }
}

const stopped = (source: string): ExecutionError =>
  new ExecutionError('RECEIVER_FAILED', { source, message: 'its query has stopped' }, { transient: true })
