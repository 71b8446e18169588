/**
 * memory: reads a MemoryStream of the session.
 *
 *   offset   number of adds read
 *   replay   native: the adds live as long as the session
 */
import type { Batch } from '../../columns/batch.ts'
import { CheckpointError, InternalError, OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { MemoryStream } from './stream.ts'

export const memorySource = defineSource({
  format: 'memory',
  doc: 'Rows added by the program through a MemoryStream; for tests and for embedding.',
  options: {
    id: { type: 'string', doc: 'Id of the MemoryStream among the objects of the session.', required: true },
    maxAddsPerBatch: {
      type: 'int',
      doc: 'At most this many adds in one batch, oldest first; without it all that wait.',
    },
  },
  replay: 'native',
  supports: ['batch', 'stream'],
  tellsChange: true,
  schema(_options: Options, declared: Schema | null): Schema {
    if (declared === null) throw new InternalError('a memory source is declared with the schema of its stream')
    return declared
  },
  open: (options, ctx) => Promise.resolve(new MemorySource(options, ctx)),
  describe: (options) => `MemoryStream[${String(options['id'])}]`,
})

class MemorySource implements Source<number> {
  readonly #stream: MemoryStream
  readonly #limit: number
  readonly #project: (batch: Batch) => Batch
  readonly #unwatch: () => void
  #frozen: number | null = null

  constructor(options: Options, ctx: SourceContext) {
    const id = String(options['id'])
    const stream = ctx.objects.get(id)
    if (!(stream instanceof MemoryStream)) throw new InternalError(`the session has no MemoryStream ${id}`)
    this.#stream = stream
    const limit = options['maxAddsPerBatch']
    if (limit !== undefined && Number(limit) < 1)
      throw new OptionError('OPTION_INVALID', {
        format: 'memory',
        option: 'maxAddsPerBatch',
        value: limit as number,
        expected: 'a number from 1',
      })
    this.#limit = limit === undefined ? Infinity : Number(limit)
    this.#project = projection(stream.schema, ctx.schema)
    this.#unwatch = stream.watch(ctx.wake)
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }

  /** Before the first add there is nothing to run a batch for: null. */
  latestOffset(from: number | null): Promise<number | null> {
    const end = this.#frozen ?? this.#stream.size
    if (end === 0) return Promise.resolve(null)
    return Promise.resolve(Math.min(end, (from ?? 0) + this.#limit))
  }

  *read(from: number | null, to: number): Generator<Batch> {
    if (to > this.#stream.size) throw new CheckpointError('MEMORY_STREAM_LOST', { wanted: to, have: this.#stream.size })
    for (const batch of this.#stream.read(from ?? 0, to)) yield this.#project(batch)
  }

  prepareAvailableNow(): Promise<void> {
    this.#frozen = this.#stream.size
    return Promise.resolve()
  }

  changeToken(): Promise<string> {
    return Promise.resolve(String(this.#stream.size))
  }

  close(): Promise<void> {
    this.#unwatch()
    return Promise.resolve()
  }
}
