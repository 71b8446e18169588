import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateTables } from '../../bench/tpch/data.ts'
import type { Engine } from '../../bench/tpch/engines.ts'
import { differs } from '../../bench/tpch/equal-answers.ts'
import { TPCH_QUERIES } from '../../bench/tpch/queries.ts'
import { fileOf, TABLE_NAMES } from '../../bench/tpch/tables.ts'

const SCALE = 0.02
const directory = mkdtempSync(join(tmpdir(), 'millrace-tpch-'))

/** DuckDB is a native package for some platforms: where it does not load this says so, and the test fails. */
async function enginesOver(format: 'csv' | 'json'): Promise<readonly [Engine, Engine]> {
  const engines = await import('../../bench/tpch/engines.ts').catch((e: unknown) => {
    throw new TypeError(
      '@duckdb/node-api does not load: npm ci installs it where DuckDB publishes a binary of the platform (docs/decisions/0010-duckdb.md)',
      { cause: e },
    )
  })
  return [engines.millraceOver(directory, format), await engines.duckdbOver(directory, format, 1)]
}

const made = generateTables(directory, SCALE)

test('the data are the same bytes for the same scale and seed, 2 MB at most', () => {
  const again = mkdtempSync(join(tmpdir(), 'millrace-tpch-'))
  expect(generateTables(again, SCALE)).toEqual(made)
  const hash = (dir: string): string[] =>
    TABLE_NAMES.flatMap((t) => (['csv', 'json'] as const).map((f) => readFileSync(fileOf(dir, t, f)))).map((bytes) =>
      createHash('sha256').update(bytes).digest('hex'),
    )
  expect(hash(again)).toEqual(hash(directory))
  expect(made.bytes).toBeLessThan(2_000_000)
  generateTables(again, SCALE, 43)
  expect(hash(again)).not.toEqual(hash(directory))
})

describe.each(['csv', 'json'] as const)('over %s', (format) => {
  let engines: readonly [Engine, Engine]
  beforeAll(async () => {
    engines = await enginesOver(format)
  })
  afterAll(async () => {
    for (const engine of engines ?? []) await engine.close()
  })

  test.each(TPCH_QUERIES)('$name: $asks', async ({ sql }) => {
    const [ours, theirs] = await Promise.all(engines.map((engine) => engine.answer(sql)))
    expect(theirs!.rows.length).toBeGreaterThan(0)
    expect(theirs!.rows[0]!.some((cell) => cell !== null)).toBe(true)
    expect(differs(ours!, theirs!)).toBeNull()
  })
})

test('an answer that differs is found out', () => {
  const one = { rows: [['1.50', 'a', '0.1']], doubles: [false, false, true] }
  expect(differs(one, { ...one, rows: [['1.5', 'a', '0.10000000000000002']] })).toBeNull()
  expect(differs(one, { ...one, rows: [['1.51', 'a', '0.1']] })).toBe('row 1, column 1: 1.50 and 1.51')
  expect(differs(one, { ...one, rows: [['1.5', null, '0.1']] })).toBe('row 1, column 2: a and null')
  expect(differs(one, { ...one, rows: [['1.5', 'a', '0.1000001']] })).toBe('row 1, column 3: 0.1 and 0.1000001')
  expect(differs(one, { ...one, rows: [] })).toBe('1 rows and 0')
})
