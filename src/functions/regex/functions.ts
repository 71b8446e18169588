import { ExecutionError } from '../../errors/errors.ts'
import { implicitCast } from '../../types/coercion.ts'
import { arrayOf, BOOLEAN, INT, STRING } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type FunctionEntry } from '../entry.ts'
import { outOfRange, unexpectedType } from '../faults.ts'
import { charIndex, unitIndex } from '../string/code-points.ts'
import { captured, compilePattern, nativeReplacement, replacer, type Compiled } from './compiled.ts'
import { likePattern, type LikePattern } from './like-pattern.ts'
import { splitVector } from './split-vector.ts'

const group = 'regex'
const text = arg('text', STRING)
const regexp = arg('regexp', STRING)

/** The pattern of a call: compiled once when it is constant. A wrong one raises when the first row asks for it. */
function patternOf(site: CallSite): (pattern: string) => Compiled {
  let last: string | undefined
  let made: Compiled | undefined
  return (pattern) => {
    if (pattern !== last) {
      made = compilePattern(site.name, pattern)
      last = pattern
    }
    return made!
  }
}

function checkGroup(fn: string, pattern: Compiled, index: number): void {
  const groups = pattern.slots.length - 1
  if (index < 0 || index > groups)
    throw new ExecutionError('INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX', { function: fn, groups, index })
}

function likeEntry(name: string, fold: boolean, doc: string, sql: string, gives: string): FunctionEntry {
  const lower = (s: string): string => (fold ? s.toLowerCase() : s)
  return scalar(
    name,
    [text, arg('pattern', STRING), arg('escape', STRING, { optional: true, foldable: true })],
    BOOLEAN,
    {
      group,
      doc,
      examples: [{ sql, gives }],
      total: ({ constants: [, pattern, escape = '\\'] }) =>
        typeof pattern === 'string' && typeof escape === 'string' && !pattern.includes(escape),
      bind: () => {
        let last: string | undefined
        let made: LikePattern | undefined
        return (s: string, pattern: string, escape = '\\') => {
          if (pattern !== last) {
            made = likePattern(lower(pattern), escape)
            last = pattern
          }
          return made!.test(lower(s))
        }
      },
      codegen: ([s], site) => {
        const pattern = site.constants[1]
        const escape = site.constants[2] ?? '\\'
        if (typeof pattern !== 'string' || typeof escape !== 'string') return null
        const compiled = likePattern(lower(pattern), escape)
        const subject = fold ? `${s}.toLowerCase()` : s!
        return (
          compiled.code(subject, (p) => JSON.stringify(p)) ??
          `${site.constant((x: string) => compiled.test(x))}(${subject})`
        )
      },
    },
  )
}

function* matches(s: string, pattern: Compiled): Generator<RegExpExecArray> {
  const re = pattern.global
  re.lastIndex = 0
  for (let m = re.exec(s); m !== null; m = re.exec(s)) {
    const next = m[0] === '' ? m.index + ((s.codePointAt(m.index) ?? 0) > 0xffff ? 2 : 1) : re.lastIndex
    yield m
    if (next > s.length) return
    re.lastIndex = next // also undoes what a caller's other use of the pattern did
  }
}

/** Java's String.split: no empty text before a match of no width at the start; at most `limit` parts when positive. */
export function splitText(s: string, pattern: Compiled, limit: number): string[] {
  const out: string[] = []
  let from = 0
  for (const m of matches(s, pattern)) {
    if (limit > 0 && out.length === limit - 1) break
    const end = m.index + m[0].length
    if (end === 0) continue
    out.push(s.slice(from, m.index))
    from = end
  }
  out.push(s.slice(from))
  return out
}

/** Between the characters, up to `limit` parts: Spark's meaning of an empty pattern. */
function splitChars(s: string, limit: number): string[] {
  const chars = [...s]
  if (limit <= 0 || limit >= chars.length) return chars
  return [...chars.slice(0, limit - 1), chars.slice(limit - 1).join('')]
}

function regexpReplace(s: string, pattern: string, compiled: Compiled, replacement: string, from: number): string {
  // The replacement is looked at only when something is replaced, as Java does.
  const at = unitIndex(s, from - 1)
  if (at >= s.length && from > 1) return s
  const head = s.slice(0, at)
  const tail = at === 0 ? s : s.slice(at)
  let by: ((m: RegExpMatchArray) => string) | undefined
  let out = ''
  let last = 0
  for (const m of matches(tail, compiled)) {
    by ??= replacer(replacement, pattern, compiled)
    out += tail.slice(last, m.index) + by(m)
    last = m.index + m[0].length
  }
  return by === undefined ? s : head + out + tail.slice(last)
}

/** LIKE, RLIKE and the regexp functions; patterns are Java's. */
export const entries: readonly FunctionEntry[] = [
  likeEntry(
    'like',
    false,
    'True when `text` matches `pattern`: `%` is any text, `_` one character, `escape` takes their meaning away.',
    "'river' LIKE 'r%'",
    'true',
  ),
  likeEntry('ilike', true, 'As LIKE, without regard to case.', "ilike('Mill', 'm_LL')", 'true'),
  scalar('rlike', [text, regexp], BOOLEAN, {
    group,
    aliases: ['regexp', 'regexp_like'],
    doc: 'True when `regexp` matches somewhere in `text`.',
    examples: [{ sql: "'river42' RLIKE '[0-9]+'", gives: 'true' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string) => compiled(p).once.test(s)
    },
    codegen: ([s], site) => {
      const pattern = site.constants[1]
      return typeof pattern === 'string' ? `${site.constant(compilePattern(site.name, pattern).once)}.test(${s})` : null
    },
  }),
  scalar('regexp_extract', [text, regexp, arg('group', INT, { optional: true })], STRING, {
    group,
    doc: 'Returns what capture `group` (1 unless told, 0 for all) of the first match took; empty when nothing matches.',
    examples: [{ sql: "regexp_extract('key=val', '(k)(e)', 2)", gives: 'e' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string, index = 1) => {
        const c = compiled(p)
        const m = c.once.exec(s)
        // The group is looked at only where something matched.
        if (m === null) return ''
        checkGroup(site.name, c, index)
        return captured(m, c, index) ?? ''
      }
    },
    codegen: ([s], site) => {
      const [, pattern, index = site.args.length < 3 ? 1 : undefined] = site.constants
      if (typeof pattern !== 'string' || typeof index !== 'number') return null
      const compiled = compilePattern(site.name, pattern)
      checkGroup(site.name, compiled, index)
      const { once, slots } = compiled
      const slot = slots[index]!
      return `${site.constant((text: string) => once.exec(text)?.[slot] ?? '')}(${s})`
    },
  }),
  scalar('regexp_extract_all', [text, regexp, arg('group', INT, { optional: true })], arrayOf(STRING), {
    group,
    doc: 'Returns what capture `group` took in every match.',
    examples: [{ sql: "regexp_extract_all('a1b22', '[a-z][0-9]', 0)", gives: '[a1, b2]' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string, index = 1) => {
        const c = compiled(p)
        const out: Value[] = []
        for (const m of matches(s, c)) {
          checkGroup(site.name, c, index)
          out.push(captured(m, c, index) ?? '')
        }
        return out
      }
    },
  }),
  scalar(
    'regexp_replace',
    [text, regexp, arg('replacement', STRING), arg('position', INT, { optional: true })],
    undefined,
    {
      group,
      doc: 'Returns `text` with every match of `regexp`, from character `position` on, replaced; `$1` stands for a capture.',
      examples: [{ sql: "regexp_replace('john smith', '([a-z]+) ([a-z]+)', '$2 $1')", gives: 'smith john' }],
      resolve: (args, env, constants) => {
        args.slice(0, 3).forEach((t, i) => {
          if (implicitCast(t, STRING, env.ansi) === null) unexpectedType('regexp_replace', i + 1, 'STRING', t)
        })
        const position = constants[3]
        if (typeof position === 'number' && position < 1) outOfRange('regexp_replace', 'position', 'above 0', position)
        return { args: args.map((_, i) => (i === 3 ? INT : STRING)), type: STRING }
      },
      bind: (site) => {
        const compiled = patternOf(site)
        return (s: string, p: string, by: string, from = 1) => regexpReplace(s, p, compiled(p), by, from)
      },
      codegen: ([s], site) => {
        const [, pattern, replacement] = site.constants
        if (site.args.length > 3 || typeof pattern !== 'string' || typeof replacement !== 'string') return null
        const compiled = compilePattern(site.name, pattern)
        const by = nativeReplacement(replacement, pattern, compiled)
        return by === null ? null : `${s}.replace(${site.constant(compiled.global)}, ${site.constant(by)})`
      },
    },
  ),
  scalar('regexp_count', [text, regexp], INT, {
    group,
    doc: 'Returns how often `regexp` matches in `text`.',
    examples: [{ sql: "regexp_count('banana', 'an')", gives: '2' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string) => {
        let n = 0
        for (const _ of matches(s, compiled(p))) n++
        return n
      }
    },
  }),
  scalar('regexp_substr', [text, regexp], STRING, {
    group,
    doc: 'Returns the first match of `regexp`; NULL when there is none.',
    examples: [{ sql: "regexp_substr('ab12cd34', '[0-9]+')", gives: '12' }],
    canBeNull: true,
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string) => compiled(p).once.exec(s)?.[0] ?? null
    },
  }),
  scalar('regexp_instr', [text, regexp, arg('group', INT, { optional: true })], INT, {
    group,
    doc: 'Returns the position, from 1, of the first match of `regexp`; 0 when there is none.',
    examples: [{ sql: "regexp_instr('ab12cd', '[0-9]+')", gives: '3' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string) => {
        const m = compiled(p).once.exec(s)
        return m === null ? 0 : charIndex(s, m.index) + 1
      }
    },
  }),
  scalar('split', [text, regexp, arg('limit', INT, { optional: true })], arrayOf(STRING, false), {
    group,
    doc: 'Splits `text` at the matches of `regexp`; at most `limit` parts when `limit` is positive.',
    examples: [{ sql: "split('a,b,,c', ',', 2)", gives: '[a, b,,c]' }],
    bind: (site) => {
      const compiled = patternOf(site)
      return (s: string, p: string, limit = -1) =>
        p === '' && s !== '' ? splitChars(s, limit) : splitText(s, compiled(p), limit)
    },
    vector: splitVector,
  }),
]
