import { expect, test } from 'vitest'
import { vectorOf } from '../../../src/columns/builder.ts'
import { plainText, splitVector } from '../../../src/functions/regex/split-vector.ts'
import type { CallSite } from '../../../src/functions/entry.ts'
import { lookup } from '../../../src/functions/registry.ts'
import { arrayOf, STRING } from '../../../src/types/data-type.ts'
import type { Value } from '../../../src/types/value.ts'
import { env } from '../../expr/build.ts'

const site = (pattern: string): CallSite => ({
  name: 'split',
  args: [STRING, STRING],
  type: arrayOf(STRING, false),
  constants: [undefined, pattern],
  env,
})

function split(texts: readonly (string | null)[], pattern: string, rows: Int32Array | null = null): Value[] {
  const made = splitVector([vectorOf(STRING, texts)], rows, texts.length, site(pattern))
  expect(made).not.toBeNull()
  return (rows === null ? texts.map((_, i) => i) : [...rows]).map((r) => made!.get(r))
}

function judge(texts: readonly (string | null)[], pattern: string): Value[] {
  const entry = lookup('split')
  if (entry?.kind !== 'scalar') throw new TypeError('split is a scalar function')
  const f = entry.bind!(site(pattern)) as unknown as (s: string, p: string) => Value
  return texts.map((t) => (t === null ? null : f(t, pattern)))
}

test('a pattern is text when no character of it means anything else', () => {
  expect(plainText(' ')).toBe(' ')
  expect(plainText('<->')).toBe('<->')
  expect(plainText('\\|\\|')).toBe('||')
  expect(plainText('é😀')).toBe('é😀')
  for (const p of ['', '.', 'a|b', '[,]', 'a*', '\\d', '\\', 'x{2}', '^a', '\ud800', '(a)'])
    expect(plainText(p)).toBeNull()
})

test('parts are those of the function on strings', () => {
  const texts = [
    '',
    ' ',
    'a',
    'a b',
    ' a  b ',
    null,
    'eight888 nine99999 x',
    'ä ö 😀 ü',
    '12345678',
    '1234567 ',
    'a,b,,c',
  ]
  for (const pattern of [' ', ',', '  ', '88', 'ö', '😀', '8', '\\,'])
    expect(split(texts, pattern)).toEqual(judge(texts, pattern))
})

test('random texts', () => {
  let seed = 1
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n
  const letters = ['a', 'b', ',', ',', '|', 'é', '😀', '\n', '\u0000']
  const texts = Array.from({ length: 500 }, () =>
    Array.from({ length: next(40) }, () => letters[next(letters.length)]!).join(''),
  )
  for (const pattern of [',', ',,', ',a', '\\|', 'é', 'aba'])
    expect(split(texts, pattern)).toEqual(judge(texts, pattern))
})

test('only the rows asked for are looked at, in any order', () => {
  expect(split(['a b', 'c d', 'e f'], ' ', Int32Array.of(2, 0))).toEqual([
    ['e', 'f'],
    ['a', 'b'],
  ])
})

test('one very long text', () => {
  const long = 'word '.repeat(200_000)
  const [parts] = split([long, 'a b'], ' ') as Value[][]
  expect(parts!.length).toBe(200_001)
  expect(parts![199_999]).toBe('word')
  expect(parts![200_000]).toBe('')
})

test('a regular expression, a limit or a pattern that varies is left to the function', () => {
  const text = vectorOf(STRING, ['a1b'])
  expect(splitVector([text], null, 1, site('[0-9]'))).toBeNull()
  expect(splitVector([text], null, 1, { ...site(' '), constants: [undefined, undefined] })).toBeNull()
  expect(splitVector([text], null, 1, { ...site(' '), args: [STRING, STRING, { kind: 'int' }] })).toBeNull()
})
