import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { AnalysisError, type MillraceError } from '../../errors/errors.ts'
import { nearestName } from '../../errors/suggest.ts'
import type { PostgresConnection, ResultField } from './connection.ts'
import { failureOf } from './failure.ts'
import { type PostgresLibrary, postgresLibraryPath } from './library.ts'
import { type PostgresSettings, serverName } from './settings.ts'
import { VISIBLE_TABLES } from './table-facts.ts'

/** What a thread is told, and what it answers. */
interface Task {
  readonly library: string
  readonly settings: PostgresSettings
  readonly sql: string
  readonly tables: string
  readonly port: MessagePort
  readonly done: SharedArrayBuffer
}
type Reply =
  | { readonly fields: readonly ResultField[] }
  | { readonly message: string; readonly code: string | undefined; readonly tables: readonly string[] }

/** The statement that has the columns of a SELECT and none of its rows. */
const withoutRows = (select: string): string => `SELECT * FROM (${select}) AS q LIMIT 0`

/** The columns of a SELECT, asked on a connection. */
export async function fieldsOf(db: PostgresConnection, select: string): Promise<readonly ResultField[]> {
  return (await db.query(withoutRows(select))).fields
}

/**
 * The columns of a SELECT, at once: `load()` is synchronous. A thread asks the server while this one waits, at most as long as
 * connecting may take and then 10 seconds. `table` is the name that is looked for, null for a query.
 */
export function fieldsAtOnce(settings: PostgresSettings, select: string, table: string | null): readonly ResultField[] {
  const { port1, port2 } = new MessageChannel()
  const done = new SharedArrayBuffer(4)
  const task: Task = {
    library: postgresLibraryPath("format('postgres')"),
    settings,
    sql: withoutRows(select),
    tables: VISIBLE_TABLES,
    port: port2,
    done,
  }
  // Source text, so that it runs from sources, compiled and bundled alike; the function uses nothing from around it.
  const worker = new Worker(`(${ask.toString()})(require('node:worker_threads').workerData, require)`, {
    eval: true,
    workerData: task,
    transferList: [port2],
    execArgv: [],
  })
  try {
    Atomics.wait(new Int32Array(done), 0, 0, settings.connectTimeoutMs + 10_000)
    const reply = (receiveMessageOnPort(port1)?.message ?? LATE) as Reply
    if ('fields' in reply) return reply.fields
    throw refusal(reply, serverName(settings), table)
  } finally {
    port1.close()
    void worker.terminate()
  }
}

const LATE: Reply = { message: 'timeout expired: it does not answer', code: undefined, tables: [] }

function refusal(
  reply: Exclude<Reply, { readonly fields: unknown }>,
  server: string,
  table: string | null,
): MillraceError {
  const { message, code, tables } = reply
  if (code === '42P01' && table !== null) {
    const near = nearestName(table, tables)
    const hint = near ? `did you mean "${near}"?` : `the database holds ${tables.slice(0, 20).join(', ') || 'no table'}`
    return new AnalysisError('TABLE_OR_VIEW_NOT_FOUND', { name: table }, { hint })
  }
  const cause = { name: 'error', message, ...(code === undefined ? {} : { code }) }
  return failureOf(cause, server, table === null ? 'the query' : `reading ${table}`)
}

/** Runs in the thread. */
function ask(task: Task, load: (path: string) => unknown): void {
  const { Client } = load(task.library) as PostgresLibrary
  const { connectTimeoutMs, ...server } = task.settings
  const client = new Client({ ...server, connectionTimeoutMillis: connectTimeoutMs })
  const answer = (reply: Reply): void => {
    task.port.postMessage(reply)
    Atomics.store(new Int32Array(task.done), 0, 1)
    Atomics.notify(new Int32Array(task.done), 0)
  }
  client.on('error', () => undefined)
  const fields = async (): Promise<readonly ResultField[]> => {
    await client.connect()
    const result = await client.query(task.sql)
    return result.fields.map(({ name, dataTypeID, dataTypeModifier }) => ({ name, dataTypeID, dataTypeModifier }))
  }
  fields()
    .then(
      (found) => answer({ fields: found }),
      async (error: Error & { readonly code?: string }) => {
        const { message, code } = error
        const found = code === '42P01' ? await client.query({ text: task.tables, rowMode: 'array' }) : { rows: [] }
        answer({ message, code, tables: found.rows.map((r: unknown[]) => String(r[0])) })
      },
    )
    .catch((error: Error) => answer({ message: error.message, code: undefined, tables: [] }))
    .finally(() => void client.end().catch(() => undefined))
}
