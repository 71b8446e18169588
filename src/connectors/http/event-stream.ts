/** One event of a text/event-stream. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
  /** The last id the stream has named, with this event or before. */
  readonly id: string | null
}

/**
 * Reads text/event-stream as the HTML standard says: events end at an empty line, `data` lines are joined by newlines,
 * an event without data is dropped, a last one without its empty line too.
 */
export class EventStreamReader {
  #id: string | null
  #event = ''
  #data: string[] = []
  #first = true
  /** Milliseconds the server wants between two tries, once it has said so. */
  retryMs: number | null = null

  constructor(lastId: string | null) {
    this.#id = lastId
  }

  /** Takes one line, without its end; gives the event it completes. */
  line(text: string): ServerEvent | null {
    if (this.#first && text.startsWith('\uFEFF')) text = text.slice(1)
    this.#first = false
    if (text === '') {
      const complete = this.#data.length > 0
      const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n'), id: this.#id }
      this.#event = ''
      this.#data = []
      return complete ? event : null
    }
    const colon = text.indexOf(':')
    if (colon === 0) return null
    const name = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + (text[colon + 1] === ' ' ? 2 : 1))
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
    return null
  }
}
