import type { SinkToken } from '../../checkpoint/checkpoint.ts'
import { failureOf, isLost, isServerError } from '../postgres/failure.ts'
import { isToDo, ONCE_TABLE } from './once-note.ts'
import type { OncePostgres, OncePostgresClient } from './once-targets.ts'

/** `BatchContext.once` for PostgreSQL. Errors of the server that may pass are transient: the restart policy tries the batch again. */
export async function onceInPostgres(
  pool: OncePostgres,
  token: SinkToken,
  name: string,
  effect: (client: OncePostgresClient) => Promise<unknown>,
): Promise<boolean> {
  let client: OncePostgresClient | null = null
  const release = (destroy: boolean): void => {
    client?.off?.('error', noted)
    client?.release(destroy)
  }
  try {
    client = await pool.connect()
    client.on?.('error', noted)
    const done = await inTransaction(client, token, name, effect)
    release(false)
    return done
  } catch (error) {
    // A connection that has not rolled back must not go back to the pool.
    const clean = client !== null && !isLost(error) && (await rolledBack(client))
    release(!clean)
    throw isServerError(error) ? failureOf(error, 'the pool', 'once') : error
  }
}

/** A connection that ends while the effect does something else fails its next statement; unheard it would end the process. */
const noted = (): void => undefined

async function inTransaction(
  client: OncePostgresClient,
  token: SinkToken,
  name: string,
  effect: (client: OncePostgresClient) => Promise<unknown>,
): Promise<boolean> {
  const { queryId, batchId, offsetHash } = token
  await makeTable(client)
  await client.query('BEGIN')
  await client.query(
    "INSERT INTO millrace_once (query_id, name, batch_id, offset_hash) VALUES ($1, $2, -1, '') ON CONFLICT DO NOTHING",
    [queryId, name],
  )
  // The row is locked: another run of the query waits here, and then finds the note.
  const { rows } = await client.query(
    'SELECT batch_id::text AS batch_id, offset_hash FROM millrace_once WHERE query_id = $1 AND name = $2 FOR UPDATE',
    [queryId, name],
  )
  const { batch_id, offset_hash } = rows[0]!
  const toDo = isToDo(token, { batchId: Number(batch_id), offsetHash: String(offset_hash) })
  if (toDo) {
    await client.query('UPDATE millrace_once SET batch_id = $3, offset_hash = $4 WHERE query_id = $1 AND name = $2', [
      queryId,
      name,
      batchId,
      offsetHash,
    ])
    await effect(client)
  }
  await client.query('COMMIT')
  return toDo
}

/** Made only when it is missing, as not every user may make tables; one at a time, as two at once would both find it missing. */
async function makeTable(client: OncePostgresClient): Promise<void> {
  const { rows } = await client.query("SELECT to_regclass('millrace_once') IS NULL AS missing")
  if (rows[0]!['missing'] !== true && rows[0]!['missing'] !== 't') return
  await client.query('BEGIN')
  await client.query("SELECT pg_advisory_xact_lock(hashtext('millrace'))")
  await client.query(ONCE_TABLE)
  await client.query('COMMIT')
}

async function rolledBack(client: OncePostgresClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch {
    return false
  }
}
