import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MillraceError } from '../../src/errors/errors.ts'
import { printTable } from '../../src/formats/table.ts'
import { MillraceSession } from '../../src/session.ts'

const text = readFileSync(new URL('../../docs/statements.md', import.meta.url), 'utf8')

test('docs/statements.md: every example runs, and gives the result shown', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' })
  let last = ''
  let statements = 0
  let shown = 0
  try {
    for (const [, kind, error, body] of text.matchAll(/^```(sql|text)(?: error (\S+))?\n([^]*?)^```$/gm)) {
      if (kind === 'text') {
        shown++
        expect(last).toBe(body)
        continue
      }
      const sql = body!.replaceAll('/data/', `${dir}/`)
      if (error !== undefined) {
        statements++
        const failure: unknown = await session.execute(sql).then(
          () => null,
          (e: unknown) => e,
        )
        expect(failure).toBeInstanceOf(MillraceError)
        expect((failure as MillraceError).code).toBe(error)
        continue
      }
      last = ''
      for await (const df of session.script(sql)) {
        statements++
        if (df.schema.fields.length === 0 || df.isStreaming) continue
        last = `${printTable(df.schema, await df.batches(), { maxRows: 100, truncate: 200, timeZone: 'UTC' }).trimEnd()}\n`
      }
    }
  } finally {
    await session.stop()
    rmSync(dir, { recursive: true })
  }
  expect(statements).toBeGreaterThan(50)
  expect(shown).toBeGreaterThanOrEqual(5)
})
