import { readFileSync } from 'node:fs'
import { OptionError } from '../../errors/errors.ts'
import type { Options, OptionSpecs } from '../provider.ts'
import { shown } from '../redact.ts'

/** How a server is reached: plain data, also for threads. Members that are left out are those of PGHOST, PGUSER and kin. */
export interface PostgresSettings {
  readonly host?: string
  readonly port?: number
  readonly database?: string
  readonly user?: string
  readonly password?: string
  readonly ssl?: { readonly rejectUnauthorized: boolean; readonly ca?: string }
  readonly connectTimeoutMs: number
}

/** The options of source and sink that say which server. */
export const CONNECTION_OPTIONS: OptionSpecs = {
  url: {
    type: 'string',
    doc: 'The server and database, as postgres://user:password@host:port/database; the options below go before its parts.',
  },
  host: { type: 'string', doc: 'Host, or the directory of the Unix socket; PGHOST or localhost unless given.' },
  port: { type: 'int', doc: 'Port; PGPORT or 5432 unless given.' },
  database: { type: 'string', doc: 'Database; PGDATABASE or the name of the user unless given.' },
  user: { type: 'string', doc: 'User; PGUSER or the user of the process unless given.' },
  password: { type: 'string', doc: 'Password; PGPASSWORD or that in ~/.pgpass unless given. It is never shown.' },
  ssl: {
    type: 'string',
    default: 'disable',
    doc: 'How the connection is encrypted: disable (not), require (without looking at the certificate), verify-full (the certificate is checked).',
  },
  sslRootCert: { type: 'string', doc: 'File of the certificates (PEM) that ssl verify-full trusts.' },
  connectTimeout: { type: 'duration', default: 10_000, doc: 'How long connecting may take.' },
}

const SSL_MODES = ['disable', 'require', 'verify-full']

/** What the options say of the server. Throws OptionError. */
export function settingsOf(options: Options): PostgresSettings {
  const url = options['url'] === undefined ? {} : partsOf(String(options['url']))
  const given = <T extends string | number>(name: string): T | undefined => options[name] as T | undefined
  const mode = url.ssl ?? String(options['ssl'] ?? 'disable')
  if (!SSL_MODES.includes(mode)) throw invalid('ssl', mode, SSL_MODES.join(', '))
  const port = given<number>('port') ?? url.port
  if (port !== undefined && !(port >= 1 && port <= 65535))
    throw invalid('port', String(port), 'a number from 1 to 65535')
  const all = {
    host: given<string>('host') ?? url.host,
    port,
    database: given<string>('database') ?? url.database,
    user: given<string>('user') ?? url.user,
    password: given<string>('password') ?? url.password,
    ssl: mode === 'disable' ? undefined : sslOf(mode, options),
    connectTimeoutMs: Number(options['connectTimeout'] ?? 10_000),
  }
  return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined)) as unknown as PostgresSettings
}

/** The server in words, without user and password. */
export const serverName = ({ host, port, database }: PostgresSettings): string =>
  `${host ?? process.env['PGHOST'] ?? 'localhost'}:${port ?? process.env['PGPORT'] ?? 5432}/${database ?? process.env['PGDATABASE'] ?? ''}`

function sslOf(mode: string, options: Options): NonNullable<PostgresSettings['ssl']> {
  if (mode === 'require') return { rejectUnauthorized: false }
  const file = options['sslRootCert']
  if (file === undefined) return { rejectUnauthorized: true }
  try {
    return { rejectUnauthorized: true, ca: readFileSync(String(file), 'utf8') }
  } catch (cause) {
    throw invalid('sslRootCert', String(file), 'a file that can be read', cause)
  }
}

interface UrlParts {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly database?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly ssl?: string | undefined
}

function partsOf(text: string): UrlParts {
  const bad = (cause?: unknown): OptionError =>
    invalid('url', text, 'a URL such as postgres://user:password@host:5432/database', cause)
  let url: URL
  try {
    url = new URL(text)
  } catch {
    // the error of URL holds the text, and so the password
    throw bad()
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw bad()
  const part = (encoded: string): string | undefined => {
    try {
      return encoded === '' ? undefined : decodeURIComponent(encoded)
    } catch {
      throw bad()
    }
  }
  for (const name of url.searchParams.keys())
    if (name !== 'sslmode') throw invalid('url', text, 'a URL without parameters other than sslmode')
  return {
    host: part(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? undefined : Number(url.port),
    database: part(url.pathname.slice(1)),
    user: part(url.username),
    password: part(url.password),
    ssl: url.searchParams.get('sslmode') ?? undefined,
  }
}

const invalid = (option: string, value: string, expected: string, cause?: unknown): OptionError =>
  new OptionError('OPTION_INVALID', { format: 'postgres', option, value: shown(option, value), expected }, { cause })
