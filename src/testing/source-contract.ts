import assert from 'node:assert/strict'
import type { Batch } from '../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../columns/batch.ts'
import { validateOptions } from '../connectors/options.ts'
import type { Options, Source, SourceContext, SourceProvider } from '../connectors/provider.ts'
import { OptionError } from '../errors/errors.ts'
import { openDatabase } from '../storage/sqlite.ts'
import { type Schema, schemaOf } from '../types/data-type.ts'
import { parseSchema } from '../types/ddl.ts'
import type { Json } from '../types/json.ts'
import type { Value } from '../types/value.ts'
import { sourceContext, valuesOf } from './contexts.ts'

/** One rule of a contract, for any test runner: `for (const { name, run } of sourceContract(…)) test(name, run)`. */
export interface ContractCheck {
  readonly name: string
  run(): Promise<void>
}

/** One source under test, over input of its own. */
export interface SourceUnderTest {
  readonly options: Readonly<Record<string, string>>
  /** What is declared at load(), as DDL or Schema; left out where the source has columns of its own. */
  readonly declared?: string | Schema | null
  readonly context?: Partial<SourceContext>
  /** Makes new input appear, and waits until the source can see it; two calls give different rows. */
  feed(source: Source): Promise<void> | void
  /** There is always more: a generator. */
  readonly endless?: boolean
  /** A bounded read: all there is, whatever is fed. */
  readonly bounded?: boolean
  close?(): Promise<void> | void
}

/**
 * The rules every source keeps (see SourceProvider and Source), each with an input that `make` makes. What is declared as
 * replay 'logged' is also opened anew over the same checkpoint, as after a crash. Checks throw AssertionError.
 */
export function sourceContract(
  provider: SourceProvider,
  make: () => Promise<SourceUnderTest> | SourceUnderTest,
): readonly ContractCheck[] {
  const suite = new Suite(provider, make)
  const checks: ContractCheck[] = [
    { name: 'declares its options and describes itself', run: () => suite.declares() },
    { name: 'gives offsets that survive JSON, and nothing before there is data', run: () => suite.offsets() },
    {
      name: 'reads the same rows again until they are committed, and the same from null as from its first offset',
      run: () => suite.reads(),
    },
    { name: 'delivers just the columns asked for', run: () => suite.columns() },
  ]
  if (provider.tellsChange === true)
    checks.push({ name: 'tells that it changed, and that it did not', run: () => suite.tellsChange() })
  if (provider.supports.includes('stream'))
    checks.push(
      { name: 'gives every row once, however the input is cut', run: () => suite.cuts() },
      { name: 'stands still once availableNow has frozen it', run: () => suite.freezes() },
      { name: 'gives logged rows again to the next run', run: () => suite.replays() },
    )
  return checks
}

class Suite {
  readonly #provider: SourceProvider
  readonly #make: () => Promise<SourceUnderTest> | SourceUnderTest

  constructor(provider: SourceProvider, make: () => Promise<SourceUnderTest> | SourceUnderTest) {
    this.#provider = provider
    this.#make = make
  }

  #options(given: Readonly<Record<string, string>>): Options {
    const { format, options, openOptions } = this.#provider
    return validateOptions(format, options, given, openOptions)
  }

  async #with(
    body: (source: Source, t: SourceUnderTest, schema: Schema, reopen: () => Promise<Source>) => Promise<void>,
    narrow: (schema: Schema) => Schema = (s) => s,
  ): Promise<void> {
    const t = await this.#make()
    const opened: Source[] = []
    try {
      const options = this.#options(t.options)
      const declared = typeof t.declared === 'string' ? parseSchema(t.declared) : (t.declared ?? null)
      const full = this.#provider.schema(options, declared)
      const schema = narrow(full)
      const ctx = sourceContext(schema, { declared: full, database: openDatabase(':memory:'), ...t.context })
      const open = async (): Promise<Source> => {
        const source = await this.#provider.open(options, ctx)
        opened.push(source)
        return source
      }
      await body(await open(), t, schema, open)
    } finally {
      for (const source of opened) await source.close()
      await t.close?.()
    }
  }

  async declares(): Promise<void> {
    const t = await this.#make()
    try {
      const { doc, options } = this.#provider
      assert.match(doc, SENTENCE, 'doc is a sentence')
      for (const [name, o] of Object.entries(options))
        assert.match(o.doc, SENTENCE, `the doc of option ${name} is a sentence`)
      assert.notEqual(this.#provider.describe(this.#options(t.options)), '')
      if (this.#provider.openOptions !== true)
        assert.throws(() => this.#options({ ...t.options, noSuchOption: '1' }), OptionError)
    } finally {
      await t.close?.()
    }
  }

  offsets(): Promise<void> {
    return this.#with(async (source, t) => {
      const start = await source.initialOffset()
      if (t.endless !== true && t.bounded !== true) {
        const before = await source.latestOffset(start)
        assert.deepEqual(before ?? start, start, 'there is nothing to read before there is data')
      }
      await t.feed(source)
      const end = await source.latestOffset(start)
      assert.deepEqual(JSON.parse(JSON.stringify(end)), end, 'an offset is plain JSON')
      assert.notDeepEqual(end, start)
    })
  }

  tellsChange(): Promise<void> {
    return this.#with(async (source, t) => {
      await t.feed(source)
      const before = await source.changeToken!()
      assert.equal(await source.changeToken!(), before, 'the same input has the same token')
      if (t.bounded === true) return
      await t.feed(source)
      assert.notEqual(await source.changeToken!(), before, 'more input has another token')
    })
  }

  reads(): Promise<void> {
    return this.#with(async (source, t) => {
      const { start, end } = await step(source, t)
      const rows = await collect(source, start, end)
      assert.ok(rows.length > 0, 'there are rows')
      assert.deepEqual(await collect(source, start, end), rows)
      if (t.bounded === true) return
      assert.deepEqual(await collect(source, null, JSON.parse(JSON.stringify(end)) as Json), rows)
      await source.commit?.(end)
      assert.deepEqual(await collect(source, end, end), [])
    })
  }

  cuts(): Promise<void> {
    return this.#with(async (source, t) => {
      const { start, end: middle } = await step(source, t)
      await t.feed(source)
      const end = (await source.latestOffset(middle))!
      const first = await collect(source, start, middle)
      const second = await collect(source, middle, end)
      assert.ok(second.length > 0, 'the second feed gives rows')
      assert.deepEqual(await collect(source, start, end), [...first, ...second])
    })
  }

  columns(): Promise<void> {
    return this.#with(
      async (source, t, schema) => {
        const { start, end } = await step(source, t)
        for await (const b of source.read(start, end)) {
          assert.deepEqual(b.schema, schema)
          assert.equal(b.columns.length, schema.fields.length)
        }
      },
      (full) => schemaOf(...full.fields.slice(1)),
    )
  }

  freezes(): Promise<void> {
    return this.#with(async (source, t) => {
      const start = await source.initialOffset()
      await source.latestOffset(start)
      await t.feed(source)
      assert.ok(source.prepareAvailableNow !== undefined, 'a stream can be frozen')
      await source.prepareAvailableNow()
      const end = await source.latestOffset(start)
      assert.notDeepEqual(end, start)
      await t.feed(source)
      assert.deepEqual(await source.latestOffset(end), end)
    })
  }

  replays(): Promise<void> {
    return this.#with(async (source, t, _schema, reopen) => {
      const options = this.#options(t.options)
      if ((this.#provider.replayOf?.(options) ?? this.#provider.replay) !== 'logged') return
      const { start, end } = await step(source, t)
      const rows = await collect(source, start, end)
      await source.close()
      const next = await reopen()
      assert.deepEqual(await collect(next, start, end), rows, 'what was logged is read again')
      await next.commit?.(end)
      await t.feed(next)
      const after = (await next.latestOffset(end))!
      const more = await collect(next, end, after)
      assert.ok(more.length > 0, 'what comes later is read on top')
      await next.close()
      const third = await reopen()
      assert.deepEqual(await collect(third, end, after), more, 'a commit drops only what is committed')
    })
  }
}

const SENTENCE = /^[A-Z].*\.$/s

async function step(source: Source, t: SourceUnderTest): Promise<{ readonly start: Json; readonly end: Json }> {
  const start = await source.initialOffset()
  await source.latestOffset(start)
  await t.feed(source)
  const end = await source.latestOffset(start)
  assert.notEqual(end, null)
  return { start: start!, end: end! }
}

async function collect(source: Source, from: Json, to: Json): Promise<Value[][]> {
  const batches: Batch[] = []
  for await (const b of source.read(from, to)) batches.push(b)
  for (const b of batches) assert.ok(b.length <= MAX_BATCH_ROWS, `a batch has at most ${MAX_BATCH_ROWS} rows`)
  return valuesOf(batches)
}
