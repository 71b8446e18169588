import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as functions from '../../src/dataframe/functions.ts'
import * as api from '../../src/index.ts'

/** The examples of the page by the heading each stands under. */
function examples(): [heading: string, code: string][] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/event-time.md'), 'utf8')
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const heading = part.split('\n', 1)[0]!
      return [...part.matchAll(/^```ts\n(.*?)^```$/gms)].map((m): [string, string] => [heading, m[1]!])
    })
}

/** What each example prints, as JSON, or the pattern it has. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  'Windows and watermarks': /^\[\[\[\{"device":"a","signal":1\.5\}\]\]\]$/,
  'Windows of the calendar': /^\[\[\[\{"day":"2026-03-29 00:00:00","hours":23,"count":2\}\]\]\]$/,
  'Windows in FROM':
    /^\[\[\[(\{"window_start":"1970-01-01T00:00:00\.000Z","window_end":"1970-01-01T00:00:[123]0\.000Z","total":[122]\},?){3}\]\]\]$/,
  'Late rows':
    /^\[\["1970-01-01T00:00:20\.000Z","1970-01-01T00:00:20\.000Z","aggregate-s0",\d\],\["1970-01-01T00:00:10\.000Z","1970-01-01T00:00:20\.000Z","aggregate-s0",\d\]\]$/,
  'A source that falls silent': /^\[\[true\]\]$/,
  'Emitting what is open when nothing comes any more':
    /^\[\["1970-01-01T00:00:00\.000Z",1\],\["1970-01-01T00:00:10\.000Z",1\]\]$/,
  Warnings: /== Warnings ==\\nthe watermark is on \\"time\\", which is no key of the aggregation by \\"device\\"/,
  'DISTINCT aggregates': /^\[\[\[\{"devices":2\}\]\]\]$/,
  'State as a table':
    /^\[\[\[\{"operatorId":0,"operatorName":"aggregate","stateStoreName":"groups","maxBatchId":2\}\]\],\[\[\{"device":"a","\w+":2\},\{"device":"b","\w+":1\}\]\],\[1\],\[\[\{"batch_id":1,"change_type":"update","device":"b"\},\{"batch_id":2,"change_type":"update","device":"a"\}\]\]\]$/,
}

describe('docs/event-time.md', () => {
  test.each(examples())('%s', async (heading, code) => {
    const work = mkdtempSync(join(tmpdir(), 'millrace-event-time-'))
    const session = new api.MillraceSession(
      { 'millrace.durability': 'process', 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number' },
      { note: () => undefined },
    )
    const { stream, df } = session.memoryStream('device STRING, time TIMESTAMP, signal DOUBLE')
    const printed: unknown[][] = []
    const scope = {
      session,
      stream,
      events: df,
      work,
      at: (second: number) => new Date(second * 1000),
      window: functions.window,
      calendar_window: functions.calendar_window,
      avg: functions.avg,
      countDistinct: functions.countDistinct,
      col: api.col,
      console: { log: (...args: unknown[]) => void printed.push(args) },
    }
    const make = new Function(...Object.keys(scope), `return (async () => {\n${code}\n})()`) as (
      ...args: unknown[]
    ) => Promise<void>
    try {
      await make(...Object.values(scope))
    } finally {
      await session.stop()
      rmSync(work, { recursive: true, force: true })
    }
    expect(JSON.stringify(printed)).toMatch(PRINTED[heading]!)
  })
})
