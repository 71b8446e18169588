import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Cluster as WireCluster } from '../../../src/connectors/kafka/wire/cluster.ts'
import { WireClient } from '../../../src/connectors/kafka/wire/wire-client.ts'
import { type ConnectionConfig, connectionConfig } from '../../../src/connectors/kafka/connection-config.ts'
import { KafkaSettings } from '../../../src/connectors/kafka/settings.ts'
import { millrace, MillraceSession } from '../../../src/index.ts'
import type { BrokerCluster } from '../../kafka-broker/broker-cluster.ts'
import { freePort } from '../free-port.ts'
import { Cluster, numbered } from './cluster.ts'

let cluster: Cluster<BrokerCluster>
let notes: string[] = []
const dead = new Set<number>()
beforeAll(async () => {
  cluster = await Cluster.startThree()
}, 180_000)
afterAll(() => cluster?.stop())
beforeEach(async () => {
  for (const node of dead) await cluster.broker.restart(node)
  dead.clear()
  notes = []
})

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const checkpoint = (): string => mkdtempSync(join(tmpdir(), 'kafka-brokers-'))
const noting = (): MillraceSession => new MillraceSession({}, { note: (line) => void notes.push(line) })

const connection = (): ConnectionConfig => connectionConfig(new KafkaSettings(cluster.options, {}))
const FIRST = (topic: string) => ({ topic, partition: 0, offset: 0, maxBytes: 1000 })

async function kill(node: number): Promise<void> {
  dead.add(node)
  await cluster.broker.kill(node)
}

/** The leader of each partition of a topic, in order. */
async function leadersOf(topic: string): Promise<number[]> {
  const { topics } = await cluster.admin((a) => a.fetchTopicMetadata({ topics: [topic] }))
  const partitions = [...topics[0]!.partitions].sort((a, b) => a.partitionId - b.partitionId)
  return partitions.map((p) => p.leader)
}

/** The numbers in a topic that committed readers see, sorted. */
async function committed(topic: string, servers = cluster.broker.servers): Promise<number[]> {
  await using session = millrace()
  const df = session.read
    .format('kafka')
    .options({ 'kafka.bootstrap.servers': servers, subscribe: topic, 'kafka.isolation.level': 'read_committed' })
    .load()
  const rows = await df.selectExpr('CAST(CAST(value AS STRING) AS INT) AS n').collect()
  return rows.map((r) => Number(r['n'])).sort((a, b) => a - b)
}

test('partitions are read from the brokers that lead them, and a first server that is dead does not matter', async () => {
  const topic = await cluster.topic(6)
  expect(new Set(await leadersOf(topic)).size).toBe(3)
  const servers = `127.0.0.1:${await freePort()},${cluster.broker.addresses.get(2)}`
  await using session = millrace()
  await session
    .range(600)
    .selectExpr('CAST(id AS STRING) AS value')
    .write.format('kafka')
    .options({ 'kafka.bootstrap.servers': servers, topic })
    .save()
  expect(await committed(topic, servers)).toEqual(upTo(600))
})

test('the leader of a partition dies while a query reads it: the new one is found, and each row is read once', async () => {
  const topic = await cluster.topic(3)
  await cluster.send(
    topic,
    numbered(300).map((m, i) => ({ ...m, partition: i % 3 })),
  )
  await using session = noting()
  const query = await session.readStream
    .format('kafka')
    .options({ ...cluster.options, subscribe: topic, startingOffsets: 'earliest', maxOffsetsPerTrigger: 10 })
    .load()
    .selectExpr('CAST(CAST(value AS STRING) AS INT) AS n')
    .writeStream.format('memory')
    .queryName('out')
    .option('checkpointLocation', checkpoint())
    .start()
  while ((query.lastProgress?.batchId ?? -1) < 3) await sleep(1)
  const [leader] = await leadersOf(topic)
  const client = new WireClient(connection(), new AbortController().signal)
  const fetched = async (): Promise<number> =>
    (await client.fetch({ readCommitted: false, maxBytes: 1000, maxWaitMs: 100, partitions: [FIRST(topic)] })).length
  expect(await fetched()).toBe(1)
  await kill(leader!)
  await query.processAllAvailable()
  const survivor = await cluster.producer()
  await survivor.send({
    topic,
    acks: -1,
    messages: upTo(30).map((n) => ({ value: String(300 + n), partition: n % 3 })),
  })
  await query.processAllAvailable()
  const rows = await session.table('out').collect()
  expect(rows.map((r) => Number(r['n'])).sort((a, b) => a - b)).toEqual(upTo(330))
  expect(await leadersOf(topic)).not.toContain(leader)
  // A client that does nothing but fetch finds the new leader too.
  await expect(fetched()).rejects.toMatchObject({ code: 'KAFKA_CONNECTION_FAILED', transient: true })
  expect(await fetched()).toBe(1)
  await client.close()
  // The client has found its way; the restart policy was not needed.
  expect(notes).toEqual([])
  expect(query.exception()).toBeNull()
})

test('the coordinator of the transactions dies, then a leader of the topic: each row is written once', async () => {
  const topic = await cluster.topic(3)
  await using session = noting()
  const { stream, df } = session.memoryStream('value STRING')
  const query = await df.writeStream
    .format('kafka')
    .options({ ...cluster.options, topic, checkpointLocation: checkpoint() })
    .start()
  let n = 0
  let feeding = true
  const fed = (async () => {
    for (; feeding; await sleep(5)) stream.addData(upTo(20).map(() => ({ value: String(n++) })))
  })()
  const running = async (batches: number): Promise<void> => {
    const until = (query.lastProgress?.batchId ?? -1) + batches
    while (query.isActive && (query.lastProgress?.batchId ?? -1) < until) await sleep(5)
  }
  const asking = new WireCluster(connection(), new AbortController().signal, () => undefined)
  const coordinator = await asking.coordinator(`millrace-${query.id}`, 'transaction')
  await asking.close()
  await running(5)
  await kill(coordinator)
  await running(10)
  await cluster.broker.restart(coordinator)
  dead.clear()
  await running(5)
  const leader = (await leadersOf(topic)).find((node) => node !== coordinator)!
  await kill(leader)
  await running(10)
  feeding = false
  await fed
  await query.processAllAvailable()
  expect(query.exception()).toBeNull()
  expect(notes).toEqual([])
  expect(await committed(topic)).toEqual(upTo(n))
})
