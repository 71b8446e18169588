import pg from 'pg'
import type { PostgresServer } from '../../postgres-server/server.ts'

/** The rows a statement gives, each value as the server's text, asked on a connection of its own in UTC. */
export async function asked(server: PostgresServer, sql: string): Promise<(string | null)[][]> {
  const client = new pg.Client({
    connectionString: server.url,
    types: { getTypeParser: () => (text: string) => text },
  })
  await client.connect()
  try {
    await client.query('SET TimeZone TO UTC')
    return (await client.query({ text: sql, rowMode: 'array' })).rows as (string | null)[][]
  } finally {
    await client.end()
  }
}
