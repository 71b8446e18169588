/**
 * postgres: writes into a table of a PostgreSQL database.
 *
 *   kind    tokened: rows and the batch they belong to (table millrace_tokens) are one transaction, so that each batch
 *           is written once; a row lock keeps two runs apart
 *   modes   append adds rows; update needs a key, rows take the place of those of the same key, deletions take them out;
 *           changelog with a key does the same, without one it adds the changes as rows; complete replaces all
 *   faults  a lost connection, a shutdown, a deadlock and kin are transient: the batch comes again by the restart policy
 */
import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import type { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import { OUTPUT_MODES, defineSink, type Options, type Sink, type SinkContext } from '../provider.ts'
import { PostgresConnection } from './connection.ts'
import { CONNECTION_OPTIONS, serverName, settingsOf } from './settings.ts'
import { PostgresTable } from './table.ts'
import { tableNameOf } from './table-name.ts'
import { SinkTokens } from './tokens.ts'

export const postgresSink = defineSink({
  format: 'postgres',
  doc: 'Writes into a table of a PostgreSQL database, each batch exactly once; makes the table when it is missing. Needs the package pg.',
  options: {
    ...CONNECTION_OPTIONS,
    table: { type: 'string', required: true, doc: 'The table, as clicks or stats.clicks.' },
    key: {
      type: 'string',
      doc: 'Columns of the key, with commas: a row takes the place of one of the same key. Needed in update mode.',
    },
    createTable: { type: 'boolean', default: true, doc: 'Make the table when it is missing.' },
    batchRows: {
      type: 'int',
      default: 5000,
      doc: 'Rows of one statement; a batch is one transaction of as many as it takes.',
    },
    lockTimeout: {
      type: 'duration',
      default: 30_000,
      doc: 'How long a batch waits for a lock that another session holds; then it is tried again by the restart policy.',
    },
  },
  kind: 'tokened',
  modes: OUTPUT_MODES,
  deletes: true,
  open: openSink,
  describe: (options) => `PostgresSink[${serverName(settingsOf(options))}, ${String(options['table'])}]`,
})

async function openSink(options: Options, ctx: SinkContext): Promise<Sink> {
  const invalid = (option: string, expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'postgres', option, value: String(options[option]), expected })
  const name = tableNameOf(String(options['table']))
  if (/^millrace_/i.test(name.table)) throw invalid('table', 'a name that does not begin with millrace_')
  const batchRows = Number(options['batchRows'])
  if (!(batchRows >= 1 && batchRows <= 100_000)) throw invalid('batchRows', 'a number from 1 to 100000')
  const key = String(options['key'] ?? '')
    .split(',')
    .map((k) => k.trim())
    .filter((k) => k !== '')
  if (ctx.mode === 'update' && key.length === 0)
    throw new OptionError(
      'OPTION_MISSING',
      { format: 'postgres', option: 'key' },
      { hint: 'update mode writes changed rows: name the columns that tell which row they replace' },
    )
  const db = new PostgresConnection(settingsOf(options), `millrace ${ctx.queryName ?? ctx.queryId}`, ctx.signal)
  try {
    const shape = { schema: ctx.schema, mode: ctx.mode, key, create: options['createTable'] === true, batchRows }
    const table = await PostgresTable.open(db, name, shape)
    // Without a checkpoint on disk nothing outlives the process: there is no token then.
    const tokens = ctx.database === null ? null : await SinkTokens.open(db, table.facts)
    const replaces = ctx.mode === 'complete' || ctx.save === 'overwrite'
    return new PostgresSink(db, table, tokens, replaces, Number(options['lockTimeout']))
  } catch (error) {
    await db.close()
    throw error
  }
}

class PostgresSink implements Sink {
  readonly #db: PostgresConnection
  readonly #table: PostgresTable
  readonly #tokens: SinkTokens | null
  readonly #replaces: boolean
  readonly #lockTimeoutMs: number
  #token: SinkToken | null = null
  #batches: Batch[] = []
  readonly readToken?: () => Promise<SinkToken | null>

  constructor(
    db: PostgresConnection,
    table: PostgresTable,
    tokens: SinkTokens | null,
    replaces: boolean,
    lockTimeoutMs: number,
  ) {
    this.#db = db
    this.#table = table
    this.#tokens = tokens
    this.#replaces = replaces
    this.#lockTimeoutMs = lockTimeoutMs
    if (tokens !== null) this.readToken = () => tokens.last()
  }

  begin(_batchId: number, token: SinkToken): void {
    this.#batches = []
    this.#token = token
  }
  add(batch: Batch): void {
    this.#batches.push(batch)
  }

  async finish(): Promise<void> {
    const token = this.#token!
    const batches = this.#batches
    this.#batches = []
    await this.#db.transaction(async () => {
      await this.#db.query(`SET LOCAL lock_timeout TO ${Math.ceil(this.#lockTimeoutMs)}`)
      if (this.#tokens !== null && !(await this.#tokens.take(token))) return
      if (this.#replaces) await this.#table.clear()
      await this.#table.write(batches)
      await this.#tokens?.put(token)
    })
    this.#tokens?.written()
  }

  abort(): void {
    this.#batches = []
  }
  close(): Promise<void> {
    return this.#db.close()
  }
}
