import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LOWERINGS } from '../../src/plan/lowering.ts'
import { STAGES } from '../../src/plan/optimize.ts'
import { examplesOf, printedBy } from './run-page.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/optimizer.md'), 'utf8')

test('the example prints what stands below it', async () => {
  const [[, code]] = examplesOf('optimizer.md') as [[string, string]]
  const printed = JSON.parse(await printedBy(code)) as readonly (readonly string[])[]
  expect(`${printed.map(([line]) => line).join('\n')}\n`).toBe(/^```text\n(.*?)^```$/ms.exec(PAGE)![1])
})

test('every rule is on the page, in the order they first run', () => {
  const table = PAGE.split('\n').filter((l) => l.startsWith('| `'))
  const named = table.flatMap((l) => [...l.split('|')[1]!.matchAll(/`([a-z-]+)`/g)].map((m) => m[1]))
  expect(named).toEqual([...new Set(STAGES.flat().map((r) => r.name))])
  for (const name of Object.keys(LOWERINGS)) expect(PAGE).toContain(`\`${name}\``)
})
