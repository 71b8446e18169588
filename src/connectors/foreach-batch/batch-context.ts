import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { ExecutionError } from '../../errors/errors.ts'
import type { SinkContext } from '../provider.ts'
import type { OncePostgres, OncePostgresClient, OnceSqlite } from './once-targets.ts'
import { onceInPostgres } from './once-postgres.ts'
import { onceInSqlite } from './once-sqlite.ts'

/** What a function of foreachBatch is told of its batch, beside the rows. */
export class BatchContext {
  /** Survives restarts with the checkpoint; another one each start without. */
  readonly queryId: string
  readonly queryName: string | null
  readonly batchId: number
  /** Aborts when the query stops. */
  readonly signal: AbortSignal
  readonly #token: SinkToken
  readonly #used = new Map<object, Set<string>>()

  constructor(token: SinkToken, { queryName, signal }: Pick<SinkContext, 'queryName' | 'signal'>) {
    this.queryId = token.queryId
    this.queryName = queryName
    this.batchId = token.batchId
    this.signal = signal
    this.#token = token
  }

  /**
   * Runs `effect` in a transaction of a database that also notes the batch, in the table `millrace_once`: the effect and the
   * note are there both or neither. When the batch comes again after a crash, the note is found and `effect` is not called.
   * True when it ran, false when it had been done. What it writes elsewhere than through what it is handed is not part of it.
   *
   * More than one `once` of a batch in one database need names of their own. ONCE_OTHER_RUN when the note is of a later batch or of
   * other offsets: another run, or a checkpoint that was set back.
   */
  once(pool: OncePostgres, effect: (client: OncePostgresClient) => Promise<unknown>, name?: string): Promise<boolean>
  /** Likewise; `effect` is synchronous, as others may use the same connection while it waits. */
  once<D extends OnceSqlite>(database: D, effect: (database: D) => unknown, name?: string): Promise<boolean>
  async once(
    target: OncePostgres | OnceSqlite,
    effect: ((client: OncePostgresClient) => Promise<unknown>) | ((database: OnceSqlite) => unknown),
    name = '',
  ): Promise<boolean> {
    const names = this.#used.get(target) ?? new Set()
    if (names.has(name))
      throw new ExecutionError(
        'ONCE_NAME_REPEATED',
        { batchId: this.batchId, name },
        { hint: 'give each a name of its own, as the third argument' },
      )
    this.#used.set(target, names.add(name))
    return 'connect' in target
      ? onceInPostgres(target, this.#token, name, effect as (client: OncePostgresClient) => Promise<unknown>)
      : onceInSqlite(target, this.#token, name, effect as (database: OnceSqlite) => unknown)
  }
}
