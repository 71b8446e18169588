/**
 * foreach: hands each row to functions of the program.
 *
 *   kind   at least once: a rerun calls the functions again with the same epoch id, unless `open` says no
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Batch } from '../../columns/batch.ts'
import { type Row, rowMaker, type RowOptions } from '../../columns/row.ts'
import { ExecutionError, InternalError, MillraceError } from '../../errors/errors.ts'
import { OUTPUT_MODES, defineSink, type Sink, type SinkContext } from '../provider.ts'

/** Spark's ForeachWriter. A batch is one partition, 0. */
export interface ForeachWriter {
  /** Called before the rows of a batch; false skips them: the epoch was done before. */
  open?(partitionId: number, epochId: number): Promise<boolean | void> | boolean | void
  /** Called with each row. */
  process(row: Row): Promise<void> | void
  /** Called at the end, also when `open` said no or something failed; `error` is null when all went well. */
  close?(error: Error | null): Promise<void> | void
}

/** A writer among the objects of a query, with how it wants its rows. */
export class ForeachTarget {
  readonly writer: ForeachWriter
  readonly rowOptions: RowOptions

  constructor(writer: ForeachWriter, rowOptions: RowOptions = {}) {
    this.writer = writer
    this.rowOptions = rowOptions
  }
}

/** The event loop turns at least this often, in milliseconds. */
const HOLD_MS = 10

export const foreachSink = defineSink({
  format: 'foreach',
  doc: 'Calls functions of the program for each row: open, process, close.',
  options: { id: { type: 'string', doc: 'Id of the writer among the objects of the session.', required: true } },
  kind: 'idempotent',
  repeats: true,
  modes: OUTPUT_MODES,
  open(options, ctx) {
    const target = ctx.objects.get(String(options['id']))
    if (!(target instanceof ForeachTarget))
      throw new InternalError(`the session has no writer ${String(options['id'])}`)
    return Promise.resolve(new ForeachSink(target, ctx))
  },
  describe: () => 'ForeachWriterTable',
})

class ForeachSink implements Sink {
  readonly #writer: ForeachWriter
  readonly #make: ReturnType<typeof rowMaker>
  readonly #query: string
  #batchId = -1
  #batches: Batch[] = []

  constructor(target: ForeachTarget, ctx: SinkContext) {
    this.#writer = target.writer
    this.#make = rowMaker(ctx.schema, target.rowOptions)
    this.#query = ctx.queryName ?? ctx.queryId
  }

  begin(batchId: number): void {
    this.#batchId = batchId
    this.#batches = []
  }
  add(batch: Batch): void {
    this.#batches.push(batch)
  }

  async finish(): Promise<void> {
    const batches = this.#batches
    this.#batches = []
    const writer = this.#writer
    try {
      const wanted = await writer.open?.(0, this.#batchId)
      if (wanted !== false) await this.#each(batches)
    } catch (cause) {
      try {
        await writer.close?.(cause instanceof Error ? cause : this.#failed(cause))
      } catch {
        // the first error is the one to report
      }
      throw this.#failed(cause)
    }
    try {
      await writer.close?.(null)
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  async #each(batches: readonly Batch[]): Promise<void> {
    let since = performance.now()
    for (const batch of batches)
      for (let i = 0; i < batch.rowCount; i++) {
        const pending = this.#writer.process(this.#make(batch.row(i)))
        if (pending !== undefined) await pending
        if ((i & 63) !== 63 || performance.now() - since < HOLD_MS) continue
        await turn()
        since = performance.now()
      }
  }

  #failed(cause: unknown): ExecutionError {
    const transient = cause instanceof ExecutionError && cause.transient
    const message = cause instanceof MillraceError || cause instanceof Error ? cause.message : String(cause)
    const params = { batchId: this.#batchId, query: this.#query, message }
    return new ExecutionError('FOREACH_USER_FUNCTION_ERROR', params, { cause, transient })
  }

  abort(): void {
    this.#batches = []
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}
