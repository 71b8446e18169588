import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { functionUses } from '../../conformance/function-uses.ts'
import { DAILY_FUNCTIONS, DRAWN_FUNCTIONS } from '../../src/conform/reference/daily-functions.ts'
import { FORMS } from '../../src/conform/reference/forms.ts'
import { absentFunctions, calledDaily, functionsPage, runsAs } from '../../src/conform/reference/functions-page.ts'
import { SPARK_FUNCTIONS } from '../../src/conform/reference/spark-functions.ts'
import { lookup } from '../../src/functions/registry.ts'
import { millrace } from '../../src/index.ts'
import { OVER_ONLY } from '../../src/plan/resolve-call.ts'
import { SPECIAL_FORMS } from '../../src/plan/special-forms.ts'

const session = millrace()
afterAll(() => session.stop())

test('docs/functions.md is what the registry says', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/functions.md'), 'utf8')
  expect(page, 'a function has changed: npm run build && node .ci/print-docs.mjs').toBe(functionsPage())
})

test.each(FORMS)('$shown gives what the page says', async ({ sql, gives }) => {
  const rows = await session.sql(sql).collect()
  const text = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value))
  expect(rows.map((row) => text(Object.values(row)[0]))).toEqual(gives)
})

test('what the analyzer has its own rule for is on the page', () => {
  const named = new Set(FORMS.flatMap((f) => f.names))
  const own = [...Object.keys(SPECIAL_FORMS), ...OVER_ONLY].filter((name) => lookup(name) === undefined)
  expect(own.filter((name) => !named.has(name))).toEqual(['semi_structured_extract'])
})

test('the names of Spark are 591, sorted, each once; those of daily use are there', () => {
  expect(SPARK_FUNCTIONS).toHaveLength(591)
  expect(SPARK_FUNCTIONS).toEqual([...new Set(SPARK_FUNCTIONS)].sort())
  expect(DAILY_FUNCTIONS.filter((name) => runsAs(name) === null)).toEqual([])
  expect(new Set(DAILY_FUNCTIONS).size).toBe(DAILY_FUNCTIONS.length)
})

test('what is said not to be there cannot be called', () => {
  for (const name of absentFunctions())
    expect(() => session.sql(`SELECT \`${name}\`(1)`), name).toThrow(
      expect.objectContaining({ code: 'UNRESOLVED_ROUTINE' }),
    )
})

test('what three of the queries at hand call is in daily use', () => {
  const drawn = [...functionUses()].flatMap(([name, uses]) => (uses >= 3 ? [name] : []))
  const missing = drawn.filter((name) => !DAILY_FUNCTIONS.includes(name))
  expect(missing, 'list them in src/conform/reference/daily-functions.ts').toEqual([])
  expect(DRAWN_FUNCTIONS.filter((name) => !drawn.includes(name))).toEqual([])
})

test('of the functions in daily use at most one in ten is called once a row', () => {
  const called = calledDaily()
  const share = (called.length / DAILY_FUNCTIONS.length) * 100
  process.stdout.write(
    `functions: ${called.length} of ${DAILY_FUNCTIONS.length} in daily use without generated code (${share.toFixed(1)} %): ${called.join(' ')}\n`,
  )
  expect(share).toBeLessThanOrEqual(10)
})
