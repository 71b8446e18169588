import type { FetchedPartition, TopicPartition } from './wire/requests.ts'
import type { ProducerStamp } from './record-encoder.ts'

export type { FetchedPartition, TopicPartition } from './wire/requests.ts'

/** A topic as the cluster has it now. */
export interface TopicInfo {
  readonly name: string
  /** Another id under the same name is another topic: it was deleted and made anew. */
  readonly id: string
  /** Ascending. */
  readonly partitions: readonly number[]
}

export interface OffsetOf extends TopicPartition {
  readonly offset: number
}

/** Partitions and where to read each from; an answer holds whole batches, of one partition at least one. */
export interface FetchSpec {
  readonly readCommitted: boolean
  readonly maxBytes: number
  /** How long a broker may wait for the first record. */
  readonly maxWaitMs: number
  readonly partitions: readonly (OffsetOf & { readonly maxBytes: number })[]
}

/** One record batch under way to a partition, encoded once its place in the sequence is known. */
export interface OutBatch extends TopicPartition {
  readonly count: number
  encode(stamp: ProducerStamp): Buffer
  /** The same records in two batches; null for one record. */
  split(): readonly OutBatch[] | null
}

/** The offset and text a private group keeps for a sink: the token of the last batch. */
export interface GroupNote extends OffsetOf {
  readonly metadata: string
}

/** Sends records; with a transactional id as one transaction after the other, fencing producers of that id before it. */
export interface KafkaProducer {
  begin(): void
  /** Resolves when all replicas in sync have the batches, one a partition at most; each once, though requests are repeated. */
  send(batches: readonly OutBatch[]): Promise<void>
  /** Makes a note part of the transaction; may run beside `send`. */
  note(group: string, note: GroupNote): Promise<void>
  /** Ends the transaction; only when all that was sent and noted has resolved. */
  commit(): Promise<void>
  abort(): Promise<void>
}

/**
 * What the source and the sink need of a Kafka cluster. Calls try again for a while what may be tried again; what then
 * fails is an ExecutionError, marked transient where a restart may help.
 */
export interface KafkaClient {
  /** These topics, or all but internal ones; those that do not exist are left out, or made with `create`. */
  topics(names: readonly string[] | null, create?: boolean): Promise<readonly TopicInfo[]>
  /** Offsets of the first record from a time on: milliseconds, EARLIEST or LATEST; -1 where there is none. */
  offsets(
    readCommitted: boolean,
    partitions: readonly (TopicPartition & { readonly timestampMs: number })[],
  ): Promise<readonly OffsetOf[]>
  /** One try, of every leader at once. OFFSET_OUT_OF_RANGE is left to the caller, other error codes are thrown. */
  fetch(spec: FetchSpec): Promise<readonly FetchedPartition[]>
  producer(transactionalId: string | null, transactionTimeoutMs: number): Promise<KafkaProducer>
  /** What the group has committed. */
  notes(group: string): Promise<readonly GroupNote[]>
  /** Connections that were lost or given up so far. */
  readonly reconnects: number
  close(): Promise<void>
}

export const LATEST = -1
export const EARLIEST = -2
