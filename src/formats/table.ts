import type { Batch } from '../columns/batch.ts'
import type { Schema } from '../types/data-type.ts'
import { formatter } from '../types/format.ts'

/** How a table is printed. `truncate` is the most UTF-16 units a cell shows; 0 shows all and aligns left. */
export interface TableStyle {
  readonly maxRows: number
  readonly truncate: number
  readonly vertical?: boolean
  readonly timeZone: string
}

/**
 * The table `show()` and the console sink print, to the byte as Spark does: a frame of `+---+`, cells aligned to the
 * right (to the left when nothing is truncated), wide East Asian characters counted as two, long cells cut
 * with `...`; `vertical` lists one column a line. Ends in a newline, save after "only showing …" and "(0 rows)".
 * `batches` may hold more rows than are shown.
 */
export function printTable(schema: Schema, batches: readonly Batch[], style: TableStyle): string {
  const { cells, more } = cellsOf(schema, batches, style)
  const names = schema.fields.map((f) => escapeControls(f.name))
  const text = style.vertical ? verticalText(names, cells) : framedText(names, cells, style.truncate > 0)
  if (!more) return text
  return `${text}only showing top ${style.maxRows} ${style.maxRows === 1 ? 'row' : 'rows'}`
}

function cellsOf(schema: Schema, batches: readonly Batch[], style: TableStyle): { cells: string[][]; more: boolean } {
  const print = schema.fields.map((f) => formatter(f.type, style.timeZone))
  const cells: string[][] = []
  for (const batch of batches)
    for (let i = 0; i < batch.rowCount; i++) {
      if (cells.length >= style.maxRows) return { cells, more: true }
      const r = batch.rowAt(i)
      cells.push(batch.columns.map((c, k) => cut(escapeControls(print[k]!(c.get(r))), style.truncate)))
    }
  return { cells, more: false }
}

const CONTROLS: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
  '\v': '\\v',
  '\u0007': '\\a',
}

const escapeControls = (text: string): string => text.replace(/[\n\r\t\f\b\v\x07]/g, (c) => CONTROLS[c]!)

function cut(text: string, most: number): string {
  if (most <= 0 || text.length <= most) return text
  return most < 4 ? text.slice(0, most) : `${text.slice(0, most - 3)}...`
}

const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/g

/** Columns of a fixed-width display the text takes: UTF-16 units, East Asian wide ones twice. */
export const displayWidth = (text: string): number => text.length + (text.match(WIDE)?.length ?? 0)

const LEAST_WIDTH = 3
const pad = (text: string, width: number): string => ' '.repeat(Math.max(0, width - displayWidth(text)))

function framedText(names: readonly string[], cells: readonly (readonly string[])[], toTheRight: boolean): string {
  const widths = names.map((name, k) =>
    cells.reduce((w, row) => Math.max(w, displayWidth(row[k]!)), Math.max(LEAST_WIDTH, displayWidth(name))),
  )
  const frame = `+${widths.map((w) => '-'.repeat(w)).join('+')}+\n`
  const line = (row: readonly string[]): string =>
    `|${row.map((c, k) => (toTheRight ? pad(c, widths[k]!) + c : c + pad(c, widths[k]!))).join('|')}|\n`
  return frame + line(names) + frame + cells.map(line).join('') + frame
}

function verticalText(names: readonly string[], cells: readonly (readonly string[])[]): string {
  if (cells.length === 0) return '(0 rows)'
  const nameWidth = names.reduce((w, n) => Math.max(w, displayWidth(n)), LEAST_WIDTH)
  const dataWidth = cells.reduce((w, row) => row.reduce((x, c) => Math.max(x, displayWidth(c)), w), LEAST_WIDTH)
  return cells
    .map((row, i) => {
      const head = `-RECORD ${i}`.padEnd(nameWidth + dataWidth + 5, '-')
      return `${head}\n${row.map((c, k) => ` ${names[k]!}${pad(names[k]!, nameWidth)} | ${c}${pad(c, dataWidth)} \n`).join('')}`
    })
    .join('')
}
