import { Batch } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import type { Vector } from '../columns/vector.ts'
import { ExecutionError } from '../errors/errors.ts'
import { isRowFault } from '../expr/fault.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import type { ExprEnv } from '../expr/env.ts'
import { type AsyncStage, asyncStages } from '../planner/async-stage.ts'
import type { PipelineSpec } from '../planner/spec.ts'
import { rowKey } from '../types/compare.ts'
import type { Value } from '../types/value.ts'
import { OperationAborted } from './aborted.ts'
import { systemClock } from './clock.ts'

/** Runners of the asynchronous nodes of a spec, by node id. */
export const runnersOf = (
  spec: PipelineSpec,
  env: ExprEnv,
  signal: AbortSignal,
): ReadonlyMap<string, AsyncCallRunner> =>
  new Map([...asyncStages(spec, env)].map(([id, stage]) => [id, new AsyncCallRunner(stage, signal)]))

interface Kept {
  readonly value: Value
  readonly untilMs: number
}

/**
 * Awaits the calls of one asynchronous function for a batch at a time: at most `concurrency` in flight, results in the
 * order of the rows, equal arguments called once a batch (a function that is not deterministic is called for each row).
 * The first call that fails for good fails the batch, and no further ones are begun, unless there are `faults` to take it.
 * Waits use the machine's clock.
 */
export class AsyncCallRunner {
  readonly #stage: AsyncStage
  readonly #signal: AbortSignal
  readonly #call: (args: readonly Value[], signal: AbortSignal) => Promise<Value>
  readonly #key: (args: readonly Value[]) => string
  readonly #share: boolean
  /** Results by arguments, the one used longest ago first. */
  readonly #cache = new Map<string, Kept>()
  /** What ends with the query: calls under way, and pauses before their next try. */
  readonly #running = new Set<AbortController>()

  constructor(stage: AsyncStage, signal: AbortSignal) {
    this.#stage = stage
    this.#signal = signal
    this.#call = stage.calls.call(stage.site)
    this.#key = rowKey(stage.argTypes)
    this.#share = stage.deterministic || stage.calls.cache !== null
  }

  /** The batch with the results as a further last column. Rejects with the failure of a call, or when the query stops. */
  async run(given: Batch, faults?: RowFaults): Promise<Batch> {
    const { batch, args } = this.#withArgs(given.dense(), faults)
    const bad: (ExecutionError | undefined)[] = []
    const results: Value[] = new Array<Value>(batch.length).fill(null)
    // Rows by what they call for.
    const wanted = new Map<string, { readonly args: readonly Value[]; readonly rows: number[] }>()
    for (let r = 0; r < batch.length; r++) {
      const values = args.map((a) => a.get(r))
      const key = this.#share ? this.#key(values) : String(r)
      const call = wanted.get(key)
      if (call) call.rows.push(r)
      else wanted.set(key, { args: values, rows: [r] })
    }
    const put = (rows: readonly number[], value: Value): void => {
      for (const r of rows) results[r] = value
    }
    const waiting: [string, { readonly args: readonly Value[]; readonly rows: number[] }][] = []
    for (const [key, call] of wanted) {
      const kept = this.#cached(key)
      if (kept !== undefined) put(call.rows, kept.value)
      else waiting.push([key, call])
    }
    let next = 0
    let failed = false
    const worker = async (): Promise<void> => {
      while (next < waiting.length && !failed) {
        const [key, call] = waiting[next++]!
        try {
          const value = await this.#tried(call.args)
          put(call.rows, value)
          this.#keep(key, value)
        } catch (error) {
          if (faults !== undefined && isRowFault(error)) {
            for (const r of call.rows) bad[r] = error
            continue
          }
          failed = true
          throw error
        }
      }
    }
    // One listener for all: the signal belongs to the query or its user, and Node warns of more than ten.
    const stop = (): void => this.#running.forEach((r) => r.abort())
    this.#signal.addEventListener('abort', stop, { once: true })
    try {
      await Promise.all(Array.from({ length: Math.min(this.#stage.calls.concurrency, waiting.length) }, worker))
    } finally {
      this.#signal.removeEventListener('abort', stop)
    }
    const column = vectorOf(this.#stage.type, results)
    // Sparse where there was no fault; in the order of the rows, not in that of the answers.
    bad.forEach((error, r) => faults!.take(batch, r, error!))
    const kept =
      bad.length === 0 || faults!.policy === 'null' ? null : Int32Array.from(results.keys()).filter((r) => !bad[r])
    return new Batch(this.#stage.schema, [...batch.columns, column], batch.length, kept, batch.weights)
  }

  #withArgs(batch: Batch, faults: RowFaults | undefined): { readonly batch: Batch; readonly args: readonly Vector[] } {
    try {
      return { batch, args: this.#stage.args(batch) }
    } catch (error) {
      if (faults === undefined || !isRowFault(error)) throw error
      const { rows, values } = this.#stage.argsRowByRow(batch, faults)
      const args = this.#stage.argTypes.map((type, k) =>
        vectorOf(
          type,
          values.map((v) => v[k]!),
        ),
      )
      return { batch: batch.select(rows).dense(), args }
    }
  }

  /** One call with its retries. */
  async #tried(args: readonly Value[]): Promise<Value> {
    const { attempts, delayMs, failure } = this.#stage.calls
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#timed(args)
      } catch (error) {
        if (this.#signal.aborted) throw new OperationAborted('stopped')
        if (attempt >= attempts) throw failure(this.#stage.site, args, error)
        await this.#untilStop((signal) => systemClock.sleep(delayMs * 2 ** (attempt - 1), signal))
        if (this.#signal.aborted) throw new OperationAborted('stopped')
      }
    }
  }

  /** Runs what a stop of the query ends; the signal is aborted when it is over, too. */
  async #untilStop<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    this.#running.add(stop)
    if (this.#signal.aborted) stop.abort()
    try {
      return await body(stop.signal)
    } finally {
      this.#running.delete(stop)
      stop.abort()
    }
  }

  /** One try: rejects when it takes too long or the query stops; what it gives later is not looked at. */
  #timed(args: readonly Value[]): Promise<Value> {
    const { timeoutMs } = this.#stage.calls
    return this.#untilStop((signal) => {
      if (signal.aborted) throw new OperationAborted('stopped')
      // A function that looks at the signal ends with it.
      const races: Promise<Value>[] = [this.#call(args, signal)]
      races.push(
        new Promise<Value>((_, reject) =>
          signal.addEventListener('abort', () => reject(new OperationAborted('stopped')), { once: true }),
        ),
      )
      if (timeoutMs !== Infinity)
        races.push(
          systemClock.sleep(timeoutMs, signal).then(() => {
            throw new ExecutionError('ASYNC_CALL_TIMEOUT', { timeoutMs })
          }),
        )
      return Promise.race(races)
    })
  }

  #cached(key: string): Kept | undefined {
    if (this.#stage.calls.cache === null) return undefined
    const kept = this.#cache.get(key)
    if (kept === undefined) return undefined
    this.#cache.delete(key)
    if (kept.untilMs <= performance.now()) return undefined
    this.#cache.set(key, kept)
    return kept
  }

  #keep(key: string, value: Value): void {
    const { cache } = this.#stage.calls
    if (cache === null) return
    this.#cache.set(key, { value, untilMs: performance.now() + cache.ttlMs })
    if (this.#cache.size > cache.maxEntries) this.#cache.delete(this.#cache.keys().next().value!)
  }
}
