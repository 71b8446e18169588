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

/** The examples of a page, under their headings. */
const examples = (name: string): readonly (readonly [heading: string, code: string])[] =>
  [
    ...readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8').matchAll(
      /^## (.*)$|^```ts\n([\s\S]*?)^```$/gm,
    ),
  ]
    .reduce<[string, string][]>((all, m) => {
      if (m[1] !== undefined) all.push([m[1], ''])
      else all.at(-1)![1] += m[2]!
      return all
    }, [])
    .filter(([, code]) => code !== '')

/** What an example prints. */
const EXPECTED: Readonly<Record<string, readonly unknown[]>> = {
  'Reading a topic': [['ann home', 'bob cart', 'cid help']],
  'A bounded read': [2],
  'Writing a topic': ['exactly-once'],
  'Dead letters': [['{"id":2,"tot at orders-0@1: MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION']],
  Lag: ['1', '0'],
  'Where it is': ['bob cid'],
}

test.each([...examples('kafka.md'), ...examples('operating-kafka.md')])('%s', async (heading, code) => {
  const session = new MillraceSession({ 'millrace.int64': 'number' }, { note: () => undefined })
  const printed: unknown[] = []
  const scope = {
    session,
    servers: cluster.broker.servers,
    work: mkdtempSync(join(tmpdir(), 'millrace-docs-')),
    console: { log: (...values: unknown[]) => void printed.push(...values), warn: () => undefined },
  }
  const run = new Function(...Object.keys(scope), `return (async () => {\n${code}\n})()`) as (
    ...args: unknown[]
  ) => Promise<void>
  await run(...Object.values(scope))
  await session.stop()
  expect(printed).toEqual(EXPECTED[heading])
})
