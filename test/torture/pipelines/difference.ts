/** What differs between two bags of rows, in words; null when nothing does. */
export function difference(where: string, rows: readonly string[], expected: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1)
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) - 1)
  const wrong = [...counts].filter(([, n]) => n !== 0)
  if (wrong.length === 0) return null
  const shown = wrong.slice(0, 5).map(([row, n]) => `${row}: ${n > 0 ? `${n} too many` : `${-n} missing`}`)
  return `${where} (${rows.length} rows) and the plain loop (${expected.length} rows) differ in ${wrong.length} rows:\n  ${shown.join('\n  ')}`
}
