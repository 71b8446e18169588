import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { assertBatchEquivalence, type EquivalenceReport } from '../../src/testing/index.ts'

test('the example of docs/testing.md runs', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/testing.md'), 'utf8')
  const [, block] = /```ts\n(.*?)```/s.exec(page)!
  const reports: EquivalenceReport[] = []
  const watched: typeof assertBatchEquivalence = async (...args) => {
    const report = await assertBatchEquivalence(...args)
    reports.push(report)
    return report
  }
  const body = block!.replace(/^import .*$/m, '')
  await (new Function('assertBatchEquivalence', `return (async () => {${body}})()`)(watched) as Promise<void>)
  expect(reports).toMatchObject([{ slicings: 5, rows: 3 }])
})
