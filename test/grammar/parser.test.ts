import { expect, test } from 'vitest'
import { parseTokens } from '../../grammar/parse.ts'
import { scan } from '../../grammar/tokens.ts'

const words = (text: string): string[] => scan(text).map((t) => `${t.tokenType.name}:${t.image}`)

test('numbers and names share digits', () => {
  expect(words('1a 1.5 .5 1. 1e5 1L t.1a 1.x 0x1F')).toEqual([
    'PlainIdentifier:1a',
    'NumberLiteral:1.5',
    'NumberLiteral:.5',
    'NumberLiteral:1.',
    'NumberLiteral:1e5',
    'NumberLiteral:1L',
    'PlainIdentifier:t',
    'Dot:.',
    'PlainIdentifier:1a',
    'NumberLiteral:1',
    'Dot:.',
    'PlainIdentifier:x',
    'PlainIdentifier:0x1F',
  ])
})

test('comments nest and hints are kept', () => {
  expect(words("a -- x\n /* b /* c */ d */ /*+ hint(t) */ 'e'")).toEqual([
    'PlainIdentifier:a',
    'Hint:/*+ hint(t) */',
    "StringLiteral:'e'",
  ])
})

test('every character comes out in order, fitting or not', () => {
  expect(words("a § '§ b")).toEqual(['PlainIdentifier:a', 'Unrecognized:§', "UnclosedQuote:'§ b"])
})

test('offsets are those of the text', () => {
  for (const t of scan('SELECT  `a b`, "x" FROM t')) expect(t.endOffset! - t.startOffset + 1).toBe(t.image.length)
})

test('a fault is the index of the token, the count of tokens at the end', () => {
  expect(parseTokens('statement', scan('SELECT a b c')).fault).toEqual({ kind: 'unexpected', index: 3 })
  expect(parseTokens('statement', scan('SELECT a FROM t WHERE x = ')).fault).toEqual({ kind: 'unexpected', index: 7 })
  expect(parseTokens('expression', scan('a + 1')).cst?.name).toBe('expression')
})
