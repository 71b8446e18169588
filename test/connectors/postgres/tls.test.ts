import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MillraceSession, millrace } from '../../../src/index.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'

let server: PostgresServer
let session: MillraceSession
beforeAll(async () => {
  server = await startPostgres({ tls: true })
  session = millrace()
})
afterAll(async () => {
  await session.stop()
  await server.stop()
})

/** Whether a session with these options is encrypted, asked by the source, at load() and when it runs. */
async function encrypted(options: Readonly<Record<string, string>>): Promise<unknown> {
  const query = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
  const rows = await session.read
    .format('postgres')
    .options({ url: server.url, query, ...options })
    .load()
    .collect()
  return rows[0]!['ssl']
}

test('a connection is encrypted when it is to be, and the certificate looked at when it is to be', async () => {
  expect(await encrypted({})).toBe(false)
  expect(await encrypted({ ssl: 'require' })).toBe(true)
  expect(await encrypted({ url: `${server.url}?sslmode=require` })).toBe(true)
  expect(await encrypted({ ssl: 'verify-full', sslRootCert: server.certificate! })).toBe(true)
  await expect(encrypted({ ssl: 'verify-full' })).rejects.toThrow(/POSTGRES_CONNECTION_FAILED.*self.signed/)
  const otherName = server.url.replace('127.0.0.1', 'localhost')
  await expect(encrypted({ url: otherName, ssl: 'verify-full', sslRootCert: server.certificate! })).rejects.toThrow(
    /POSTGRES_CONNECTION_FAILED.*altnames/,
  )
})
