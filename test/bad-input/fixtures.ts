import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { type DataFrame, MillraceError, type MillraceSession, Trigger } from '../../src/index.ts'

const made: string[] = []

/** An empty directory, gone after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bad-'))
  made.push(dir)
  return dir
}

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** What a call throws or rejects with; it must be one of ours. */
export async function failure(body: () => unknown): Promise<MillraceError> {
  let result: unknown
  try {
    result = await body()
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    return error as MillraceError
  }
  throw new Error(`nothing failed: ${String(result)}`)
}

/** What an error must be: its class by name, its condition, the things its message names, the text under its carets. */
export interface Expected {
  readonly kind: string
  readonly code: string
  readonly names: readonly string[]
  readonly carets?: string
}

export function expectError(error: MillraceError, { kind, code, names, carets }: Expected): void {
  expect({ kind: error.name, code: error.code }, error.message).toEqual({ kind, code })
  expect(error.sqlState).toMatch(/^[0-9A-Z]{5}$/)
  expect(error.message).toContain(`[${code}]`)
  expect(error.message, 'a parameter was left out').not.toMatch(/\{\w+\}/)
  for (const name of names) expect(error.message).toContain(name)
  if (carets === undefined) return
  expect(error.at?.sql.slice(error.at.start, error.at.end), error.message).toBe(carets)
  expect(error.message).toContain(`${'^'.repeat(carets.length)}`)
}

const BASE_S = Date.UTC(2026, 0, 1) / 1000

/** Numbered files of JSON lines, each newer than the last by a second, so that their order is plain. */
export class InputDir {
  readonly dir: string
  #files = 0

  constructor(parent: string) {
    this.dir = join(parent, 'input')
    mkdirSync(this.dir)
  }

  /** Writes a file of objects, or of text as it stands; gives its path. */
  write(content: string | readonly object[]): string {
    const path = join(this.dir, `f${String(this.#files++).padStart(3, '0')}.json`)
    writeFileSync(path, typeof content === 'string' ? content : content.map((r) => `${JSON.stringify(r)}\n`).join(''))
    utimesSync(path, BASE_S + this.#files, BASE_S + this.#files)
    return path
  }
}

/** Starts `df` into JSON files with a checkpoint, drains what is there and stops; rejects with the query's failure. */
export async function drain(df: DataFrame, work: string, name = 'bad_input'): Promise<void> {
  const query = await df.writeStream
    .queryName(name)
    .outputMode('append')
    .trigger(Trigger.AvailableNow())
    .option('checkpointLocation', join(work, 'checkpoint'))
    .format('json')
    .start(join(work, 'output'))
  await query.awaitTermination()
}

/** The rows of the JSON files under `work/output`, each as text, sorted. */
export function outputRows(work: string): string[] {
  const dir = join(work, 'output')
  return readdirSync(dir)
    .filter((n) => !n.startsWith('.') && !n.startsWith('_'))
    .flatMap((n) => readFileSync(join(dir, n), 'utf8').trimEnd().split('\n'))
    .filter((line) => line !== '')
    .sort()
}

/** Rows of a bounded table as the JSON sink writes them, sorted. */
export async function batchRows(df: DataFrame): Promise<string[]> {
  return (await df.collect()).map((r) => JSON.stringify(r)).sort()
}

/** A session still does its work. */
export async function expectAlive(session: MillraceSession): Promise<void> {
  expect(JSON.stringify(await session.sql('SELECT 1 + 1 AS two').collect())).toBe('[{"two":2}]')
}
