import { STRING } from '../../types/data-type.ts'
import { AnalysisError } from '../../errors/errors.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type CodegenSite, type FunctionEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { hasSurrogates } from './code-points.ts'
import { caseVector, trimVector } from './text-vector.ts'

const group = 'string'
const text = arg('text', STRING)

/** `s` without the characters of `chars` at its left, right or both ends. */
export function trimChars(s: string, chars: string, left: boolean, right: boolean): string {
  if (chars === ' ') {
    let from = 0
    let to = s.length
    if (left) while (from < to && s.charCodeAt(from) === 32) from++
    if (right) while (to > from && s.charCodeAt(to - 1) === 32) to--
    return s.slice(from, to)
  }
  const set = new Set(chars)
  const all = [...s]
  let from = 0
  let to = all.length
  if (left) while (from < to && set.has(all[from]!)) from++
  if (right) while (to > from && set.has(all[to - 1]!)) to--
  return from === 0 && to === all.length ? s : all.slice(from, to).join('')
}

/** Trimming by constant characters: the text itself where neither end has one of them; null for other arguments. */
function trimCode(
  s: string,
  chars: Value | undefined,
  left: boolean,
  right: boolean,
  site: CodegenSite,
): string | null {
  // Half of a surrogate pair could be taken for a character.
  if (typeof chars !== 'string' || chars === '' || hasSurrogates(chars)) return null
  const units = new Set(Array.from(chars, (c) => c.charCodeAt(0)))
  const trimmed = (text: string): string => {
    let from = 0
    let to = text.length
    if (left) while (from < to && units.has(text.charCodeAt(from))) from++
    if (right) while (to > from && units.has(text.charCodeAt(to - 1))) to--
    return text.slice(from, to)
  }
  const has = (at: string): string =>
    chars.length === 1 ? `${at} === ${chars.charCodeAt(0)}` : `${site.constant(units)}.has(${at})`
  const ends = [
    ...(left ? [has(`${s}.charCodeAt(0)`)] : []),
    ...(right ? [has(`${s}.charCodeAt(${s}.length - 1)`)] : []),
  ]
  return `(${ends.join(' || ')} ? ${site.constant(trimmed)}(${s}) : ${s})`
}

/** `trim(chars, text)`: the characters come first, as in Spark's calls; `trim(chars FROM text)` in SQL. */
function trim(name: string, left: boolean, right: boolean, doc: string, sql: string, gives: string): FunctionEntry {
  return scalar(name, [arg('text', STRING), arg('trimmed', STRING, { optional: true })], STRING, {
    group,
    doc,
    total: true,
    examples: [{ sql, gives }],
    eval: (a: string, b?: string) => (b === undefined ? trimChars(a, ' ', left, right) : trimChars(b, a, left, right)),
    codegen: (args, site) =>
      trimCode(args.length > 1 ? args[1]! : args[0]!, args.length > 1 ? site.constants[0] : ' ', left, right, site),
    vector: trimVector(left, right),
  })
}

/** First letter of each word (after a space) in upper case, all others in lower case. */
function initcap(s: string): string {
  return s.toLowerCase().replace(/(^| )([^ ])/gu, (_, gap: string, c: string) => gap + titleCase(c))
}

/** Title case: a letter whose upper case is several letters (ß) keeps the first in upper case alone. */
function titleCase(c: string): string {
  const up = [...c.toUpperCase()]
  return up.length === 1 ? up[0]! : up[0]! + up.slice(1).join('').toLowerCase()
}

function mask(
  s: string,
  upper: string | null,
  lower: string | null,
  digit: string | null,
  other: string | null,
): string {
  let out = ''
  for (const c of s) {
    const by = /\p{Lu}/u.test(c) ? upper : /\p{Ll}/u.test(c) ? lower : /\p{Nd}/u.test(c) ? digit : other
    out += by ?? c
  }
  return out
}

/** Functions on letter case and blanks. */
export const entries: readonly FunctionEntry[] = [
  scalar('upper', [text], STRING, {
    group,
    aliases: ['ucase'],
    doc: 'Returns `text` with every letter in upper case.',
    total: true,
    examples: [{ sql: "upper('delta')", gives: 'DELTA' }],
    eval: (s: string) => s.toUpperCase(),
    codegen: ([s]) => `${s}.toUpperCase()`,
    vector: caseVector(97),
  }),
  scalar('lower', [text], STRING, {
    group,
    aliases: ['lcase'],
    doc: 'Returns `text` with every letter in lower case.',
    total: true,
    examples: [{ sql: "lower('ÀÉÎ')", gives: 'àéî' }],
    eval: (s: string) => s.toLowerCase(),
    codegen: ([s]) => `${s}.toLowerCase()`,
    vector: caseVector(65),
  }),
  scalar('initcap', [text], STRING, {
    group,
    doc: 'Returns `text` with the first letter of each word in upper case and the others in lower case; words end at spaces.',
    examples: [{ sql: "initcap('the old MILL-race')", gives: 'The Old Mill-race' }],
    eval: initcap,
  }),
  trim(
    'trim',
    true,
    true,
    'Returns `text` without spaces at its ends; `trim(chars FROM text)` without those characters.',
    "trim('  x y  ')",
    'x y',
  ),
  trim(
    'ltrim',
    true,
    false,
    'Returns `text` without spaces at its beginning; with two arguments without the characters of the first at the beginning of the second.',
    "ltrim('ab', 'abcab')",
    'cab',
  ),
  trim(
    'rtrim',
    false,
    true,
    'Returns `text` without spaces at its end; with two arguments without the characters of the first at the end of the second.',
    "rtrim('bc', 'abcbc')",
    'a',
  ),
  scalar('btrim', [text, arg('trimmed', STRING, { optional: true })], STRING, {
    group,
    doc: 'Returns `text` without spaces, or without the characters of `trimmed`, at both ends.',
    examples: [{ sql: "btrim('xxabcxx', 'x')", gives: 'abc' }],
    eval: (s: string, chars = ' ') => trimChars(s, chars, true, true),
    codegen: ([s], site) => trimCode(s!, site.args.length > 1 ? site.constants[1] : ' ', true, true, site),
    vector: trimVector(true, true),
  }),
  scalar(
    'mask',
    [
      text,
      ...['upper', 'lower', 'digit', 'other'].map((name) => arg(name, STRING, { optional: true, foldable: true })),
    ],
    undefined,
    {
      group,
      resolve: (args, _env, constants) => {
        args.forEach((t, i) => {
          if (t.kind !== 'string' && t.kind !== 'void') unexpectedType('mask', i + 1, 'STRING', t)
          const by = constants[i]
          if (i > 0 && typeof by === 'string' && [...by].length !== 1)
            throw new AnalysisError('DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE', { function: 'mask', value: by })
        })
        return { args: args.map(() => STRING), type: STRING }
      },
      doc: 'Returns `text` with upper-case letters, lower-case letters, digits and other characters replaced; NULL keeps a class as it is.',
      examples: [{ sql: "mask('AbCd-1234')", gives: 'XxXx-nnnn' }],
      nulls: 'handles',
      eval: (
        s: string | null,
        upper: string | null = 'X',
        lower: string | null = 'x',
        digit: string | null = 'n',
        other: string | null = null,
      ) => (s === null ? null : mask(s, upper, lower, digit, other)),
    },
  ),
]
