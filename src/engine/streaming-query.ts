import { randomUUID } from 'node:crypto'
import { ExecutionError, MillraceError } from '../errors/errors.ts'
import { OperationAborted } from './aborted.ts'
import { type Clock, systemClock } from './clock.ts'
import type { ListenerBus } from './listeners.ts'
import type { MicroBatchExecution } from './micro-batch.ts'
import { isoMs, type StreamingQueryProgress } from './progress.ts'
import type { TriggerSpec } from './trigger.ts'

export interface StreamingQueryStatus {
  readonly message: string
  readonly isDataAvailable: boolean
  readonly isTriggerActive: boolean
}

export interface StreamingQueryOptions {
  readonly id: string
  readonly name: string | null
  readonly trigger: TriggerSpec
  readonly clock?: Clock
  readonly bus: ListenerBus
  /** `spark.sql.streaming.numRecentProgressUpdates`. */
  readonly keepProgress: number
  readonly describe: (extended: boolean) => string
  /** Called once when the query has ended, however it did. */
  readonly onEnd: () => void
}

/** Longest pause between two looks at sources that cannot wake the query, in milliseconds. */
const MAX_POLL_MS = 200
const FIRST_POLL_MS = 5

/**
 * A query that runs until it is stopped, fails, or its trigger says it is done. While it is active it keeps the
 * process alive (`unref` lifts that). A failure is logged once, kept in `exception()`, and rejects those who wait;
 * it is never an unhandled rejection.
 */
export class StreamingQuery {
  /** Survives restarts: it is the checkpoint's. */
  readonly id: string
  /** Of this start. */
  readonly runId: string
  readonly name: string | null
  readonly #options: StreamingQueryOptions
  readonly #clock: Clock
  readonly #abort = new AbortController()
  readonly #recent: StreamingQueryProgress[] = []
  #execution: MicroBatchExecution | null = null
  #status: StreamingQueryStatus = { message: 'Initializing sources', isDataAvailable: false, isTriggerActive: false }
  #failure: MillraceError | null = null
  #ended: Promise<void>
  #resolveEnded!: () => void
  #active = true
  #wake: (() => void) | null = null
  #wakePending = false
  /** Counts looks at the sources that found nothing; `processAllAvailable` waits for one begun after it was called. */
  #looksBegun = 0
  #idleWaiters: { readonly after: number; readonly resolve: () => void }[] = []
  #keepAlive: NodeJS.Timeout | null

  constructor(options: StreamingQueryOptions, runId: string = randomUUID()) {
    this.id = options.id
    this.runId = runId
    this.name = options.name
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#keepAlive = setInterval(() => undefined, 1 << 30)
  }

  /** Aborted when the query is told to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Opens the execution and starts the loop; rejects when opening fails. For the session. */
  async begin(execution: MicroBatchExecution): Promise<this> {
    this.#execution = execution
    try {
      await execution.open()
    } catch (error) {
      await this.#end(error)
      throw this.#failure ?? error
    }
    this.#options.bus.post((l) =>
      l.onQueryStarted?.({ id: this.id, runId: this.runId, name: this.name, timestamp: isoMs(this.#clock.nowMs()) }),
    )
    void this.#run(execution).then(
      () => this.#end(null),
      (error: unknown) => this.#end(error),
    )
    return this
  }

  get isActive(): boolean {
    return this.#active
  }

  get status(): StreamingQueryStatus {
    return this.#status
  }

  /** Progress of the last batch; null before the first. */
  get lastProgress(): StreamingQueryProgress | null {
    return this.#recent[this.#recent.length - 1] ?? null
  }

  /** Progress of the last batches, oldest first. */
  get recentProgress(): readonly StreamingQueryProgress[] {
    return [...this.#recent]
  }

  /** What the query failed with; null while it is well. */
  exception(): MillraceError | null {
    return this.#failure
  }

  /** Prints the plan that runs. */
  explain(extended = false): void {
    process.stdout.write(`${this.#options.describe(extended)}\n`)
  }

  /** Look at the sources now instead of at the next poll. For sources. */
  readonly wake = (): void => {
    this.#wakePending = true
    this.#wake?.()
  }

  /**
   * Resolves when all that was available at the time of the call is processed and committed, and the batch for the
   * watermark it moved has run. Rejects with the query's failure. For tests: with a steady stream it may wait long.
   */
  async processAllAvailable(): Promise<void> {
    if (this.#active) {
      const idle = new Promise<void>((resolve) => this.#idleWaiters.push({ after: this.#looksBegun, resolve }))
      this.wake()
      await Promise.race([idle, this.#ended])
    }
    if (this.#failure) throw this.#failure
  }

  /**
   * Waits for the end. With `timeout` (milliseconds) resolves to whether the query has ended; without, to true.
   * Rejects with the query's failure, or when `signal` aborts.
   */
  async awaitTermination(options: { readonly timeout?: number; readonly signal?: AbortSignal } | number = {}): Promise<boolean> {
    const { timeout, signal } = typeof options === 'number' ? { timeout: options, signal: undefined } : options
    const cleanup = new AbortController()
    const waits: Promise<unknown>[] = [this.#ended]
    if (timeout !== undefined) waits.push(this.#clock.sleep(timeout, cleanup.signal))
    if (signal) {
      if (signal.aborted) throw new OperationAborted('stopped')
      waits.push(
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new OperationAborted('stopped')), { once: true, signal: cleanup.signal })),
      )
    }
    try {
      await Promise.race(waits)
    } finally {
      cleanup.abort()
    }
    if (this.#failure) throw this.#failure
    return !this.#active
  }

  /** Ends the query between two pieces of work; a batch in flight is left to a restart. Resolves when everything is closed. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake?.()
    await this.#ended
  }

  /** The query no longer keeps the process alive. */
  unref(): this {
    if (this.#keepAlive) clearInterval(this.#keepAlive)
    this.#keepAlive = null
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #run(execution: MicroBatchExecution): Promise<void> {
    const { trigger } = this.#options
    if (trigger.kind === 'availableNow') await execution.prepareAvailableNow()
    let pollMs = FIRST_POLL_MS
    let idleSince = 0
    while (!this.#abort.signal.aborted) {
      if (trigger.kind === 'processingTime') await this.#boundary(trigger.intervalMs)
      if (this.#abort.signal.aborted) return
      const look = ++this.#looksBegun
      this.#wakePending = false
      this.#status = { message: 'Getting offsets', isDataAvailable: false, isTriggerActive: true }
      const progress = await execution.next(trigger.kind === 'once')
      if (progress !== null) {
        this.#note(progress)
        pollMs = FIRST_POLL_MS
        idleSince = 0
        this.#status = { message: 'Waiting for next trigger', isDataAvailable: true, isTriggerActive: false }
        if (trigger.kind === 'once') return
        continue
      }
      this.#status = { message: 'Waiting for data to arrive', isDataAvailable: false, isTriggerActive: false }
      const waiting = this.#idleWaiters
      this.#idleWaiters = []
      for (const w of waiting) {
        if (w.after < look) w.resolve()
        else this.#idleWaiters.push(w)
      }
      if (trigger.kind === 'once' || trigger.kind === 'availableNow') return
      if (idleSince++ === 0)
        this.#options.bus.post((l) => l.onQueryIdle?.({ id: this.id, runId: this.runId, timestamp: isoMs(this.#clock.nowMs()) }))
      if (trigger.kind === 'default' && this.#idleWaiters.length === 0) {
        await this.#pause(pollMs)
        pollMs = Math.min(MAX_POLL_MS, pollMs * 2)
      }
    }
  }

  /** Sleeps to the next multiple of the interval; a batch that ended beyond its boundary is followed at once. */
  #nextBoundaryMs = -1
  async #boundary(intervalMs: number): Promise<void> {
    const now = this.#clock.nowMs()
    if (this.#nextBoundaryMs < 0 || now >= this.#nextBoundaryMs) {
      this.#nextBoundaryMs = Math.floor(now / intervalMs) * intervalMs + intervalMs
      return
    }
    const target = this.#nextBoundaryMs
    await this.#clock.sleep(target - now, this.#abort.signal)
    this.#nextBoundaryMs = target + intervalMs
  }

  async #pause(ms: number): Promise<void> {
    if (this.#wakePending || this.#abort.signal.aborted) return
    const interrupted = new AbortController()
    this.#wake = () => interrupted.abort()
    await this.#clock.sleep(ms, interrupted.signal)
    this.#wake = null
  }

  #note(progress: StreamingQueryProgress): void {
    this.#recent.push(progress)
    if (this.#recent.length > this.#options.keepProgress) this.#recent.shift()
    this.#options.bus.post((l) => l.onQueryProgress?.({ progress }))
  }

  async #end(error: unknown): Promise<void> {
    if (!this.#active) return
    let failure = error
    try {
      await this.#execution?.close()
    } catch (closing) {
      failure ??= closing
    }
    const asked = failure instanceof OperationAborted && this.#abort.signal.aborted
    if (failure !== null && !asked) this.#failure = this.#wrap(failure)
    this.#active = false
    this.#status = { message: this.#failure ? `Terminated with exception: ${this.#failure.message}` : 'Stopped', isDataAvailable: false, isTriggerActive: false }
    this.unref()
    this.#options.onEnd()
    this.#resolveEnded()
    this.#options.bus.post((l) =>
      l.onQueryTerminated?.({
        id: this.id,
        runId: this.runId,
        exception: this.#failure?.message ?? null,
        errorClassOnException: this.#failure?.code ?? null,
      }),
    )
  }

  /** Errors of ours keep their condition; all carry which query, batch and offsets in `cause`-chained text. */
  #wrap(error: unknown): MillraceError {
    if (error instanceof MillraceError) return error
    const message = error instanceof Error ? error.message : String(error)
    return new ExecutionError(
      'STREAM_FAILED',
      { query: this.name ?? this.id, batchId: this.#execution?.batchId ?? -1, message },
      { cause: error },
    )
  }
}
