/** One reader of what committed batches give: a queue that says when it has room. */
export class FeedReader<T> implements AsyncIterableIterator<T> {
  readonly #maxRows: number
  readonly #rowsOf: (item: T) => number
  readonly #gone: (reader: FeedReader<T>) => void
  readonly #queue: T[] = []
  #rows = 0
  #waiting: { readonly resolve: (r: IteratorResult<T>) => void; readonly reject: (e: unknown) => void }[] = []
  #room: (() => void)[] = []
  #end: { readonly failure: unknown } | null = null

  /** `rowsOf`: how many rows an item counts for; with more than `maxRows` waiting there is no room. `gone`: it reads no more. */
  constructor(maxRows: number, rowsOf: (item: T) => number, gone: (reader: FeedReader<T>) => void) {
    this.#maxRows = maxRows
    this.#rowsOf = rowsOf
    this.#gone = gone
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(item: T): void {
    if (this.#end !== null) return
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: item })
      return
    }
    this.#queue.push(item)
    this.#rows += this.#rowsOf(item)
  }

  /** Resolves when no more than the buffered rows are allowed wait. */
  async room(): Promise<void> {
    while (this.#end === null && this.#rows > this.#maxRows)
      await new Promise<void>((resolve) => this.#room.push(resolve))
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#queue.shift()
    if (item !== undefined) {
      this.#rows -= this.#rowsOf(item)
      this.#freeRoom()
      return Promise.resolve({ done: false, value: item })
    }
    if (this.#end === null) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const { failure } = this.#end
    this.#end = { failure: null }
    return failure === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure)
  }

  /** Leaving the loop ends the subscription and frees a query that waits for room. */
  return(): Promise<IteratorResult<T>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  close(): void {
    this.#queue.length = 0
    this.#rows = 0
    this.end(null)
    this.#gone(this)
  }

  end(failure: unknown): void {
    if (this.#end !== null) return
    const waiting = this.#waiting
    this.#waiting = []
    // One waiting call hears of the failure, the others of the end.
    this.#end = { failure: waiting.length === 0 ? failure : null }
    waiting.forEach((w, i) =>
      i === 0 && failure !== null ? w.reject(failure) : w.resolve({ done: true, value: undefined }),
    )
    this.#freeRoom()
  }

  #freeRoom(): void {
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
  }
}
