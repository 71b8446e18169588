/**
 * http-pull: reads one URL for as long as it sends: server-sent events, or lines.
 *
 *   position  the last event id, sent as Last-Event-ID when the connection is made anew; for lines their number: the
 *             URL is read again from the start and that many are skipped
 *   offset    number of the last lot taken, see push/push-source.ts
 *   replay    logged with `wal`, the default
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ExecutionError, MillraceError, OptionError } from '../../errors/errors.ts'
import { field, sameType, type Schema, schemaOf, STRING } from '../../types/data-type.ts'
import type { Json } from '../../types/json.ts'
import { type Line, lineItems } from '../live/line-items.ts'
import { BAD_RECORDS } from '../bad-records.ts'
import { defineSource, type Options, type SourceContext } from '../provider.ts'
import { PushSource, pushOptions, pushReplay } from '../push/push-source.ts'
import { EventStreamReader } from './event-stream.ts'

/** What it gives where no schema is declared. */
const RAW = schemaOf(field('value', STRING), field('event', STRING), field('id', STRING))

export const httpPullSource = defineSource({
  format: 'http-pull',
  doc: 'Rows from a URL that keeps sending: server-sent events, whose data are JSON objects, or JSON lines. Without a declared schema the columns are value, event and id.',
  options: {
    url: { type: 'string', required: true, doc: 'What to GET; http or https.' },
    headers: { type: 'string', default: '{}', doc: 'Further request headers, as a JSON object of strings.' },
    reconnectDelay: {
      type: 'duration',
      default: 1000,
      doc: "Pause before the connection is made anew; the stream's own retry field wins.",
    },
    maxRetries: { type: 'int', default: 10, doc: 'Tries in a row without a single row before the query fails.' },
    ...pushOptions(true),
    badRecords: BAD_RECORDS,
  },
  replay: 'logged',
  replayOf: pushReplay,
  supports: ['stream'],
  schema: (_options, declared) => declared ?? RAW,
  open: (options, ctx) => Promise.resolve(openPull(options, ctx)),
  describe: (options) => `HttpPullSource[${String(options['url'])}]`,
})

function openPull(options: Options, ctx: SourceContext): PushSource {
  const schema = ctx.declared ?? ctx.schema
  const source = new PushSource(ctx, schema, options)
  const stop = new AbortController()
  const pull = new Pull(source, options, schema, AbortSignal.any([ctx.signal, stop.signal]))
  const ended = pull.run().catch((error: unknown) => {
    if (!stop.signal.aborted && !ctx.signal.aborted) source.fail(ctx.name, error)
  })
  source.onClose = async () => {
    stop.abort()
    await ended
  }
  return source
}

/** Where to go on: after an event id, or after so many lines. A type, so that it is plain JSON. */
type Position = { readonly id: string } | { readonly lines: number }

class Pull {
  readonly #source: PushSource
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #isRaw: boolean
  readonly #maxRetries: number
  readonly #signal: AbortSignal
  #delayMs: number
  #position: Position | null
  /** Tries since the last row. */
  #tries = 0

  constructor(source: PushSource, options: Options, schema: Schema, signal: AbortSignal) {
    this.#source = source
    this.#url = urlOf(String(options['url']))
    this.#headers = headersOf(String(options['headers']))
    this.#isRaw =
      schema.fields.length === RAW.fields.length &&
      schema.fields.every((f, i) => f.name === RAW.fields[i]!.name && sameType(f.type, RAW.fields[i]!.type))
    this.#maxRetries = Number(options['maxRetries'])
    this.#delayMs = Number(options['reconnectDelay'])
    this.#signal = signal
    this.#position = positionOf(source.position)
  }

  async run(): Promise<void> {
    for (;;) {
      let failure: unknown
      try {
        if (await this.#read()) {
          this.#source.end()
          return
        }
        failure = null
      } catch (error) {
        if (this.#signal.aborted) return
        if (error instanceof MillraceError && !(error instanceof ExecutionError && error.transient)) throw error
        failure = error
      }
      if (this.#tries++ >= this.#maxRetries) throw failed(this.#url, failure ?? 'the server closes the stream at once')
      await sleep(this.#delayMs, undefined, { signal: this.#signal }).catch(() => undefined)
      if (this.#signal.aborted) return
    }
  }

  /** One connection, to its end: true when there will be no more. */
  async #read(): Promise<boolean> {
    const at = this.#position
    const lastId: Record<string, string> = at !== null && 'id' in at ? { 'last-event-id': at.id } : {}
    const response = await fetch(this.#url, {
      headers: {
        accept: 'text/event-stream, application/x-ndjson, application/json;q=0.9, */*;q=0.1',
        ...this.#headers,
        ...lastId,
      },
      signal: this.#signal,
    })
    if (response.status === 204) return true
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      const retry = response.status >= 500 || response.status === 429 || response.status === 408
      throw failed(this.#url, `the answer is ${response.status} ${response.statusText}`.trim(), retry)
    }
    const events = response.headers.get('content-type')?.toLowerCase().startsWith('text/event-stream') === true
    const lines = lineItems(response.body as AsyncIterable<unknown>) as AsyncIterable<Line>
    return events ? this.#events(lines) : this.#lines(lines)
  }

  async #events(lines: AsyncIterable<Line>): Promise<false> {
    const reader = new EventStreamReader(this.#position !== null && 'id' in this.#position ? this.#position.id : null)
    for await (const { text } of lines) {
      const event = reader.line(text)
      if (reader.retryMs !== null) this.#delayMs = reader.retryMs
      if (event === null) continue
      const position = event.id === null ? null : { id: event.id }
      const { data } = event
      await this.#take(data, () => (this.#isRaw ? [data, event.event, event.id] : this.#parsed(data)), position)
    }
    // A stream of events has no end: the server is to be asked again.
    return false
  }

  async #lines(lines: AsyncIterable<Line>): Promise<true> {
    const known = this.#position !== null && 'lines' in this.#position ? this.#position.lines : 0
    let n = 0
    for await (const { text } of lines) {
      n++
      if (n <= known || text.trim() === '') continue
      await this.#take(text, () => (this.#isRaw ? [text, null, null] : this.#parsed(text)), { lines: n })
    }
    return true
  }

  async #take(text: string, row: () => unknown, position: Position | null): Promise<void> {
    if (this.#source.isFull) await this.#source.room()
    const kept = this.#source.offerRecord(row, () => Buffer.from(text), position === null ? {} : { position })
    kept.catch((error: unknown) => this.#source.fail('http-pull', error))
    if (position !== null) this.#position = position
    this.#tries = 0
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const record = text.length > 200 ? `${text.slice(0, 200)} …` : text
      throw new ExecutionError(
        'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
        { record, place: this.#url, reason, badRecord: record },
        { cause, hint: 'without schema() the text itself comes as the column value' },
      )
    }
  }
}

function positionOf(kept: Json | null): Position | null {
  if (kept === null || typeof kept !== 'object' || Array.isArray(kept)) return null
  if ('id' in kept && typeof kept['id'] === 'string') return { id: kept['id'] }
  return 'lines' in kept && typeof kept['lines'] === 'number' ? { lines: kept['lines'] } : null
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href
  throw new OptionError('OPTION_INVALID', {
    format: 'http-pull',
    option: 'url',
    value: text,
    expected: 'an http or https URL',
  })
}

function headersOf(text: string): Readonly<Record<string, string>> {
  const bad = (): OptionError =>
    new OptionError('OPTION_INVALID', {
      format: 'http-pull',
      option: 'headers',
      value: text,
      expected: 'a JSON object of strings',
    })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw bad()
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad()
  if (Object.values(parsed).some((v) => typeof v !== 'string')) throw bad()
  return parsed as Record<string, string>
}

const failed = (url: string, cause: unknown, transient = true): ExecutionError => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const message = inner instanceof Error ? inner.message : String(inner)
  return new ExecutionError('HTTP_PULL_FAILED', { url, message }, { cause, transient })
}
