import { expect, test } from 'vitest'
import { generatedAttrs, type Logical } from '../../src/plan/logical.ts'
import { optimize } from '../../src/plan/optimize.ts'
import { columns, envOf, nodes, plan, soundness, worldOf } from './harness.ts'

const world = worldOf({ lines: 'id INT, line STRING, other STRING' })

function generateOf(text: string): Extract<Logical, { op: 'generate' }> {
  const analyzed = plan(text, world)
  const out = optimize(analyzed, envOf()).plan
  soundness(out)
  expect(columns(out)).toEqual(columns(analyzed))
  return nodes(out, 'generate')[0]!
}
const names = (p: Logical): string[] => p.attrs.map((x) => x.name)

test('what only the generator reads is not repeated for every row it gives', () => {
  const g = generateOf("SELECT w, count(*) FROM (SELECT explode(split(line, ' ')) AS w FROM lines) GROUP BY w")
  expect(names(g.input)).toEqual(['line'])
  expect(names(g)).toEqual(['w'])
  expect(generatedAttrs(g).map((x) => x.name)).toEqual(['w'])
})

test('what is read above stays, in its order, in front of the columns of the generator', () => {
  const g = generateOf("SELECT w, line, id FROM lines LATERAL VIEW posexplode(split(line, ' ')) AS p, w")
  expect(names(g)).toEqual(['id', 'line', 'p', 'w'])
})

test('a filter above reads too', () => {
  const g = generateOf(
    "SELECT w FROM (SELECT id, explode(split(line, ' ')) AS w FROM lines) WHERE w <> cast(id AS STRING)",
  )
  expect(names(g)).toEqual(['id', 'w'])
})
