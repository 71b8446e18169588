import { OptionError } from '../errors/errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { ListenerBus, type StreamingQueryListener } from './listeners.ts'
import { type StreamingQuery, waitFor } from './streaming-query.ts'

/** `session.streams`: the queries of a session. */
export class StreamingQueryManager {
  readonly bus = new ListenerBus()
  readonly #clock: Clock
  readonly #active = new Map<string, StreamingQuery>()
  /** Names of queries that are being started. */
  readonly #reserved = new Set<string>()
  /** Whether a query has ended since the last reset, and the last failure among those that did. */
  #terminated: { readonly failure: unknown } | null = null
  #waiters: (() => void)[] = []

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** The active queries. */
  get active(): readonly StreamingQuery[] {
    return [...this.#active.values()]
  }

  /** An active query by id; undefined when there is none. */
  get(id: string): StreamingQuery | undefined {
    return this.#active.get(id)
  }

  /**
   * For the session: keeps a name for a query that is being started, until it is registered or has failed to start;
   * gives what frees it. Throws QUERY_ALREADY_ACTIVE for the name of an active query.
   */
  reserveName(name: string | null): () => void {
    if (name === null) return () => undefined
    if (this.#reserved.has(name) || this.active.some((q) => q.name === name))
      throw new OptionError(
        'QUERY_ALREADY_ACTIVE',
        { name },
        { hint: 'stop it first, or give this one another queryName' },
      )
    this.#reserved.add(name)
    return () => void this.#reserved.delete(name)
  }

  /** For the session: a query that is about to begin. */
  register(query: StreamingQuery): void {
    this.#active.set(query.id, query)
  }

  /** For the session: a query that has ended. One that never started is no termination: its start rejected. */
  unregister(query: StreamingQuery, started: boolean): void {
    if (this.#active.get(query.id) === query) this.#active.delete(query.id)
    if (!started) return
    const failure = query.exception()
    if (this.#terminated === null || failure !== null) this.#terminated = { failure }
    const waiters = this.#waiters
    this.#waiters = []
    for (const w of waiters) w()
  }

  /**
   * Waits until any query has ended since the session began or `resetTerminated` was called. With `timeout`
   * (milliseconds) resolves to whether one has; without, to true. Rejects with the failure of a query that failed, or
   * when `signal` aborts.
   */
  async awaitAnyTermination(
    options: { readonly timeout?: number; readonly signal?: AbortSignal } | number = {},
  ): Promise<boolean> {
    const { timeout, signal } = typeof options === 'number' ? { timeout: options, signal: undefined } : options
    if (this.#terminated === null) {
      let waiter!: () => void
      const any = new Promise<void>((resolve) => this.#waiters.push((waiter = resolve)))
      try {
        await waitFor(any, this.#clock, timeout, signal)
      } finally {
        this.#waiters = this.#waiters.filter((w) => w !== waiter)
      }
    }
    const terminated = this.#terminated as { readonly failure: unknown } | null
    if (terminated !== null && terminated.failure !== null) throw terminated.failure
    return terminated !== null
  }

  /** Forgets the queries that have ended, so that `awaitAnyTermination` waits for the next. */
  resetTerminated(): void {
    this.#terminated = null
  }

  addListener(listener: StreamingQueryListener): void {
    this.bus.add(listener)
  }

  removeListener(listener: StreamingQueryListener): void {
    this.bus.remove(listener)
  }

  /** Stops every query. */
  async stopAll(): Promise<void> {
    await Promise.all(this.active.map((q) => q.stop()))
  }
}
