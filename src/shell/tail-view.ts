import type { StreamingQueryProgress } from '../engine/progress.ts'
import { displayWidth } from '../formats/table.ts'
import type { Schema } from '../types/data-type.ts'
import { type OutputMode, type ResultWriter, resultWriter } from './output-mode.ts'
import { paint, type Screen } from './screen.ts'

/** What a tail shows: rows of each batch, and a line about the query. */
export interface TailView {
  /** The rows a batch gave: new ones, or the whole table where the view replaces. */
  rows(cells: readonly (readonly string[])[]): Promise<void>
  /** Something about the query has changed, or a second has passed. */
  status(progress: StreamingQueryProgress | null, elapsedMs: number): Promise<void>
  close(): Promise<void>
}

/** Rows one below the other, for a pipe: no status line, one head. */
export function plainView(schema: Schema, mode: OutputMode, screen: Screen): TailView {
  const scroll = new Scroll(schema, mode)
  return {
    rows: async (cells) => void (await screen.write(scroll.text(cells))),
    status: async () => undefined,
    close: async () => void (await screen.write(scroll.end())),
  }
}

/** Rows scroll by; the status line stays at the bottom. */
export function scrollView(schema: Schema, mode: OutputMode, screen: Screen): TailView {
  const scroll = new Scroll(schema, mode)
  let status = ''
  const line = (): string => `\r\x1b[K${paint(screen, 'dim', cut(status, screen.columns() - 1))}`
  return {
    rows: (cells) => screen.write(`\r\x1b[K${scroll.text(cells)}${line()}`),
    status: (progress, elapsedMs) => {
      status = statusText(progress, elapsedMs)
      return screen.write(line())
    },
    close: () => screen.write(`\r\x1b[K${scroll.end()}`),
  }
}

/** The whole table, drawn over the one before; what does not fit on the screen is counted. */
export function redrawView(schema: Schema, mode: OutputMode, screen: Screen): TailView {
  let cells: readonly (readonly string[])[] = []
  let status = ''
  let drawn = 0
  const draw = (last: boolean): Promise<void> => {
    const everything = last && cells.length + 6 <= screen.rows()
    const room = Math.max(1, screen.rows() - 7)
    const shown = everything || mode === 'line' ? cells : cells.slice(0, room)
    const writer = resultWriter(schema, mode, shown)
    const more = cells.length > shown.length ? `… ${cells.length - shown.length} more rows\n` : ''
    const text = writer.head() + writer.rows(shown) + writer.foot() + more
    const lines = text.split('\n').slice(0, -1)
    const fitting = everything ? lines : lines.slice(0, Math.max(1, screen.rows() - 2))
    const up = drawn > 0 ? `\x1b[${drawn}A` : ''
    drawn = fitting.length
    const body = fitting.map((l) => `${everything ? l : cut(l, screen.columns() - 1)}\n`).join('')
    const tail = last ? '' : paint(screen, 'dim', cut(status, screen.columns() - 1))
    return screen.write(`${up}\r\x1b[J${body}${tail}`)
  }
  return {
    rows: (now) => {
      cells = now
      return draw(false)
    },
    status: (progress, elapsedMs) => {
      status = statusText(progress, elapsedMs)
      return screen.write(`\r\x1b[K${paint(screen, 'dim', cut(status, screen.columns() - 1))}`)
    },
    close: () => draw(true),
  }
}

/** One table over many batches: its columns grow when wider values come, and then the head is printed again. */
class Scroll {
  readonly #schema: Schema
  readonly #mode: OutputMode
  #writer: ResultWriter | null = null
  #widths: number[] = []
  #widest: string[] = []

  constructor(schema: Schema, mode: OutputMode) {
    this.#schema = schema
    this.#mode = mode
  }

  text(cells: readonly (readonly string[])[]): string {
    if (cells.length === 0) return ''
    let text = ''
    if (this.#writer === null || (this.#framed && this.#grow(cells))) {
      if (this.#writer !== null) text += this.#writer.foot()
      else this.#grow(cells)
      this.#writer = resultWriter(this.#schema, this.#mode, this.#framed ? [this.#widest] : cells)
      text += this.#writer.head()
    }
    return text + this.#writer.rows(cells)
  }

  end(): string {
    return this.#writer?.foot() ?? ''
  }

  get #framed(): boolean {
    return this.#mode === 'box' || this.#mode === 'table' || this.#mode === 'markdown'
  }

  /** Remembers the widest cell of each column; true when one has grown. */
  #grow(cells: readonly (readonly string[])[]): boolean {
    let grown = false
    for (const row of cells)
      for (let k = 0; k < row.length; k++) {
        const width = displayWidth(row[k]!)
        if (width <= (this.#widths[k] ?? -1)) continue
        const name = displayWidth(this.#schema.fields[k]?.name ?? '')
        if (this.#widest.length === this.#schema.fields.length && width > Math.max(3, name)) grown = true
        this.#widths[k] = width
        this.#widest[k] = row[k]!
      }
    return grown
  }
}

/** `batch 7 · 12,000 rows in · 4,000 rows/s · watermark 10:04:20 · 12 s · Ctrl-C stops`. */
export function statusText(progress: StreamingQueryProgress | null, elapsedMs: number): string {
  const seconds = `${Math.floor(elapsedMs / 1000)} s`
  if (progress === null) return `waiting for the first batch · ${seconds} · Ctrl-C stops`
  const { watermark } = progress.eventTime
  const late = progress.stateOperators.reduce((n, op) => n + op.numRowsDroppedByWatermark, 0)
  return [
    `batch ${progress.batchId}`,
    `${progress.numInputRows.toLocaleString('en-US')} ${progress.numInputRows === 1 ? 'row' : 'rows'} in`,
    `${Math.round(progress.processedRowsPerSecond).toLocaleString('en-US')} rows/s`,
    ...(watermark === undefined ? [] : [`watermark ${watermark}`]),
    ...(late === 0 ? [] : [`${late} late`]),
    seconds,
    'Ctrl-C stops',
  ].join(' · ')
}

/** At most `width` columns of a line. */
export function cut(line: string, width: number): string {
  if (displayWidth(line) <= width) return line
  let out = ''
  let used = 0
  for (const c of line) {
    used += displayWidth(c)
    if (used > width - 1) break
    out += c
  }
  return `${out}…`
}
