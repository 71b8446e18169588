import { expect, test } from 'vitest'
import { findPath } from '../../../src/functions/json/json-path.ts'
import { DEFAULT_SYNTAX, parseJson } from '../../../src/functions/json/json-text.ts'
import { findMember, UNSURE } from '../../../src/functions/json/member-scan.ts'
import { pick, seeded } from '../../expr/random-values.ts'

const parsed = (text: string, names: readonly string[]): string | null => {
  const node = parseJson(text, DEFAULT_SYNTAX)
  return node === undefined ? null : findPath(node, `$.${names.join('.')}`)
}

const random = seeded(7)
const NAMES = ['a', 'b', 'ab', 'c', '']
const LEAVES = [
  '1',
  '-0',
  '2.50',
  '1e3',
  '01',
  'true',
  'nul',
  'null',
  '"x"',
  '"a\\n"',
  '"\\u0041"',
  '"',
  'NaN',
  "'q'",
  '"é😀"',
]

function text(depth: number): string {
  const blank = pick(random, ['', '', ' ', '\n'])
  if (depth === 0 || random() < 0.3) return blank + pick(random, LEAVES) + blank
  const items = Array.from({ length: Math.floor(random() * 4) }, () => text(depth - 1))
  if (random() < 0.2) return `[${items.join(',')}]`
  const members = items.map((item) => `${blank}"${pick(random, NAMES)}"${blank}:${item}`)
  return `{${members.join(random() < 0.03 ? ';' : ',')}}`
}

test('what it finds, or does not find, is what the parser finds', () => {
  let sure = 0
  for (let i = 0; i < 20_000; i++) {
    const json = text(3) + (random() < 0.1 ? pick(random, ['x', ' {', ',']) : '')
    const names = Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(random, NAMES.slice(0, 4)))
    const found = findMember(json, names)
    if (found === UNSURE) continue
    sure++
    if (found !== parsed(json, names))
      expect.fail(`${json} by ${names.join('.')}: ${found}, not ${parsed(json, names)}`)
  }
  expect(sure).toBeGreaterThan(5_000)
})

test.each([
  ['{"id":7,"user":{"name":"Ada","age":36}}', ['user', 'name'], 'Ada'],
  ['{"id":7,"user":{"name":"Ada","age":36.50}}', ['user', 'age'], '36.5'],
  ['{"a":null,"a":2}', ['a'], '2'],
  ['{"a":{"b":1},"a":{"c":2}}', ['a', 'c'], '2'],
  ['[1,2]', ['a'], null],
  ['{"a":1,}', ['a'], UNSURE],
  ['{"a":[1]}', ['a'], UNSURE],
  ['{"a":"x\\ty"}', ['a'], UNSURE],
])('%s', (json, names, found) => {
  expect(findMember(json, names)).toBe(found)
})
