/**
 * kafka: a record for each row.
 *
 *   kind    tokened. With a checkpoint each batch is one transaction; its last part is the token of the batch, as the
 *           committed offset and metadata of a group of its own. The transactional id is the query's, so that a second run
 *           fences the first. Readers with isolation.level=read_committed see each batch once, or not at all
 *   without a checkpoint (and for bounded writes) records are written once by an idempotent producer; a run that is repeated
 *           repeats them
 *   bad     records of a query: the bytes are the value, all else is in headers
 *   modes   append and update send the rows they are given; complete sends the whole table, as in Spark
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import type { Batch } from '../../columns/batch.ts'
import { ExecutionError, OptionError } from '../../errors/errors.ts'
import { defineSink, type Options, type Sink, type SinkContext } from '../provider.ts'
import type { KafkaClient, KafkaProducer } from './client.ts'
import { compressor } from './codecs/codec.ts'
import { connectionConfig } from './connection-config.ts'
import { LetterColumns } from './letter-columns.ts'
import { OutBatches } from './out-batches.ts'
import { RecordColumns, type RowRecords } from './record-columns.ts'
import { KafkaSettings } from './settings.ts'
import { SINK_OPTIONS } from './sink-options.ts'
import { SOURCE_OPTIONS } from './source-options.ts'

export const kafkaSink = defineSink({
  format: 'kafka',
  doc: 'Writes the columns key, value, headers, topic and partition as records of Kafka topics; with a checkpoint in transactions, each batch exactly once. Options kafka.* are settings of the client: kafka.bootstrap.servers is needed, docs/kafka.md lists the others.',
  options: SINK_OPTIONS,
  openOptions: true,
  kind: 'tokened',
  modes: ['append', 'update', 'complete'],
  releases: true,
  async open(options, ctx) {
    const { WireClient } = await import('./wire/wire-client.ts')
    const settings = new KafkaSettings(options, { ...SOURCE_OPTIONS, ...SINK_OPTIONS })
    const columns = ctx.takesBadRecords === true ? new LetterColumns(ctx.schema) : new RecordColumns(ctx.schema)
    checkPromises(settings)
    if (options['topic'] === undefined && !columns.hasTopic)
      throw new OptionError(
        'OPTION_MISSING',
        { format: 'kafka', option: 'topic' },
        { hint: 'name the topic in this option, or in a column topic' },
      )
    const out = outSettings(settings)
    // A stop must still be able to end the transaction: the connections end a little later than the query.
    const late = new AbortController()
    const closed = new AbortController()
    const endLater = (): void => void setTimeout(() => late.abort(), STOP_GRACE_MS).unref()
    ctx.signal.addEventListener('abort', endLater, { once: true, signal: closed.signal })
    const client = new WireClient(connectionConfig(settings), late.signal, (text) => ctx.status?.(text))
    try {
      return await KafkaSink.open(options, ctx, client, closed, columns, out)
    } catch (error) {
      closed.abort()
      await client.close()
      throw error
    }
  },
  describe: (options) => `KafkaSink[${String(options['topic'] ?? 'topic column')}]`,
})

/** How long a stop may take to abort the transaction under way. */
const STOP_GRACE_MS = 1000

interface OutSettings {
  readonly batchBytes: number
  readonly requestBytes: number
  readonly transactionTimeoutMs: number
  readonly codec: ReturnType<typeof compressor>
}

function outSettings(settings: KafkaSettings): OutSettings {
  const requestBytes = settings.int('max.request.size', 1 << 20, 1)
  return {
    requestBytes,
    batchBytes: Math.min(requestBytes, settings.int('batch.size', 512 << 10, 1)),
    transactionTimeoutMs: settings.int('transaction.timeout.ms', 900_000, 1),
    codec: compressor(settings.text('compression.type') ?? 'none'),
  }
}

/** Settings that would have the sink promise less than it says. */
function checkPromises(settings: KafkaSettings): void {
  if (!['all', '-1'].includes(settings.text('acks') ?? 'all')) throw settings.invalid('acks', 'all')
  if (!settings.boolean('enable.idempotence', true)) throw settings.invalid('enable.idempotence', 'true')
}

/** Rows worked on between two looks at the event loop. */
const ROWS_A_TURN = 1024

class KafkaSink implements Sink {
  readonly #client: KafkaClient
  /** Aborted when the sink is closed: nothing of it is left with the query, which may open many. */
  readonly #closed: AbortController
  readonly #producer: KafkaProducer
  readonly #ctx: SinkContext
  readonly #columns: RowRecords
  readonly #topic: string | null
  readonly #out: OutBatches
  readonly #isTransactional: boolean
  #stored: SinkToken | null
  #token: SinkToken | null = null
  #isDone = false
  /** Without a checkpoint on disk nothing outlives the process: there is no token then. */
  readonly readToken?: () => Promise<SinkToken | null>

  static async open(
    options: Options,
    ctx: SinkContext,
    client: KafkaClient,
    closed: AbortController,
    columns: RowRecords,
    out: OutSettings,
  ): Promise<KafkaSink> {
    const isTransactional = ctx.database !== null
    const name = groupOf(ctx.queryId)
    // Ends what a run before has left open, so that the token read next is the last there will be.
    const producer = await client.producer(isTransactional ? name : null, out.transactionTimeoutMs)
    const stored = isTransactional ? await storedToken(client, name) : null
    return new KafkaSink(options, ctx, client, closed, producer, columns, out, stored)
  }

  constructor(
    options: Options,
    ctx: SinkContext,
    client: KafkaClient,
    closed: AbortController,
    producer: KafkaProducer,
    columns: RowRecords,
    out: OutSettings,
    stored: SinkToken | null,
  ) {
    this.#ctx = ctx
    this.#client = client
    this.#closed = closed
    this.#producer = producer
    this.#columns = columns
    this.#topic = options['topic'] === undefined ? null : String(options['topic'])
    this.#isTransactional = ctx.database !== null
    this.#stored = stored
    this.#out = new OutBatches(client, producer, { ...out, nowMs: () => Number(ctx.nowUs() / 1000n) })
    if (this.#isTransactional) this.readToken = () => Promise.resolve(this.#stored)
  }

  begin(batchId: number, token: SinkToken): void {
    this.#token = token
    const stored = this.#stored
    // A run that was lost behind this point has written the batch already.
    this.#isDone = stored !== null && stored.queryId === token.queryId && stored.batchId >= token.batchId
    this.#out.begin(batchId)
    this.#producer.begin()
  }

  async add(batch: Batch): Promise<void> {
    if (this.#isDone) return
    await this.#orCanceled(async () => {
      for (let i = 0; i < batch.rowCount; i++) {
        const { record, topic, partition } = this.#columns.row(batch, i)
        const to = this.#topic ?? topic
        if (to === null)
          throw new ExecutionError('KAFKA_TOPIC_NULL', {}, { hint: 'the option topic names one for all' })
        const waiting = this.#out.add(record, to, partition)
        if (waiting !== null) await waiting
        if (i % ROWS_A_TURN === ROWS_A_TURN - 1) await turn()
      }
    })
  }

  async finish(): Promise<void> {
    if (this.#isDone) return
    await this.#orCanceled(async () => {
      if (!this.#isTransactional) return this.#out.flush()
      const token = this.#token!
      const note = {
        topic: this.#topic ?? this.#out.lastTopic ?? OFFSETS_TOPIC,
        partition: 0,
        offset: token.batchId,
        metadata: JSON.stringify(token),
      }
      // Both at once. A failure waits for the other: what is still under way when a transaction is aborted would begin a new one.
      const parts = await Promise.allSettled([this.#out.flush(), this.#producer.note(groupOf(this.#ctx.queryId), note)])
      for (const part of parts) if (part.status === 'rejected') throw part.reason
      await this.#producer.commit()
      this.#stored = token
    })
  }

  async abort(): Promise<void> {
    await this.#out.drop()
    // What cannot be aborted now is when the next run begins, or by the broker after transaction.timeout.ms.
    if (this.#isTransactional && !this.#isDone) await this.#producer.abort().catch(() => undefined)
  }

  close(): Promise<void> {
    this.#closed.abort()
    return this.#client.close()
  }

  async #orCanceled(body: () => Promise<void>): Promise<void> {
    try {
      await body()
    } catch (cause) {
      throw this.#ctx.signal.aborted ? new ExecutionError('OPERATION_CANCELED', {}, { cause }) : cause
    }
  }
}

/** The transactional id of a query, and the group that keeps its token. */
const groupOf = (queryId: string): string => `millrace-${queryId}`

/** A topic that every cluster with groups has, for the token of a batch that names no other. */
const OFFSETS_TOPIC = '__consumer_offsets'

/** The token of the last batch among what the group has committed; one a topic, the newest counts. */
async function storedToken(client: KafkaClient, group: string): Promise<SinkToken | null> {
  const notes = await client.notes(group)
  const last = [...notes].sort((a, b) => b.offset - a.offset)[0]
  if (last === undefined) return null
  try {
    const { queryId, batchId, offsetHash } = JSON.parse(last.metadata) as Record<string, unknown>
    return { queryId: String(queryId), batchId: Number(batchId), offsetHash: String(offsetHash) }
  } catch (cause) {
    throw new ExecutionError(
      'KAFKA_TOKEN_UNREADABLE',
      { group, metadata: last.metadata },
      {
        cause,
        hint: 'something else has committed offsets to this group; delete the group and begin a new checkpoint',
      },
    )
  }
}
