import { Kafka, logLevel, type Message, type Producer } from 'kafkajs'
import { type Broker, type BrokerOptions, startBroker } from '../../kafka-broker/broker.ts'

/** A broker, and a client for it that nobody here wrote (kafkajs) to make and fill topics with. */
export class Cluster {
  readonly broker: Broker
  readonly kafka: Kafka
  readonly #producers: Producer[] = []
  #topics = 0

  static async start(options: BrokerOptions = {}): Promise<Cluster> {
    return new Cluster(await startBroker(options))
  }

  private constructor(broker: Broker) {
    this.broker = broker
    this.kafka = new Kafka({ brokers: [broker.servers], logLevel: logLevel.NOTHING, retry: { retries: 8 } })
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
      a.createTopics({ waitForLeaders: true, topics: [{ topic: name, numPartitions: partitions, configEntries }] }),
    )
    return name
  }

  async admin<T>(body: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin()
    await admin.connect()
    try {
      return await body(admin)
    } finally {
      await admin.disconnect()
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
    const producer = (this.#producers[0] ??= await this.producer())
    await producer.send({ topic, messages: [...messages], acks: -1 })
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
