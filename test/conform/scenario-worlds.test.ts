import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rowMaker } from '../../src/columns/row.ts'
import { decodeInput } from '../../src/conform/decode-input.ts'
import type { Scenario, ScenarioStep } from '../../src/conform/request.ts'
import { applyMethod } from '../../src/conform/scenario.ts'
import type { DataFrame } from '../../src/dataframe/data-frame.ts'
import { upsertKeyNames } from '../../src/plan/upsert-key.ts'
import { TestKit, type TestStream } from '../../src/testing/kit.ts'
import { addAll, run, type Step } from '../../src/testing/steps.ts'
import { type World, type WorldResult, WorldRun } from '../../src/testing/world.ts'
import { parseSchema } from '../../src/types/ddl.ts'

type Recorded = Omit<Scenario, 'steps'> & {
  readonly name: string
  readonly tags: readonly string[]
  readonly error?: unknown
  readonly steps: readonly (ScenarioStep & { readonly expect?: { readonly error?: unknown } })[] | undefined
}

const folder = resolve(import.meta.dirname, '../../conformance/data/scenarios')
const all = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => JSON.parse(readFileSync(resolve(folder, f), 'utf8')) as Recorded)

/** What the kit cannot say: streams with a limit on adds a batch, and adds while nothing runs. */
const NOT_IN_THE_KIT = ['sl-available-now-max-adds', 'wm-max-one-add-late-kept', 'sl-adds-while-stopped']
/** A function that gives a row for each call gives more of them the finer the input is cut. */
const BY_CALL = ['gws-running-count-append']

const runs = all.filter(
  (s) =>
    s.error === undefined &&
    s.steps !== undefined &&
    !s.tags.includes('disputed') &&
    !s.steps.some((x) => x.expect?.error !== undefined) &&
    !NOT_IN_THE_KIT.includes(s.name),
)
const POINTS = [
  'before-offsets',
  'after-offsets',
  'during-batch',
  'after-sink',
  'before-commit',
  'after-commit',
] as const

/** A recorded scenario as a script of the kit. Each stream keeps its own watermark over a restart: an extension. */
function scriptOf(s: Recorded): { readonly kit: TestKit; readonly inWorld: (world: World) => Promise<WorldResult> } {
  const kit = new TestKit(s.conf)
  const streams = new Map<string, TestStream>()
  for (const [name, { schema: ddl, rows, static: bounded, watermark }] of Object.entries(s.sources)) {
    const schema = parseSchema(ddl)
    if (bounded === true) {
      const values = (rows ?? []).map((r) => decodeInput(schema, r))
      kit.session.dataFrameOf(schema, values).createOrReplaceTempView(name)
      continue
    }
    const stream = kit.stream(ddl, name)
    streams.set(name, stream)
    const df: DataFrame = watermark
      ? (stream.df.withWatermark(watermark.column, watermark.delay) as DataFrame)
      : stream.df
    df.createOrReplaceTempView(name)
  }
  for (const view of s.views ?? []) {
    let df = view.sql === undefined ? kit.session.table(view.from!) : kit.session.sql(view.sql)
    for (const [method, ...args] of view.ops ?? []) df = applyMethod(df, method, args)
    df.createOrReplaceTempView(view.name)
  }
  const steps = s.steps!.flatMap((step): Step[] => {
    if (step.add === undefined) return step.run === true ? [run(() => undefined)] : []
    const adds = Object.entries(step.add).map(([name, rows]) => {
      const stream = streams.get(name)!
      const js = rowMaker(stream.schema, { int64: 'bigint' })
      return { stream, rows: rows.map((r) => js(decodeInput(stream.schema, r))) }
    })
    return [addAll(...adds)]
  })
  const df = kit.session.sql(s.query)
  const options = { outputMode: s.outputMode as 'append', key: upsertKeyNames(df.analyzed) }
  return { kit, inWorld: (world) => new WorldRun(kit, df, options, world).run(steps) }
}

describe('recorded scenarios in the worlds of the testing kit', () => {
  test.each(runs.map((s, i) => [s.name, POINTS[i % POINTS.length]!, s] as const))(
    '%s: a crash %s of every batch, one row a batch',
    async (name, point, s) => {
      const { kit, inWorld } = scriptOf(s)
      try {
        const asIs = await inWorld({ kind: 'as is' })
        expect((await inWorld({ kind: 'crash', point })).batches).toEqual(asIs.batches)
        if (asIs.dropped > 0 || BY_CALL.includes(name)) return
        const sliced = await inWorld({ kind: 'one row a batch' })
        // Where a row came late by the slicing another answer is right.
        if (sliced.dropped === 0) expect([...sliced.contents].sort()).toEqual([...asIs.contents].sort())
      } finally {
        await kit.session.stop()
      }
    },
  )
})
