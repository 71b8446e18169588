import { EventEmitter } from 'node:events'
import { ExecutionError, OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { Json } from '../../types/json.ts'
import { MemoryIntake } from '../push/intake.ts'
import { eventItems, type Overflow } from './event-items.ts'
import { lineItems } from './line-items.ts'

/** What a program can hand over as a source: anything that gives items one after the other. */
export type LiveOrigin =
  | AsyncIterable<unknown>
  | Iterable<unknown>
  | ReadableStream<unknown>
  | EventEmitter
  | ((resume: LiveResume) => AsyncIterable<unknown> | Iterable<unknown> | ReadableStream<unknown> | EventEmitter)

/** Where a function that makes the input is to begin. */
export interface LiveResume {
  /** What `position` gave for the last item kept before the restart; null at the first start, and without `wal`. */
  readonly position: Json | null
}

/** How items become rows. */
export interface LiveOptions {
  /** EventEmitter: the event whose argument is an item; several arguments make an array. `data` unless given. */
  readonly event?: string
  /** EventEmitter: what to do with an item when `bufferRows` wait. `error` unless given. */
  readonly overflow?: Overflow
  /** Tells from an item where the input can go on after it; kept with the row when `wal` is on. */
  readonly position?: (item: unknown) => Json
  /** Called with how many more items, in order, have been kept (with `wal`: logged): acknowledge them now. */
  readonly onKept?: (items: number) => void
}

/**
 * An input of the program, as an object of the session. It is read by one query at a time; a query that stops leaves
 * it where it is, and the next start goes on from there.
 */
export class LiveInput {
  readonly schema: Schema
  readonly options: LiveOptions
  /** Rows taken from the origin and not yet committed, where they are not logged. */
  readonly intake = new MemoryIntake()
  readonly #origin: LiveOrigin
  #items: AsyncIterator<unknown> | Iterator<unknown> | null = null
  #next: Promise<IteratorResult<unknown>> | null = null
  #reader: object | null = null
  #ended = false

  constructor(origin: LiveOrigin, schema: Schema, options: LiveOptions = {}) {
    checkOrigin(origin)
    this.schema = schema
    this.options = options
    this.#origin = origin
  }

  /** `reader` begins to read; LIVE_INPUT_IN_USE when another does. */
  attach(reader: object, source: string, resume: LiveResume, bufferRows: number): void {
    if (this.#reader !== null)
      throw new OptionError(
        'LIVE_INPUT_IN_USE',
        { source },
        { hint: 'an input gives each item once: read it by one query, and fan out with foreachBatch or a sink' },
      )
    this.#reader = reader
    if (this.#items === null) {
      const made = typeof this.#origin === 'function' ? this.#origin(resume) : this.#origin
      this.#items = itemsOf(made, this.options, bufferRows)
    }
  }

  release(reader: object): void {
    if (this.#reader === reader) this.#reader = null
  }

  /** The next item; one asked for and not yet `taken` is given again. */
  next(): Promise<IteratorResult<unknown>> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    this.#next ??= Promise.resolve(this.#items!.next())
    return this.#next
  }
  /** The item `next` gave has been offered to the query. */
  taken(): void {
    this.#next = null
  }
  finished(): void {
    this.#ended = true
  }

  /** Ends the input: for the session. */
  async close(): Promise<void> {
    if (this.#ended || this.#items === null) return
    this.#ended = true
    // An iterator that waits for an item answers `return` only after it: nobody is to wait for that.
    void Promise.resolve(this.#items.return?.()).catch(() => undefined)
    await Promise.resolve()
  }
}

const isEmitter = (x: object): x is EventEmitter =>
  x instanceof EventEmitter || ('on' in x && 'off' in x && 'emit' in x)

function itemsOf(made: unknown, options: LiveOptions, bufferRows: number): AsyncIterator<unknown> | Iterator<unknown> {
  checkOrigin(made)
  const x = made as object
  if (Symbol.asyncIterator in x) return lineItems(x as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  if (Symbol.iterator in x) return (x as Iterable<unknown>)[Symbol.iterator]()
  return eventItems(x as EventEmitter, options.event ?? 'data', options.overflow ?? 'error', bufferRows)
}

function checkOrigin(origin: unknown): void {
  if (typeof origin === 'function') return
  if (typeof origin === 'object' && origin !== null)
    if (Symbol.asyncIterator in origin || Symbol.iterator in origin || isEmitter(origin)) return
  throw new ExecutionError(
    'LIVE_INPUT_UNKNOWN',
    { what: origin === null ? 'null' : typeof origin },
    { hint: 'pass an iterable, async iterable, Readable, ReadableStream, EventEmitter, or a function that makes one' },
  )
}
