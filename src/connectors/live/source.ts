/**
 * live: items of an iterable, stream or event emitter of the program, as they come.
 *
 *   offset   number of the last lot taken, see push/push-source.ts
 *   replay   logged with `wal`; else what a batch has not committed lives as long as the session
 */
import { setImmediate as turn } from 'node:timers/promises'
import { ExecutionError, InternalError } from '../../errors/errors.ts'
import { sampleOf } from '../../functions/user/failure.ts'
import type { Schema } from '../../types/data-type.ts'
import { BAD_RECORDS } from '../bad-records.ts'
import { defineSource, type Options, type SourceContext } from '../provider.ts'
import { PushSource, pushOptions, pushReplay } from '../push/push-source.ts'
import { LiveInput } from './input.ts'
import { Line } from './line-items.ts'

/** Items taken without letting the event loop turn. */
const ITEMS_PER_TURN = 512

export const liveSource = defineSource({
  format: 'live',
  doc: 'Items of an async iterable, Readable, ReadableStream or EventEmitter of the program; made by readStream.from(…).',
  options: {
    id: { type: 'string', doc: 'Id of the input among the objects of the session.', required: true },
    ...pushOptions(false),
    badRecords: BAD_RECORDS,
  },
  replay: 'none',
  replayOf: pushReplay,
  supports: ['stream'],
  schema(_options: Options, declared: Schema | null): Schema {
    if (declared === null) throw new InternalError('a live source is declared with the schema of its input')
    return declared
  },
  open(options, ctx) {
    const input = ctx.objects.get(String(options['id']))
    if (!(input instanceof LiveInput)) throw new InternalError(`the session has no input ${String(options['id'])}`)
    return Promise.resolve(openInput(input, options, ctx))
  },
  describe: () => 'LiveStream',
})

function openInput(input: LiveInput, options: Options, ctx: SourceContext): PushSource {
  const source = new PushSource(ctx, input.schema, options, input.intake)
  const { position } = source
  source.onKept = (rows) => input.options.onKept?.(rows)
  let open = true
  input.attach(source, ctx.name, { position }, Number(options['bufferRows']))
  const ended = pump(input, source, () => open).catch((error: unknown) => {
    input.finished()
    source.fail(ctx.name, error)
  })
  source.onClose = async () => {
    open = false
    // The pump waits for the origin, or leaves within a turn.
    await Promise.race([ended, turn().then(() => turn())])
    input.release(source)
  }
  return source
}

async function pump(input: LiveInput, source: PushSource, isOpen: () => boolean): Promise<void> {
  const asText = source.schema.fields.length === 1 && source.schema.fields[0]!.type.kind === 'string'
  const positionOf = input.options.position
  for (let n = 1; isOpen(); n++) {
    if (source.isFull) await source.room()
    if (n % ITEMS_PER_TURN === 0) await turn()
    if (!isOpen()) return
    const next = await input.next()
    // Stopped meanwhile: the item is for the next start.
    if (!isOpen()) return
    input.taken()
    if (next.done === true) {
      input.finished()
      source.end()
      return
    }
    const item = next.value
    const row = (): unknown => (item instanceof Line ? (asText ? item.text : parsed(item.text)) : item)
    const kept = source.offerRecord(
      row,
      () => Buffer.from(item instanceof Line ? item.text : sampleOf(item, Infinity)),
      positionOf === undefined ? {} : { position: positionOf(item instanceof Line ? item.text : item) },
    )
    kept.catch((error: unknown) => source.fail('live', error))
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const record = line.length > 200 ? `${line.slice(0, 200)} …` : line
    throw new ExecutionError(
      'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
      { record, place: 'the stream', reason: message, badRecord: record },
      { cause, hint: 'bytes are read as lines of JSON; declare one STRING column to take the lines as they are' },
    )
  }
}
