import { expect, it } from 'vitest'
import type { Batch } from '../../src/columns/batch.ts'
import { validateOptions } from '../../src/connectors/options.ts'
import type { Source, SourceContext, SourceProvider } from '../../src/connectors/provider.ts'
import { OptionError } from '../../src/errors/errors.ts'
import { type Schema, schemaOf } from '../../src/types/data-type.ts'
import type { Json } from '../../src/types/json.ts'
import type { Value } from '../../src/types/value.ts'
import { rowsOf, sourceContext } from './contexts.ts'

/** One source under test, over input of its own. */
export interface SourceUnderTest {
  readonly provider: SourceProvider
  readonly options: Readonly<Record<string, string>>
  /** What is declared at load(), null where the source has columns of its own. */
  readonly declared: Schema | null
  readonly context?: Partial<SourceContext>
  /** Makes new input appear, and waits until the source can see it; two calls give different rows. */
  feed(source: Source): Promise<void>
  close(): Promise<void> | void
}

async function collect(source: Source, from: Json, to: Json): Promise<Value[][]> {
  const batches: Batch[] = []
  for await (const b of source.read(from, to)) batches.push(b)
  for (const b of batches) expect(b.length).toBeLessThanOrEqual(8192)
  return rowsOf(batches)
}

/** The rules every source keeps; see connectors/provider.ts. */
export function sourceContract(make: () => Promise<SourceUnderTest>): void {
  const run = async (
    body: (source: Source, t: SourceUnderTest, schema: Schema) => Promise<void>,
    narrow?: (schema: Schema) => Schema,
  ): Promise<void> => {
    const t = await make()
    try {
      const options = validateOptions(t.provider.format, t.provider.options, t.options, t.provider.openOptions)
      const full = t.provider.schema(options, t.declared)
      const schema = narrow === undefined ? full : narrow(full)
      const source = await t.provider.open(options, sourceContext(schema, t.context))
      try {
        await body(source, t, schema)
      } finally {
        await source.close()
      }
    } finally {
      await t.close()
    }
  }

  it('declares its options and describes itself', async () => {
    const t = await make()
    try {
      const { provider } = t
      expect(provider.doc).toMatch(/^[A-Z].*\.$/s)
      for (const o of Object.values(provider.options)) expect(o.doc).toMatch(/^[A-Z].*\.$/s)
      expect(provider.describe(validateOptions(provider.format, provider.options, t.options))).not.toBe('')
      expect(() => validateOptions(provider.format, provider.options, { ...t.options, noSuchOption: '1' })).toThrow(
        OptionError,
      )
    } finally {
      await t.close()
    }
  })

  it('gives nothing before there is data, and offsets that survive JSON', () =>
    run(async (source, t) => {
      const start = await source.initialOffset()
      const before = await source.latestOffset(start)
      expect(before ?? start).toEqual(start)
      await t.feed(source)
      const end = await source.latestOffset(start)
      expect(JSON.parse(JSON.stringify(end))).toEqual(end)
      expect(end).not.toEqual(start)
    }))

  it('reads the same rows again until they are committed, and the same from null as from its first offset', () =>
    run(async (source, t) => {
      const start = await source.initialOffset()
      await source.latestOffset(start)
      await t.feed(source)
      const end = await source.latestOffset(start)
      const rows = await collect(source, start!, end!)
      expect(rows.length).toBeGreaterThan(0)
      expect(await collect(source, start!, end!)).toEqual(rows)
      expect(await collect(source, null, JSON.parse(JSON.stringify(end)) as Json)).toEqual(rows)
      await source.commit?.(end!)
      expect(await collect(source, end!, end!)).toEqual([])
    }))

  it('gives every row once, however the input is cut', () =>
    run(async (source, t) => {
      const start = await source.initialOffset()
      await source.latestOffset(start)
      await t.feed(source)
      const middle = await source.latestOffset(start)
      await t.feed(source)
      const end = await source.latestOffset(middle)
      const first = await collect(source, start!, middle!)
      const second = await collect(source, middle!, end!)
      expect(second.length).toBeGreaterThan(0)
      expect(await collect(source, start!, end!)).toEqual([...first, ...second])
    }))

  it('delivers just the columns asked for', () =>
    run(
      async (source, t, schema) => {
        const start = await source.initialOffset()
        await source.latestOffset(start)
        await t.feed(source)
        const end = await source.latestOffset(start)
        for await (const b of source.read(start, end!)) {
          expect(b.schema).toEqual(schema)
          expect(b.columns.length).toBe(schema.fields.length)
        }
      },
      (full) => schemaOf(...full.fields.slice(1)),
    ))

  it('stands still once availableNow has frozen it', () =>
    run(async (source, t) => {
      const start = await source.initialOffset()
      await source.latestOffset(start)
      await t.feed(source)
      await source.prepareAvailableNow!()
      const end = await source.latestOffset(start)
      expect(end).not.toEqual(start)
      await t.feed(source)
      expect(await source.latestOffset(end)).toEqual(end)
    }))
}
