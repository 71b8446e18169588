import type { Producer } from 'kafkajs'
import type { Cluster } from '../../connectors/kafka/cluster.ts'
import { randomNumbers, rowText, WINDOW_MS } from '../events.ts'
import type { EventValue } from './records.ts'

const PARTITIONS = 4
/**
 * Events sent at a time, an equal number to each partition. A reader may see all of them in one partition and none in another: they lie,
 * together with the disorder, over far less event time than the watermark's delay, so that no row is late.
 */
const CHUNK = 400
/** Event time between two events, and how far back one may lie. */
const STEP_MS = 50
const DISORDER_MS = 12_000
const BASE_MS = Date.UTC(2026, 0, 1)
/** Ends every window there is. */
const FAR_MS = Date.UTC(2030, 0, 1)
const PAGES = 23
const END_PAGE = 'end'

/** Fills a topic with events and keeps, by a plain loop, the answer over them. */
export class Feed {
  readonly topic: string
  readonly partitions = PARTITIONS
  readonly #cluster: Cluster
  readonly #random: () => number
  readonly #groups = new Map<string, { readonly start: number; readonly page: string; n: number; amount: number }>()
  #producer: Producer
  #events = 0

  static async open(cluster: Cluster, seed: number): Promise<Feed> {
    const topic = await cluster.topic(PARTITIONS)
    return new Feed(cluster, topic, seed, await cluster.producer({ idempotent: true }))
  }

  private constructor(cluster: Cluster, topic: string, seed: number, producer: Producer) {
    this.#cluster = cluster
    this.topic = topic
    this.#random = randomNumbers(seed)
    this.#producer = producer
  }

  /** Events sent so far. */
  get events(): number {
    return this.#events
  }

  /** Sends until there are so many. */
  async sendUpTo(count: number): Promise<void> {
    while (this.#events < count) await this.send()
  }

  /** Sends events and counts them. */
  async send(): Promise<void> {
    const messages = Array.from({ length: CHUNK }, () => {
      const i = this.#events++
      const at = BASE_MS + i * STEP_MS - Math.floor(this.#random() * DISORDER_MS)
      const page = `/p${Math.floor(this.#random() ** 2 * PAGES)}`
      const amount = Math.floor(this.#random() * 1000) - 300
      const start = Math.floor(at / WINDOW_MS) * WINDOW_MS
      const key = `${start} ${page}`
      const group = this.#groups.get(key)
      if (group === undefined) this.#groups.set(key, { start, page, n: 1, amount })
      else {
        group.n++
        group.amount += amount
      }
      return { partition: i % PARTITIONS, value: eventText({ ts: new Date(at).toISOString(), page, amount }) }
    })
    await this.#producer.send({ topic: this.topic, acks: -1, messages })
  }

  /** The last record of each partition, of a time that ends all windows. Gives how many records the topic is to have. */
  async sendEnd(): Promise<number> {
    const value = eventText({ ts: new Date(FAR_MS).toISOString(), page: END_PAGE, amount: 0 })
    const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value }))
    await this.#producer.send({ topic: this.topic, acks: -1, messages })
    return this.#events + PARTITIONS
  }

  /** The rows of the answer, of all windows that end: all but the one of the last records. */
  endedWindows(): string[] {
    return [...this.#groups.values()].map((g) => rowText(g.start, g.page, g.n, g.amount))
  }

  /** The rows of the answer, of all windows there are when the last records were sent. */
  allWindows(): string[] {
    return [...this.endedWindows(), rowText(Math.floor(FAR_MS / WINDOW_MS) * WINDOW_MS, END_PAGE, PARTITIONS, 0)]
  }

  /** Connects anew, after the broker was away; nothing was under way. */
  async reconnect(): Promise<void> {
    await this.#producer.disconnect().catch(() => undefined)
    this.#producer = await this.#cluster.producer({ idempotent: true })
  }

  close(): Promise<void> {
    return this.#producer.disconnect()
  }
}

const eventText = (event: EventValue): string => JSON.stringify(event)
