import { ExecutionError } from '../../errors/errors.ts'
import type { KafkaClient, KafkaProducer, OutBatch, TopicPartition } from './client.ts'
import type { compressor } from './codecs/codec.ts'
import { murmur2 } from './murmur2.ts'
import { type OutRecord, RecordEncoder } from './record-encoder.ts'

export interface OutBatchesConfig {
  /** A record batch is sent before it grows beyond this. */
  readonly batchBytes: number
  /** No record may take more. */
  readonly requestBytes: number
  readonly codec: ReturnType<typeof compressor>
  nowMs(): number
}

/** Bytes that may wait to be sent. */
const PENDING_BYTES = 8 << 20
/** How long the number of partitions of a topic is believed. */
const PARTITIONS_FRESH_MS = 60_000

interface Filling extends TopicPartition {
  readonly encoder: RecordEncoder
}

/** Gathers records to batches by partition and sends them, while more are gathered. */
export class OutBatches {
  readonly #client: KafkaClient
  readonly #producer: KafkaProducer
  readonly #config: OutBatchesConfig
  readonly #partitions = new Map<string, { readonly count: number; readonly atMs: number }>()
  #filling = new Map<string, Filling>()
  /** Full ones; at most one a partition goes in a round. */
  #full: Filling[] = []
  #pendingBytes = 0
  #sending: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | null = null
  /** Where the next records without key and partition go: a batch stays together. */
  #spread = 0
  #lastTopic: string | null = null

  constructor(client: KafkaClient, producer: KafkaProducer, config: OutBatchesConfig) {
    this.#client = client
    this.#producer = producer
    this.#config = config
  }

  /** A topic that has been written to. */
  get lastTopic(): string | null {
    return this.#lastTopic
  }

  begin(batchId: number): void {
    this.#spread = batchId
  }

  /** Takes a record; a promise when the caller has to wait, because enough is under way or a topic is to be looked up. */
  add(record: OutRecord, topic: string, partition: number | null): Promise<void> | null {
    const known = this.#partitions.get(topic)
    if (known === undefined || performance.now() - known.atMs > PARTITIONS_FRESH_MS)
      return this.#lookUp(topic).then(() => this.#put(record, topic, partition) ?? undefined)
    return this.#put(record, topic, partition)
  }

  async #lookUp(topic: string): Promise<void> {
    const [info] = await this.#client.topics([topic], true)
    if (info === undefined || info.partitions.length === 0)
      throw new ExecutionError('KAFKA_TOPIC_NOT_FOUND', { topic }, { hint: 'make the topic first' })
    this.#partitions.set(topic, { count: info.partitions.length, atMs: performance.now() })
  }

  #put(record: OutRecord, topic: string, wanted: number | null): Promise<void> | null {
    const { count } = this.#partitions.get(topic)!
    if (wanted !== null && (wanted < 0 || wanted >= count))
      throw new ExecutionError('KAFKA_PARTITION_NOT_FOUND', { topic, partition: wanted, count })
    const { key } = record
    const partition =
      wanted ?? (key === null ? this.#spread % count : (murmur2(key.data, key.from, key.to) & 0x7fffffff) % count)
    this.#lastTopic = topic
    const place = `${topic} ${partition}`
    const filling = this.#filling.get(place)
    if (
      filling !== undefined &&
      filling.encoder.byteLength + RecordEncoder.bytesAlone(record) > this.#config.batchBytes
    ) {
      this.#full.push(filling)
      this.#filling.delete(place)
      if (key === null) this.#spread++
    }
    let into = this.#filling.get(place)
    if (into === undefined) {
      this.#checkSize(record, topic)
      into = { topic, partition, encoder: new RecordEncoder() }
      this.#filling.set(place, into)
    }
    const before = into.encoder.byteLength
    into.encoder.add(record)
    this.#pendingBytes += into.encoder.byteLength - before
    return this.#full.length > 0 || this.#pendingBytes > PENDING_BYTES ? this.#send(false) : null
  }

  #checkSize(record: OutRecord, topic: string): void {
    const bytes = RecordEncoder.bytesAlone(record)
    if (bytes > this.#config.requestBytes)
      throw new ExecutionError(
        'KAFKA_RECORD_TOO_LARGE',
        { topic, bytes, limit: this.#config.requestBytes },
        { hint: "raise kafka.max.request.size, and the topic's max.message.bytes with it" },
      )
  }

  /** Sends what is full, or all, when what was sent before is written; waits for that only when much waits. */
  async #send(all: boolean): Promise<void> {
    await this.#sending
    if (this.#failure !== null) throw this.#failure.error
    const isMuch = this.#pendingBytes > PENDING_BYTES
    const ready = [...this.#full, ...(all || isMuch ? this.#filling.values() : [])]
    if (all || isMuch) this.#filling = new Map()
    this.#full = []
    for (const { encoder } of ready) this.#pendingBytes -= encoder.byteLength - RecordEncoder.emptyBytes
    this.#sending = this.#sendInRounds(ready).catch((error: unknown) => void (this.#failure ??= { error }))
  }

  async #sendInRounds(ready: readonly Filling[]): Promise<void> {
    for (let rest = ready; rest.length > 0;) {
      const round = new Map<string, Filling>()
      const later: Filling[] = []
      for (const f of rest) {
        const place = `${f.topic} ${f.partition}`
        if (round.has(place)) later.push(f)
        else round.set(place, f)
      }
      const timestampMs = this.#config.nowMs()
      await this.#producer.send([...round.values()].map((f) => this.#outBatch(f, timestampMs)))
      rest = later
    }
  }

  #outBatch({ topic, partition, encoder }: Filling, timestampMs: number): OutBatch {
    return {
      topic,
      partition,
      count: encoder.count,
      encode: (stamp) => encoder.encode(timestampMs, stamp, this.#config.codec),
      split: () =>
        encoder.halves()?.map((half) => this.#outBatch({ topic, partition, encoder: half }, timestampMs)) ?? null,
    }
  }

  /** Resolves when all that was taken is written. */
  async flush(): Promise<void> {
    await this.#send(true)
    await this.#sending
    if (this.#failure !== null) throw this.#failure.error
  }

  /** Forgets what was not sent, when what is under way has ended. */
  async drop(): Promise<void> {
    this.#filling = new Map()
    this.#full = []
    this.#pendingBytes = 0
    await this.#sending
    this.#failure = null
  }
}
