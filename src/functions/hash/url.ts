import { ExecutionError } from '../../errors/errors.ts'
import { STRING } from '../../types/data-type.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'

const group = 'url'

/** Form encoding as Java's URLEncoder writes it: blanks as `+`, all but letters, digits and `.-*_` as `%XX`. */
function encode(s: string): string {
  let out = ''
  for (const b of Buffer.from(s, 'utf8')) {
    const c = String.fromCharCode(b)
    out += /[A-Za-z0-9.\-*_]/.test(c) ? c : c === ' ' ? '+' : `%${b.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

function decode(s: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(s)) return null
  return s
    .replace(/\+/g, ' ')
    .replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}

interface UrlParts {
  readonly scheme: string | undefined
  readonly authority: string | undefined
  readonly userInfo: string | undefined
  readonly host: string | undefined
  /** Undefined where nothing but a scheme stands before it (`mailto:a@b`), as in Java. */
  readonly path: string | undefined
  readonly query: string | undefined
  readonly fragment: string | undefined
}

/** Takes a URI apart by RFC 2396 as Java's URI does; null when it has characters or parts a URI must not have. */
function parse(text: string): UrlParts | null {
  const m = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/su.exec(text)
  if (m === null) return null
  const legal = /^(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,[\]\u0080-\uffff]|%[0-9A-Fa-f]{2})*$/u
  const [, scheme, authority, path = '', query, fragment] = m
  if ([authority, path, query, fragment].some((p) => p !== undefined && !legal.test(p))) return null
  if (/[\u0080-\u00a0\u2000-\u200f\u2028\u2029\u3000]/.test(text) || /[[\]]/.test(path)) return null
  if (scheme === undefined && authority === undefined && /^[^/]*:/.test(path)) return null
  if (scheme !== undefined && authority === undefined && path === '') return null
  if (scheme !== undefined && authority === undefined && !path.startsWith('/'))
    return {
      scheme,
      authority: undefined,
      userInfo: undefined,
      host: undefined,
      path: undefined,
      query: undefined,
      fragment,
    }
  const server =
    authority === undefined
      ? null
      : /^(?:([^@]*)@)?(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9.])?)?(?::(\d*))?$/.exec(authority)
  return { scheme, authority: authority || undefined, userInfo: server?.[1], host: server?.[2], path, query, fragment }
}

function part(u: UrlParts, name: string): string | null {
  switch (name) {
    case 'HOST':
      return u.host ?? null
    case 'PATH':
      return u.path ?? null
    case 'QUERY':
      return u.query ?? null
    case 'REF':
      return u.fragment ?? null
    case 'PROTOCOL':
      return u.scheme ?? null
    case 'FILE':
      return u.query === undefined ? (u.path ?? null) : `${u.path}?${u.query}`
    case 'AUTHORITY':
      return u.authority ?? null
    case 'USERINFO':
      return u.userInfo ?? null
    default:
      return null
  }
}

function parseUrl(tries: boolean): (text: string, name: string, key?: string) => string | null {
  return (text, name, key) => {
    const u = parse(text)
    if (u === null) {
      if (tries) return null
      throw new ExecutionError('INVALID_URL', { url: text }, { hint: 'try_parse_url gives NULL instead' })
    }
    if (key === undefined) return part(u, name)
    if (name !== 'QUERY' || u.query === undefined) return null
    for (const pair of u.query.split('&')) if (pair.startsWith(`${key}=`)) return pair.slice(key.length + 1)
    return null
  }
}

const parseParams = [
  arg('url', STRING, { exact: true }),
  arg('part', STRING, { exact: true }),
  arg('key', STRING, { exact: true, optional: true }),
]

/** Functions on URLs. */
export const entries: readonly FunctionEntry[] = [
  scalar('parse_url', parseParams, STRING, {
    group,
    doc: 'Returns a part of `url`: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO; of QUERY the value of `key`.',
    examples: [{ sql: "parse_url('http://mill.example/p?x=1&y=two', 'QUERY', 'y')", gives: 'two' }],
    canBeNull: true,
    eval: parseUrl(false),
  }),
  scalar('try_parse_url', parseParams, STRING, {
    group,
    doc: 'As parse_url, but NULL where `url` is no URL.',
    examples: [{ sql: "try_parse_url('inva lid://x y', 'HOST')", gives: 'NULL' }],
    canBeNull: true,
    eval: parseUrl(true),
  }),
  scalar('url_encode', [arg('text', STRING)], STRING, {
    group,
    doc: 'Returns `text` as it stands in a form or query: blanks as `+`, special characters as `%XX`.',
    examples: [{ sql: "url_encode('a b&c')", gives: 'a+b%26c' }],
    eval: encode,
  }),
  scalar('url_decode', [arg('text', STRING)], STRING, {
    group,
    doc: 'Returns what url_encode made of a text.',
    examples: [{ sql: "url_decode('a+b%26c')", gives: 'a b&c' }],
    eval: (s: string) => {
      const d = decode(s)
      if (d === null)
        throw new ExecutionError('CANNOT_DECODE_URL', { url: s }, { hint: 'try_url_decode gives NULL instead' })
      return d
    },
  }),
  scalar('try_url_decode', [arg('text', STRING)], STRING, {
    group,
    doc: 'As url_decode, but NULL where `text` is not encoded rightly.',
    examples: [{ sql: "try_url_decode('100%')", gives: 'NULL' }],
    canBeNull: true,
    eval: decode,
  }),
]
