import { setTimeout as sleep } from 'node:timers/promises'
import { ExecutionError } from '../../errors/errors.ts'
import { EARLIEST, type FetchedPartition, type KafkaClient, type OffsetOf } from './client.ts'
import { isLoaded, loadZstd } from './codecs/codec.ts'
import type { DataLoss } from './data-loss.ts'
import { type RecordBatch, scanBatches, visibleBatches } from './record-batches.ts'
import type { DecodedRecords, RecordDecoder, RecordRange } from './record-decoder.ts'
import { keyOf, type OffsetMap } from './topic-offsets.ts'

export interface RangeReaderConfig {
  readonly readCommitted: boolean
  readonly checkCrc: boolean
  /** Bytes that may wait to be decoded. */
  readonly bufferBytes: number
  /** Bytes asked of one partition at a time. */
  readonly partitionBytes: number
  /** Bytes asked of one broker at a time. */
  readonly fetchBytes: number
  /** A partition that gives nothing for so long, though it has something, is an error. */
  readonly pollTimeoutMs: number
}

/** Rows of one range. */
export interface ReadRecords extends DecodedRecords {
  readonly range: RecordRange
}

/** What was fetched of one partition and is not decoded yet: the rows with offsets in [from, to). */
interface Chunk {
  readonly bytes: Buffer
  readonly batches: readonly RecordBatch[]
  readonly from: number
  readonly to: number
}

/** One range under way: `at` is the next offset to ask for. */
interface Lane {
  readonly range: RecordRange
  at: number
  readonly chunks: Chunk[]
  /** An answer came without records: the next request is for this lane alone, and waits. */
  isSilent: boolean
}

/** How long a broker may look for records that ought to be there before it is believed that there are none. */
const GAP_WAIT_MS = 5000
const FIRST_PAUSE_MS = 20

/**
 * Reads ranges of offsets, one partition after the other in the order given, whatever order the answers come in: the same
 * ranges give the same rows in the same order. While rows are worked on, the next ones of all partitions are fetched, up to a
 * bound of bytes; the partition whose turn it is is asked for first, so that it never waits for the others.
 */
export class RangeReader {
  readonly #client: KafkaClient
  readonly #decoder: RecordDecoder
  readonly #config: RangeReaderConfig
  readonly #loss: DataLoss
  readonly #status: (text: string | null) => void
  readonly #signal: AbortSignal
  /** What `lookAhead` found, by partition, with the offset it was asked for. */
  #ahead: ReadonlyMap<string, { readonly from: number; readonly answer: FetchedPartition }> = new Map()
  /** Answers that did not come, since the reader was made. */
  stalls = 0

  constructor(
    client: KafkaClient,
    decoder: RecordDecoder,
    config: RangeReaderConfig,
    loss: DataLoss,
    status: (text: string | null) => void,
    signal: AbortSignal,
  ) {
    this.#client = client
    this.#decoder = decoder
    this.#config = config
    this.#loss = loss
    this.#status = status
    this.#signal = signal
  }

  /**
   * Asks once for what is behind these offsets now, without waiting; `read` begins with it. Gives the ends of the partitions, as
   * they are when their records are read; null when some have no plain answer, and never fails.
   */
  async lookAhead(offsets: readonly OffsetOf[]): Promise<OffsetMap | null> {
    this.#ahead = new Map()
    const { readCommitted, partitionBytes, fetchBytes, bufferBytes } = this.#config
    const answers = await this.#client
      .fetch({
        readCommitted,
        maxBytes: Math.min(fetchBytes, bufferBytes),
        maxWaitMs: 0,
        partitions: offsets.map((p) => ({ ...p, maxBytes: partitionBytes })),
      })
      .catch(() => null)
    if (answers === null || answers.some((a) => a.code !== 0)) return null
    const from = new Map(offsets.map((p) => [keyOf(p), p.offset]))
    this.#ahead = new Map(answers.map((answer) => [keyOf(answer), { from: from.get(keyOf(answer))!, answer }]))
    return new Map(
      answers.map(({ topic, partition, highWatermark, lastStableOffset }) => {
        const offset = readCommitted ? lastStableOffset : highWatermark
        return [keyOf({ topic, partition }), { topic, partition, offset }]
      }),
    )
  }

  async *read(ranges: readonly RecordRange[]): AsyncGenerator<ReadRecords> {
    const lanes = ranges
      .filter((range) => range.from < range.to)
      .map((range): Lane => ({ range, at: range.from, chunks: [], isSilent: false }))
    let buffered = await this.#takeAhead(lanes)
    let fetching: Promise<void> | null = null
    let failure: { readonly error: unknown } | null = null
    const pump = (current: number): void => {
      if (fetching !== null || failure !== null) return
      const wanted = this.#choose(lanes, current, buffered)
      if (wanted.length === 0) return
      fetching = this.#fetch(wanted)
        .then(
          (bytes) => void (buffered += bytes),
          (error: unknown) => void (failure = { error }),
        )
        .finally(() => (fetching = null))
    }
    for (const [i, lane] of lanes.entries())
      for (;;) {
        pump(i)
        const chunk = lane.chunks.shift()
        if (chunk === undefined) {
          if (lane.at >= lane.range.to) break
          await fetching
          // Set by the fetch that was awaited, which the compiler cannot see.
          const failed = failure as { readonly error: unknown } | null
          if (failed !== null) throw failed.error
          continue
        }
        buffered -= chunk.bytes.length
        pump(i)
        const within = { ...lane.range, from: chunk.from, to: chunk.to }
        for (const decoded of this.#decoder.decode(chunk.bytes, chunk.batches, within))
          yield { ...decoded, range: lane.range }
      }
  }

  /** Puts what was looked ahead for into the lanes that begin there; gives its bytes. */
  async #takeAhead(lanes: readonly Lane[]): Promise<number> {
    const ahead = this.#ahead
    this.#ahead = new Map()
    let taken = 0
    for (const lane of lanes) {
      const found = ahead.get(keyOf(lane.range))
      if (found?.from === lane.at && found.answer.records.length > 0)
        taken += await this.#takeOne(lane, found.answer, false)
    }
    return taken
  }

  /** The lanes the next request is for: the current one always unless it has something waiting, others while there is room. */
  #choose(lanes: readonly Lane[], current: number, buffered: number): readonly Lane[] {
    const open = lanes.filter((lane, i) => i >= current && lane.at < lane.range.to)
    const silent = open.find((lane) => lane.isSilent)
    if (silent !== undefined) return [silent]
    let room = this.#config.bufferBytes - buffered
    return open.filter((lane) => {
      const isStarving = lane === lanes[current] && lane.chunks.length === 0
      const fits = room > 0
      room -= this.#config.partitionBytes
      return fits || isStarving
    })
  }

  /** Asks until there is an answer; gives the bytes that wait to be decoded. */
  async #fetch(lanes: readonly Lane[]): Promise<number> {
    const since = performance.now()
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(1000, pauseMs * 2)) {
      const first = lanes[0]!.range
      let why: unknown
      try {
        const answers = await this.#client.fetch({
          readCommitted: this.#config.readCommitted,
          maxBytes: this.#config.fetchBytes,
          maxWaitMs: lanes.length === 1 && lanes[0]!.isSilent ? GAP_WAIT_MS : 500,
          partitions: lanes.map(({ range: { topic, partition }, at }) => ({
            topic,
            partition,
            offset: at,
            maxBytes: this.#config.partitionBytes,
          })),
        })
        const bytes = await this.#take(lanes, answers)
        if (bytes !== null) {
          this.#status(null)
          return bytes
        }
        why = 'the leader has not come as far as the planned end'
      } catch (error) {
        if (!(error instanceof ExecutionError && error.transient) || this.#signal.aborted) throw error
        if (await this.#dropGone(lanes)) return 0
        why = error
      }
      this.stalls++
      const message = why instanceof Error ? why.message.split('\n')[0]! : String(why)
      const where = `${first.topic}-${first.partition} at offset ${lanes[0]!.at}`
      const waitedMs = Math.round(performance.now() - since)
      if (waitedMs + pauseMs > this.#config.pollTimeoutMs)
        throw new ExecutionError(
          'KAFKA_FETCH_STALLED',
          { where, waitedMs, message },
          { transient: true, cause: why, hint: 'kafkaConsumer.pollTimeoutMs says how long to wait' },
        )
      this.#status(`fetch of ${where} stalled for ${waitedMs} ms, trying again: ${message}`)
      await sleep(pauseMs, undefined, { signal: this.#signal })
    }
  }

  /** Puts answers into their lanes; null when a broker does not have yet what it had when the range was planned. */
  async #take(lanes: readonly Lane[], answers: readonly FetchedPartition[]): Promise<number | null> {
    const byKey = new Map(answers.map((a) => [keyOf(a), a]))
    let taken = 0
    let moved = false
    for (const lane of lanes) {
      const answer = byKey.get(keyOf(lane.range))
      if (answer === undefined) continue
      const before = lane.at
      if (answer.code !== 0) await this.#skipGone(lane)
      else taken += await this.#takeOne(lane, answer, lanes.length === 1)
      if (lane.at !== before || lane.isSilent) moved = true
    }
    return moved ? taken : null
  }

  async #takeOne(lane: Lane, answer: FetchedPartition, isAlone: boolean): Promise<number> {
    const { topic, partition, to } = lane.range
    const bytes = answer.records
    const batches = scanBatches(bytes, this.#config.checkCrc, `${topic}-${partition}`)
    if (batches.length === 0) {
      const end = this.#config.readCommitted ? answer.lastStableOffset : answer.highWatermark
      // Compaction may have taken all that was left of the range; the broker has looked for it, with nothing else to do.
      if (isAlone && lane.isSilent && end >= to) lane.at = to
      lane.isSilent = end >= to && !lane.isSilent
      return 0
    }
    lane.isSilent = false
    const next = Math.min(to, batches.at(-1)!.lastOffset + 1)
    const aborted = this.#config.readCommitted ? answer.aborted : []
    const visible = visibleBatches(bytes, batches, aborted)
    if (!batches.every((b) => isLoaded(b.codec))) await loadZstd()
    const from = lane.at
    lane.at = Math.max(lane.at, next)
    if (visible.length === 0) return 0
    lane.chunks.push({ bytes, batches: visible, from, to: next })
    return bytes.length
  }

  /** The offset a lane is at is not in the log: retention has been there, or the log is shorter than it was. */
  async #skipGone(lane: Lane): Promise<void> {
    const { topic, partition, to } = lane.range
    const [first] = await this.#client.offsets(false, [{ topic, partition, timestampMs: EARLIEST }])
    const gone = first!.offset > lane.at ? Math.min(first!.offset, to) : to
    const reason = first!.offset > lane.at ? `the log begins at ${first!.offset}` : 'the log ends before them'
    const params = { topic, partition, from: lane.at, to: gone, reason }
    this.#loss.report('KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE', params, gone - lane.at)
    lane.at = gone
  }

  /** Lanes whose partition does not exist any more are at their end; false when all are there. */
  async #dropGone(lanes: readonly Lane[]): Promise<boolean> {
    const topics = await this.#client.topics([...new Set(lanes.map((l) => l.range.topic))]).catch(() => null)
    if (topics === null) return false
    const gone = lanes.filter(
      ({ range }) => !(topics.find((t) => t.name === range.topic)?.partitions.includes(range.partition) ?? false),
    )
    for (const lane of gone) {
      const { topic, partition, to } = lane.range
      const params = { topic, partition, from: lane.at, to, reason: 'the topic is gone' }
      this.#loss.report('KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE', params, to - lane.at)
      lane.at = to
    }
    return gone.length > 0
  }
}
