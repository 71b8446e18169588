import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { rowFromJs } from '../../columns/row.ts'
import { ExecutionError, MillraceError, OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Json } from '../../types/json.ts'
import type { Value } from '../../types/value.ts'
import { projection } from '../project.ts'
import { type BadRecordPolicy, badRecordsOf } from '../bad-records.ts'
import type { Options, OptionSpecs, Replay, Source, SourceContext } from '../provider.ts'
import { badRow, isBadRecord, keepsBadRecords, withBadRecords, withoutBadRecords } from './bad-rows.ts'
import { type Intake, type IntakeFacts, LoggedIntake, MemoryIntake } from './intake.ts'

/** Options every source that is pushed to has; `wal` says the default of the write-ahead log. */
export const pushOptions = (wal: boolean) =>
  ({
    wal: {
      type: 'boolean',
      default: wal,
      doc: 'Log rows in the checkpoint before they are acknowledged, so that they are read again after a crash.',
    },
    bufferRows: {
      type: 'int',
      default: 65_536,
      doc: 'Most rows that may wait for a batch; beyond it the sender has to wait or is refused.',
    },
    maxRowsPerTrigger: {
      type: 'int',
      doc: 'At most about this many rows in one batch; without it all that wait. Rows received together stay together.',
    },
  }) as const satisfies OptionSpecs

/** What a restart can read again, by the option `wal`. */
export const pushReplay = (options: Options): Replay => (options['wal'] === true ? 'logged' : 'none')

/**
 * The half of a source that engine and sender share: rows are offered on one side and read as batches on the other.
 *
 *   offset   number of the last lot taken; a lot is the rows received together, at most MAX_BATCH_ROWS
 *   replay   logged with `wal`; without it rows live in memory and are lost with the process
 */
export class PushSource implements Source<number> {
  /** Called when the source closes, before its intake does. */
  onClose: (() => Promise<void> | void) | null = null
  /** Told how many offered rows were kept, after each write. */
  onKept: ((rows: number) => void) | null = null
  readonly #ctx: SourceContext
  readonly #schema: Schema
  /** Of rows as the intake keeps them. */
  readonly #kept: Schema
  readonly #policy: BadRecordPolicy
  readonly #intake: Intake
  readonly #project: (batch: Batch) => Batch
  readonly #maxBuffered: number
  readonly #maxRows: number
  /** Rows held at the start or kept since; rows of lots up to `#taken`; rows offered or being written. */
  #rowsIn = 0
  #rowsOut = 0
  #rowsUnderway = 0
  #taken = -1
  #offered: Value[][] = []
  #facts: IntakeFacts = {}
  #flush: Promise<void> | null = null
  #roomWaiters: (() => void)[] = []
  #failure: MillraceError | null = null
  #frozen: number | null = null
  #arrivals = 0
  #idle = false
  #closed = false

  /** `memory`: an intake that outlives the source, used without `wal`. */
  constructor(ctx: SourceContext, schema: Schema, options: Options, memory: MemoryIntake = new MemoryIntake()) {
    this.#ctx = ctx
    this.#schema = schema
    this.#maxBuffered = Number(options['bufferRows'])
    this.#maxRows = Number(options['maxRowsPerTrigger'] ?? Infinity)
    for (const option of ['bufferRows', 'maxRowsPerTrigger']) {
      const value = options[option]
      if (value !== undefined && Number(value) < 1)
        throw new OptionError('OPTION_INVALID', {
          format: ctx.name,
          option,
          value: String(value),
          expected: 'a number from 1',
        })
    }
    this.#project = projection(schema, ctx.schema)
    this.#policy = badRecordsOf(ctx.name, options) ?? 'fail'
    this.#kept = this.#policy === 'fail' ? schema : withBadRecords(schema)
    const logged = options['wal'] === true && ctx.database !== undefined && ctx.database !== null
    if (logged) this.#intake = new LoggedIntake(ctx.database!, ctx.name, this.#kept)
    else {
      memory.attach(ctx.metadata.get('intake'))
      this.#intake = memory
    }
    for (let lot = this.#intake.first; lot <= this.#intake.end; lot++) this.#rowsIn += this.#intake.rowsOf(lot)
  }

  // ------------------------------------------------------------ the sender's side

  /** The columns of rows offered. */
  get schema(): Schema {
    return this.#schema
  }
  /** Where the sender can go on from, as it said with the last rows kept; null when it said nothing. */
  get position(): Json | null {
    return this.#intake.position
  }
  /** Whether there is no room for more rows now. */
  get isFull(): boolean {
    return this.#rowsIn - this.#rowsOut + this.#rowsUnderway >= this.#maxBuffered
  }

  /** Resolves when there is room, or the source closes. */
  async room(): Promise<void> {
    while (this.isFull && !this.#closed) await new Promise<void>((resolve) => this.#roomWaiters.push(resolve))
  }

  /** The values of one row as a program gives it; throws ExecutionError when it does not fit the columns. */
  values(row: unknown): Value[] {
    return rowFromJs(this.#schema, row, this.#ctx.timeZone)
  }

  /**
   * As `offer`, for a record that `row` makes a row of: one that is none is kept as a bad record where the option
   * badRecords says so, else it throws. `raw`: its bytes.
   */
  offerRecord(row: () => unknown, raw: () => Uint8Array, facts: IntakeFacts = {}): Promise<void> {
    let values: Value[]
    try {
      values = this.values(row())
    } catch (error) {
      if (this.#policy === 'fail' || !isBadRecord(error)) throw error
      values = badRow(this.#schema, error, raw(), facts.position)
    }
    return this.offer(values, facts)
  }

  /**
   * Takes one row; it is kept with others that come in the same turn of the event loop. The promise resolves when it is
   * kept, and rejects when that fails. Looks at no bound: await `room` first.
   */
  offer(values: Value[], facts: IntakeFacts = {}): Promise<void> {
    this.#offered.push(values)
    this.#rowsUnderway++
    if (facts.position !== undefined) this.#facts = { position: facts.position }
    if (this.#offered.length >= MAX_BATCH_ROWS) return this.#keepOffered()
    this.#flush ??= turn().then(() => this.#keepOffered())
    return this.#flush
  }

  /** Takes batches of the schema together; resolves when they are kept: true, or false when their key was seen before. */
  async take(batches: readonly Batch[], facts: IntakeFacts = {}): Promise<boolean> {
    const rows = batches.reduce((n, b) => n + b.rowCount, 0)
    this.#rowsUnderway += rows
    return this.#append(batches, rows, facts)
  }

  async #append(batches: readonly Batch[], rows: number, facts: IntakeFacts): Promise<boolean> {
    try {
      const isNew = await this.#intake.append(
        batches.filter((b) => b.rowCount > 0),
        facts,
      )
      if (isNew) this.#rowsIn += rows
      this.#arrivals++
      this.#ctx.wake()
      return isNew
    } finally {
      this.#rowsUnderway -= rows
    }
  }

  /** A row of the source as one of the intake. */
  readonly #completed = (row: Value[]): Value[] => (row.length < this.#kept.fields.length ? [...row, null] : row)

  async #keepOffered(): Promise<void> {
    this.#flush = null
    const rows = this.#offered
    const facts = this.#facts
    this.#offered = []
    this.#facts = {}
    if (rows.length === 0) return
    const kept = this.#append([batchOf(this.#kept, rows.map(this.#completed))], rows.length, facts)
    if (this.#closed) this.#intake.flush()
    await kept
    this.onKept?.(rows.length)
  }

  /** The input has failed: the query fails once it has taken what came before. */
  fail(source: string, cause: unknown): void {
    if (this.#closed || this.#failure !== null) return
    this.#failure =
      cause instanceof MillraceError
        ? cause
        : new ExecutionError(
            'RECEIVER_FAILED',
            { source, message: cause instanceof Error ? cause.message : String(cause) },
            { cause, transient: true },
          )
    this.#ctx.wake()
  }

  /** Nothing more will come: `prepareAvailableNow` need not wait. */
  end(): void {
    this.#idle = true
  }

  // ------------------------------------------------------------ the engine's side

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }

  latestOffset(from: number | null): Promise<number | null> {
    const at = from ?? 0
    this.#align(at)
    this.#release(at)
    const end = Math.max(at, this.#limit(at, Math.min(this.#intake.end, this.#frozen ?? Infinity)))
    if (end > at) return Promise.resolve(end)
    if (this.#failure !== null && this.#offered.length === 0) return Promise.reject(this.#failure)
    return Promise.resolve(from)
  }

  /** The query stands at `from`: numbers of an intake in memory follow it. */
  #align(from: number): void {
    if (this.#taken >= 0) return
    if (this.#intake instanceof MemoryIntake) {
      const kept = this.#intake.align(from)
      if (kept !== undefined) this.#ctx.metadata.set('intake', kept)
    }
    this.#taken = this.#intake.first - 1
  }

  /** Lots up to `to` no longer count against the buffer. */
  #release(to: number): void {
    for (; this.#taken < to && this.#taken < this.#intake.end; this.#taken++)
      this.#rowsOut += this.#intake.rowsOf(this.#taken + 1)
    if (!this.isFull) for (const go of this.#roomWaiters.splice(0)) go()
  }

  #limit(from: number, end: number): number {
    if (this.#maxRows === Infinity) return end
    let rows = 0
    let lot = from
    while (lot < end) {
      rows += this.#intake.rowsOf(lot + 1)
      if (rows > this.#maxRows && lot > from) break
      lot++
    }
    return lot
  }

  *read(from: number | null, to: number): Generator<Batch> {
    for (const lot of this.#intake.read(from ?? 0, to)) {
      // A lot in memory is as the policy of the start it came in had it.
      const isMarked = keepsBadRecords(lot.schema)
      const batch = isMarked ? withoutBadRecords(lot, this.#schema, this.#policy, this.#ctx.bad) : lot
      if (batch.rowCount > 0 || isMarked) yield this.#project(batch)
    }
  }

  commit(to: number): void {
    this.#align(to)
    this.#release(to)
    this.#intake.forget(to)
  }

  /** Lets an input that has rows at hand deliver them: until it ends, pauses for 50 ms, or the buffer is full. */
  async prepareAvailableNow(): Promise<void> {
    for (let seen = -1; !this.#idle && !this.isFull && seen !== this.#arrivals;) {
      seen = this.#arrivals
      await sleep(50)
    }
    await this.#keepOffered()
    this.#frozen = this.#intake.end
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const go of this.#roomWaiters.splice(0)) go()
    try {
      await this.onClose?.()
    } finally {
      await this.#keepOffered()
      // The engine asks what comes after an offset once that is committed.
      if (this.#taken >= this.#intake.first) this.#intake.forget(this.#taken)
      this.#intake.close()
    }
  }
}
