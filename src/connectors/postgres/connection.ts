import type pg from 'pg'
import { ExecutionError } from '../../errors/errors.ts'
import { failureOf, isLost, type ServerError } from './failure.ts'
import { postgresLibrary } from './library.ts'
import { type PostgresSettings, serverName } from './settings.ts'

/** A row as the server writes it: text by position, null for NULL. */
export type TextRow = readonly (string | null)[]

/** What a statement gives: rows and, where it has any, how many it touched. */
export interface Answer {
  readonly rows: readonly TextRow[]
  readonly fields: readonly ResultField[]
  readonly rowCount: number
}

/** A column of an answer: its type by the number the server's catalog gives it, and what the type is declared with. */
export interface ResultField {
  readonly name: string
  readonly dataTypeID: number
  readonly dataTypeModifier: number
}

/** What every session is set to, so that its text forms are exact and read the same everywhere. */
export const SESSION_SETTINGS =
  'SET DateStyle TO ISO, YMD; SET TimeZone TO UTC; SET IntervalStyle TO postgres; SET bytea_output TO hex; SET extra_float_digits TO 1; SET client_encoding TO UTF8'

/** Silence on a connection after which the server's host is asked whether it is there. */
const KEEP_ALIVE_MS = 10_000

const CONNECTION_LOST: ServerError = { name: 'Error', code: '08006', message: 'the connection was lost' }

/** What was under way ended because the query stops. */
export const canceled = (cause?: unknown): ExecutionError => new ExecutionError('OPERATION_CANCELED', {}, { cause })

/** One connection, made when it is first needed and made anew when it was lost between two transactions. */
export class PostgresConnection {
  readonly #settings: PostgresSettings
  readonly #application: string
  readonly #signal: AbortSignal
  readonly #stop = (): void => void this.close()
  /** The server in words, for errors. */
  readonly server: string
  #client: pg.Client | null = null
  #inTransaction = false

  /** When `signal` aborts, a statement under way is given up with its connection. */
  constructor(settings: PostgresSettings, application: string, signal: AbortSignal) {
    this.#settings = settings
    this.#application = application
    this.server = serverName(settings)
    this.#signal = signal
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** Runs a statement with text parameters. Statements with a name are prepared once a connection. Throws what `failureOf` makes. */
  async query(text: string, values: readonly unknown[] = [], name?: string): Promise<Answer> {
    try {
      return await this.raw(text, values, name)
    } catch (error) {
      throw failureOf(error, this.server, text.slice(0, 200))
    }
  }

  /** As `query`, but errors are those of the package. */
  async raw(text: string, values: readonly unknown[] = [], name?: string): Promise<Answer> {
    const client = await this.#connected()
    try {
      const parameters = values.length === 0 ? {} : { values: [...values] }
      const answer = await client.query({
        text,
        ...parameters,
        ...(name === undefined ? {} : { name }),
        rowMode: 'array',
      })
      return { rows: answer.rows as TextRow[], fields: answer.fields, rowCount: answer.rowCount ?? 0 }
    } catch (error) {
      if (this.#signal.aborted) throw canceled(error)
      if (isLost(error)) this.#drop(client)
      throw error
    }
  }

  /** Runs `body` in a transaction, which ends with it: committed, or rolled back when it throws. */
  async transaction<T>(body: () => Promise<T>): Promise<T> {
    await this.begin()
    try {
      const result = await body()
      await this.query('COMMIT')
      return result
    } catch (error) {
      await this.rollback()
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** Begins a transaction; until `rollback` a lost connection is an error and is not made anew. */
  async begin(how = ''): Promise<void> {
    await this.query(`BEGIN ${how}`)
    this.#inTransaction = true
  }

  /** Gives up what `begin` began; never throws. On a connection that was lost nothing is left to roll back. */
  async rollback(): Promise<void> {
    this.#inTransaction = false
    const client = this.#client
    if (client !== null) await this.query('ROLLBACK').catch(() => this.#drop(client))
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client
    if (this.#signal.aborted) throw canceled()
    // What follows belongs to the transaction that was lost: on a new connection it would stand by itself.
    if (this.#inTransaction) throw failureOf(CONNECTION_LOST, this.server, 'a transaction')
    const { Client } = await postgresLibrary("format('postgres')")
    const { connectTimeoutMs, ...server } = this.#settings
    const client = new Client({
      ...server,
      application_name: this.#application,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      // The system's own two hours are too long for a host that went without a word.
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      // Values are read by our own types, from the server's text.
      types: { getTypeParser: () => (text: string) => text },
    })
    // A connection that ends while nobody uses it says so here.
    client.on('error', () => this.#drop(client))
    try {
      await client.connect()
      await client.query(SESSION_SETTINGS)
    } catch (error) {
      client.end().catch(() => undefined)
      throw error
    }
    return (this.#client = client)
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = null
    client.end().catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop)
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }
}
