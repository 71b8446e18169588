import { CHANGE_TYPE, type OutputModeName } from '../connectors/provider.ts'
import type { Schema } from '../types/data-type.ts'
import { formatter } from '../types/format.ts'
import type { Value } from '../types/value.ts'
import { StepFailure } from './step-failure.ts'

/** One row as text: equal text, equal row. */
export function rowText(schema: Schema, row: readonly Value[]): string {
  return schema.fields.map((f, i) => formatter(f.type, 'UTC')(row[i] ?? null)).join(' | ')
}

/** A bag of rows as text, whatever their order. */
export const bagText = (rows: readonly string[]): string => [...rows].sort().join('\n')

/** Rows for a failure message. */
export const tableText = (rows: readonly string[]): string =>
  rows.length === 0
    ? '  (none)'
    : [...rows]
        .sort()
        .map((r) => `  ${r}`)
        .join('\n')

/**
 * What a sink holds in the end: append every row; complete the last table; update the last row of each key (all columns
 * together when there is no key) that was not taken out; changelog what is left when the changes were applied. Sorted.
 */
export function finalContents(
  schema: Schema,
  batches: readonly {
    readonly rows: readonly (readonly Value[])[]
    readonly deleted?: readonly (readonly Value[])[]
  }[],
  mode: OutputModeName,
  key: readonly string[],
): string[] {
  const text = (r: readonly Value[]): string => rowText(schema, r)
  if (mode === 'append') return batches.flatMap((b) => b.rows.map(text)).sort()
  if (mode === 'complete') return (batches[batches.length - 1]?.rows ?? []).map(text).sort()
  if (mode === 'changelog') return applied(schema, batches)
  const at = key.map((k) => schema.fields.findIndex((f) => f.name === k))
  const keySchema = { fields: at.map((i) => schema.fields[i]!) }
  const idOf = (r: readonly Value[]): string =>
    rowText(
      keySchema,
      at.map((i) => r[i]!),
    )
  const last = new Map<string, string>()
  for (const b of batches) {
    for (const r of b.deleted ?? []) last.delete(idOf(r))
    for (const r of b.rows) last.set(idOf(r), text(r))
  }
  return [...last.values()].sort()
}

/** The rows that changes leave, without the column that tells them; a deletion of a row that is not there fails. */
function applied(schema: Schema, batches: readonly { readonly rows: readonly (readonly Value[])[] }[]): string[] {
  const at = schema.fields.findIndex((f) => f.name === CHANGE_TYPE)
  const plain: Schema = { fields: schema.fields.filter((_, i) => i !== at) }
  const counts = new Map<string, number>()
  for (const b of batches)
    for (const r of b.rows) {
      const type = r[at]
      const row = rowText(
        plain,
        r.filter((_, i) => i !== at),
      )
      const n = (counts.get(row) ?? 0) + (type === 'insert' || type === 'update_postimage' ? 1 : -1)
      if (n < 0) throw new StepFailure(`${String(type)} of a row that is not in the result: ${row}`)
      counts.set(row, n)
    }
  return [...counts].flatMap(([row, n]) => new Array<string>(n).fill(row)).sort()
}
