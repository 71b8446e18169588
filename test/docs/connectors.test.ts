import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { sinksPage, sourcesPage } from '../../src/connectors/print-docs.ts'
import { SINKS, SOURCES } from '../../src/connectors/registry.ts'

const committed = (name: string): string => readFileSync(resolve(import.meta.dirname, '../../docs', name), 'utf8')
const HOW = 'a declaration has changed: npm run build && node .ci/print-docs.mjs'

test('docs/sources.md is what the sources declare', () =>
  expect(committed('sources.md'), HOW).toBe(sourcesPage(SOURCES)))
test('docs/sinks.md is what the sinks declare', () => expect(committed('sinks.md'), HOW).toBe(sinksPage(SINKS)))

test('every option has a sentence, and a default of its type', () => {
  for (const p of [...SOURCES, ...SINKS])
    for (const [name, spec] of Object.entries(p.options)) {
      expect(spec.doc, `${p.format}.${name}`).toMatch(/^[A-Z].*\.$/s)
      if (spec.default === undefined) continue
      const type = spec.type === 'boolean' ? 'boolean' : spec.type === 'string' ? 'string' : 'number'
      expect(typeof spec.default, `${p.format}.${name}`).toBe(type)
      expect(spec.required, `${p.format}.${name} has a default and is required`).not.toBe(true)
    }
})
