import { describe, expect, test } from 'vitest'
import { OUTPUT_MODES } from '../../src/connectors/provider.ts'
import { DEMO_TABLES } from '../../src/conform/matrix/demo-tables.ts'
import type { Shape } from '../../src/conform/matrix/shape.ts'
import { SHAPES } from '../../src/conform/matrix/shapes.ts'
import { build } from '../../src/conform/matrix/verdict.ts'
import { MillraceError, MillraceSession, type StreamingQuery } from '../../src/index.ts'

/** Rows of the bounded table. */
const TABLE_ROWS = DEMO_TABLES.find((t) => t.static)!.rows.length

/** Long after every row of the demo tables. */
const FAR = ['2999-01-01 00:00:00', '2999-06-01 00:00:00', '2999-12-01 00:00:00']

/** The demo tables as views of a session, and what adds rows to each of its streams. */
function demo() {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { note: () => undefined })
  const feeds = DEMO_TABLES.flatMap(({ name, schema, rows, watermark, static: bounded }) => {
    if (bounded) {
      session.createDataFrame(rows, schema).createOrReplaceTempView(name)
      return []
    }
    const { stream, df } = session.memoryStream(schema)
    const marked = watermark === undefined ? df : df.withWatermark(...(watermark as [never, string]))
    marked.createOrReplaceTempView(name)
    const names = stream.schema.fields.map((f) => f.name)
    const add = (some: readonly (readonly unknown[])[]): void =>
      void stream.addData(some.map((r) => Object.fromEntries(names.map((n, i) => [n, r[i]]))))
    return [{ rows, add }]
  })
  return { session, feeds }
}

async function started(shape: Shape, session: MillraceSession, mode: string): Promise<StreamingQuery | null> {
  try {
    return await build(shape, session).writeStream.outputMode(mode).format('noop').start()
  } catch (error) {
    if (error instanceof MillraceError) return null
    throw error
  }
}

/** The lines of `== State ==`, each as what it says of its bound. */
function boundsIn(text: string): readonly string[] {
  const lines = /== State ==\n((?:.+\n)*)/.exec(text)?.[1]?.trim().split('\n') ?? []
  return lines.map(
    (l) => /UNBOUNDED|released when|never more than the table has|never more|until the function/.exec(l)?.[0] ?? l,
  )
}

describe.each(SHAPES.map((g) => [g.title, g] as const))(
  'what EXPLAIN says of the state of: %s',
  (_title, { shapes }) => {
    test.each(shapes.flatMap((s) => OUTPUT_MODES.map((m) => [s.name, m, s] as const)))(
      '%s, %s',
      async (_name, mode, shape) => {
        const { session, feeds } = demo()
        try {
          const query = await started(shape, session, mode)
          if (query === null) return
          const bounds = boundsIn(query.explainString())
          const rowsOfState = async (): Promise<number> => {
            await query.processAllAvailable()
            return query.lastProgress!.stateOperators.reduce((n, o) => n + o.numRowsTotal, 0)
          }
          for (const f of feeds) f.add(f.rows)
          const before = await rowsOfState()
          for (const far of FAR) {
            for (const f of feeds) f.add([[far, ...f.rows[0]!.slice(1)]])
            await query.processAllAvailable()
          }
          const after = await rowsOfState()
          if (bounds.length === 0) expect([before, after]).toEqual([0, 0])
          // The newest row of each stream is left, in the windows that hold it.
          if (bounds.every((b) => b === 'released when')) expect(after).toBeLessThanOrEqual(4 * bounds.length)
          if (bounds.every((b) => b === 'never more')) expect([before, after]).toEqual([bounds.length, bounds.length])
          if (bounds.every((b) => b === 'never more than the table has')) expect(after).toBeLessThanOrEqual(TABLE_ROWS)
          if (bounds.every((b) => b === 'UNBOUNDED')) expect(after).toBeGreaterThanOrEqual(before)
          if (bounds.includes('UNBOUNDED')) expect(after).toBeGreaterThan(0)
        } finally {
          await session.stop()
        }
      },
    )
  },
)
