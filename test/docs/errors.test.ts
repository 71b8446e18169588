import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { demoViews } from '../../src/conform/matrix/demo-tables.ts'
import type { ErrorExample } from '../../src/conform/reference/error-examples/error-example.ts'
import { ERROR_SECTIONS, errorsPage } from '../../src/conform/reference/errors-page.ts'
import { CODES } from '../../src/errors/codes.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import { MillraceSession } from '../../src/session.ts'

test('docs/errors.md is what the conditions and their examples say', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8')
  expect(page, 'a condition has changed: npm run build && node .ci/print-docs.mjs').toBe(errorsPage())
})

test('every condition has an example, in one section', () => {
  const named = ERROR_SECTIONS.flatMap((s) => Object.keys(s.examples))
  expect(Object.keys(CODES).filter((code) => !named.includes(code))).toEqual([])
  expect(named.filter((code, i) => named.indexOf(code) !== i)).toEqual([])
})

/** The condition that an example raises; null when it runs. */
async function raisedBy(example: Extract<ErrorExample, { readonly statements: unknown }>): Promise<string | null> {
  const session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.extensions': example.conform !== true },
    { note: () => undefined },
  )
  demoViews(session)
  const last = example.statements.at(-1)!
  try {
    for (const sql of example.statements.slice(0, -1)) await session.sql(sql).collect()
    try {
      if (example.mode === undefined) await session.sql(last).collect()
      else
        await session
          .sql(last)
          .writeStream.outputMode(example.mode as 'append')
          .format('noop')
          .start()
      return null
    } catch (error) {
      if (error instanceof MillraceError) return error.code
      throw error
    }
  } finally {
    await session.stop()
  }
}

const run = ERROR_SECTIONS.flatMap(({ examples }) =>
  Object.entries(examples).flatMap(([code, example]) => ('when' in example ? [] : [{ code, example }])),
)

test('most conditions have an example that can be run', () => expect(run.length).toBeGreaterThan(290))

test.each(run)('$code is what its example raises', async ({ code, example }) => {
  expect(await raisedBy(example)).toBe(code)
})
