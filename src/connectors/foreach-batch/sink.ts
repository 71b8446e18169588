/**
 * foreachBatch: hands each batch to a function of the program.
 *
 *   kind   at least once: a rerun calls the function again with the same batch id; what it does within `once` of the
 *          context happens once
 */
import type { Batch } from '../../columns/batch.ts'
import { ExecutionError, InternalError, MillraceError } from '../../errors/errors.ts'
import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { OUTPUT_MODES, defineSink, type Sink, type SinkContext } from '../provider.ts'
import { BatchContext } from './batch-context.ts'

/** The function behind a foreachBatch sink, among the objects of the query. */
export type ForeachBatchFunction = (
  batches: readonly Batch[],
  batchId: number,
  context: BatchContext,
) => Promise<void> | void

export const foreachBatchSink = defineSink({
  format: 'foreachBatch',
  doc: 'Calls a function of the program with the rows of each batch, its id, and a context whose `once` makes an effect on a database happen once ([foreachBatch](foreach-batch.md)).',
  options: { id: { type: 'string', doc: 'Id of the function among the objects of the session.', required: true } },
  kind: 'idempotent',
  repeats: true,
  modes: OUTPUT_MODES,
  open(options, ctx) {
    const fn = ctx.objects.get(String(options['id']))
    if (typeof fn !== 'function') throw new InternalError(`the session has no function ${String(options['id'])}`)
    return Promise.resolve(new ForeachBatchSink(fn as ForeachBatchFunction, ctx))
  },
  describe: () => 'ForeachBatchSink',
})

class ForeachBatchSink implements Sink {
  readonly #fn: ForeachBatchFunction
  readonly #query: string
  readonly #ctx: SinkContext
  #token: SinkToken | null = null
  #batches: Batch[] = []

  constructor(fn: ForeachBatchFunction, ctx: SinkContext) {
    this.#fn = fn
    this.#ctx = ctx
    this.#query = ctx.queryName ?? ctx.queryId
  }

  begin(_batchId: number, token: SinkToken): void {
    this.#token = token
    this.#batches = []
  }

  add(batch: Batch): void {
    this.#batches.push(batch)
  }

  async finish(): Promise<void> {
    const batches = this.#batches
    const token = this.#token!
    const { batchId } = token
    this.#batches = []
    try {
      await this.#fn(batches, batchId, new BatchContext(token, this.#ctx))
    } catch (cause) {
      const transient = cause instanceof ExecutionError && cause.transient
      const message = cause instanceof MillraceError || cause instanceof Error ? cause.message : String(cause)
      const params = { batchId, query: this.#query, message }
      throw new ExecutionError('FOREACH_BATCH_USER_FUNCTION_ERROR', params, { cause, transient })
    }
  }

  abort(): void {
    this.#batches = []
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
