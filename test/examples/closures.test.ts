import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aggregate, enrich, scalar, table } from '../../examples/functions-in-sql.ts'
import { rows, wordCount } from '../../examples/functions-over-rows.ts'

const root = join(import.meta.dirname, '../..')

test('the examples give what they say', async () => {
  expect(await wordCount()).toEqual([
    { value: 'be', count: 2n },
    { value: 'not', count: 1n },
    { value: 'or', count: 1n },
    { value: 'to', count: 2n },
  ])
  expect(await rows()).toEqual({
    labels: [
      { label: 'cup of a', cents: 800 },
      { label: 'hat of b', cents: 2000 },
    ],
    dearest: [
      { key: 'a', value: { shop: 'a', item: 'cup', price: 8 } },
      { key: 'b', value: { shop: 'b', item: 'hat', price: 20 } },
    ],
  })
  expect(await scalar()).toEqual([{ i: 'AL' }, { i: 'AT' }])
  expect(await enrich()).toEqual([
    { ip: '10.0.0.1', country: 'here' },
    { ip: '192.168.0.1', country: 'home' },
  ])
  expect(await aggregate()).toEqual([{ g: 4 }])
  expect(await table()).toEqual([
    { token: 'one', at: 0 },
    { token: 'two', at: 4 },
  ])
})

test('docs/closures.md shows pieces of the examples that run', () => {
  // However they are indented and broken into lines.
  const plain = (text: string): string => text.replaceAll(/[\s,]+/g, '')
  const read = (name: string): string => plain(readFileSync(join(root, 'examples', name), 'utf8'))
  const source = read('functions-over-rows.ts') + read('functions-in-sql.ts')
  const blocks = [...readFileSync(join(root, 'docs/closures.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
    (m) => m[1]!,
  )
  expect(blocks.length).toBe(6)
  for (const block of blocks) expect(source).toContain(plain(block))
})
