import { ExecutionError } from '../../errors/errors.ts'
import { BINARY, BOOLEAN, DOUBLE, INT, STRING } from '../../types/data-type.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { charCount, charIndex, hasSurrogates, unitIndex } from './code-points.ts'
import { replaceVector } from './replace-vector.ts'

const group = 'string'
const text = arg('text', STRING)

/** Position from 1 of `part` in `s` at or behind character `from` (from 1); 0 when absent. */
function locate(part: string, s: string, from: number): number {
  if (from < 1) return 0
  if (part === '') return 1
  const at = s.indexOf(part, unitIndex(s, from - 1))
  return at < 0 ? 0 : charIndex(s, at) + 1
}

/** `locate` from the beginning: units are characters where `s` has no pairs or nothing comes before. */
function firstAt(s: string, part: string): number {
  const at = s.indexOf(part)
  return at > 0 && hasSurrogates(s) ? charIndex(s, at) + 1 : at + 1
}

function findInSet(word: string, set: string): number {
  return word.includes(',') ? 0 : set.split(',').indexOf(word) + 1
}

function translate(s: string, from: string, to: string): string {
  const target = [...to]
  const map = new Map<string, string>()
  let i = 0
  for (const c of from) {
    if (!map.has(c)) map.set(c, target[i] ?? '')
    i++
  }
  let out = ''
  for (const c of s) out += map.get(c) ?? c
  return out
}

/** Edits (insert, delete, replace) between two texts, by code point; -1 when above `limit`. */
export function levenshtein(a: string, b: string, limit = Infinity): number {
  const s = [...a]
  const t = [...b]
  if (Math.abs(s.length - t.length) > limit) return -1
  let row = Array.from({ length: t.length + 1 }, (_, j) => j)
  for (let i = 1; i <= s.length; i++) {
    const next = [i]
    for (let j = 1; j <= t.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (s[i - 1] === t[j - 1] ? 0 : 1)))
    row = next
  }
  const distance = row[t.length]!
  return distance > limit ? -1 : distance
}

/** Similarity 0–1: Jaro with Winkler's bonus of 0.1 for each of up to four common first characters. */
function jaroWinkler(a: string, b: string): number {
  const s = [...a]
  const t = [...b]
  if (s.length === 0 && t.length === 0) return 1
  if (s.length === 0 || t.length === 0) return 0
  const reach = Math.max(0, Math.floor(Math.max(s.length, t.length) / 2) - 1)
  const taken = new Array<boolean>(t.length).fill(false)
  const fromS: string[] = []
  for (let i = 0; i < s.length; i++) {
    const end = Math.min(t.length - 1, i + reach)
    for (let j = Math.max(0, i - reach); j <= end; j++)
      if (!taken[j] && s[i] === t[j]) {
        taken[j] = true
        fromS.push(s[i]!)
        break
      }
  }
  const m = fromS.length
  if (m === 0) return 0
  const fromT = t.filter((_, j) => taken[j])
  const swaps = fromS.filter((c, i) => c !== fromT[i]).length / 2
  const jaro = (m / s.length + m / t.length + (m - swaps) / m) / 3
  let prefix = 0
  while (prefix < 4 && prefix < s.length && prefix < t.length && s[prefix] === t[prefix]) prefix++
  return jaro + prefix * 0.1 * (1 - jaro)
}

const SOUNDEX = '01230127022455012623017202'

/** American Soundex; a text that does not begin with a letter comes back unchanged. */
function soundex(s: string): string {
  const code = (c: string): string | undefined => SOUNDEX[c.toUpperCase().charCodeAt(0) - 65]
  const head = s[0]
  if (head === undefined || !/[A-Za-z]/.test(head)) return s
  let out = head.toUpperCase()
  let last = code(head)
  for (let i = 1; i < s.length && out.length < 4; i++) {
    if (!/[A-Za-z]/.test(s[i]!)) {
      last = '0'
      continue
    }
    const c = code(s[i]!)!
    if (c === '7') continue // H and W do not part letters of one code
    if (c !== '0' && c !== last) out += c
    last = c
  }
  return out.padEnd(4, '0')
}

function luhn(s: string): boolean {
  if (!/^[0-9]+$/.test(s)) return false
  let sum = 0
  for (let i = s.length - 1, double = false; i >= 0; i--, double = !double) {
    let d = s.charCodeAt(i) - 48
    if (double && (d *= 2) > 9) d -= 9
    sum += d
  }
  return sum % 10 === 0
}

/** A test on two texts or two binaries; when they are mixed both are read as text. */
function test(
  name: string,
  doc: string,
  sql: string,
  gives: string,
  onText: (s: string, t: string) => boolean,
  onBytes: (s: Buffer, t: Buffer) => boolean,
  method: string,
): FunctionEntry {
  return scalar(name, [arg('text', [STRING, BINARY]), arg('part', [STRING, BINARY])], BOOLEAN, {
    group,
    doc,
    total: true,
    examples: [{ sql, gives }],
    bind: (site) =>
      site.args[0]!.kind === 'binary' && site.args[1]!.kind === 'binary'
        ? (s: Uint8Array, t: Uint8Array) => onBytes(Buffer.from(s), Buffer.from(t))
        : (s: string | Uint8Array, t: string | Uint8Array) => onText(asText(s), asText(t)),
    codegen: ([s, t], site) => (site.args.every((a) => a.kind === 'string') ? `${s}.${method}(${t})` : null),
  })
}

const asText = (s: string | Uint8Array): string => (typeof s === 'string' ? s : Buffer.from(s).toString('utf8'))

/** The place, from 1, of the `occurrence`-th `part` from character `from` on; backwards for a negative `from`. */
function instr(s: string, part: string, from = 1, occurrence = 1): number {
  if (occurrence < 1)
    throw new ExecutionError('INVALID_PARAMETER_VALUE.OCCURRENCE', { function: 'instr', value: occurrence })
  if (from === 0) return 0
  if (part === '') return 1
  if (from > 0) {
    let at = from
    for (let n = 1; ; n++) {
      const found = locate(part, s, at)
      if (found === 0 || n === occurrence) return found
      at = found + 1
    }
  }
  const last = charCount(s) + from + 1
  let at = last < 1 ? -1 : unitIndex(s, last - 1)
  for (let n = 1; at >= 0; n++) {
    at = s.lastIndexOf(part, at)
    if (at < 0) return 0
    if (n === occurrence) return charIndex(s, at) + 1
    at--
  }
  return 0
}

/** Functions that look for text in text. */
export const entries: readonly FunctionEntry[] = [
  scalar(
    'instr',
    [text, arg('part', STRING), arg('from', INT, { optional: true }), arg('occurrence', INT, { optional: true })],
    INT,
    {
      group,
      doc: 'Returns the position, from 1, of `part` in `text` at or behind position `from`, the `occurrence`-th one; a negative `from` counts from the end and searches towards the beginning. 0 when there is none.',
      examples: [
        { sql: "instr('banana', 'na')", gives: '3' },
        { sql: "instr('banana', 'na', 1, 2)", gives: '5' },
        { sql: "instr('banana', 'na', -1)", gives: '5' },
      ],
      eval: instr,
      codegen: ([s, part], site) => (site.args.length > 2 ? null : `${site.constant(firstAt)}(${s}, ${part})`),
    },
  ),
  scalar('locate', [arg('part', STRING), text, arg('from', INT, { optional: true })], INT, {
    group,
    aliases: ['position'],
    doc: 'Returns the position, from 1, of `part` in `text` at or behind position `from`; 0 when there is none.',
    examples: [{ sql: "locate('na', 'banana', 4)", gives: '5' }],
    nulls: 'handles',
    eval: (part: string | null, s: string | null, from: number | null = 1) =>
      from === null ? 0 : part === null || s === null ? null : locate(part, s, from),
  }),
  test(
    'contains',
    'True when `part` is in `text`.',
    "contains('river', 'ive')",
    'true',
    (s, t) => s.includes(t),
    (s, t) => s.includes(t),
    'includes',
  ),
  test(
    'startswith',
    'True when `text` begins with `part`.',
    "startswith('river', 'riv')",
    'true',
    (s, t) => s.startsWith(t),
    (s, t) => s.subarray(0, t.length).equals(t),
    'startsWith',
  ),
  test(
    'endswith',
    'True when `text` ends with `part`.',
    "endswith('river', 'er')",
    'true',
    (s, t) => s.endsWith(t),
    (s, t) => s.length >= t.length && s.subarray(s.length - t.length).equals(t),
    'endsWith',
  ),
  scalar('find_in_set', [arg('word', STRING), arg('list', STRING)], INT, {
    group,
    doc: 'Returns the position, from 1, of `word` in a list separated by commas; 0 when absent or when `word` has a comma.',
    examples: [{ sql: "find_in_set('b', 'a,b,c')", gives: '2' }],
    eval: findInSet,
  }),
  scalar('replace', [text, arg('search', STRING), arg('by', STRING, { optional: true })], STRING, {
    group,
    doc: 'Returns `text` with every `search` replaced by `by`, or taken out.',
    examples: [{ sql: "replace('banana', 'an', 'AN')", gives: 'bANANa' }],
    eval: (s: string, search: string, by = '') => (search === '' ? s : s.replaceAll(search, () => by)),
    codegen: ([s], site) => {
      const [, search, by = site.args.length < 3 ? '' : undefined] = site.constants
      if (typeof search !== 'string' || search === '' || typeof by !== 'string') return null
      const text = site.constant(search)
      // `$` has a meaning in JavaScript's replacement texts.
      return `(${s}.includes(${text}) ? ${s}.replaceAll(${text}, ${site.constant(by.replaceAll('$', '$$$$'))}) : ${s})`
    },
    vector: replaceVector,
  }),
  scalar('translate', [text, arg('from', STRING), arg('to', STRING)], STRING, {
    group,
    doc: 'Returns `text` with each character of `from` replaced by the one at the same place of `to`, or taken out where `to` is shorter.',
    examples: [{ sql: "translate('banana', 'abn', 'xy')", gives: 'yxxx' }],
    eval: translate,
  }),
  scalar('levenshtein', [text, arg('other', STRING), arg('limit', INT, { optional: true })], INT, {
    group,
    doc: 'Returns the number of edits between two texts; -1 when it is above `limit`.',
    examples: [{ sql: "levenshtein('kitten', 'sitting')", gives: '3' }],
    eval: levenshtein,
  }),
  scalar('jaro_winkler_similarity', [text, arg('other', STRING)], DOUBLE, {
    group,
    doc: 'Returns how alike two texts are, from 0 to 1 (Jaro-Winkler).',
    examples: [{ sql: "round(jaro_winkler_similarity('martha', 'marhta'), 4)", gives: '0.9611' }],
    eval: jaroWinkler,
  }),
  scalar('soundex', [arg('text', STRING, { exact: true })], STRING, {
    group,
    doc: 'Returns the Soundex code of `text`.',
    examples: [{ sql: "soundex('Robert')", gives: 'R163' }],
    eval: soundex,
  }),
  scalar('luhn_check', [text], BOOLEAN, {
    group,
    doc: 'True when `text` is digits whose Luhn check sum is right.',
    examples: [{ sql: "luhn_check('79927398713')", gives: 'true' }],
    eval: luhn,
  }),
]
