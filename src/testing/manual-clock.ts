import type { Clock } from '../engine/clock.ts'

/** A clock that stands still until it is told to move. Sleepers wake in order of their time. */
export class ManualClock implements Clock {
  #nowMs: number
  #sleepers: { readonly at: number; readonly wake: () => void }[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted || ms <= 0) return resolve()
      const sleeper = { at: this.#nowMs + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper)
        resolve()
      })
    })
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length
  }

  /** Moves on and wakes who is due; resolves when what they started has had a turn of the event loop. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = this.#sleepers.filter((s) => s.at <= this.#nowMs).sort((a, b) => a.at - b.at)
    this.#sleepers = this.#sleepers.filter((s) => s.at > this.#nowMs)
    for (const s of due) s.wake()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }

  /** Sets the time, also back, without waking anyone. */
  jumpTo(ms: number): void {
    this.#nowMs = ms
  }
}
