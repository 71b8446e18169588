import { Kafka, logLevel, type Message, type Producer } from 'kafkajs'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerCluster, startBrokerCluster } from '../../kafka-broker/broker-cluster.ts'
import { type Broker, type BrokerOptions, startBroker } from '../../kafka-broker/broker.ts'

type Brokers = Pick<Broker, 'servers' | 'tool' | 'stop'>

/** A broker or several, and a client for them that nobody here wrote (kafkajs) to make and fill topics with. */
export class Cluster<B extends Brokers = Broker> {
  readonly broker: B
  readonly kafka: Kafka
  readonly #producers: Producer[] = []
  #topics = 0

  static async start(options: BrokerOptions = {}): Promise<Cluster> {
    return new Cluster(await startBroker(options))
  }

  /** Three of them. */
  static async startThree(): Promise<Cluster<BrokerCluster>> {
    return new Cluster(await startBrokerCluster())
  }

  private constructor(broker: B) {
    this.broker = broker
    this.kafka = new Kafka({ brokers: broker.servers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 8 } })
  }

  get options(): { readonly 'kafka.bootstrap.servers': string } {
    return { 'kafka.bootstrap.servers': this.broker.servers }
  }

  /** A fresh topic; gives its name. */
  async topic(
    partitions = 1,
    config: Readonly<Record<string, string>> = {},
    name = `t${++this.#topics}`,
  ): Promise<string> {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
    await this.admin((a) =>
      a.createTopics({ waitForLeaders: false, topics: [{ topic: name, numPartitions: partitions, configEntries }] }),
    )
    // Listing offsets shows that each partition is not only known but there: kafkajs repeats what it sends to one that is not.
    await this.admin(async (a) => {
      const there = await a.fetchTopicOffsets(name)
      if (there.length !== partitions) throw new Error(`topic ${name} is not there yet`)
    })
    return name
  }

  /** Does something as an administrator; again for a while, as kafkajs gives up while the broker is still making a topic. */
  async admin<T>(body: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const admin = this.kafka.admin()
      try {
        await admin.connect()
        return await body(admin)
      } catch (error) {
        if (tries === 30) throw error
        await sleep(100)
      } finally {
        await admin.disconnect()
      }
    }
  }

  /** A connected producer of kafkajs. */
  async producer(options: Parameters<Kafka['producer']>[0] = {}): Promise<Producer> {
    const producer = this.kafka.producer({ allowAutoTopicCreation: false, ...options })
    await producer.connect()
    this.#producers.push(producer)
    return producer
  }

  async send(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = (this.#producers[0] ??= await this.producer({ idempotent: true }))
    await producer.send({ topic, messages: [...messages], acks: -1 })
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.admin((a) => a.deleteTopics({ topics: [topic] }))
    // The producer would ask for the topic for ever, and has its sequence numbers.
    const [first] = this.#producers.splice(0, 1)
    await first?.disconnect()
  }

  /** Retention in a moment: the records before an offset are gone. */
  deleteRecords(topic: string, partition: number, offset: number): void {
    const file = join(mkdtempSync(join(tmpdir(), 'kafka-delete-')), 'offsets.json')
    writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic, partition, offset }] }))
    this.broker.tool('org.apache.kafka.tools.DeleteRecordsCommand', [
      '--bootstrap-server',
      this.broker.servers,
      '--offset-json-file',
      file,
    ])
  }

  /** What the broker's own console consumer reads of a topic from the beginning, committed records only. */
  console(topic: string, ...more: readonly string[]): string[] {
    const args = [
      '--bootstrap-server',
      this.broker.servers,
      '--topic',
      topic,
      '--from-beginning',
      '--timeout-ms',
      '4000',
    ]
    const out = this.broker.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...args,
      '--isolation-level',
      'read_committed',
      ...more,
    ])
    return out.split('\n').filter((line) => line !== '')
  }

  async stop(): Promise<void> {
    for (const producer of this.#producers) await producer.disconnect().catch(() => undefined)
    await this.broker.stop()
  }
}

/** `count` messages whose values are numbers from `from`. */
export const numbered = (count: number, from = 0): Message[] =>
  Array.from({ length: count }, (_, i) => ({ value: String(from + i) }))
