import { ExecutionError } from '../../errors/errors.ts'
import { PatternFault } from './character-classes.ts'
import { translatePattern, type JavaPattern } from './java-pattern.ts'

/** A Java pattern compiled for JavaScript. */
export interface Compiled extends JavaPattern {
  /** Finds one match anywhere; keeps no position. */
  readonly once: RegExp
  /** Finds matches one after the other from `lastIndex`. */
  readonly global: RegExp
}

const CACHE_SIZE = 64
const cache = new Map<string, Compiled>()

/** Compiles a Java pattern; INVALID_PARAMETER_VALUE.PATTERN when it is wrong or beyond what can be expressed. */
export function compilePattern(fn: string, pattern: string): Compiled {
  const known = cache.get(pattern)
  if (known !== undefined) return known
  let made: Compiled
  try {
    const t = translatePattern(pattern)
    made = { ...t, once: new RegExp(t.source, t.flags), global: new RegExp(t.source, `${t.flags}g`) }
  } catch (e) {
    if (!(e instanceof PatternFault) && !(e instanceof SyntaxError)) throw e
    throw new ExecutionError(
      'INVALID_PARAMETER_VALUE.PATTERN',
      { function: fn, pattern, reason: e.message },
      { cause: e },
    )
  }
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!)
  cache.set(pattern, made)
  return made
}

/** The text of Java's capture `group` in a match; undefined when it took no part. */
export const captured = (match: RegExpMatchArray, pattern: Compiled, group: number): string | undefined =>
  match[pattern.slots[group]!]

/** Java's replacement text with `$1`, `${name}` and `\` escapes as texts and numbers of captures. */
function replacementParts(replacement: string, pattern: string, compiled: Compiled): readonly (string | number)[] {
  const parts: (string | number)[] = []
  let text = ''
  const flush = (): void => {
    if (text !== '') parts.push(text)
    text = ''
  }
  const bad = (): never => {
    throw new ExecutionError('INVALID_REGEXP_REPLACE', { replacement, pattern })
  }
  const groups = compiled.slots.length - 1
  for (let i = 0; i < replacement.length; i++) {
    const c = replacement[i]!
    if (c === '\\') {
      if (++i >= replacement.length) bad()
      text += replacement[i]!
    } else if (c === '$') {
      const next = replacement[i + 1] ?? ''
      if (next === '{') {
        const end = replacement.indexOf('}', i)
        const n = end < 0 ? undefined : compiled.names.get(replacement.slice(i + 2, end))
        if (n === undefined) return bad()
        flush()
        parts.push(n)
        i = end
      } else if (/[0-9]/.test(next)) {
        let n = Number(next)
        if (n > groups) bad()
        i++
        // Further digits belong to the number as long as there is such a group.
        while (/[0-9]/.test(replacement[i + 1] ?? '') && n * 10 + Number(replacement[i + 1]) <= groups)
          n = n * 10 + Number(replacement[++i])
        flush()
        parts.push(n)
      } else bad()
    } else text += c
  }
  flush()
  return parts
}

/** Java's replacement text as that of JavaScript's `replace`. */
export function nativeReplacement(replacement: string, pattern: string, compiled: Compiled): string | null {
  const parts = replacementParts(replacement, pattern, compiled)
  // Two digits: a digit behind `$01` is text. There is no way to write a capture above 99.
  if (parts.some((p) => typeof p === 'number' && compiled.slots[p]! > 99)) return null
  return parts
    .map((p) => {
      if (typeof p === 'string') return p.replaceAll('$', '$$$$')
      const slot = compiled.slots[p]!
      return slot === 0 ? '$&' : `$${String(slot).padStart(2, '0')}`
    })
    .join('')
}

/** Java's replacement text as a function over matches. */
export function replacer(
  replacement: string,
  pattern: string,
  compiled: Compiled,
): (match: RegExpMatchArray) => string {
  const parts = replacementParts(replacement, pattern, compiled)
  if (parts.every((p) => typeof p === 'string')) {
    const whole = parts.join('')
    return () => whole
  }
  return (m) => parts.map((p) => (typeof p === 'string' ? p : (captured(m, compiled, p) ?? ''))).join('')
}
