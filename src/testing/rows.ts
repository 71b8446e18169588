import type { Schema } from '../types/data-type.ts'
import { formatter } from '../types/format.ts'
import type { Value } from '../types/value.ts'

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
 * together when there is no key). Sorted.
 */
export function finalContents(
  schema: Schema,
  batches: readonly { readonly rows: readonly (readonly Value[])[] }[],
  mode: 'append' | 'update' | 'complete',
  key: readonly string[],
): string[] {
  const text = (r: readonly Value[]): string => rowText(schema, r)
  if (mode === 'append') return batches.flatMap((b) => b.rows.map(text)).sort()
  if (mode === 'complete') return (batches[batches.length - 1]?.rows ?? []).map(text).sort()
  const at = key.map((k) => schema.fields.findIndex((f) => f.name === k))
  const last = new Map<string, string>()
  for (const b of batches)
    for (const r of b.rows) {
      const id = rowText(
        { fields: at.map((i) => schema.fields[i]!) },
        at.map((i) => r[i]!),
      )
      last.set(id, text(r))
    }
  return [...last.values()].sort()
}
