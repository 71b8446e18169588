import { randomUUID } from 'node:crypto'
import { ExecutionError, MillraceError } from '../errors/errors.ts'
import { OperationAborted } from './aborted.ts'
import type { ChangeFeed, ChangesOptions, QueryChange } from './change-feed.ts'
import { type Clock, systemClock, yieldToLoop } from './clock.ts'
import type { QueryGuarantees } from './guarantees.ts'
import type { LateFeed, LateRow } from './late-rows.ts'
import type { ListenerBus } from './listeners.ts'
import type { MicroBatchExecution } from './micro-batch.ts'
import { isoMs, type StreamingQueryProgress } from './progress.ts'
import { backoffBefore, isTransient, type RestartPolicy } from './restart.ts'
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
  /** `spark.sql.streaming.stopTimeout`: how long `stop()` waits, in milliseconds; 0 for as long as it takes. */
  readonly stopTimeoutMs: number
  readonly restart?: RestartPolicy | undefined
  readonly changes: ChangeFeed
  readonly late: LateFeed
  readonly guarantees: QueryGuarantees
  readonly describe: (mode: 'simple' | 'extended' | 'formatted') => string
  /** Says in a line what the query does by itself. */
  readonly note: (line: string) => void
  /** Called when the first opening has failed and is to be tried again. */
  readonly onWait: () => void
  /** Called once when the query has ended, however it did; `started` is false for one that never ran. */
  readonly onEnd: (started: boolean) => void
}

/** How to end a query. */
export interface StopOptions {
  /** Finishes and commits the batch in flight first. Default false: the batch is left to a restart, within about 50 ms. */
  readonly graceful?: boolean
  /** Instead of `spark.sql.streaming.stopTimeout`. */
  readonly timeoutMs?: number
}

/** Longest pause between two looks at sources that cannot wake the query, in milliseconds. */
const MAX_POLL_MS = 200
const FIRST_POLL_MS = 5

/**
 * A query that runs until it is stopped, fails, or its trigger says it is done. While it is active it keeps the
 * process alive (`unref` lifts that). A failure is kept in `exception()` and rejects those who wait; it is never an
 * unhandled rejection.
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
  /** How many wait in awaitTermination() now. */
  #waiting = 0
  readonly #recent: StreamingQueryProgress[] = []
  #execution: MicroBatchExecution | null = null
  #status: StreamingQueryStatus = { message: 'Initializing sources', isDataAvailable: false, isTriggerActive: false }
  /** What holds up a source or a sink, by its name. */
  readonly #held = new Map<string, string>()
  #failure: MillraceError | null = null
  readonly #ended: Promise<void>
  #resolveEnded!: () => void
  /** Resolves when no further batch is to begin: the query is told to stop, at once or after the batch in flight. */
  readonly #leave: Promise<void>
  #resolveLeave!: () => void
  #leaving = false
  #active = true
  #started = false
  #sleeping: AbortController | null = null
  /** The sleep is one that news of data may cut short. */
  #polling = false
  #wakePending = false
  #paused: { readonly promise: Promise<void>; readonly open: () => void } | null = null
  #restWaiters: (() => void)[] = []
  /** Restarts since the last batch that committed. */
  #attempts = 0
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
    this.#leave = new Promise((resolve) => (this.#resolveLeave = resolve))
    this.#keepAlive = setInterval(() => undefined, 1 << 30)
  }

  /** Aborted when the query is told to stop at once. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /**
   * Opens the execution, again as the restart policy says, and starts the loop; rejects when opening fails for good. `make`
   * gives a fresh execution over the same checkpoint. For the session.
   */
  async begin(execution: MicroBatchExecution, make: () => MicroBatchExecution): Promise<this> {
    this.#execution = execution
    try {
      await this.#open(make)
    } catch (error) {
      // What a connector says of work that was broken off tells nothing to who broke it off.
      const cause = this.#abort.signal.aborted ? new OperationAborted('stopped') : error
      await this.#end(cause)
      throw this.#failure ?? cause
    }
    this.#started = true
    this.#options.bus.post((l) =>
      l.onQueryStarted?.({ id: this.id, runId: this.runId, name: this.name, timestamp: isoMs(this.#clock.nowMs()) }),
    )
    void this.#run(make).then(
      () => this.#end(null),
      (error: unknown) => this.#end(error),
    )
    return this
  }

  get isActive(): boolean {
    return this.#active
  }

  /** True from `pause()` to `resume()`. */
  get isPaused(): boolean {
    return this.#paused !== null
  }

  get status(): StreamingQueryStatus {
    const held = [...this.#held].map(([what, text]) => `${what}: ${text}`)
    return held.length > 0 && this.#active ? { ...this.#status, message: held.join('; ') } : this.#status
  }

  /** Progress of the last batch; null before the first. */
  get lastProgress(): StreamingQueryProgress | null {
    return this.#recent[this.#recent.length - 1] ?? null
  }

  /** Progress of the last batches, oldest first. */
  get recentProgress(): readonly StreamingQueryProgress[] {
    return [...this.#recent]
  }

  /**
   * What the query failed with; null while it is well. Its `code` and class are those of the fault itself (what is not
   * ours is STREAM_FAILED, with the fault as `cause`); `query` names the query, batch and offsets.
   */
  exception(): MillraceError | null {
    return this.#failure
  }

  /** What the query promises about each row; the same that `explain` prints. */
  guarantees(): QueryGuarantees {
    return this.#options.guarantees
  }

  /**
   * Prints the plan that runs, what its state is bounded by and what the query guarantees; `true` for 'extended', every
   * stage of the plan; 'formatted' for numbered operators with the details of each.
   */
  explain(mode: 'simple' | 'extended' | 'formatted' | boolean = 'simple'): void {
    process.stdout.write(`${this.explainString(mode)}\n`)
  }

  /** What `explain` prints. */
  explainString(mode: 'simple' | 'extended' | 'formatted' | boolean = 'simple'): string {
    return this.#options.describe(mode === true ? 'extended' : mode === false ? 'simple' : mode)
  }

  /**
   * What the query gives its sink, batch by batch, each after its commit: `for await (const change of query.changes())`.
   * Begins with the next batch (called right after `start()` resolved: the first). A reader that is behind by more than
   * `maxBufferedRows` holds the query back; leaving the loop frees it. Ends with the query, throws its failure.
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<QueryChange> {
    return this.#options.changes.subscribe(options)
  }

  /**
   * The rows that came too late and were dropped, each with its time, the watermark it was late against and the operator,
   * after the commit of its batch: `for await (const late of query.lateRows())`. Begins with the next batch, ends and
   * holds the query back as `changes()` does. Costs nothing while nobody reads.
   */
  lateRows(options: ChangesOptions = {}): AsyncIterableIterator<LateRow> {
    return this.#options.late.subscribe(options)
  }

  /** What holds a source or a sink up, shown as the status; null when it goes on. For both. */
  readonly holdUp = (what: string, text: string | null): void => {
    if (text === null) this.#held.delete(what)
    else this.#held.set(what, text)
  }

  /** Look at the sources now instead of at the next poll. For sources. */
  readonly wake = (): void => {
    this.#wakePending = true
    if (this.#polling) this.#sleeping?.abort()
  }

  /** Begins no further batch until `resume()`. Resolves when the batch in flight, if any, is committed. */
  async pause(): Promise<void> {
    if (!this.#active) return
    if (this.#paused === null) {
      let open!: () => void
      const promise = new Promise<void>((resolve) => (open = resolve))
      this.#paused = { promise, open }
    }
    const rest = new Promise<void>((resolve) => this.#restWaiters.push(resolve))
    this.#sleeping?.abort()
    await Promise.race([rest, this.#ended])
  }

  /** Goes on after `pause()`, at once. */
  resume(): void {
    const paused = this.#paused
    this.#paused = null
    paused?.open()
  }

  /**
   * Resolves when all that was available at the time of the call is processed and committed, and the batch for the
   * watermark it moved has run. Rejects with the query's failure. For tests: with a steady stream it may wait long, and
   * a paused query is waited for.
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
  async awaitTermination(
    options: { readonly timeout?: number; readonly signal?: AbortSignal } | number = {},
  ): Promise<boolean> {
    const { timeout, signal } = typeof options === 'number' ? { timeout: options, signal: undefined } : options
    this.#waiting++
    try {
      await waitFor(this.#ended, this.#clock, timeout, signal)
    } finally {
      this.#waiting--
    }
    if (this.#failure) throw this.#failure
    return !this.#active
  }

  /**
   * Ends the query and resolves when everything is closed. Without `graceful` it acts between two pieces of work, and
   * the batch in flight is left to a restart; with it that batch is finished and committed. Rejects with
   * QUERY_STOP_TIMEOUT when `spark.sql.streaming.stopTimeout` is set and a sink, a source or a user function holds on
   * longer; the query then ends when they let go. A failure does not reject here: see `exception()`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    if (options.graceful !== true) this.#abort.abort()
    this.#leaving = true
    this.#resolveLeave()
    this.#sleeping?.abort()
    const timeoutMs = options.timeoutMs ?? this.#options.stopTimeoutMs
    await waitFor(this.#ended, systemClock, timeoutMs > 0 ? timeoutMs : undefined, undefined)
    if (this.#active)
      throw new ExecutionError(
        'QUERY_STOP_TIMEOUT',
        { query: this.name ?? this.id, timeoutMs },
        { hint: 'spark.sql.streaming.stopTimeout says how long to wait, 0 for as long as it takes' },
      )
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

  /** The first opening of sources and sink; rejects when the query is stopped meanwhile. */
  async #open(make: () => MicroBatchExecution): Promise<void> {
    try {
      await this.#execution!.open()
    } catch (error) {
      if (!(await this.#restart(error, make))) throw new OperationAborted('stopped')
    }
    if (this.#abort.signal.aborted) throw new OperationAborted('stopped')
  }

  /** The loop, begun again by the restart policy. */
  async #run(make: () => MicroBatchExecution): Promise<void> {
    // Whoever awaited start() gets to subscribe before the first batch.
    await yieldToLoop()
    for (;;) {
      try {
        await this.#loop(this.#execution!)
        return
      } catch (error) {
        if (!(await this.#restart(error, make))) return
      }
    }
  }

  /**
   * Opens a fresh execution after a transient error, when the policy allows it; throws the error otherwise. False: the query
   * was stopped while it waited.
   */
  async #restart(error: unknown, make: () => MicroBatchExecution): Promise<boolean> {
    const policy = this.#options.restart
    for (let cause = error; ;) {
      if (!this.#started && this.#leaving) return false
      if (policy === undefined || this.#leaving || !isTransient(cause) || this.#attempts >= policy.maxAttempts)
        throw cause
      const waitMs = backoffBefore(policy, ++this.#attempts)
      const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
      this.#options.note(`restart ${this.#attempts} of ${policy.maxAttempts} in ${waitMs} ms: ${message}`)
      const doing = this.#started ? 'Restarting' : 'Starting again'
      this.#status = { message: `${doing} after: ${message}`, isDataAvailable: false, isTriggerActive: false }
      if (!this.#started) this.#options.onWait()
      await this.#execution!.close({ keepCheckpoint: true })
      this.#held.clear()
      await this.#sleep(waitMs)
      if (this.#leaving) return false
      try {
        this.#execution = make()
        await this.#execution.open()
        return true
      } catch (again) {
        cause = again
      }
    }
  }

  async #loop(execution: MicroBatchExecution): Promise<void> {
    const { trigger } = this.#options
    if (trigger.kind === 'availableNow') await execution.prepareAvailableNow()
    let pollMs = FIRST_POLL_MS
    let idleSince = 0
    while (!this.#leaving) {
      if (this.#paused !== null) await this.#rest()
      if (trigger.kind === 'processingTime' && !(await this.#boundary(trigger.intervalMs))) continue
      if (this.#leaving) return
      const look = ++this.#looksBegun
      this.#wakePending = false
      this.#status = { message: 'Getting offsets', isDataAvailable: false, isTriggerActive: true }
      const progress = await execution.next(trigger.kind === 'once', this.#leave)
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
        this.#options.bus.post((l) =>
          l.onQueryIdle?.({ id: this.id, runId: this.runId, timestamp: isoMs(this.#clock.nowMs()) }),
        )
      if (trigger.kind === 'default' && this.#idleWaiters.length === 0 && !this.#wakePending && this.#paused === null) {
        this.#polling = true
        await this.#sleep(pollMs)
        this.#polling = false
        pollMs = Math.min(MAX_POLL_MS, pollMs * 2)
      }
    }
  }

  /** Nothing is in flight: stays here until `resume()` or the end. */
  async #rest(): Promise<void> {
    while (this.#paused !== null && !this.#leaving) {
      this.#status = { message: 'Paused', isDataAvailable: false, isTriggerActive: false }
      const waiting = this.#restWaiters
      this.#restWaiters = []
      for (const resolve of waiting) resolve()
      // A second pause() while paused has nothing to wait for.
      const again = new AbortController()
      this.#sleeping = again
      const asked = new Promise<void>((resolve) =>
        again.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await Promise.race([this.#paused.promise, this.#leave, asked])
      this.#sleeping = null
    }
  }

  /** Sleeps to the next multiple of the interval; a batch that ended beyond its boundary is followed at once. False: woken before. */
  #nextBoundaryMs = -1
  async #boundary(intervalMs: number): Promise<boolean> {
    const now = this.#clock.nowMs()
    // A clock that was set back must not make it wait until the old time comes again.
    const setBack = this.#nextBoundaryMs - now > 2 * intervalMs
    if (this.#nextBoundaryMs < 0 || now >= this.#nextBoundaryMs || setBack) {
      this.#nextBoundaryMs = Math.floor(now / intervalMs) * intervalMs + intervalMs
      return true
    }
    const target = this.#nextBoundaryMs
    if (!(await this.#sleep(target - now))) return false
    this.#nextBoundaryMs = target + intervalMs
    return true
  }

  /** False when it was cut short. */
  async #sleep(ms: number): Promise<boolean> {
    if (this.#leaving) return false
    const interrupted = new AbortController()
    this.#sleeping = interrupted
    // Whether the process stays is for #keepAlive to say.
    await this.#clock.sleep(ms, interrupted.signal, true)
    this.#sleeping = null
    return !interrupted.signal.aborted
  }

  #note(progress: StreamingQueryProgress): void {
    this.#attempts = 0
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
    const asked = isCanceled(failure) && this.#abort.signal.aborted
    if (failure !== null && !asked) {
      this.#failure = this.#failureOf(failure)
      // Those who wait have it thrown at them, and so has who starts the query.
      if (this.#started && this.#waiting === 0) this.#options.note(`failed: ${this.#failure.message.split('\n')[0]}`)
    }
    this.#active = false
    this.#status = {
      message: this.#failure ? `Terminated with exception: ${this.#failure.message}` : 'Stopped',
      isDataAvailable: false,
      isTriggerActive: false,
    }
    this.unref()
    this.#options.onEnd(this.#started)
    this.#options.changes.end(this.#failure)
    this.#options.late.end(this.#failure)
    this.#resolveEnded()
    if (this.#started)
      this.#options.bus.post((l) =>
        l.onQueryTerminated?.({
          id: this.id,
          runId: this.runId,
          exception: this.#failure?.message ?? null,
          errorClassOnException: this.#failure?.code ?? null,
        }),
      )
  }

  /** Errors of ours keep class and condition; a query that ran adds its name, batch and offsets. */
  #failureOf(error: unknown): MillraceError {
    const execution = this.#execution
    const batchId = execution?.batchId ?? -1
    const own =
      error instanceof MillraceError
        ? error
        : new ExecutionError(
            'STREAM_FAILED',
            { query: this.name ?? this.id, batchId, message: error instanceof Error ? error.message : String(error) },
            { cause: error },
          )
    if (!this.#started) return own
    const { id, runId, name } = this
    return own.inQuery({
      id,
      runId,
      name,
      batchId,
      startOffsets: execution?.offsets ?? null,
      endOffsets: execution?.endOffsets ?? null,
    })
  }
}

/** What a stop makes of work under way, the engine's and a connector's. */
const isCanceled = (error: unknown): boolean => error instanceof ExecutionError && error.code === 'OPERATION_CANCELED'

/** Resolves with `what`, or after `timeoutMs` of the clock; rejects when the signal aborts. */
export async function waitFor(
  what: Promise<unknown>,
  clock: Clock,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted === true) throw new OperationAborted('stopped')
  const cleanup = new AbortController()
  const waits: Promise<unknown>[] = [what]
  if (timeoutMs !== undefined) waits.push(clock.sleep(timeoutMs, cleanup.signal))
  if (signal !== undefined)
    waits.push(
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new OperationAborted('stopped')), {
          once: true,
          signal: cleanup.signal,
        }),
      ),
    )
  try {
    await Promise.race(waits)
  } finally {
    cleanup.abort()
  }
}
