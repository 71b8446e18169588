import { expect, test } from 'vitest'
import { fuzzTexts } from './texts.ts'

const SEED = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 20260101)

test(`random schemas, JSON paths, patterns and options: nothing but our errors (seed ${SEED})`, async () => {
  const { texts, taken, faults } = await fuzzTexts(SEED, 100)
  expect(faults).toEqual([])
  expect(taken).toBeGreaterThan(texts / 20)
})
