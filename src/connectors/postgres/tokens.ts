import { randomUUID } from 'node:crypto'
import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { PostgresConnection } from './connection.ts'
import type { TableFacts } from './table-facts.ts'
import { quoted, sqlName } from './table-name.ts'

/**
 * The tokens of the batches written to a table, in `millrace_tokens` of its schema. A batch locks the row of its table first, so two
 * runs take turns; the row names the run that wrote last, and a run that finds another's name where its own was, ends.
 */
export class SinkTokens {
  readonly #db: PostgresConnection
  readonly #facts: TableFacts
  readonly #tokens: string
  readonly #run = randomUUID()
  #wrote = false

  private constructor(db: PostgresConnection, facts: TableFacts) {
    this.#db = db
    this.#facts = facts
    this.#tokens = `${quoted(facts.schema)}.millrace_tokens`
  }

  /** Makes the table of tokens where there is none. */
  static async open(db: PostgresConnection, facts: TableFacts): Promise<SinkTokens> {
    const tokens = new SinkTokens(db, facts)
    const { rows } = await db.query('SELECT to_regclass($1) IS NULL', [tokens.#tokens])
    // Who may write to a table may not be allowed to make one, so that it is only tried when it must be.
    if (rows[0]![0] === 't')
      await db.transaction(async () => {
        await db.query("SELECT pg_advisory_xact_lock(hashtext('millrace'))")
        await db.query(
          `CREATE TABLE IF NOT EXISTS ${tokens.#tokens} (sink_table text PRIMARY KEY, query_id text NOT NULL, batch_id bigint NOT NULL, offset_hash text NOT NULL, run_id text NOT NULL)`,
        )
      })
    return tokens
  }

  /** The token of the last batch; null before there was one. */
  async last(): Promise<SinkToken | null> {
    const found = await this.#row('')
    return found === null ? null : found.token
  }

  /** Within the transaction of a batch: locks out every other run. False when a run that was lost has written the batch already. */
  async take(token: SinkToken): Promise<boolean> {
    await this.#db.query(
      `INSERT INTO ${this.#tokens} VALUES ($1, $2, -1, '', $3) ON CONFLICT (sink_table) DO NOTHING`,
      [this.#facts.table, token.queryId, this.#run],
    )
    const { token: last, run } = (await this.#row('FOR UPDATE'))!
    if (last.queryId !== token.queryId) throw this.#fenced(`query ${last.queryId} has written batch ${last.batchId}`)
    if (this.#wrote && run !== this.#run) throw this.#fenced(`run ${run} of the same query took it over`)
    if (last.batchId > token.batchId) throw this.#fenced(`it has written batch ${last.batchId} already`)
    if (last.batchId < token.batchId) return true
    if (last.offsetHash !== token.offsetHash)
      throw this.#fenced(`batch ${token.batchId} was written by another run from other offsets`)
    await this.put(token)
    return false
  }

  /** Within the same transaction: the batch is written, by this run. */
  async put(token: SinkToken): Promise<void> {
    await this.#db.query(
      `UPDATE ${this.#tokens} SET batch_id = $2, offset_hash = $3, run_id = $4 WHERE sink_table = $1`,
      [this.#facts.table, token.batchId, token.offsetHash, this.#run],
    )
  }

  /** The transaction is committed. */
  written(): void {
    this.#wrote = true
  }

  async #row(lock: string): Promise<{ readonly token: SinkToken; readonly run: string } | null> {
    const { rows } = await this.#db.query(
      `SELECT query_id, batch_id, offset_hash, run_id FROM ${this.#tokens} WHERE sink_table = $1 ${lock}`,
      [this.#facts.table],
    )
    if (rows.length === 0) return null
    const [queryId, batchId, offsetHash, run] = rows[0]!
    return { token: { queryId: queryId!, batchId: Number(batchId), offsetHash: offsetHash! }, run: run! }
  }

  #fenced(message: string): ExecutionError {
    return new ExecutionError(
      'POSTGRES_SINK_FENCED',
      { table: sqlName(this.#facts), message },
      { hint: 'one query writes a table, from one process at a time: stop the other, or name another table' },
    )
  }
}
