import type pg from 'pg'
import type { OncePostgres, OncePostgresClient } from '../foreach-batch/once-targets.ts'
import { validateOptions } from '../options.ts'
import type { OptionSpecs } from '../provider.ts'
import { failureOf } from './failure.ts'
import { postgresLibrary } from './library.ts'
import { CONNECTION_OPTIONS, type PostgresSettings, serverName, settingsOf } from './settings.ts'

/** Which server a pool is of, by the options of the postgres sink, and how many connections it may have. */
export type PostgresPoolOptions = Readonly<
  Partial<
    Record<
      'url' | 'host' | 'database' | 'user' | 'password' | 'ssl' | 'sslRootCert' | 'connectTimeout' | 'idleTimeout',
      string
    >
  >
> & { readonly port?: number; readonly max?: number }

/** A pool of connections to one server. */
export interface PostgresPool extends OncePostgres {
  /** Runs one statement on any connection, and gives its rows as the package pg reads them. */
  query: OncePostgresClient['query']
  /** Takes a connection out of the pool, waiting while all are taken; `release()` gives it back. */
  connect(): Promise<OncePostgresClient>
  /** Connections there are now, those in use among them. */
  readonly size: number
  /** Closes the connections when they are given back. A later call of `postgresPool` makes a new pool. */
  end(): Promise<void>
}

const POOL_OPTIONS: OptionSpecs = {
  ...CONNECTION_OPTIONS,
  max: { type: 'int', default: 10, doc: 'The most connections.' },
  idleTimeout: { type: 'duration', default: 10_000, doc: 'How long a connection that is not in use is kept.' },
}

const pools = new Map<string, SharedPool>()

/**
 * The pool of the process for a server: every call with the same options gives the same one, so that functions of batches and rows
 * can call it where they need it. A connection is made when one is needed and none is free. Idle connections do not keep the process
 * alive. Throws OptionError; without the package pg its methods reject with POSTGRES_LIBRARY_NOT_FOUND.
 */
export function postgresPool(options: string | PostgresPoolOptions): PostgresPool {
  const given = typeof options === 'string' ? { url: options } : options
  const present = Object.entries(given).filter(([, v]) => v !== undefined) as [string, string | number][]
  const valid = validateOptions('postgresPool', POOL_OPTIONS, Object.fromEntries(present))
  const settings = settingsOf(valid)
  const key = JSON.stringify([settings, valid['max'], valid['idleTimeout']])
  const pool = pools.get(key) ?? new SharedPool(settings, Number(valid['max']), Number(valid['idleTimeout']), key)
  pools.set(key, pool)
  return pool
}

class SharedPool implements PostgresPool {
  readonly #settings: PostgresSettings
  readonly #max: number
  readonly #idleTimeoutMs: number
  readonly #key: string
  #pool: Promise<pg.Pool> | null = null
  #made: pg.Pool | null = null

  constructor(settings: PostgresSettings, max: number, idleTimeoutMs: number, key: string) {
    this.#settings = settings
    this.#max = max
    this.#idleTimeoutMs = idleTimeoutMs
    this.#key = key
  }

  get size(): number {
    return this.#made?.totalCount ?? 0
  }

  async query(text: string, values?: unknown[]): ReturnType<OncePostgresClient['query']> {
    const pool = await this.#open()
    return pool.query<Record<string, unknown>>(text, values).catch((e: unknown) => this.#fail(e, text.slice(0, 200)))
  }

  async connect(): Promise<OncePostgresClient> {
    const pool = await this.#open()
    return pool.connect().catch((e: unknown) => this.#fail(e, 'connecting'))
  }

  #fail(error: unknown, what: string): never {
    throw failureOf(error, serverName(this.#settings), what)
  }

  #open(): Promise<pg.Pool> {
    return (this.#pool ??= this.#make())
  }

  async #make(): Promise<pg.Pool> {
    const { Pool } = await postgresLibrary('postgresPool')
    const { connectTimeoutMs, ...server } = this.#settings
    const pool = new Pool({
      ...server,
      max: this.#max,
      idleTimeoutMillis: this.#idleTimeoutMs,
      connectionTimeoutMillis: connectTimeoutMs,
      allowExitOnIdle: true,
      application_name: 'millrace pool',
    })
    // A connection that ends while it is idle leaves the pool by itself, one in use fails its next statement. Without somebody
    // who listens either would end the process.
    pool.on('error', () => undefined)
    pool.on('connect', (client) => void client.on('error', () => undefined))
    return (this.#made = pool)
  }

  async end(): Promise<void> {
    pools.delete(this.#key)
    await (await this.#pool)?.end()
  }
}
