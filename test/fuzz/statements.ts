import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MillraceError } from '../../src/errors/errors.ts'
import { MillraceSession } from '../../src/session.ts'
import type { AstStatement } from '../../src/sql/ast.ts'
import { parseStatements } from '../../src/sql/parse.ts'
import { printStatement } from '../../src/sql/print.ts'
import { seeded } from '../expr/random-values.ts'
import { DEEP, StatementMaker } from '../sql/fuzz-statements.ts'

/** A text that takes more processor time than this to be read and analyzed counts as a hang. */
const MAX_CPU_MS = 5000
/** What the heap may grow by over a run; a session keeps its tables and views, and they are dropped with it. */
const MAX_GROWTH_BYTES = 48 * 1024 * 1024
/** Statements go to a new session after so many: views they made are forgotten. */
const SESSION_STATEMENTS = 2000

export interface StatementFuzz {
  readonly texts: number
  /** Texts without a fault for the parser, and statements the analyzer took. */
  readonly read: number
  readonly analyzed: number
  /** How often each condition was met. */
  readonly conditions: ReadonlyMap<string, number>
  readonly slowestMs: number
  readonly heapGrowthBytes: number
  readonly faults: readonly string[]
}

const TABLES = [
  "CREATE TEMPORARY VIEW t AS SELECT 1 AS a, 2 AS b, 'x' AS s, array(1, 2) AS xs, named_struct('b', 1) AS st",
  "CREATE TEMPORARY VIEW people AS SELECT * FROM VALUES (1, 'ann', 30), (2, 'bob', NULL) AS p(id, name, age)",
  "CREATE TEMPORARY VIEW events AS SELECT timestamp'2026-01-01 00:00:00' AS ts, 'ann' AS user, 1.5 AS amount, map('k', 1) AS m",
]

/** Kinds of statements that touch nothing outside the session and start nothing. */
const HARMLESS: ReadonlySet<AstStatement['kind']> = new Set([
  'query_statement',
  'create_view',
  'describe',
  'explain',
  'show',
])

/**
 * Reads and analyzes so many texts: damaged statements and words in a row, and every deep construct at each of `depths`.
 * A fault is an error that is none of ours, a statement that does not print back, a hang, or a heap that grows.
 */
export async function fuzzStatements(
  seed: number,
  count: number,
  depths: readonly number[],
  corpus: readonly string[],
  say: (line: string) => void,
): Promise<StatementFuzz> {
  const random = seeded(seed)
  const maker = new StatementMaker(corpus, random)
  const conditions = new Map<string, number>()
  const faults: string[] = []
  let [read, analyzed, slowestMs, texts] = [0, 0, 0, 0]
  let session = newSession()
  const fault = (sql: string, what: string): void => {
    faults.push(`${what}\n  ${JSON.stringify(sql.slice(0, 600))}`)
    say(`FAULT: ${faults.at(-1)!}`)
  }
  const ours = (sql: string, error: unknown): void => {
    if (!(error instanceof MillraceError) || error.code === 'INTERNAL_ERROR')
      fault(sql, error instanceof Error ? String(error.stack).slice(0, 900) : String(error))
    else conditions.set(error.code, (conditions.get(error.code) ?? 0) + 1)
  }
  const deep = depths.length * Object.keys(DEEP).length
  const attempt = (sql: string): void => {
    texts++
    const begun = process.cpuUsage().user
    try {
      const { statements, errors } = parseStatements(sql)
      for (const error of errors) ours(sql, error)
      if (errors.length === 0) read++
      for (const statement of statements) {
        if (texts > deep) printsBack(statement, sql, fault)
        if (!HARMLESS.has(statement.kind) || statements.length > 1) continue
        try {
          session.sql(sql)
          analyzed++
        } catch (error) {
          ours(sql, error)
        }
      }
    } catch (error) {
      fault(sql, `parseStatements threw ${error instanceof Error ? String(error.stack).slice(0, 900) : String(error)}`)
    }
    const ms = (process.cpuUsage().user - begun) / 1000
    slowestMs = Math.max(slowestMs, ms)
    if (ms > MAX_CPU_MS) fault(sql, `${Math.round(ms)} ms of processor time`)
  }
  for (const n of depths) for (const text of Object.values(DEEP)) attempt(text(n))
  let settledBytes = 0
  for (let i = 0; i < count; i++) {
    if (i % SESSION_STATEMENTS === 0) {
      await session.stop()
      session = newSession()
      // What is cached once (the parser, compiled patterns) is there after the first tenth.
      if (settledBytes === 0 && i >= count / 10) settledBytes = heapBytes()
    }
    attempt(maker.next())
    if (i % 10_000 === 9_999) say(`${i + 1} texts, ${read} read, ${analyzed} analyzed, ${faults.length} faults`)
  }
  await session.stop()
  const heapGrowthBytes = settledBytes === 0 ? 0 : heapBytes() - settledBytes
  if (heapGrowthBytes > MAX_GROWTH_BYTES) fault('', `the heap grew by ${heapGrowthBytes} bytes`)
  return { texts, read, analyzed, conditions, slowestMs, heapGrowthBytes, faults }
}

function newSession(): MillraceSession {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => {} })
  for (const sql of TABLES) session.sql(sql)
  return session
}

/** A statement that reads must print as text that reads as the same statement. */
function printsBack(statement: AstStatement, sql: string, fault: (sql: string, what: string) => void): void {
  if (statement.kind === 'unparsed') return
  const printed = printStatement(statement)
  const { statements, errors } = parseStatements(printed)
  if (errors.length > 0) fault(sql, `prints as what does not read: ${printed.slice(0, 600)}: ${errors[0]!.message}`)
  else if (bare(statements) !== bare([statement])) fault(sql, `prints as another statement: ${printed.slice(0, 600)}`)
}

const bare = (tree: unknown): string =>
  JSON.stringify(tree, (key, value: unknown) => (key === 'at' || key === 'quoted' ? undefined : value))

/** What the heap holds once garbage is gone. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}
