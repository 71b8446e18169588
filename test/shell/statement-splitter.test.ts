import { describe, expect, test } from 'vitest'
import { onOneLine, splitInput } from '../../src/shell/statement-splitter.ts'

describe('splitInput', () => {
  test.each([
    ['SELECT 1', [], 'SELECT 1', ';'],
    ['SELECT 1;', ['SELECT 1'], '', null],
    [' ; ;SELECT 1 ; SELECT', ['SELECT 1 '], ' SELECT', ';'],
    ["SELECT ';';", ["SELECT ';'"], '', null],
    ['SELECT 1; -- the end', ['SELECT 1'], '', null],
    ['SELECT 1 -- no; end\n;', ['SELECT 1 -- no; end\n'], '', null],
    ['SELECT /* ; */ 1;', ['SELECT /* ; */ 1'], '', null],
    ["SELECT 1; SELECT 'a; b", ['SELECT 1'], " SELECT 'a; b", "'"],
    ['SELECT `a; b', [], 'SELECT `a; b', '`'],
    ['SELECT "a; b\n;', [], 'SELECT "a; b\n;', '"'],
    ['SELECT /* a; b', [], 'SELECT /* a; b', '*'],
    ['', [], '', null],
    ['-- nothing', [], '', null],
  ])('%j', (text, statements, rest, open) => {
    expect(splitInput(text)).toEqual({ statements, rest, open })
  })
})

test('onOneLine drops comments and line ends, but none inside quotes', () => {
  expect(onOneLine("SELECT 1, -- one\n  'a\n--b' /* c */,\n\t2")).toBe("SELECT 1, 'a\n--b' , 2")
})
