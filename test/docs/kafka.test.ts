import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MillraceSession } from '../../src/index.ts'
import { Cluster } from '../connectors/kafka/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start()
  await cluster.topic(1, {}, 'clicks')
  await cluster.send(
    'clicks',
    ['ann home', 'bob cart', 'cid help'].map((text) => {
      const [key, page] = text.split(' ')
      return { key: key!, value: JSON.stringify({ page, ms: 7 }) }
    }),
  )
  for (const topic of ['orders', 'checked-orders', 'dead-orders']) await cluster.topic(1, {}, topic)
  await cluster.send('orders', [
    { value: '{"id":1,"total":2.5}' },
    { value: '{"id":2,"tot' },
    { value: '{"id":3,"total":1}' },
  ])
}, 180_000)
afterAll(() => cluster?.stop())

const page = readFileSync(join(import.meta.dirname, '../../docs/kafka.md'), 'utf8')
const examples = [...page.matchAll(/^## (.*)$|^```ts\n([\s\S]*?)^```$/gm)].reduce<[string, string][]>((all, m) => {
  if (m[1] !== undefined) all.push([m[1], ''])
  else all.at(-1)![1] += m[2]!
  return all
}, [])

test.each(examples.filter(([, code]) => code !== ''))('docs/kafka.md: %s', async (heading, code) => {
  const expected: Readonly<Record<string, unknown>> = {
    'Reading a topic': ['ann home', 'bob cart', 'cid help'],
    'A bounded read': 2,
    'Writing a topic': 'exactly-once',
    'Dead letters': ['{"id":2,"tot at orders-0@1: MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION'],
  }
  const session = new MillraceSession({ 'millrace.int64': 'number' }, { note: () => undefined })
  const printed: unknown[] = []
  const scope = {
    session,
    servers: cluster.broker.servers,
    work: mkdtempSync(join(tmpdir(), 'millrace-docs-')),
    console: { log: (value: unknown) => void printed.push(value) },
  }
  const run = new Function(...Object.keys(scope), `return (async () => {\n${code}\n})()`) as (
    ...args: unknown[]
  ) => Promise<void>
  await run(...Object.values(scope))
  await session.stop()
  expect(printed).toEqual([expected[heading]])
})
