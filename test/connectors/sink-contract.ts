import { expect, it } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { validateOptions } from '../../src/connectors/options.ts'
import type { Sink, SinkContext, SinkProvider } from '../../src/connectors/provider.ts'
import { OptionError } from '../../src/errors/errors.ts'
import { BIGINT, field, schemaOf, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { sinkContext, token } from './contexts.ts'

/** One sink under test; `rows` reads back what it holds, null where nothing can be read back. */
export interface SinkUnderTest {
  readonly provider: SinkProvider
  readonly options: Readonly<Record<string, string>>
  readonly context?: Partial<SinkContext>
  rows(): Value[][] | null
  close(): Promise<void> | void
}

const SCHEMA = schemaOf(field('k', STRING), field('n', BIGINT))

async function write(sink: Sink, batchId: number, rows: Value[][]): Promise<void> {
  await sink.begin(batchId, token(batchId))
  for (let i = 0; i < rows.length; i += 2) await sink.add(batchOf(SCHEMA, rows.slice(i, i + 2)))
  await sink.finish()
}

/** The rules every sink keeps; see connectors/provider.ts. */
export function sinkContract(make: () => Promise<SinkUnderTest>): void {
  const open = async (t: SinkUnderTest, more: Partial<SinkContext> = {}): Promise<Sink> => {
    const options = validateOptions(t.provider.format, t.provider.options, t.options, t.provider.openOptions)
    return t.provider.open(options, sinkContext(SCHEMA, { ...t.context, ...more }))
  }
  const a: Value[][] = [
    ['a', 1n],
    ['b', null],
    ['c"\n', 3n],
  ]
  const b: Value[][] = [['d', 4n]]
  const sorted = (rows: Value[][]): string[] => rows.map((r) => r.map(String).join()).sort()

  it('declares its options and describes itself', async () => {
    const t = await make()
    expect(t.provider.doc).toMatch(/^[A-Z].*\.$/s)
    expect(t.provider.describe(validateOptions(t.provider.format, t.provider.options, t.options))).not.toBe('')
    expect(() => validateOptions(t.provider.format, t.provider.options, { ...t.options, noSuchOption: '1' })).toThrow(
      OptionError,
    )
    await t.close()
  })

  it('holds what finished batches brought, empty ones too', async () => {
    const t = await make()
    const sink = await open(t)
    await write(sink, 0, a)
    await write(sink, 1, [])
    await write(sink, 2, b)
    const rows = t.rows()
    if (rows !== null) expect(sorted(rows)).toEqual(sorted([...a, ...b]))
    await sink.close()
    await t.close()
  })

  it('shows nothing of a batch that was aborted', async () => {
    const t = await make()
    const sink = await open(t)
    await write(sink, 0, a)
    await sink.begin(1, token(1))
    await sink.add(batchOf(SCHEMA, b))
    await sink.abort?.()
    const rows = t.rows()
    if (rows !== null) expect(sorted(rows)).toEqual(sorted(a))
    await sink.close()
    await t.close()
  })

  it('takes a batch again without doubling it, in the same run and after a restart', async () => {
    const t = await make()
    if (t.provider.kind === 'idempotent' && t.provider.repeats !== true) {
      const sink = await open(t)
      await write(sink, 0, a)
      await write(sink, 1, b)
      await write(sink, 1, b)
      await sink.close()
      const again = await open(t, { lastCommittedBatch: 0 })
      await write(again, 1, b)
      const rows = t.rows()
      if (rows !== null) expect(sorted(rows)).toEqual(sorted([...a, ...b]))
      await again.close()
    } else expect(t.provider.repeats).toBe(true)
    await t.close()
  })
}
