import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SINKS, SOURCES } from '../../src/connectors/registry.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8')

/** Rows of the table under a heading: what stands in each cell. */
const rowsUnder = (heading: string): string[][] =>
  page
    .split(`\n## ${heading}\n`)[1]!
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| format'))
    .map((line) => line.split('|').map((cell) => cell.trim()))

/** The formats that a row is of, and what it says of how. */
const statements = (heading: string): { readonly formats: readonly string[]; readonly how: string }[] =>
  rowsUnder(heading).map(([, formats, how]) => ({
    formats: [...formats!.matchAll(/`([a-zA-Z-]+)`/g)].map((m) => m[1]!.toLowerCase()),
    how: how!,
  }))

test.each(SOURCES.filter((s) => s.supports.includes('stream')).map((s) => [s.format, s.replay] as const))(
  'docs/guarantees.md says that source %s is of replay %s',
  (format, replay) => {
    const said = statements('Sources').filter((s) => s.formats.includes(format.toLowerCase()))
    expect(said).toHaveLength(1)
    expect(said[0]!.how).toMatch(new RegExp(`^${replay}:`))
  },
)

test.each(SINKS.map((s) => [s.format, s.repeats === true ? 'a batch may come again' : `${s.kind}:`] as const))(
  'docs/guarantees.md says of sink %s: %s',
  (format, how) => {
    const said = statements('Sinks').filter((s) => s.formats.includes(format.toLowerCase()))
    expect(said.some((s) => s.how.startsWith(how))).toBe(true)
  },
)

describe('each test the page names is there', () => {
  const proofs = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)` "([^"]+)"/g)].map((m) => [m[1]!, m[2]!] as const)
  test('and every row names one', () => {
    for (const row of [...rowsUnder('Sources'), ...rowsUnder('Sinks')].filter((r) => !r[1]!.startsWith('---')))
      expect(row[4], row[1]).toMatch(/`test\/[\w./-]+\.test\.ts` "/)
  })
  test.each(proofs)('%s "%s"', (file, words) => {
    expect(existsSync(join(root, file))).toBe(true)
    const names = [
      ...readFileSync(join(root, file), 'utf8').matchAll(
        /\b(?:test|describe)(?:\.each\([\s\S]*?\))?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g,
      ),
    ].map((m) => m[2]!)
    expect(names.filter((name) => name.includes(words)).length).toBeGreaterThan(0)
  })
})
