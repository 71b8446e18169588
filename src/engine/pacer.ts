import { OperationAborted } from './aborted.ts'
import { systemClock, yieldToLoop } from './clock.ts'
import type { Work } from './pipeline.ts'

/** The host's event loop is never held longer than about this by a query, in milliseconds, plus one piece of work. */
export const MAX_HOLD_MS = 10

/**
 * Runs generators of bounded pieces of work and yields to the host's event loop in between. `check` is called at each
 * yield and throws to stop the work.
 */
export class Pacer {
  readonly #signal: AbortSignal
  readonly #deadlineMs: number
  #since = performance.now()

  /** `deadlineMs`: on the clock of `performance.now()`; Infinity for none. */
  constructor(signal: AbortSignal, deadlineMs = Infinity) {
    this.#signal = signal
    this.#deadlineMs = deadlineMs
  }

  /** Runs to the end. `between` is awaited after every piece that left something to do there. */
  async run(work: Iterable<Work>, between: () => Promise<void> | void): Promise<void> {
    for (const step of work) {
      if (step !== undefined) await this.#awaited(step)
      const pending = between()
      if (pending !== undefined) await pending
      if (performance.now() - this.#since > MAX_HOLD_MS) await this.rest()
    }
  }

  /** Waits for a piece of work, not beyond the deadline. */
  async #awaited(step: Promise<void>): Promise<void> {
    if (this.#deadlineMs === Infinity) return step
    const done = new AbortController()
    const late = systemClock.sleep(Math.max(0, this.#deadlineMs - performance.now()), done.signal).then(() => {
      if (!done.signal.aborted) throw new OperationAborted('timeout')
    })
    try {
      await Promise.race([step, late])
    } finally {
      done.abort()
    }
  }

  /** Yields now, then checks signal and deadline. */
  async rest(): Promise<void> {
    await yieldToLoop()
    this.#since = performance.now()
    if (this.#signal.aborted) throw new OperationAborted('stopped')
    if (this.#since > this.#deadlineMs) throw new OperationAborted('timeout')
  }
}
