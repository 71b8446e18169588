import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { millrace } from '../../src/index.ts'
import { Cluster } from '../connectors/kafka/cluster.ts'
import { ExampleProcess, until } from './example-process.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start()
}, 180_000)
afterAll(() => cluster?.stop())

/** Committed records of a topic that may not be there yet, as key and value. */
async function records(topic: string): Promise<[unknown, unknown][]> {
  await using session = millrace()
  const df = session.read
    .format('kafka')
    .options({ ...cluster.options, subscribePattern: topic, 'kafka.isolation.level': 'read_committed' })
    .load()
  const rows = await df.selectExpr('CAST(key AS STRING) AS k', 'CAST(value AS STRING) AS v').collect()
  return rows.map((r) => [r['k'], r['v']])
}

const checkpoint = (): string => mkdtempSync(join(tmpdir(), 'kafka-example-'))

test('word count from topic to topic, killed in between', async () => {
  const [from, to] = [await cluster.topic(2), `${await cluster.topic(1)}-counts`]
  const args = [cluster.broker.servers, from, to, checkpoint()]
  const newest = async (): Promise<string | undefined> => {
    const counts = Object.entries(Object.fromEntries(await records(to)) as Record<string, string>)
    return counts
      .map(([word, n]) => `${word} ${n}`)
      .sort()
      .join(', ')
  }
  const reaches = (expected: string): Promise<true> =>
    until(expected, async () => ((await newest()) === expected ? (true as const) : undefined))
  const first = new ExampleProcess('kafka-word-count', args)
  await cluster.send(from, [{ value: 'apache spark' }])
  await reaches('apache 1, spark 1')
  await first.end('SIGKILL')
  await cluster.send(from, [{ value: 'apache hadoop' }])
  const second = new ExampleProcess('kafka-word-count', args)
  await reaches('apache 2, hadoop 1, spark 1')
  expect(await second.end('SIGINT')).toBe(0)
  expect((await records(to)).length).toBe(4)
})

test('pass-through from topic to topic', async () => {
  const [from, to] = [await cluster.topic(2), await cluster.topic(2)]
  const example = new ExampleProcess('kafka-pass-through', [cluster.broker.servers, from, to, checkpoint()])
  await cluster.send(from, [
    { key: 'a', value: '{"amount": 250}' },
    { key: 'b', value: '{"amount": 20}' },
    { key: 'c', value: '{"amount": 101.5}' },
  ])
  await until('two records', async () => ((await records(to)).length === 2 ? true : undefined))
  expect((await records(to)).sort()).toEqual([
    ['a', '{"amount": 250}'],
    ['c', '{"amount": 101.5}'],
  ])
  expect(await example.end('SIGINT')).toBe(0)
})
