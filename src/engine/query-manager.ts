import { OptionError } from '../errors/errors.ts'
import { ListenerBus, type StreamingQueryListener } from './listeners.ts'
import type { StreamingQuery } from './streaming-query.ts'

/** `session.streams`: the queries of a session. */
export class StreamingQueryManager {
  readonly bus = new ListenerBus()
  readonly #active = new Map<string, StreamingQuery>()
  readonly #terminated: StreamingQuery[] = []
  #waiters: (() => void)[] = []

  /** The active queries. */
  get active(): readonly StreamingQuery[] {
    return [...this.#active.values()]
  }

  /** An active query by id; undefined when there is none. */
  get(id: string): StreamingQuery | undefined {
    return this.#active.get(id)
  }

  /** Refuses a name an active query has. */
  checkName(name: string | null): void {
    if (name !== null && this.active.some((q) => q.name === name))
      throw new OptionError('QUERY_ALREADY_ACTIVE', { name }, { hint: 'stop it first, or give this one another queryName' })
  }

  /** For the session: a query that has started. */
  register(query: StreamingQuery): void {
    this.#active.set(query.id, query)
  }

  /** For the session: a query that has ended. */
  unregister(query: StreamingQuery): void {
    if (this.#active.get(query.id) === query) this.#active.delete(query.id)
    this.#terminated.push(query)
    const waiters = this.#waiters
    this.#waiters = []
    for (const w of waiters) w()
  }

  /** Resolves when any query has ended since the start or the last `resetTerminated`; rejects with its failure. */
  async awaitAnyTermination(): Promise<void> {
    while (this.#terminated.length === 0) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    for (const q of this.#terminated) {
      const failure = q.exception()
      if (failure) throw failure
    }
  }

  resetTerminated(): void {
    this.#terminated.length = 0
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
