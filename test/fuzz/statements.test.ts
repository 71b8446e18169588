import { expect, test } from 'vitest'
import { recordedStatements } from '../sql/fuzz-statements.ts'
import { fuzzStatements } from './statements.ts'

const SEED = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 20260101)
const TEXTS = Number(process.env['MILLRACE_FUZZ_TEXTS'] ?? 2000)

/** Spark itself ends in StackOverflowError, or FAILED_TO_PARSE_TOO_COMPLEX, from some hundred levels on. */
test(`damaged statements, words in a row and 2 000 levels: nothing but our errors (seed ${SEED})`, async () => {
  const corpus = recordedStatements(new URL('../../conformance/data/', import.meta.url))
  const found = await fuzzStatements(SEED, TEXTS, [2_000], corpus, () => {})
  expect(found.faults).toEqual([])
  expect(found.read).toBeGreaterThan(TEXTS / 20)
  expect(found.analyzed).toBeGreaterThan(TEXTS / 40)
  expect(found.conditions.get('FAILED_TO_PARSE_TOO_COMPLEX')).toBeGreaterThan(20)
})
