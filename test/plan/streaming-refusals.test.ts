import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { analyze } from '../../src/plan/analyze.ts'
import { checkStreaming } from '../../src/plan/check-streaming.ts'
import type { Unresolved } from '../../src/plan/unresolved.ts'
import {
  columns,
  errorOf,
  plan,
  soundness,
  source,
  sql,
  underlined,
  watermark,
  worldOf,
  type World,
} from './harness.ts'

interface Scenario {
  readonly name: string
  readonly conf: Readonly<Record<string, string>>
  readonly sources: Readonly<
    Record<
      string,
      {
        readonly schema: string
        readonly static?: boolean
        readonly watermark?: { readonly column: string; readonly delay: string }
      }
    >
  >
  readonly views?: readonly {
    readonly name: string
    readonly sql?: string
    readonly from?: string
    readonly ops?: readonly (readonly [string, ...unknown[]])[]
  }[]
  readonly query: string
  readonly outputMode: string
  readonly resultSchema?: readonly { readonly name: string; readonly type: string }[]
  readonly error?: { readonly condition: string | null; readonly sqlState: string | null }
  readonly note?: string
}

const folder = new URL('../../conformance/data/scenarios/', import.meta.url)
const scenarios = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => JSON.parse(readFileSync(new URL(f, folder), 'utf8')) as Scenario)

/** The tables of a scenario; null where it uses a state function, which has no SQL form. */
function scenarioWorld(s: Scenario): World | null {
  const tables: Record<string, Unresolved> = {}
  for (const [name, t] of Object.entries(s.sources)) {
    const bare = source(t.schema, t.static !== true)
    tables[name] = t.watermark ? watermark(bare, t.watermark.column, t.watermark.delay) : bare
  }
  for (const v of s.views ?? []) {
    let view: Unresolved = v.sql === undefined ? { op: 'table', name: [{ name: v.from! }] } : sql(v.sql)
    for (const [method, ...args] of v.ops ?? []) {
      if (method === 'withWatermark') view = watermark(view, args[0] as string, args[1] as string)
      else if (method === 'dropDuplicates' || method === 'dropDuplicatesWithinWatermark')
        view = {
          op: 'dedup',
          input: view,
          withinWatermark: method !== 'dropDuplicates',
          ...(args[0] === undefined ? {} : { columns: args[0] as string[] }),
        }
      else return null
    }
    tables[v.name] = view
  }
  return worldOf(tables, { ...s.conf, 'millrace.extensions': 'false' })
}

/** Without extensions. */
const plain = (key: string): string | undefined => (key === 'millrace.extensions' ? 'false' : undefined)

function check(s: Scenario, world: World): readonly string[] {
  const analyzed = analyze(sql(s.query), world.catalog, world.env)
  soundness(analyzed)
  checkStreaming(analyzed, s.outputMode, world.catalog.conf, world.env)
  return columns(analyzed)
}

const known = scenarios.flatMap((s) => {
  const world = scenarioWorld(s)
  return world && s.note === undefined ? [[s.name, s, world] as const] : []
})

describe('recorded refusals', () => {
  test.each(known.filter(([, s]) => s.error))('%s', (_name, s, world) => {
    const e = errorOf(() => check(s, world))
    const { condition, sqlState } = s.error!
    expect(['UNSUPPORTED', 'INTERNAL_ERROR']).not.toContain(e.code)
    if (condition !== null && !condition.startsWith('_LEGACY'))
      expect([e.code, e.sqlState]).toEqual([condition, sqlState])
  })
})

describe('recorded queries that run', () => {
  // millrace's sum does not take timestamps yet, and EXCEPT ALL keeps no counts; both stand in conformance/known.md.
  const notYet = ['sum-of-timestamps-complete', 'except-all-stream-static-update']
  test.each(known.filter(([name, s]) => !s.error && !notYet.includes(name)))('%s', (_name, s, world) => {
    expect(check(s, world)).toEqual(s.resultSchema!.map((c) => `${c.name} ${c.type}`))
  })
})

describe('the clause at fault is underlined', () => {
  const world = worldOf({
    e: source('ts TIMESTAMP, k STRING, v INT'),
    l: watermark(source('lt TIMESTAMP, id INT'), 'lt', '1 minute'),
    r: source('rt TIMESTAMP, id INT'),
    dim: 'id INT, name STRING',
  })
  test.each([
    ['SELECT k FROM e ORDER BY v', 'append', 'STREAMING_SORT', 'ORDER BY v'],
    ['SELECT k, count(*) FROM e GROUP BY k', 'append', 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION', 'GROUP BY k'],
    ['SELECT count(*) AS n FROM e', 'append', 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION', 'count(*)'],
    ['SELECT k FROM e LIMIT 2', 'update', 'STREAMING_LIMIT', '2'],
    ['SELECT count(DISTINCT v) FROM e', 'complete', 'STREAMING_DISTINCT_AGGREGATE', 'count(DISTINCT v)'],
    [
      'SELECT k, rank() OVER (ORDER BY v) FROM e',
      'append',
      'NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING',
      'rank() OVER (ORDER BY v)',
    ],
    ['SELECT l.id FROM l LEFT JOIN r ON l.id = r.id', 'append', 'STREAMING_JOIN_WITHOUT_WATERMARK', 'l.id = r.id'],
    ['SELECT l.id FROM dim LEFT JOIN l ON l.id = dim.id', 'append', 'STREAMING_JOIN_TYPE', undefined],
    [
      "SELECT count(*) FROM e GROUP BY session_window(ts, '1 minute'), k",
      'update',
      'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
      "session_window(ts, '1 minute')",
    ],
    ['SELECT k FROM e', 'upsert', 'STREAMING_OUTPUT_MODE.INVALID', ''],
    ['SELECT id FROM dim', 'append', 'STREAM_REQUIRED', undefined],
    ['SELECT v FROM e UNION ALL SELECT id FROM dim', 'append', 'STREAMING_UNION_WITH_TABLE', undefined],
  ])('%s in %s: %s', (text, mode, code, at) => {
    const e = errorOf(() => checkStreaming(plan(text, world), mode, plain, world.env))
    expect(e.code).toBe(code)
    if (at !== undefined) expect(underlined(e)).toBe(at)
  })

  test('DISTINCT arguments run with the extensions', () => {
    checkStreaming(plan('SELECT count(DISTINCT v) FROM e', world), 'complete', () => undefined, world.env)
  })

  test('an equality in WHERE counts for an inner join', () => {
    checkStreaming(plan('SELECT l.id FROM l, r WHERE l.id = r.id', world), 'append', plain, world.env)
    expect(
      errorOf(() => checkStreaming(plan('SELECT l.id FROM l, r WHERE l.id < r.id', world), 'append', plain, world.env))
        .code,
    ).toBe('STREAMING_JOIN_WITHOUT_EQUALITY')
  })

  test('a bounded range releases the side it bounds from below, if the other has a watermark', () => {
    const ok = 'SELECT r.id FROM r LEFT JOIN l ON l.id = r.id AND l.lt BETWEEN r.rt AND r.rt + INTERVAL 5 MINUTES'
    checkStreaming(plan(ok, world), 'append', plain, world.env)
    const wrongSide =
      'SELECT l.id FROM l LEFT JOIN r ON l.id = r.id AND r.rt BETWEEN l.lt AND l.lt + INTERVAL 5 MINUTES'
    expect(errorOf(() => checkStreaming(plan(wrongSide, world), 'append', plain, world.env)).code).toBe(
      'STREAMING_JOIN_WITHOUT_WATERMARK',
    )
    const unbounded = 'SELECT r.id FROM r LEFT JOIN l ON l.id = r.id AND l.lt >= r.rt'
    expect(errorOf(() => checkStreaming(plan(unbounded, world), 'append', plain, world.env)).code).toBe(
      'STREAMING_JOIN_WITHOUT_WATERMARK',
    )
  })
})
