import { sampleOf } from '../../functions/user/failure.ts'
import type { Schema } from '../../types/data-type.ts'
import { parseSchema } from '../../types/ddl.ts'
import type { Json } from '../../types/json.ts'
import { declaredSchema } from '../declared-schema.ts'
import { BAD_RECORDS } from '../bad-records.ts'
import { defineSource, type Options, type OptionSpecs, type SourceProvider } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'
import { PushSource, pushOptions, pushReplay } from './push-source.ts'

/** Hands rows to the query. A row is an object by column name, an array, or the bare value of the only column. */
export interface ReceiverStore {
  /**
   * Takes one row. Resolves once it is kept, with `wal` in the log of the checkpoint, and there is room for more;
   * rejects when the row does not fit the columns. `position` is handed to `start` after a restart.
   */
  (row: unknown, position?: Json): Promise<void>
}

/** What `start` is told besides. */
export interface ReceiverContext {
  /** As validated: declared names, declared types, defaults filled in. */
  readonly options: Options
  /** The position given with the last row kept before the restart; null at the first start, and without `wal`. */
  readonly position: Json | null
  /** Says that nothing more will come. */
  end(): void
}

/** A source in the simple form: something that runs and hands over rows as they come. */
export interface ReceiverDefinition {
  /** Name for `readStream.format(…)`. */
  readonly format?: string
  /** A sentence on what it reads. */
  readonly doc?: string
  readonly options?: OptionSpecs
  /** Its columns, as DDL or Schema; left out: those declared by `readStream.schema(…)`. */
  readonly schema?: string | Schema
  /** Whether rows are logged unless the option `wal` says otherwise; true unless told. */
  readonly wal?: boolean
  /**
   * Begins to receive (Spark's onStart); it may go on after it has returned. What it returns is called when the query
   * stops (onStop), after `signal` was aborted. A rejection fails the query, once it has taken what was stored.
   */
  start(
    store: ReceiverStore,
    signal: AbortSignal,
    ctx: ReceiverContext,
  ): Promise<(() => Promise<void> | void) | void> | (() => Promise<void> | void) | void
}

/**
 * Makes a source of a receiver, for `session.registerSource`. It has the options `wal`, `bufferRows` and
 * `maxRowsPerTrigger` beside its own.
 */
export function receiver(definition: ReceiverDefinition): SourceProvider {
  const format = definition.format ?? 'receiver'
  const fixed = typeof definition.schema === 'string' ? parseSchema(definition.schema) : definition.schema
  const wal = definition.wal ?? true
  const columns = (declared: Schema | null): Schema => {
    return fixed === undefined ? declaredSchema(format, declared) : refuseSchema(format, fixed, declared)
  }
  return defineSource({
    format,
    doc: definition.doc ?? 'Rows of a receiver of the program.',
    options: { ...pushOptions(wal), badRecords: BAD_RECORDS, ...definition.options },
    replay: wal ? 'logged' : 'none',
    replayOf: pushReplay,
    supports: ['stream'],
    schema: (_options, declared) => columns(declared),
    async open(options, ctx) {
      const stop = new AbortController()
      const signal = AbortSignal.any([ctx.signal, stop.signal])
      const source = new PushSource(ctx, fixed ?? ctx.declared ?? ctx.schema, options)
      const store: ReceiverStore = async (row, position) => {
        await source.room()
        await source.offerRecord(
          () => row,
          () => Buffer.from(sampleOf(row, Infinity)),
          { position },
        )
      }
      const facts = { options, position: source.position, end: () => source.end() }
      const running = (async () => definition.start(store, signal, facts))()
      running.catch((error: unknown) => source.fail(ctx.name, error))
      source.onClose = async () => {
        stop.abort()
        // A start that failed has been reported; one that never returns is not waited for.
        const ended = await Promise.race([running.catch(() => undefined), new Promise<void>((r) => setImmediate(r))])
        await ended?.()
      }
      return source
    },
    describe: () => `Receiver[${format}]`,
  })
}
