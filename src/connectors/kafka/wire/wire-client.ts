import { ExecutionError } from '../../../errors/errors.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import type {
  FetchedPartition,
  FetchSpec,
  GroupNote,
  KafkaClient,
  KafkaProducer,
  OffsetOf,
  TopicInfo,
} from '../client.ts'
import { check, Cluster } from './cluster.ts'
import { OFFSET_FETCH } from './producer-requests.ts'
import { WireProducer } from './wire-producer.ts'
import { FETCH, LIST_OFFSETS, type TopicPartition } from './requests.ts'

const OFFSET_OUT_OF_RANGE = 1
const UNKNOWN_TOPIC = 3

/** The client over Kafka's own protocol (docs/decisions/0007-kafka-protocol.md). */
export class WireClient implements KafkaClient {
  readonly #cluster: Cluster

  /** `trouble` is told what is being tried again, and null when it has succeeded. */
  constructor(config: ConnectionConfig, signal: AbortSignal, trouble: (text: string | null) => void = () => undefined) {
    this.#cluster = new Cluster(config, signal, trouble)
  }

  get reconnects(): number {
    return this.#cluster.reconnects
  }

  topics(names: readonly string[] | null, create = false): Promise<readonly TopicInfo[]> {
    return this.#cluster.retrying(async () => {
      const { topics } = await this.#cluster.metadata(names, create)
      const there = topics.filter((t) => !(t.code === UNKNOWN_TOPIC && !create) && !(names === null && t.isInternal))
      for (const t of there) check(t.code, 'Metadata', `topic ${t.name}`)
      return there.map(({ name, id, partitions }) => ({
        name,
        id,
        partitions: partitions.map((p) => p.partition).sort((a, b) => a - b),
      }))
    })
  }

  offsets(
    readCommitted: boolean,
    partitions: readonly (TopicPartition & { readonly timestampMs: number })[],
  ): Promise<readonly OffsetOf[]> {
    return this.#cluster.retrying(async () => {
      const groups = [...(await this.#cluster.byLeader(partitions))]
      const answers = await Promise.all(
        groups.map(([node, list]) => this.#cluster.ask(node, LIST_OFFSETS, { readCommitted, partitions: list })),
      )
      const all = answers.flat()
      for (const { code, topic, partition } of all) check(code, 'ListOffsets', `${topic}-${partition}`)
      return all
    })
  }

  async fetch(spec: FetchSpec): Promise<readonly FetchedPartition[]> {
    try {
      return await this.#fetch(spec)
    } catch (error) {
      // Who asks again asks the new leader, where a broker has gone or has handed over.
      if (error instanceof ExecutionError && error.transient) this.#cluster.forgetLeaders()
      throw error
    }
  }

  async #fetch({ readCommitted, maxBytes, maxWaitMs, partitions }: FetchSpec): Promise<readonly FetchedPartition[]> {
    const groups = [...(await this.#cluster.byLeader(partitions))]
    const answers = await Promise.all(
      groups.map(async ([node, list]) => {
        const request = { maxWaitMs, minBytes: 1, maxBytes, readCommitted, partitions: list }
        const { code, partitions: fetched } = await this.#cluster.ask(
          node,
          FETCH,
          request,
          maxWaitMs + this.#cluster.config.requestTimeoutMs,
        )
        check(code, 'Fetch', `broker ${node}`)
        return fetched
      }),
    )
    const all = answers.flat()
    for (const { code, topic, partition } of all) {
      if (code !== OFFSET_OUT_OF_RANGE) check(code, 'Fetch', `${topic}-${partition}`)
    }
    return all
  }

  async producer(transactionalId: string | null, transactionTimeoutMs: number): Promise<KafkaProducer> {
    return WireProducer.open(this.#cluster, transactionalId, transactionTimeoutMs)
  }

  notes(group: string): Promise<readonly GroupNote[]> {
    return this.#cluster.retrying(async () => {
      const node = await this.#cluster.coordinator(group, 'group')
      const { code, offsets } = await this.#cluster.ask(node, OFFSET_FETCH, group)
      check(code, 'OffsetFetch', `group ${group}`)
      for (const o of offsets) check(o.code, 'OffsetFetch', `group ${group}`)
      return offsets.filter((o) => o.offset >= 0).map((o) => ({ ...o, metadata: o.metadata ?? '' }))
    })
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }
}
