import assert from 'node:assert/strict'
import type { Batch } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { validateOptions } from '../connectors/options.ts'
import type { Options, Sink, SinkContext, SinkProvider } from '../connectors/provider.ts'
import { OptionError } from '../errors/errors.ts'
import { BIGINT, field, schemaOf, STRING } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { sinkContext, sinkToken } from './contexts.ts'
import type { ContractCheck } from './source-contract.ts'

/** One sink under test. Rows have the columns k STRING and n BIGINT. */
export interface SinkUnderTest {
  readonly options: Readonly<Record<string, string>>
  readonly context?: Partial<SinkContext>
  /** Makes of a batch what the sink takes, where it takes other columns; `context` has their schema then. */
  shape?(batch: Batch): Batch
  /** Reads back what the sink holds; null where nothing can be read back. */
  rows(): Value[][] | null | Promise<Value[][] | null>
  close?(): Promise<void> | void
}

const SCHEMA = schemaOf(field('k', STRING), field('n', BIGINT))
const A: Value[][] = [
  ['a', 1n],
  ['b', null],
  ['c"\n', 3n],
]
const B: Value[][] = [['d', 4n]]

/**
 * The rules every sink keeps, by its kind (see SinkProvider and Sink), each with a target that `make` makes. Checks throw
 * AssertionError.
 */
export function sinkContract(
  provider: SinkProvider,
  make: () => Promise<SinkUnderTest> | SinkUnderTest,
): readonly ContractCheck[] {
  const suite = new Suite(provider, make)
  return [
    { name: 'declares its options and describes itself', run: () => suite.declares() },
    { name: 'holds what finished batches brought, empty ones too', run: () => suite.holds() },
    { name: 'shows nothing of a batch that was aborted', run: () => suite.aborts() },
    {
      name: 'takes a batch again without doubling it, in the same run and after a restart',
      run: () => suite.repeats(),
    },
    { name: 'keeps the token of its last batch with it, if it is tokened', run: () => suite.tokens() },
  ]
}

class Suite {
  readonly #provider: SinkProvider
  readonly #make: () => Promise<SinkUnderTest> | SinkUnderTest

  constructor(provider: SinkProvider, make: () => Promise<SinkUnderTest> | SinkUnderTest) {
    this.#provider = provider
    this.#make = make
  }

  #options(given: Readonly<Record<string, string>>): Options {
    const { format, options, openOptions } = this.#provider
    return validateOptions(format, options, given, openOptions)
  }
  #open(t: SinkUnderTest, more: Partial<SinkContext> = {}): Promise<Sink> {
    return this.#provider.open(this.#options(t.options), sinkContext(SCHEMA, { ...t.context, ...more }))
  }
  async #with(body: (t: SinkUnderTest) => Promise<void>): Promise<void> {
    const t = await this.#make()
    try {
      await body(t)
    } finally {
      await t.close?.()
    }
  }

  declares(): Promise<void> {
    return this.#with(async (t) => {
      const { doc, options, modes } = this.#provider
      assert.match(doc, /^[A-Z].*\.$/s, 'doc is a sentence')
      for (const [name, o] of Object.entries(options))
        assert.match(o.doc, /^[A-Z].*\.$/s, `the doc of option ${name} is a sentence`)
      assert.ok(modes.length > 0, 'there is a mode it takes')
      assert.notEqual(this.#provider.describe(this.#options(t.options)), '')
      if (this.#provider.openOptions !== true)
        assert.throws(() => this.#options({ ...t.options, noSuchOption: '1' }), OptionError)
    })
  }

  holds(): Promise<void> {
    return this.#with(async (t) => {
      const sink = await this.#open(t)
      await write(sink, t, 0, A)
      await write(sink, t, 1, [])
      await write(sink, t, 2, B)
      await expectRows(t, [...A, ...B])
      await sink.close()
    })
  }

  aborts(): Promise<void> {
    return this.#with(async (t) => {
      const sink = await this.#open(t)
      await write(sink, t, 0, A)
      await sink.begin(1, sinkToken(1))
      await sink.add(shaped(t, B))
      await sink.abort?.()
      await expectRows(t, A)
      await sink.close()
    })
  }

  repeats(): Promise<void> {
    return this.#with(async (t) => {
      // At least once by declaration; a joining sink is never asked twice: its rows and the commit are one.
      const kind = this.#provider.kindOf?.(this.#options(t.options)) ?? this.#provider.kind
      if (this.#provider.repeats === true || kind === 'joining') return
      const sink = await this.#open(t)
      await write(sink, t, 0, A)
      await write(sink, t, 1, B)
      await write(sink, t, 1, B)
      await sink.close()
      const again = await this.#open(t, { lastCommittedBatch: 0 })
      await write(again, t, 1, B)
      await expectRows(t, [...A, ...B])
      await again.close()
    })
  }

  tokens(): Promise<void> {
    return this.#with(async (t) => {
      const sink = await this.#open(t)
      if (sink.readToken !== undefined) {
        assert.equal(await sink.readToken(), null, 'a fresh target has no token')
        await write(sink, t, 0, A)
        assert.deepEqual(await sink.readToken(), sinkToken(0))
      }
      await sink.close()
    })
  }
}

function shaped(t: SinkUnderTest, rows: Value[][]): Batch {
  const batch = batchOf(SCHEMA, rows)
  return t.shape?.(batch) ?? batch
}

async function write(sink: Sink, t: SinkUnderTest, batchId: number, rows: Value[][]): Promise<void> {
  await sink.begin(batchId, sinkToken(batchId))
  for (let i = 0; i < rows.length; i += 2) await sink.add(shaped(t, rows.slice(i, i + 2)))
  await sink.finish()
  if (sink.writeInTx !== undefined) t.context?.database?.transaction(() => sink.writeInTx!())
}

async function expectRows(t: SinkUnderTest, expected: Value[][]): Promise<void> {
  const rows = await t.rows()
  const sorted = (x: Value[][]): string[] => x.map((r) => r.map(String).join()).sort()
  if (rows !== null) assert.deepEqual(sorted(rows), sorted(expected))
}
