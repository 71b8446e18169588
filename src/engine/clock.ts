/** The only place wall time comes from. Tests put a manual clock in its place. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number
  /**
   * Resolves after `ms` of this clock, or at once when `signal` aborts. Never rejects. With `idle` the wait alone does not
   * keep the process alive.
   */
  sleep(ms: number, signal?: AbortSignal, idle?: boolean): Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal, idle) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      if (idle === true) timer.unref()
      signal?.addEventListener('abort', done, { once: true })
    }),
}

/** Lets the host's event loop run: timers, sockets, other queries. */
export const yieldToLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
