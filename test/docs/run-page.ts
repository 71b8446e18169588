import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as functions from '../../src/dataframe/functions.ts'
import * as api from '../../src/index.ts'

/** The TypeScript of a page of docs by the heading of second level each piece stands under. */
export function examplesOf(page: string): [heading: string, code: string][] {
  return readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const heading = part.split('\n', 1)[0]!
      return [...part.matchAll(/^```ts\n(.*?)^```$/gms)].map((m): [string, string] => [heading, m[1]!])
    })
}

/**
 * Runs a piece (it has no types in it) with a session, the stream and view `clicks`, `at`, `work` and `more` in scope; gives what it
 * printed as JSON. Imports are left out: what they name is in scope.
 */
export async function printedBy(code: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  const session = new api.MillraceSession(
    { 'millrace.durability': 'process', 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' },
    { note: () => undefined },
  )
  const { stream, df } = session.memoryStream('user STRING, page STRING, time TIMESTAMP')
  df.createOrReplaceTempView('clicks')
  const printed: unknown[][] = []
  const scope = {
    ...functions,
    ...api,
    session,
    stream,
    clicks: df,
    work,
    at: (second: number) => new Date(second * 1000),
    ...more,
    console: { log: (...args: unknown[]) => void printed.push(args) },
  }
  const names = Object.keys(scope).filter((n) => /^[A-Za-z_$][\w$]*$/.test(n) && n !== 'default')
  const make = new Function(...names, `return (async () => {\n${code.replace(/^import .*$/gm, '')}\n})()`) as (
    ...args: unknown[]
  ) => Promise<void>
  try {
    await make(...names.map((n) => (scope as Readonly<Record<string, unknown>>)[n]))
  } finally {
    await session.stop()
    rmSync(work, { recursive: true, force: true })
  }
  return JSON.stringify(printed)
}
