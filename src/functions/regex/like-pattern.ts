import { ExecutionError } from '../../errors/errors.ts'

/** A test on text made from a LIKE pattern. */
export interface LikePattern {
  test(s: string): boolean
  /** JavaScript over the variable of the text where the pattern is simple; `quote` puts a text into the source. */
  code(s: string, quote: (part: string) => string): string | null
}

type Token = string | { readonly wild: '%' | '_' }

function tokens(pattern: string, escape: string): Token[] {
  const out: Token[] = []
  let text = ''
  const flush = (): void => {
    if (text !== '') out.push(text)
    text = ''
  }
  const chars = [...pattern]
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i]!
    if (c === escape) {
      const next = chars[++i]
      if (next === undefined) throw new ExecutionError('INVALID_FORMAT.ESC_AT_THE_END', { pattern })
      if (next !== '%' && next !== '_' && next !== escape)
        throw new ExecutionError('INVALID_FORMAT.ESC_IN_THE_MIDDLE', { pattern, char: next })
      text += next
    } else if (c === '%' || c === '_') {
      flush()
      const last = out.at(-1)
      if (c !== '%' || last === undefined || typeof last === 'string' || last.wild !== '%') out.push({ wild: c })
    } else text += c
  }
  flush()
  return out
}

const isAny = (t: Token | undefined): boolean => typeof t === 'object' && t.wild === '%'

/** Compiles a LIKE pattern; `escape` is one character. A pattern that misuses it raises INVALID_FORMAT. */
export function likePattern(pattern: string, escape: string): LikePattern {
  const list = tokens(pattern, escape)
  const [a, b, c] = list
  const simple = (test: (s: string) => boolean, code: LikePattern['code']): LikePattern => ({ test, code })
  if (list.length === 0)
    return simple(
      (s) => s === '',
      (s) => `(${s} === '')`,
    )
  if (list.length === 1 && isAny(a))
    return simple(
      () => true,
      () => 'true',
    )
  if (list.length === 1 && typeof a === 'string')
    return simple(
      (s) => s === a,
      (s, q) => `(${s} === ${q(a)})`,
    )
  if (list.length === 2 && typeof a === 'string' && isAny(b))
    return simple(
      (s) => s.startsWith(a),
      (s, q) => `${s}.startsWith(${q(a)})`,
    )
  if (list.length === 2 && isAny(a) && typeof b === 'string')
    return simple(
      (s) => s.endsWith(b),
      (s, q) => `${s}.endsWith(${q(b)})`,
    )
  if (list.length === 3 && isAny(a) && typeof b === 'string' && isAny(c))
    return simple(
      (s) => s.includes(b),
      (s, q) => `${s}.includes(${q(b)})`,
    )
  const source = list
    .map((t) => (typeof t === 'string' ? t.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') : t.wild === '%' ? '.*' : '.'))
    .join('')
  const regex = new RegExp(`^${source}$`, 'su')
  return { test: (s) => regex.test(s), code: () => null }
}
