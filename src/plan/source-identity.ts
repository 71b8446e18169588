import { resolve } from 'node:path'
import { shown } from '../connectors/redact.ts'
import type { SourceRef } from './unresolved.ts'

/** Options that say which table a connector reads or writes; the others say how, and may change between restarts. */
const IDENTITY_OPTIONS: ReadonlySet<string> = new Set([
  'path',
  'host',
  'port',
  'url',
  'table',
  'dbtable',
  'database',
  'topic',
  'subscribe',
  'subscribepattern',
  'assign',
  'stream',
  'subject',
  'queue',
])

/** What a connector reads or writes: its format, and the options that name the table. Plain JSON, equal for equal tables. */
export interface TableIdentity {
  readonly format: string
  readonly what: Readonly<Record<string, string>>
}

/**
 * The identity of the table behind a format and its options. Paths are made absolute; logins in URLs are left out: they
 * may change, and neither the checkpoint nor an error has to show them.
 */
export function tableIdentity(format: string, options: Readonly<Record<string, unknown>>): TableIdentity {
  const what: Record<string, string> = {}
  const named = Object.entries(options).map(([key, value]): [string, string] => [key.toLowerCase(), String(value)])
  for (const [key, value] of named.sort(([a], [b]) => (a < b ? -1 : 1)))
    if (IDENTITY_OPTIONS.has(key)) what[key] = key === 'path' ? plain(value) : shown(key, value)
  return { format: format.toLowerCase(), what }
}

export const sourceIdentity = (source: SourceRef): TableIdentity => tableIdentity(source.format, source.options)

/** One text for equal identities, for people too: `json(path=/data/clicks)`. */
export function identityText({ format, what }: TableIdentity): string {
  const pairs = Object.entries(what).map(([k, v]) => `${k}=${v}`)
  return pairs.length === 0 ? format : `${format}(${pairs.join(', ')})`
}

/** A local path is made absolute; other URLs stay as they are. */
function plain(path: string): string {
  if (/^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path
  return resolve(path.replace(/^file:(\/\/)?/i, ''))
}
