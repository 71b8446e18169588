import { describe, expect, test } from 'vitest'
import { ExecutionError } from '../../src/errors/errors.ts'
import { captured, compilePattern, replacer } from '../../src/functions/regex/compiled.ts'
import { likePattern } from '../../src/functions/regex/like-pattern.ts'
import { splitText } from '../../src/functions/regex/functions.ts'

/** Java's answers: does the pattern match somewhere, and what do its captures take. */
const cases: readonly (readonly [pattern: string, text: string, groups: readonly (string | undefined)[] | null])[] = [
  ['(\\w+)=(\\w+)', 'key=val', ['key', 'val']],
  ['a++b', 'aaab', []],
  ['a++ab', 'aaab', null],
  ['(?>a|ab)c', 'abc', null],
  ['(a)(b)++c(d)', 'abbcd', ['a', 'b', 'd']],
  ['(x)\\1', 'xx', ['x']],
  ['(?<first>a)(?<second>b)?', 'a', ['a', undefined]],
  ['^a$', 'a\n', []],
  ['^a\\z', 'a\n', null],
  ['(?m)^b$', 'a\nb\nc', []],
  ['a.b', 'a\nb', null],
  ['(?s)a.b', 'a\nb', []],
  ['A(?i)b', 'AB', []],
  ['A(?i)b', 'aB', null],
  ['(?i:a)B', 'AB', []],
  ['(?i:a)B', 'Ab', null],
  ['[a-c[x-z]]+', 'axc', []],
  ['^[a-z&&[^aeiou]]+$', 'rhythm', []],
  ['^[a-z&&[^aeiou]]+$', 'river', null],
  ['\\p{Alpha}\\p{Digit}', 'x1', []],
  ['\\p{IsGreek}', 'λ', []],
  ['\\p{javaUpperCase}', 'É', []],
  ['\\Qa.b*\\E', 'a.b*', []],
  ['\\x41\\u0042\\0103', 'ABC', []],
  ['[]a]', ']', []],
  ['[a-]', '-', []],
  ['^.$', '😀', []],
  ['\\h', '\u00a0', []],
  ['\\s', '\u00a0', null],
  ['a{2}', 'caab', []],
]

describe('Java patterns', () => {
  test.each(cases)('%s on %j', (pattern, text, groups) => {
    const compiled = compilePattern('test', pattern)
    const m = compiled.once.exec(text)
    expect(m === null ? null : compiled.slots.slice(1).map((_, i) => captured(m, compiled, i + 1))).toEqual(groups)
  })

  test.each(['[', '(', 'a)', '*a', 'a**b{', '\\', '(?<1a>b)', '\\k<no>', '[z-a]', '\\y', 'x{,3}'])(
    '%s is refused by name',
    (pattern) => {
      expect(() => compilePattern('test', pattern)).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE.PATTERN' }),
      )
    },
  )

  test('a replacement names captures by number and name, and escapes', () => {
    const compiled = compilePattern('test', '(?<k>[a-z])=([0-9])')
    const m = compiled.once.exec('a=1')!
    expect(replacer('$2-${k}-\\$', '', compiled)(m)).toBe('1-a-$')
    expect(replacer('$12', '', compiled)(m)).toBe('a2')
    expect(() => replacer('$3', '', compiled)).toThrow(ExecutionError)
    expect(() => replacer('${nope}', '', compiled)).toThrow(ExecutionError)
  })

  test('split keeps Java’s rules about empty parts', () => {
    const by = (s: string, p: string, limit = -1): string[] => splitText(s, compilePattern('split', p), limit)
    expect(by('a,b,,', ',')).toEqual(['a', 'b', '', ''])
    expect(by(',a', ',')).toEqual(['', 'a'])
    expect(by('abc', '(?=b)')).toEqual(['a', 'bc'])
    expect(by('abc', 'x*')).toEqual(['a', 'b', 'c', ''])
    expect(by('a1b2c', '[0-9]', 2)).toEqual(['a', 'b2c'])
    expect(by('', ',')).toEqual([''])
  })
})

test('LIKE', () => {
  const like = (s: string, p: string, e = '\\'): boolean => likePattern(p, e).test(s)
  expect(like('a\nb', 'a_b')).toBe(true)
  expect(like('😀', '_')).toBe(true)
  expect(like('a%b', 'a\\%b')).toBe(true)
  expect(like('axb', 'a\\%b')).toBe(false)
  expect(like('x%', '%!%', '!')).toBe(true)
  expect(like('a.c', 'a.c')).toBe(true)
  expect(like('abc', 'a.c')).toBe(false)
  expect(like('abcbc', 'a%bc')).toBe(true)
  expect(() => likePattern('a\\', '\\')).toThrow(expect.objectContaining({ code: 'INVALID_FORMAT.ESC_AT_THE_END' }))
  expect(() => likePattern('a\\bc', '\\')).toThrow(
    expect.objectContaining({ code: 'INVALID_FORMAT.ESC_IN_THE_MIDDLE' }),
  )
})
