/**
 * Kafka: records to a count and rows to records, beside bare loops of kafkajs that do nothing else.
 *
 *   node dist/bench/kafka.js [EVENTS=1000000] [PARTITIONS=4] [ROUNDS=3] [CODEC=none]
 *
 * Starts a broker of its own (test/kafka-broker). Prints events a second, and microseconds of this process's processor
 * time an event (the broker's are not in it): the best of the rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { type MillraceSession, millrace, Trigger } from '../src/index.ts'
import { startBroker } from '../test/kafka-broker/broker.ts'

const events = Number(process.argv[2] ?? 1_000_000)
const partitions = Number(process.argv[3] ?? 4)
const rounds = Number(process.argv[4] ?? 3)
const codec = process.argv[5] ?? 'none'

const broker = await startBroker({ properties: { 'num.partitions': partitions } })
const servers = { 'kafka.bootstrap.servers': broker.servers }
const kafka = new Kafka({ brokers: [broker.servers], logLevel: logLevel.NOTHING })
const session = millrace({ 'millrace.durability': 'process' })
const work = mkdtempSync(join(tmpdir(), 'millrace-bench-kafka-'))
let serial = 0

/** About 200 bytes of JSON, under 10 000 keys. */
const rows = (s: MillraceSession): ReturnType<MillraceSession['sql']> =>
  s
    .range(events)
    .selectExpr(
      "concat('user-', id % 10000) AS key",
      `concat('{"id":', id, ',"user":"user-', id % 10000, '","page":"/products/', id % 977, '","referrer":"https://example.com/some/page/or/other","agent":"a browser of some kind or other","ms":', id % 5000, '}') AS value`,
    )

async function best(name: string, body: () => Promise<void>): Promise<void> {
  let [seconds, cpuUs] = [Infinity, Infinity]
  for (let i = 0; i < rounds; i++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    await body()
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
    const used = process.cpuUsage(cpu)
    cpuUs = Math.min(cpuUs, used.user + used.system)
  }
  const rate = Math.round(events / seconds).toLocaleString('en')
  console.log(`${name.padEnd(40)} ${rate.padStart(12)} events/s ${(cpuUs / events).toFixed(2).padStart(8)} µs an event`)
}

async function count(options: Readonly<Record<string, string>>, select: readonly string[]): Promise<void> {
  const df = session.readStream
    .format('kafka')
    .options({ ...servers, startingOffsets: 'earliest', ...options })
    .load()
  const query = await df
    .selectExpr(...select)
    .groupBy()
    .count()
    .writeStream.outputMode('complete')
    .format('memory')
    .queryName('counted')
    .trigger(Trigger.AvailableNow())
    .option('checkpointLocation', join(work, `c${serial++}`))
    .start()
  await query.awaitTermination()
  const [row] = await session.table('counted').collect()
  if (Number(row!['count']) !== events) throw new TypeError(`counted ${String(row!['count'])}`)
}

async function bareConsumer(topic: string): Promise<void> {
  const consumer = kafka.consumer({ groupId: `bench-${serial++}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let seen = 0
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: ({ batch }) => {
          seen += batch.messages.length
          if (seen >= events) resolve()
          return Promise.resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
}

async function bareProducer(topic: string): Promise<void> {
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  for (let from = 0; from < events; from += 5000) {
    const messages = Array.from({ length: Math.min(5000, events - from) }, (_, i) => {
      const id = from + i
      return {
        key: `user-${id % 10_000}`,
        value: `{"id":${id},"user":"user-${id % 10_000}","page":"/products/${id % 977}","referrer":"https://example.com/some/page/or/other","agent":"a browser of some kind or other","ms":${id % 5000}}`,
      }
    })
    await producer.send({ topic, messages, acks: -1 })
  }
  await producer.disconnect()
}

async function freshTopic(): Promise<string> {
  const admin = kafka.admin()
  await admin.connect()
  const topic = `bench-${serial++}`
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return topic
}

try {
  console.log(`${events} events of about 200 bytes, ${partitions} partitions, codec ${codec}`)
  let topic = ''
  await best('produce: rows to records', async () => {
    topic = await freshTopic()
    await rows(session)
      .write.format('kafka')
      .options({ ...servers, topic, 'kafka.compression.type': codec })
      .save()
  })
  await best('produce: kafkajs, a bare loop', async () => bareProducer(await freshTopic()))
  await best('consume: count', () => count({ subscribe: topic }, ['offset']))
  await best('consume: count of keys and values read', () => count({ subscribe: topic }, ['key', 'value']))
  if (codec === 'none' || codec === 'gzip') await best('consume: kafkajs, a bare loop', () => bareConsumer(topic))
} finally {
  await session.stop()
  await broker.stop()
  rmSync(work, { recursive: true, force: true })
}
