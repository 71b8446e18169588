import type { StreamingQueryProgress } from './progress.ts'

export interface QueryStartedEvent {
  readonly id: string
  readonly runId: string
  readonly name: string | null
  readonly timestamp: string
}
export interface QueryProgressEvent {
  readonly progress: StreamingQueryProgress
}
export interface QueryIdleEvent {
  readonly id: string
  readonly runId: string
  readonly timestamp: string
}
export interface QueryTerminatedEvent {
  readonly id: string
  readonly runId: string
  readonly exception: string | null
  readonly errorClassOnException: string | null
}

/** Hears of the queries of a session. A listener that throws, or whose promise rejects, is reported as a process warning and goes on hearing; the query does not wait for it. */
export interface StreamingQueryListener {
  onQueryStarted?(event: QueryStartedEvent): void | Promise<void>
  onQueryProgress?(event: QueryProgressEvent): void | Promise<void>
  onQueryIdle?(event: QueryIdleEvent): void | Promise<void>
  onQueryTerminated?(event: QueryTerminatedEvent): void | Promise<void>
}

/** Calls every listener; their faults never reach the query. */
export class ListenerBus {
  readonly #listeners = new Set<StreamingQueryListener>()

  add(listener: StreamingQueryListener): void {
    this.#listeners.add(listener)
  }

  remove(listener: StreamingQueryListener): void {
    this.#listeners.delete(listener)
  }

  post(call: (listener: StreamingQueryListener) => unknown): void {
    for (const listener of this.#listeners) {
      try {
        // A listener may be an async function: its rejection is a fault of its own too.
        const result = call(listener)
        if (result instanceof Promise) result.catch(warn)
      } catch (error) {
        warn(error)
      }
    }
  }
}

const warn = (error: unknown): void =>
  process.emitWarning(
    `a StreamingQueryListener threw: ${error instanceof Error ? error.message : String(error)}`,
    'MillraceWarning',
  )
