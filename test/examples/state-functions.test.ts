import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failedLogins, peaks, tryFailedLogins, visits } from '../../examples/state-functions.ts'

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

test('failed logins: the third is reported, then all are forgotten', async () => {
  const at = (time: string, user: string, address: string) => ({ ts: `2026-01-01T${time}:00Z`, user, address })
  const batches = [
    [at('12:00', 'ann', 'home'), at('12:01', 'ann', 'home'), at('12:02', 'ann', 'cafe'), at('12:02', 'bob', 'home')],
    [at('12:03', 'ann', 'home'), at('12:04', 'ann', 'home')],
    [at('12:12', 'cid', 'home')],
  ]
  expect(await failedLogins(batches)).toEqual([
    { user: 'ann', address: 'home', what: 'third failure' },
    { user: 'ann', address: 'home', what: 'forgotten' },
    { user: 'ann', address: 'cafe', what: 'forgotten' },
  ])
  expect(tryFailedLogins()).toEqual({
    third: [{ user: 'ann', address: '10.0.0.7', what: 'third failure' }],
    failures: new Map([['10.0.0.7', 3]]),
  })
})

test('docs/state-functions.md shows pieces of the example', () => {
  const plain = (text: string): string => text.replaceAll(/[\s,]+/g, '')
  const source = plain(readFileSync(join(root, 'examples/state-functions.ts'), 'utf8'))
  const blocks = [...readFileSync(join(root, 'docs/state-functions.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)]
  expect(blocks.length).toBe(5)
  for (const [, block] of blocks) expect(source).toContain(plain(block!))
})
