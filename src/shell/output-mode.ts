import type { Batch } from '../columns/batch.ts'
import { rowMaker } from '../columns/row.ts'
import { OptionError } from '../errors/errors.ts'
import { displayWidth } from '../formats/table.ts'
import type { Schema } from '../types/data-type.ts'
import { formatter } from '../types/format.ts'
import type { Value } from '../types/value.ts'

/** How results look. */
export const OUTPUT_MODES = ['box', 'table', 'csv', 'json', 'line', 'markdown'] as const
export type OutputMode = (typeof OUTPUT_MODES)[number]

/** The output mode of that name; UNKNOWN_OUTPUT_FORMAT when there is none. */
export function outputModeOf(name: string): OutputMode {
  const mode = OUTPUT_MODES.find((m) => m === name.toLowerCase())
  if (mode === undefined)
    throw new OptionError('UNKNOWN_OUTPUT_FORMAT', { mode: name }, { hint: `one of ${OUTPUT_MODES.join(', ')}` })
  return mode
}

/** Turns one result into text, piece by piece: `head`, then rows in any number of calls, then `foot`. */
export interface ResultWriter {
  head(): string
  rows(rows: readonly (readonly string[])[]): string
  foot(): string
}

/** The cells of batches as text. JSON cells are JSON. Control characters are shown, never sent to a terminal. */
export function cellMaker(schema: Schema, mode: OutputMode, timeZone: string): (batch: Batch) => string[][] {
  if (mode === 'json') {
    const make = rowMaker(schema, { int64: 'bigint' })
    return (batch) => Array.from({ length: batch.rowCount }, (_, i) => [JSON.stringify(make(batch.row(i)))])
  }
  const print = schema.fields.map((f) => formatter(f.type, timeZone))
  const cell = mode === 'csv' ? csvCell : (v: Value, text: (v: Value) => string): string => visible(text(v))
  return (batch) => Array.from({ length: batch.rowCount }, (_, i) => batch.row(i).map((v, k) => cell(v, print[k]!)))
}

/** The writer of a mode. `sample` are rows whose widths the columns get; wider ones that come later stick out. */
export function resultWriter(schema: Schema, mode: OutputMode, sample: readonly (readonly string[])[]): ResultWriter {
  const names = schema.fields.map((f) => (mode === 'csv' ? f.name : visible(f.name)))
  switch (mode) {
    case 'json':
      return { head: () => '', rows: (rows) => rows.map((r) => `${r[0]!}\n`).join(''), foot: () => '' }
    case 'csv': {
      const line = (cells: readonly string[]): string => `${cells.join(',')}\n`
      return { head: () => line(names.map(quoteCsv)), rows: (rows) => rows.map(line).join(''), foot: () => '' }
    }
    case 'line':
      return lineWriter(names)
    default:
      return frameWriter(schema, names, mode, sample)
  }
}

function lineWriter(names: readonly string[]): ResultWriter {
  const width = Math.max(0, ...names.map(displayWidth))
  let first = true
  return {
    head: () => '',
    rows: (rows) =>
      rows
        .map((row) => {
          const blank = first ? '' : '\n'
          first = false
          return blank + row.map((c, k) => `${pad(names[k]!, width, true)} = ${c}\n`).join('')
        })
        .join(''),
    foot: () => '',
  }
}

const FRAMES = {
  box: { top: '┌─┬┐', mid: '├─┼┤', bottom: '└─┴┘', bar: '│' },
  table: { top: '+-++', mid: '+-++', bottom: '+-++', bar: '|' },
} as const

function frameWriter(
  schema: Schema,
  names: readonly string[],
  mode: 'box' | 'table' | 'markdown',
  sample: readonly (readonly string[])[],
): ResultWriter {
  const escape = mode === 'markdown' ? (c: string): string => c.replaceAll('|', '\\|') : (c: string): string => c
  const widths = names.map((n, k) =>
    sample.reduce((w, row) => Math.max(w, displayWidth(escape(row[k]!))), Math.max(3, displayWidth(escape(n)))),
  )
  const right = schema.fields.map((f) => NUMBERS.has(f.type.kind))
  const bar = mode === 'markdown' ? '|' : FRAMES[mode].bar
  const line = (cells: readonly string[]): string =>
    `${bar}${cells.map((c, k) => ` ${pad(escape(c), widths[k]!, right[k]!)} `).join(bar)}${bar}\n`
  const rule = (edge: string): string => {
    const [left, dash, cross, end] = [...edge]
    return `${left}${widths.map((w) => dash!.repeat(w + 2)).join(cross)}${end}\n`
  }
  const rows = (all: readonly (readonly string[])[]): string => all.map(line).join('')
  if (mode === 'markdown') {
    const dashes = widths.map((w, k) => `${'-'.repeat(w + 1)}${right[k]! ? ':' : '-'}`)
    return { head: () => `${line(names)}|${dashes.join('|')}|\n`, rows, foot: () => '' }
  }
  const frame = FRAMES[mode]
  return { head: () => rule(frame.top) + line(names) + rule(frame.mid), rows, foot: () => rule(frame.bottom) }
}

const NUMBERS: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal'])

/** The text in a field of that width. */
export function pad(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return right ? blanks + text : text + blanks
}

/** The text without what steers a terminal: `\n`, `\t` and `\x1b` spelled out. */
export function visible(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    (c) => SPELLED[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

const SPELLED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const quoteCsv = (text: string): string => (/[",\r\n]|^$|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** NULL is nothing, the empty string `""`. */
const csvCell = (v: Value, text: (v: Value) => string): string => (v === null ? '' : quoteCsv(text(v)))
