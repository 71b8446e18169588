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

/** Hears of the queries of a session. A listener that throws is reported on stderr and goes on hearing. */
export interface StreamingQueryListener {
  onQueryStarted?(event: QueryStartedEvent): void
  onQueryProgress?(event: QueryProgressEvent): void
  onQueryIdle?(event: QueryIdleEvent): void
  onQueryTerminated?(event: QueryTerminatedEvent): void
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

  post(call: (listener: StreamingQueryListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener)
      } catch (error) {
        process.emitWarning(`a StreamingQueryListener threw: ${error instanceof Error ? error.message : String(error)}`, 'MillraceWarning')
      }
    }
  }
}
