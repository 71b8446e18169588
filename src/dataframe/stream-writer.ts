import { randomUUID } from 'node:crypto'
import type { Batch } from '../columns/batch.ts'
import type { BatchContext } from '../connectors/foreach-batch/batch-context.ts'
import { ForeachTarget, type ForeachWriter } from '../connectors/foreach/sink.ts'
import type { RestartPolicy } from '../engine/restart.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import { Trigger, type TriggerSpec } from '../engine/trigger.ts'
import { OptionError, UnsupportedError } from '../errors/errors.ts'
import { outputSchema } from '../plan/changes.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { QueryContext } from './context.ts'
import { DataFrame } from './data-frame.ts'

/** How a query is started and kept going. */
export interface StartOptions {
  readonly path?: string
  readonly signal?: AbortSignal
  readonly restart?: RestartPolicy
}

/** Starts a query: `df.writeStream.outputMode('update').option('checkpointLocation', dir).format('console').start()`. */
export class DataStreamWriter {
  readonly #context: QueryContext
  readonly #plan: Unresolved
  readonly #options: Record<string, string> = {}
  readonly #objects = new Map<string, unknown>()
  #format: string | null = null
  #mode = 'append'
  #trigger: TriggerSpec = { kind: 'default' }
  #name: string | null = null
  #partitionBy: readonly string[] = []

  constructor(context: QueryContext, plan: Unresolved, streaming: boolean) {
    if (!streaming)
      throw new UnsupportedError(
        'WRITE_STREAM_NOT_ALLOWED',
        {},
        { hint: 'the table is bounded: use df.write, collect() or show()' },
      )
    this.#context = context
    this.#plan = plan
  }

  /** `append`, `update` or `complete`. */
  outputMode(mode: string): this {
    this.#mode = mode
    return this
  }
  /** One of `Trigger.…`, or Spark's keyword form `{ processingTime: '1 second' }`, `{ once: true }`, `{ availableNow: true }`. */
  trigger(
    trigger:
      | TriggerSpec
      | { readonly processingTime?: string | number; readonly once?: boolean; readonly availableNow?: boolean },
  ): this {
    if ('kind' in trigger) this.#trigger = trigger
    else {
      const given = Object.entries(trigger).filter(([, v]) => v !== undefined && v !== false)
      if (given.length !== 1)
        throw new OptionError(
          'ONLY_ALLOW_SINGLE_TRIGGER',
          {},
          { hint: 'give exactly one of processingTime, once, availableNow' },
        )
      if (trigger.processingTime !== undefined) this.#trigger = Trigger.ProcessingTime(trigger.processingTime)
      else this.#trigger = trigger.once === true ? Trigger.Once() : Trigger.AvailableNow()
    }
    return this
  }
  /** Name of the query, and of the table of a memory sink; unique among active queries. */
  queryName(name: string): this {
    this.#name = name
    return this
  }
  format(format: string): this {
    this.#format = format
    return this
  }
  option(key: string, value: string | number | boolean): this {
    this.#options[key] = String(value)
    return this
  }
  options(options: Readonly<Record<string, string | number | boolean>>): this {
    for (const [k, v] of Object.entries(options)) this.option(k, v)
    return this
  }
  /**
   * Where bad records go, any sink: rows of reason, condition, source, position, raw, batchId and time, written under the id
   * of the batch they came in and there before it commits. Rows for which an expression throws go there unless option
   * `badRecords` says otherwise; sources say so themselves: `readStream.option('badRecords', 'sink')`. See bad-records.md.
   */
  badRecords(format: string, options: Readonly<Record<string, string | number | boolean>> = {}): this {
    this.option('badRecords.format', format)
    for (const [key, value] of Object.entries(options)) this.option(`badRecords.${key}`, value)
    return this
  }
  partitionBy(...columns: string[]): this {
    this.#partitionBy = columns
    return this
  }
  /**
   * Hands every batch to `body` as a bounded DataFrame, with its batch id. At least once: a batch that did not commit
   * comes again under the same id; `once` of the context makes an effect on a database happen once all the same. An error
   * fails the query; nothing of the batch is committed.
   */
  foreachBatch(body: (df: DataFrame, batchId: number, context: BatchContext) => Promise<void> | void): this {
    this.#format = 'foreachBatch'
    const context = this.#context
    const { attrs } = context.analyze(this.#plan)
    const schema = { fields: attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })) }
    const id = randomUUID()
    this.#objects.set(id, (batches: readonly Batch[], batchId: number, told: BatchContext) => {
      const rows = batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
      const given = outputSchema(schema, this.#mode)
      return body(new DataFrame(context, { op: 'local', schema: given, rows }), batchId, told)
    })
    this.#options['id'] = id
    return this
  }

  /**
   * Hands every row to `writer`: its `open(partitionId, epochId)`, `process(row)` and `close(error)`, or one function for
   * the rows. At least once: a batch that did not commit comes again under the same epoch id; `open` may then say false.
   */
  foreach(writer: ForeachWriter | ForeachWriter['process']): this {
    const target = new ForeachTarget(
      typeof writer === 'function' ? { process: writer } : writer,
      this.#context.rowOptions(),
    )
    const id = randomUUID()
    this.#objects.set(id, target)
    this.#options['id'] = id
    return this.format('foreach')
  }

  /** Puts a live object in the place of the session's one of that id, for this query only. For testing kits and embedders. */
  withObject(id: string, value: unknown): this {
    this.#objects.set(id, value)
    return this
  }

  /**
   * Starts the query; `path` is the sink's option of that name. Resolves when its sources are open. `signal` stops the
   * query (or the start) when it aborts; `restart` begins again, with the same batch, after errors marked transient.
   */
  async start(given: string | StartOptions = {}): Promise<StreamingQuery> {
    const { path, signal, restart } = typeof given === 'string' ? { path: given } : given
    if (path !== undefined) this.option('path', path)
    if (this.#format === null)
      throw new OptionError(
        'SINK_FORMAT_MISSING',
        {},
        { hint: 'call format("console"), format("memory"), format("json") … or foreachBatch(…)' },
      )
    return this.#context.start({
      plan: this.#plan,
      format: this.#format,
      options: this.#options,
      outputMode: this.#mode,
      trigger: this.#trigger,
      queryName: this.#name,
      objects: this.#objects,
      partitionBy: this.#partitionBy,
      signal,
      restart,
    })
  }
  /** Starts the query into the table (view of a memory sink) of that name. */
  async toTable(name: string): Promise<StreamingQuery> {
    return this.format('memory').queryName(name).start()
  }
}
