import type { StreamingQueryListener } from '../engine/listeners.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { MillraceSession } from '../session.ts'

/** Follows the queries of a session from their start, so that none fails unseen. */
export class QueryWatch {
  readonly #session: MillraceSession
  readonly #listener: StreamingQueryListener
  readonly #onFailure: (query: StreamingQuery, error: unknown) => void
  #failure: { readonly error: unknown } | null = null

  /** `onFailure` is called when a query has failed, once what began with it has had its turn. */
  constructor(session: MillraceSession, onFailure: (query: StreamingQuery, error: unknown) => void = () => undefined) {
    this.#session = session
    this.#onFailure = onFailure
    this.#listener = {
      onQueryStarted: ({ id }) => {
        const query = session.streams.get(id)
        if (query !== undefined) void this.#follow(query)
      },
    }
    session.streams.addListener(this.#listener)
  }

  /** The first failure; null while every query is well. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Resolves when no query runs any more, one has failed, or `signal` aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    while (this.#session.streams.active.length > 0 && !signal.aborted && this.#failure === null)
      await Promise.race([
        aborted,
        ...this.#session.streams.active.map((q) => q.awaitTermination().catch(() => undefined)),
      ])
  }

  close(): void {
    this.#session.streams.removeListener(this.#listener)
  }

  async #follow(query: StreamingQuery): Promise<void> {
    try {
      await query.awaitTermination()
    } catch (error) {
      this.#failure ??= { error }
      setImmediate(() => this.#onFailure(query, error))
    }
  }
}

/** Stops every query after the batch it is in. */
export async function stopGracefully(session: MillraceSession): Promise<void> {
  await Promise.all(session.streams.active.map((q) => q.stop({ graceful: true })))
}
