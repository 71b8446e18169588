import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AnalysisError, ExecutionError, UnsupportedError } from '../../src/errors/errors.ts'
import { MillraceSession } from '../../src/session.ts'
import { assertBatchEquivalence } from '../../src/testing/index.ts'
import { randomCase } from './random-case.ts'
import { randomQuery, TABLE, type RandomQuery } from './random-query.ts'

// MILLRACE_CASES=2000 MILLRACE_SEED=1 npx vitest run test/property/optimizer.test.ts: a long run; a failure prints its seed.
const CASES = Number(process.env['MILLRACE_CASES'] ?? 100)
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20260101)
/** Queries over streams; each runs several times. */
const STREAMS = Math.ceil(CASES / 20)
const LONG = process.env['MILLRACE_CASES'] !== undefined
/** Failures shown before a run gives up. */
const SHOWN = 8

const folder = mkdtempSync(join(tmpdir(), 'millrace-optimizer-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Outcome = { readonly rows: readonly string[] } | { readonly raised: ExecutionError }

/** Tables `t` and `u` are files, `w` is rows in the plan. */
function tables(session: MillraceSession, made: RandomQuery, at: string): void {
  for (const name of ['t', 'u'] as const) session.read.schema(TABLE).json(join(at, name)).createOrReplaceTempView(name)
  const rows = made.tables.w.map((r) => ({ ...r, c: r['c'] === null ? null : BigInt(r['c'] as string) }))
  session.createDataFrame(rows, TABLE).createOrReplaceTempView('w')
}

const sessionOf = (rules: boolean): MillraceSession =>
  new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { rules: () => rules, note: () => undefined })
const plainly = sessionOf(false)
const optimizing = sessionOf(true)

/** The rows, sorted, or the error the query raises. Errors that are faults of ours are thrown. */
async function outcome(made: RandomQuery, at: string, session: MillraceSession, ansi = true): Promise<Outcome> {
  session.conf.set('spark.sql.ansi.enabled', String(ansi))
  try {
    tables(session, made, at)
    const rows = await session.sql(made.sql).collect()
    return { rows: rows.map((r) => JSON.stringify(r)).sort() }
  } catch (error) {
    if (error instanceof ExecutionError) return { raised: error }
    throw error
  }
}

/**
 * What is wrong with the optimized answer; null when nothing is. An error that the plan as written raises may be gone, when
 * the row or the column is looked at no more: the rows are then those of a session in which nothing raises. None may be new.
 */
async function fault(made: RandomQuery, at: string): Promise<{ readonly why: string | null; readonly how: string }> {
  const plain = await outcome(made, at, plainly)
  const fast = await outcome(made, at, optimizing)
  const show = (o: Outcome): string => ('rows' in o ? o.rows.join('\n') : `${o.raised.code}: ${o.raised.message}`)
  const differ = (want: Outcome): string | null =>
    show(want) === show(fast) ? null : `as written:\n${show(want)}\noptimized:\n${show(fast)}`
  if ('rows' in plain) return { why: differ(plain), how: plain.rows.length === 0 ? 'no rows' : 'rows' }
  if ('raised' in fast)
    return {
      why: null,
      how: plain.raised.code === fast.raised.code ? `same error ${plain.raised.code}` : 'another error',
    }
  return { why: differ(await outcome(made, at, plainly, false)), how: 'spared an error' }
}

test(`streams without the optimizer = bounded tables with it, ${STREAMS} cases`, { timeout: 3_600_000 }, async () => {
  let ran = 0
  let rows = 0
  for (let seed = SEED; ran < STREAMS; seed++) {
    const { query, data, outputMode, key, text } = randomCase(seed)
    const options = { outputMode, key, describe: text, seed, slicings: 2, rules: () => false }
    try {
      rows += (await assertBatchEquivalence(query, data, options)).rows
      ran++
    } catch (error) {
      const refused = error instanceof AnalysisError && /^(STREAMING_|UNSUPPORTED)/.test(error.code)
      if (!refused && !(error instanceof UnsupportedError)) throw error
    }
  }
  expect(rows).toBeGreaterThan(STREAMS / 2)
})

test(`optimized = unoptimized for ${CASES} random queries from seed ${SEED}`, { timeout: 3_600_000 }, async () => {
  const failures: string[] = []
  const seen = new Map<string, number>()
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
  for (let seed = SEED; seed < SEED + CASES && failures.length < SHOWN; seed++) {
    const made = randomQuery(seed)
    const at = join(folder, String(seed))
    for (const name of ['t', 'u'] as const) {
      mkdirSync(join(at, name), { recursive: true })
      writeFileSync(join(at, name, 'rows.json'), made.tables[name].map((r) => `${line(r)}\n`).join(''))
    }
    try {
      const { why, how } = await fault(made, at)
      count(`= ${how}`)
      for (const part of made.parts) count(part)
      if (why !== null) failures.push(`seed ${seed}: ${made.sql}\n${why}`)
    } catch (error) {
      failures.push(
        `seed ${seed}: ${made.sql}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    }
    rmSync(at, { recursive: true })
  }
  if (LONG)
    console.log(
      [...seen]
        .sort((a, b) => b[1] - a[1])
        .map(([k, n]) => `  ${n} ${k}`)
        .join('\n'),
    )
  expect(failures.join('\n\n')).toBe('')
  expect(seen.get('= rows') ?? 0).toBeGreaterThan(CASES / 4)
})

/** A row as JSON; a BIGINT of 19 digits stays exact. */
const line = (row: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(row).replaceAll(/"c":"(-?\d+)"/g, '"c":$1')
