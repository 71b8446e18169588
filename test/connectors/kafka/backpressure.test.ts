import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FetchSpec, KafkaClient } from '../../../src/connectors/kafka/client.ts'
import { kafkaSource } from '../../../src/connectors/kafka/source.ts'
import { DataLoss } from '../../../src/connectors/kafka/data-loss.ts'
import { RangeReader } from '../../../src/connectors/kafka/range-reader.ts'
import { RecordDecoder } from '../../../src/connectors/kafka/record-decoder.ts'
import { sourceColumns } from '../../../src/connectors/kafka/columns.ts'
import { sourceConfig } from '../../../src/connectors/kafka/source-config.ts'
import { WireClient } from '../../../src/connectors/kafka/wire/wire-client.ts'
import { validateOptions } from '../../../src/connectors/options.ts'
import { Cluster } from './cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start()
}, 180_000)
afterAll(() => cluster?.stop())

const VALUE_BYTES = 100_000
const RECORDS = 320
const PARTITIONS = 4
const BUFFER_BYTES = 4 << 20
const PARTITION_BYTES = 1 << 20

test('a slow reader holds the fetches back: what waits is bounded by bytes, and all of it comes in the end', async () => {
  const topic = await cluster.topic(PARTITIONS)
  for (let n = 0; n < RECORDS; n += 8)
    await cluster.send(
      topic,
      Array.from({ length: 8 }, (_, i) => ({ value: Buffer.alloc(VALUE_BYTES, n), partition: (n + i) % PARTITIONS })),
    )
  const config = sourceConfig(
    validateOptions('kafka', kafkaSource.options, { ...cluster.options, subscribe: topic }, true),
    true,
  )
  const controller = new AbortController()
  const client = new WireClient(config.connection, controller.signal)
  let fetched = 0
  let fetches = 0
  const counting = new Proxy<KafkaClient>(client, {
    get: (target, name) =>
      name === 'fetch'
        ? async (spec: FetchSpec) => {
            const got = await target.fetch(spec)
            fetches++
            fetched += got.reduce((sum, p) => sum + p.records.length, 0)
            return got
          }
        : (Reflect.get(target, name, target) as unknown),
  })
  const reader = new RangeReader(
    counting,
    new RecordDecoder(sourceColumns(false)),
    {
      readCommitted: false,
      checkCrc: true,
      bufferBytes: BUFFER_BYTES,
      partitionBytes: PARTITION_BYTES,
      fetchBytes: 50 << 20,
      pollTimeoutMs: 30_000,
    },
    new DataLoss(true, () => undefined),
    () => undefined,
    controller.signal,
  )
  const ranges = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic,
    partition,
    from: 0,
    to: RECORDS / PARTITIONS,
  }))
  let rows = 0
  let most = 0
  for await (const { batch } of reader.read(ranges)) {
    rows += batch.rowCount
    // A sink that takes its time: fetches go on meanwhile, until the buffer is full.
    await sleep(20)
    most = Math.max(most, fetched - rows * VALUE_BYTES)
  }
  expect(rows).toBe(RECORDS)
  expect(fetches).toBeGreaterThan(4)
  // It was used, and passed by one answer of every partition at most.
  expect(most).toBeGreaterThan(BUFFER_BYTES / 2)
  expect(most).toBeLessThan(BUFFER_BYTES + PARTITIONS * (PARTITION_BYTES + VALUE_BYTES))
  await client.close()
})
