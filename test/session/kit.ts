import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { SqlParams } from '../../src/session/parameters.ts'
import { MillraceSession } from '../../src/session.ts'

/** A directory that goes when the test ends. */
export function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-statements-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A session that is stopped when the test ends; `rows` gives the rows of a statement as JSON text of values. */
export function kit(conf: Readonly<Record<string, string>> = {}, notes: string[] = []) {
  const session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', ...conf },
    { note: (line) => void notes.push(line) },
  )
  onTestFinished(() => session.stop())
  const rows = async (sql: string, params?: SqlParams): Promise<unknown[][]> => {
    const df = await session.execute(sql, params)
    return (JSON.parse(JSON.stringify(await df.collect())) as object[]).map((r) => Object.values(r) as unknown[])
  }
  const run = async (...statements: string[]): Promise<void> => {
    for (const sql of statements) await session.execute(sql)
  }
  /** The condition a statement fails with; `carets` is the text it underlines. */
  const failure = async (
    sql: string,
    params?: SqlParams,
  ): Promise<{ readonly code: string; readonly carets: string | undefined }> => {
    try {
      await (await session.execute(sql, params)).collect()
    } catch (error) {
      const { code, at } = error as { code: string; at?: { sql: string; start: number; end: number } }
      return { code, carets: at?.sql.slice(at.start, at.end) }
    }
    return { code: 'nothing', carets: undefined }
  }
  return { session, rows, run, failure }
}
