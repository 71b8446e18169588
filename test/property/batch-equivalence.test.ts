import { expect, test } from 'vitest'
import { AnalysisError, UnsupportedError } from '../../src/errors/errors.ts'
import { assertBatchEquivalence } from '../../src/testing/index.ts'
import { randomCase } from './random-case.ts'

// MILLRACE_CASES=2000 MILLRACE_SEED=1 npx vitest run test/property: a long run; a failure prints the seed of its case.
const CASES = Number(process.env['MILLRACE_CASES'] ?? 60)
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20260101)
const LONG = process.env['MILLRACE_CASES'] !== undefined
/** Failures shown before a run gives up. */
const SHOWN = 8

test(`streamed = batch for ${CASES} random queries from seed ${SEED}`, { timeout: 3_600_000 }, async () => {
  const failures: string[] = []
  const shapes = new Map<string, number>()
  const refused = new Map<string, number>()
  let ran = 0
  let rows = 0
  let batches = 0
  for (let seed = SEED; ran < CASES && failures.length < SHOWN; seed++) {
    const made = randomCase(seed)
    try {
      const { outputMode, key, text } = made
      const report = await assertBatchEquivalence(made.query, made.data, {
        outputMode,
        key,
        describe: text,
        seed,
        slicings: 3,
      })
      rows += report.rows
      batches += report.batches
      for (const s of made.shape.split(' > ')) shapes.set(s, (shapes.get(s) ?? 0) + 1)
    } catch (error) {
      if (error instanceof UnsupportedError || (error instanceof AnalysisError && refusal(error.code))) {
        const why = `${error.code}: ${made.shape.split(' > ').slice(-2).join(' > ')}${process.env['MILLRACE_WHY'] === undefined ? '' : ` (seed ${seed}) ${made.text}\n${error.message}`}`
        refused.set(why, (refused.get(why) ?? 0) + 1)
        continue
      }
      failures.push(
        `seed ${seed}: ${made.shape}\n${made.text}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    }
    ran++
    if (LONG && ran % 100 === 0) console.log(`${ran} cases, up to seed ${seed}, ${failures.length} failures`)
  }
  const table = (m: ReadonlyMap<string, number>): string =>
    [...m]
      .sort((a, b) => b[1] - a[1])
      .map(([k, n]) => `  ${n} ${k}`)
      .join('\n')
  if (LONG)
    console.log(
      `seed ${SEED}: ${ran} cases, ${batches} batches, ${rows} rows\n${table(shapes)}\nrefused\n${table(refused)}`,
    )
  expect(failures.join('\n\n')).toBe('')
  expect(rows).toBeGreaterThan(CASES)
})

/** Conditions with which streaming queries are refused. */
const refusal = (code: string): boolean => code.startsWith('STREAMING_') || code.startsWith('UNSUPPORTED')
