import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { peaks, visits } from '../../examples/state-functions.ts'

const root = join(import.meta.dirname, '../..')

test('visits close after ten minutes without a click', async () => {
  const at = (time: string, user: string) => ({ ts: `2026-01-01T${time}:00Z`, user })
  const batches = [
    [at('12:00', 'ann'), at('12:05', 'ann'), at('12:06', 'bob')],
    [at('12:16', 'bob')],
    [at('12:30', 'cid')],
  ]
  expect(await visits(batches)).toEqual([
    { user: 'ann', clicks: 2 },
    { user: 'bob', clicks: 2 },
  ])
})

test('peaks come with every batch of a sensor', async () => {
  const at = (sensor: string, celsius: number) => ({ sensor, celsius })
  expect(await peaks([[at('a', 3), at('a', 5), at('b', 1)], [at('a', 4)], [at('b', 9)]])).toEqual([
    { sensor: 'a', peak: 5 },
    { sensor: 'b', peak: 1 },
    { sensor: 'a', peak: 5 },
    { sensor: 'b', peak: 9 },
  ])
})

test('docs/state-functions.md shows pieces of the example', () => {
  const plain = (text: string): string => text.replaceAll(/[\s,]+/g, '')
  const source = plain(readFileSync(join(root, 'examples/state-functions.ts'), 'utf8'))
  const blocks = [...readFileSync(join(root, 'docs/state-functions.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
  expect(blocks.length).toBe(2)
  for (const [, block] of blocks) expect(source).toContain(plain(block!))
})
