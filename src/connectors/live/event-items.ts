import type { EventEmitter } from 'node:events'
import { ExecutionError, OptionError } from '../../errors/errors.ts'

/**
 * What an EventEmitter's items meet when the buffer is full: `drop` loses the new ones, `backpressure` calls the
 * emitter's `pause()` and later `resume()`, `error` fails the query.
 */
export type Overflow = 'drop' | 'backpressure' | 'error'

/** The items of an event, through a buffer of `limit`. Ends at `end` or `close`, fails at `error`. Listens until `return`. */
export function eventItems(
  emitter: EventEmitter,
  event: string,
  overflow: Overflow,
  limit: number,
): AsyncIterator<unknown> {
  return new EventItems(emitter, event, overflow, limit)
}

class EventItems implements AsyncIterator<unknown> {
  readonly #emitter: EventEmitter & { pause?(): unknown; resume?(): unknown }
  readonly #event: string
  readonly #overflow: Overflow
  readonly #limit: number
  #queue: unknown[] = []
  #head = 0
  #waiting: { resolve(r: IteratorResult<unknown>): void; reject(e: unknown): void } | null = null
  #done = false
  #failure: unknown = null
  #failed = false
  #paused = false

  constructor(emitter: EventEmitter, event: string, overflow: Overflow, limit: number) {
    this.#emitter = emitter
    this.#event = event
    this.#overflow = overflow
    this.#limit = limit
    if (overflow === 'backpressure' && !(this.#emitter.pause !== undefined && this.#emitter.resume !== undefined))
      throw new OptionError(
        'OPTION_INVALID',
        { format: 'live', option: 'overflow', value: overflow, expected: 'drop or error' },
        { hint: 'the emitter has no pause() and resume(), so it cannot be held back' },
      )
    emitter.on(event, this.#item)
    emitter.on('end', this.#end)
    emitter.on('close', this.#end)
    emitter.on('error', this.#error)
  }

  readonly #item = (...args: unknown[]): void => {
    if (this.#done || this.#failed) return
    const value = args.length === 1 ? args[0] : args
    if (this.#waiting !== null) {
      const { resolve } = this.#waiting
      this.#waiting = null
      resolve({ done: false, value })
      return
    }
    if (this.#size >= this.#limit) {
      if (this.#overflow === 'drop') return
      if (this.#overflow === 'error') {
        const hint = "raise bufferRows, or take overflow 'drop' or 'backpressure'"
        this.#error(new ExecutionError('LIVE_INPUT_OVERFLOW', { limit: this.#limit }, { hint }))
        return
      }
    }
    this.#queue.push(value)
    // What is under way when the emitter is told to pause still comes in.
    if (this.#overflow === 'backpressure' && !this.#paused && this.#size >= this.#limit) {
      this.#paused = true
      this.#emitter.pause!()
    }
  }
  readonly #end = (): void => {
    this.#done = true
    this.#waiting?.resolve({ done: true, value: undefined })
    this.#waiting = null
  }
  readonly #error = (error: unknown): void => {
    if (this.#failed) return
    this.#failed = true
    this.#failure = error
    this.#waiting?.reject(error)
    this.#waiting = null
  }

  get #size(): number {
    return this.#queue.length - this.#head
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#size > 0) {
      const value = this.#queue[this.#head++]
      if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      if (this.#paused && this.#size * 2 <= this.#limit) {
        this.#paused = false
        this.#emitter.resume!()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#failed) return Promise.reject(this.#failure)
    if (this.#done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }))
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#emitter.off(this.#event, this.#item)
    this.#emitter.off('end', this.#end)
    this.#emitter.off('close', this.#end)
    this.#emitter.off('error', this.#error)
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }
}
