import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { DEMO_TABLES } from '../../src/conform/matrix/demo-tables.ts'
import { cellText, matrixPage } from '../../src/conform/matrix/page.ts'
import { SHAPES } from '../../src/conform/matrix/shapes.ts'
import { allVerdicts, build, type Verdicts } from '../../src/conform/matrix/verdict.ts'
import { assertBatchEquivalence, type EquivalenceTable } from '../../src/testing/index.ts'
import { OUTPUT_MODES, type OutputModeName } from '../../src/connectors/provider.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(resolve(root, 'docs/streaming-matrix.md'), 'utf8')

const shapes = SHAPES.flatMap((g) => g.shapes)
const tables: Readonly<Record<string, EquivalenceTable>> = Object.fromEntries(DEMO_TABLES.map((t) => [t.name, t]))

/** What the committed page says, by shape: a cell for each mode. */
const committed = new Map(
  [...page.matchAll(/^\| ([^|`]+) \| (.*) \|$/gm)].map((m): [string, readonly string[]] => [m[1]!, m[2]!.split(' | ')]),
)

interface Scenario {
  readonly name: string
  readonly outputMode: OutputModeName
  readonly error?: { readonly phase: string; readonly condition: string | null }
  readonly steps?: readonly { readonly expect?: { readonly error?: { readonly condition: string | null } } }[]
}

const folder = resolve(root, 'conformance/data/scenarios')
const scenarios = new Map(
  readdirSync(folder)
    .filter((f) => f.endsWith('.json'))
    .map((f) => JSON.parse(readFileSync(resolve(folder, f), 'utf8')) as Scenario)
    .map((s): [string, Scenario] => [s.name, s]),
)

let verdicts: ReadonlyMap<string, Verdicts>
beforeAll(async () => {
  verdicts = await allVerdicts()
}, 60_000)

test('docs/streaming-matrix.md is what start() says', () =>
  expect(page, 'a verdict has changed: npm run build && node .ci/print-docs.mjs').toBe(matrixPage(verdicts)))

test('a shape is told from the others by its name', () =>
  expect(new Set(shapes.map((s) => s.name)).size).toBe(shapes.length))

describe.each(SHAPES.map((g) => [g.title, g] as const))('%s', (_title, { shapes: list }) => {
  const cells = list.flatMap((shape) =>
    OUTPUT_MODES.map(
      (mode, i) => [shape.name, mode, committed.get(shape.name)?.[i] ?? 'not on the page', shape] as const,
    ),
  )
  test.each(cells)('%s, %s: %s', async (name, mode, cell, shape) => {
    expect(cellText(shape, mode, verdicts.get(name)![mode])).toBe(cell)
    if (!cell.startsWith('yes')) return
    const read = Object.fromEntries(
      Object.entries(tables).filter(([t]) => new RegExp(`\\b${t}\\b`).test(shape.text ?? String(shape.query))),
    )
    const { rows } = await assertBatchEquivalence((session) => build(shape, session), read, {
      outputMode: mode,
      ...(shape.key === undefined ? {} : { key: shape.key }),
      seed: 20,
      slicings: 2,
      describe: shape.text ?? String(shape.query),
    })
    expect(rows, 'an empty answer shows nothing').toBeGreaterThan(0)
  })
})

describe('Spark', () => {
  const named = shapes.flatMap((s) => (s.recorded ?? []).map((r) => [s.name, r] as const))
  test.each(named)('%s as recorded in %s, without extensions', (name, recorded) => {
    const scenario = scenarios.get(recorded)
    if (scenario === undefined) throw new TypeError(`no scenario ${recorded}`)
    const error = scenario.error ?? scenario.steps?.find((s) => s.expect?.error)?.expect?.error
    const { withoutExtensions } = verdicts.get(name)![scenario.outputMode]
    expect(withoutExtensions === null, `recorded: ${error === undefined ? 'runs' : 'refused'}`).toBe(
      error === undefined,
    )
    if (error?.condition && !error.condition.startsWith('_LEGACY')) expect(withoutExtensions).toBe(error.condition)
  })

  test.each(shapes.flatMap((s) => Object.keys(s.unlikeBatch ?? {}).map((mode) => [s.name, mode, s] as const)))(
    'what %s gives in mode %s is recorded',
    (_name, mode, s) => {
      const recorded = (s.recorded ?? []).map((r) => scenarios.get(r)!)
      expect(recorded.some((r) => r.outputMode === mode && r.steps !== undefined)).toBe(true)
    },
  )

  test('every recorded refusal of a started query has its shape', () => {
    const all = new Set(named.map(([, recorded]) => recorded))
    expect(
      [...scenarios.values()].filter((s) => s.error?.phase === 'start' && !all.has(s.name)).map((s) => s.name),
    ).toEqual([])
  })
})
