import { implicitCast } from '../../types/coercion.ts'
import { BIGINT, BINARY, INT, STRING, arrayOf, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { arg, scalar, type Codegen, type CodegenSite, type FunctionEntry } from '../entry.ts'
import { checkTextSize } from './text-size.ts'
import { unexpectedType } from '../faults.ts'
import { charCount, hasSurrogates, sliceChars, subarraySql, substringSql, SURROGATE } from './code-points.ts'
import { leftVector, lengthVector, rightVector, substringVector } from './text-vector.ts'

const group = 'string'
const text = arg('text', STRING)
const bytesOrText = arg('text', [STRING, BINARY])
const first = (args: readonly DataType[]): DataType => args[0]!
const MAX_INT = 2147483647

/** Cuts or fills `s` to `length` characters with `pad` on the left or right; an empty pad fills nothing. */
export function padText(s: string, length: number, pad: string, left: boolean): string {
  if (length <= 0) return ''
  const missing = length - charCount(s)
  if (missing <= 0) return sliceChars(s, 0, length)
  if (pad === '') return s
  checkTextSize(left ? 'lpad' : 'rpad', length)
  const chars = [...pad]
  const fill = sliceChars(pad.repeat(Math.ceil(missing / chars.length)), 0, missing)
  return left ? fill + s : s + fill
}

function padBytes(s: Uint8Array, length: number, pad: Uint8Array, left: boolean): Uint8Array {
  if (length <= 0) return new Uint8Array(0)
  const missing = length - s.length
  if (missing <= 0 || pad.length === 0) return s.slice(0, length)
  checkTextSize(left ? 'lpad' : 'rpad', length)
  const out = new Uint8Array(length)
  const at = left ? 0 : s.length
  for (let i = 0; i < missing; i++) out[at + i] = pad[i % pad.length]!
  out.set(s, left ? missing : 0)
  return out
}

/** `fast` for a text of one unit a character, else what `slow` gives. */
const unlessPairs = (s: string, fast: string, slow: (text: string) => Value, site: CodegenSite): string =>
  `(${site.constant(SURROGATE)}.test(${s}) ? ${site.constant(slow)}(${s}) : ${fast})`

/** Code for a cut of a text by constants; `cutOf` gives the method call, and what it means for any text. */
const cutCode =
  (cutOf: (constants: readonly (Value | undefined)[]) => readonly [string, (text: string) => string] | null): Codegen =>
  ([s], site) => {
    const numbers = site.args.every((_, i) => i === 0 || typeof site.constants[i] === 'number')
    const cut = numbers && site.type.kind === 'string' ? cutOf(site.constants) : null
    return cut === null ? null : unlessPairs(s!, `${s}${cut[0]}`, cut[1], site)
  }

const substringCode = cutCode(([, position, count = MAX_INT]) => {
  const [p, n] = [position as number, count as number]
  const slow = (s: string): string => substringSql(s, p, n)
  if (p >= 0) {
    const from = Math.max(0, p - 1)
    return [`.slice(${from}, ${Math.max(from, from + n)})`, slow]
  }
  // What lies before the text counts towards the length.
  return n === MAX_INT ? [`.slice(${p})`, slow] : null
})

const leftCode = cutCode(([, n]) => [`.slice(0, ${Math.max(0, n as number)})`, (s) => sliceChars(s, 0, n as number)])

const rightCode = cutCode(([, n]) =>
  (n as number) <= 0 ? null : [`.slice(${-(n as number)})`, (s) => substringSql(s, -(n as number), MAX_INT)],
)

/** Wider constant pads are not made ahead. */
const MOST_FILL = 4096

/** Padding to a constant length with constant characters: the fill is made once and cut. */
const padCode =
  (left: boolean): Codegen =>
  ([s], site) => {
    const [, length, pad = site.args.length < 3 ? ' ' : undefined] = site.constants
    if (site.type.kind !== 'string' || typeof length !== 'number' || typeof pad !== 'string') return null
    if (length <= 0 || length > MOST_FILL || pad === '' || hasSurrogates(pad)) return null
    const fill = `${site.constant(pad.repeat(Math.ceil(length / pad.length)))}.slice(0, ${length} - ${s}.length)`
    const padded = left ? `${fill} + ${s}` : `${s} + ${fill}`
    const fast = `(${s}.length < ${length} ? ${padded} : ${s}.slice(0, ${length}))`
    return unlessPairs(s!, fast, (text) => padText(text, length, pad, left), site)
  }

/** Part number `part` without the others; `delimiter` is not empty, `part` is above 0. */
function partAt(s: string, delimiter: string, part: number): string {
  let from = 0
  for (let i = 1; i < part; i++) {
    const at = s.indexOf(delimiter, from)
    if (at < 0) return ''
    from = at + delimiter.length
  }
  const end = s.indexOf(delimiter, from)
  return end < 0 ? s.slice(from) : s.slice(from, end)
}

function pad(name: string, left: boolean, doc: string, sql: string, gives: string): FunctionEntry {
  return scalar(name, [bytesOrText, arg('length', INT), arg('pad', [STRING, BINARY], { optional: true })], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    resolve: (args, env) => {
      const count = implicitCast(args[1]!, INT, env.ansi) ?? unexpectedType(name, 2, 'INT', args[1]!)
      for (const i of args.length < 3 ? [0] : [0, 2])
        if (implicitCast(args[i]!, STRING, env.ansi) === null) unexpectedType(name, i + 1, 'STRING', args[i]!)
      const binary = args[0]!.kind === 'binary' && (args.length < 3 || args[2]!.kind === 'binary')
      const t = binary ? BINARY : STRING
      return { args: args.length < 3 ? [t, count] : [t, count, t], type: t }
    },
    bind: (site) =>
      site.type.kind === 'binary'
        ? (s: Uint8Array, n: number, p: Uint8Array = new Uint8Array(1)) => padBytes(s, n, p, left)
        : (s: string, n: number, p = ' ') => padText(s, n, p, left),
    codegen: padCode(left),
  })
}

/** What stands before the `count`-th `delimiter` from the left, or behind it from the right for a negative count. */
function substringIndex(s: string, delimiter: string, count: number): string {
  if (count === 0 || delimiter === '') return ''
  let at: number
  if (count > 0) {
    at = -1
    for (let i = 0; i < count; i++) {
      at = s.indexOf(delimiter, at + 1)
      if (at < 0) return s
    }
    return s.slice(0, at)
  }
  at = s.length - delimiter.length + 1
  for (let i = 0; i < -count; i++) {
    at = at - 1 < 0 ? -1 : s.lastIndexOf(delimiter, at - 1)
    if (at < 0) return s
  }
  return s.slice(at + delimiter.length)
}

function splitPart(s: string, delimiter: string, part: number): string {
  if (part === 0) throw new ExecutionError('INVALID_INDEX_OF_ZERO', {})
  const parts = delimiter === '' ? [s] : s.split(delimiter)
  return parts[part > 0 ? part - 1 : parts.length + part] ?? ''
}

function overlayText(s: string, by: string, from: number, length: number): string {
  const n = length >= 0 ? length : charCount(by)
  return substringSql(s, 1, from - 1) + by + substringSql(s, from + n, MAX_INT)
}

function overlayBytes(s: Uint8Array, by: Uint8Array, from: number, length: number): Uint8Array {
  const n = length >= 0 ? length : by.length
  return Buffer.concat([subarraySql(s, 1, from - 1), by, subarraySql(s, from + n, MAX_INT)])
}

/** Functions that cut, fill and repeat text. */
export const entries: readonly FunctionEntry[] = [
  scalar('substring', [bytesOrText, arg('position', INT), arg('length', INT, { optional: true })], first, {
    group,
    aliases: ['substr'],
    doc: 'Returns `length` characters of `text` from `position` (from 1; negative counts from the end), or all to the end.',
    total: true,
    examples: [
      { sql: "substring('millrace', -4, 3)", gives: 'rac' },
      { sql: "substring('millrace', 2)", gives: 'illrace' },
    ],
    bind: (site) =>
      site.type.kind === 'binary'
        ? (s: Uint8Array, p: number, n = MAX_INT) => subarraySql(s, p, n)
        : (s: string, p: number, n = MAX_INT) => substringSql(s, p, n),
    codegen: substringCode,
    vector: substringVector,
  }),
  scalar('left', [bytesOrText, arg('count', INT)], first, {
    group,
    doc: 'Returns the first `count` characters of `text`; none when `count` is not positive.',
    total: true,
    examples: [{ sql: "left('spillway', 5)", gives: 'spill' }],
    bind: (site) =>
      site.type.kind === 'binary'
        ? (s: Uint8Array, n: number) => subarraySql(s, 1, n)
        : (s: string, n: number) => sliceChars(s, 0, n),
    codegen: leftCode,
    vector: leftVector,
  }),
  scalar('right', [text, arg('count', INT)], STRING, {
    group,
    doc: 'Returns the last `count` characters of `text`; none when `count` is not positive.',
    total: true,
    examples: [{ sql: "right('water', 2)", gives: 'er' }],
    eval: (s: string, n: number) => (n <= 0 ? '' : substringSql(s, -n, MAX_INT)),
    codegen: rightCode,
    vector: rightVector,
  }),
  scalar('substring_index', [text, arg('delimiter', STRING), arg('count', INT)], STRING, {
    group,
    doc: 'Returns what stands before the `count`-th `delimiter`, or behind it counted from the end when `count` is negative.',
    examples: [{ sql: "substring_index('a.b.c.d', '.', 2)", gives: 'a.b' }],
    eval: substringIndex,
  }),
  scalar('split_part', [text, arg('delimiter', STRING), arg('part', INT)], STRING, {
    group,
    doc: 'Splits `text` at `delimiter` and returns part number `part`, from 1, or from -1 at the end; empty when there is none.',
    examples: [{ sql: "split_part('10-20-30', '-', 2)", gives: '20' }],
    eval: splitPart,
    codegen: ([s, delimiter, part], site) => {
      const [, by, place] = site.constants
      if (typeof by !== 'string' || by === '' || typeof place !== 'number' || place < 1) return null
      return `${site.constant(partAt)}(${s}, ${delimiter}, ${part})`
    },
  }),
  pad(
    'lpad',
    true,
    'Returns `text` filled on the left with `pad` (or cut) to `length` characters.',
    "lpad('7', 3, '0')",
    '007',
  ),
  pad(
    'rpad',
    false,
    'Returns `text` filled on the right with `pad` (or cut) to `length` characters.',
    "rpad('7', 3, 'xy')",
    '7xy',
  ),
  scalar(
    'overlay',
    [bytesOrText, arg('replacement', [STRING, BINARY]), arg('position', INT), arg('length', INT, { optional: true })],
    undefined,
    {
      group,
      doc: 'Returns `text` with `length` characters from `position` on replaced; as many as `replacement` has unless told.',
      examples: [{ sql: "overlay('millwheel' PLACING 'RACE' FROM 5)", gives: 'millRACEl' }],
      resolve: (args) => {
        const t = args[0]!.kind === 'binary' && args[1]!.kind === 'binary' ? BINARY : STRING
        return { args: args.length > 3 ? [t, t, INT, INT] : [t, t, INT], type: t }
      },
      bind: (site) =>
        site.type.kind === 'binary'
          ? (s: Uint8Array, by: Uint8Array, from: number, n = -1) => overlayBytes(s, by, from, n)
          : (s: string, by: string, from: number, n = -1) => overlayText(s, by, from, n),
    },
  ),
  scalar('repeat', [text, arg('count', INT)], STRING, {
    group,
    doc: 'Returns `text` `count` times; empty when `count` is not positive.',
    examples: [{ sql: "repeat('ab', 3)", gives: 'ababab' }],
    eval: (s: string, n: number) =>
      n <= 0 || s === '' ? '' : s.repeat(checkTextSize('repeat', n * s.length) / s.length),
  }),
  scalar('space', [arg('count', INT)], STRING, {
    group,
    doc: 'Returns `count` spaces.',
    examples: [{ sql: "space(2) || '|'", gives: '  |' }],
    eval: (n: number) => (n <= 0 ? '' : ' '.repeat(checkTextSize('space', n))),
  }),
  scalar('reverse', [arg('value', [STRING, BINARY, 'ARRAY'])], first, {
    group,
    doc: 'Returns the characters of a text, the bytes of a binary or the elements of an array in the opposite order.',
    examples: [
      { sql: "reverse('drawer')", gives: 'reward' },
      { sql: 'reverse(array(1, 2))', gives: '[2, 1]' },
    ],
    bind: (site) => {
      if (site.type.kind === 'array') return (a: readonly Value[]) => [...a].reverse()
      return site.type.kind === 'binary' ? (b: Uint8Array) => Uint8Array.from(b).reverse() : reversedText
    },
    codegen: ([v], site) => {
      if (site.type.kind === 'array') return `${v}.slice().reverse()`
      if (site.type.kind !== 'string') return null
      const backwards = site.constant((s: string) => {
        let out = ''
        for (let i = s.length - 1; i >= 0; i--) out += s[i]!
        return out
      })
      return unlessPairs(v!, `${backwards}(${v})`, reversedText, site)
    },
  }),
  scalar('elt', [arg('index', INT), arg('value', [STRING, BINARY], { variadic: true })], undefined, {
    group,
    doc: 'Returns value number `index`, from 1.',
    examples: [{ sql: "elt(2, 'x', 'y', 'z')", gives: 'y' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const values = args.slice(1)
      const index = implicitCast(args[0]!, INT, env.ansi) ?? unexpectedType('elt', 1, 'INT', args[0]!)
      values.forEach((v, i) => implicitCast(v, STRING, env.ansi) ?? unexpectedType('elt', i + 2, 'STRING or BINARY', v))
      const t = values.length > 0 && values.every((v) => v.kind === 'binary') ? BINARY : STRING
      return { args: [index, ...values.map(() => t)], type: t }
    },
    bind: (site) => {
      const size = site.args.length - 1
      return (index: number | null, ...values: readonly Value[]) => {
        if (index === null) return null
        if (index >= 1 && index <= size) return values[index - 1]!
        if (!site.env.ansi) return null
        throw new ExecutionError('INVALID_ARRAY_INDEX', { index, size })
      }
    },
  }),
  scalar(
    'sentences',
    [text, arg('language', STRING, { optional: true }), arg('country', STRING, { optional: true })],
    arrayOf(arrayOf(STRING, false), false),
    {
      group,
      doc: 'Splits `text` into sentences and each of them into words.',
      examples: [{ sql: "size(sentences('One. Two', 'en', 'US'))", gives: '2' }],
      eval: sentences,
    },
  ),
  scalar('bit_length', [bytesOrText], INT, {
    group,
    doc: 'Returns the size in bits of `text` as UTF-8, or of the bytes.',
    total: true,
    examples: [{ sql: "bit_length('ab')", gives: '16' }],
    eval: (s: string | Uint8Array) => 8 * byteCount(s),
  }),
  scalar('octet_length', [bytesOrText], INT, {
    group,
    doc: 'Returns the size in bytes of `text` as UTF-8, or of the bytes.',
    total: true,
    examples: [{ sql: "octet_length('añ')", gives: '3' }],
    eval: byteCount,
  }),
  scalar('length', [bytesOrText], INT, {
    group,
    aliases: ['len', 'char_length', 'character_length'],
    doc: 'Returns the number of characters of a text, or of bytes of a binary.',
    total: true,
    examples: [{ sql: "length('añb')", gives: '3' }],
    bind: (site) => (site.args[0]!.kind === 'binary' ? (b: Uint8Array) => b.length : charCount),
    codegen: ([s], site) =>
      site.args[0]!.kind === 'binary' ? `${s}.length` : unlessPairs(s!, `${s}.length`, charCount, site),
    vector: lengthVector,
  }),
  scalar('ascii', [text], INT, {
    group,
    doc: 'Returns the code point of the first character; 0 for an empty text.',
    examples: [{ sql: "ascii('A')", gives: '65' }],
    eval: (s: string) => s.codePointAt(0) ?? 0,
  }),
  scalar('chr', [arg('code', BIGINT)], STRING, {
    group,
    aliases: ['char'],
    doc: 'Returns the character of `code` modulo 256; empty when `code` is negative.',
    examples: [{ sql: 'chr(65)', gives: 'A' }],
    eval: (n: bigint) => (n < 0n ? '' : String.fromCharCode(Number(n & 255n))),
    codegen: ([n], site) => (site.int64 === 'narrow' ? `(${n} < 0 ? '' : String.fromCharCode(${n} % 256))` : null),
  }),
]

const reversedText = (s: string): string => [...s].reverse().join('')

function byteCount(s: string | Uint8Array): number {
  return typeof s === 'string' ? Buffer.byteLength(s) : s.length
}

function sentences(s: string, language?: string | null, country?: string | null): Value {
  const locale = language ? (country ? `${language}-${country}` : language) : 'en-US'
  const known = (() => {
    try {
      return Intl.getCanonicalLocales(locale)[0]!
    } catch {
      return 'en-US' // what Java falls back to for a locale it does not know
    }
  })()
  const bySentence = new Intl.Segmenter(known, { granularity: 'sentence' })
  const byWord = new Intl.Segmenter(known, { granularity: 'word' })
  const out: string[][] = []
  for (const { segment } of bySentence.segment(s)) {
    const words: string[] = []
    for (const w of byWord.segment(segment)) if (w.isWordLike === true) words.push(w.segment)
    out.push(words)
  }
  return out
}
