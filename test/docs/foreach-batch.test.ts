import net from 'node:net'
import Database from 'better-sqlite3'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { postgresPool } from '../../src/index.ts'
import { asked } from '../connectors/postgres/asked.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { examplesOf, printedBy } from './run-page.ts'

/** What the examples print, in order. */
const PRINTED: readonly (readonly [heading: string, printed: unknown])[] = [
  ['A batch, once', [[0, true], [1, true], [[{ page: 'home', n: '3' }]]]],
  ['A batch, once', [[[{ page: 'home', n: 1 }]]]],
  ['One connection, made beside the query', [[1], ['FOREACH_USER_FUNCTION_ERROR']]],
  ['One connection for each row', [[20]]],
  ['One connection for each batch', [[3]]],
  ['A pool that is made when it is needed', [[3], [[{ pages: 101 }]]]],
]

let server: PostgresServer
let gate: net.Server
let url: string
let made = 0
const open = new Set<net.Socket>()

// Connections are counted where they pass.
beforeAll(async () => {
  server = await startPostgres()
  gate = net.createServer((socket) => {
    made++
    const beyond = net.connect(server.port, server.host)
    for (const [from, to] of [
      [socket, beyond],
      [beyond, socket],
    ] as const) {
      open.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  url = server.url.replace(String(server.port), String((gate.address() as net.AddressInfo).port))
})
afterAll(async () => {
  endConnections()
  await new Promise((resolve) => gate.close(resolve))
  await server.stop()
})
beforeEach(async () => {
  await asked(
    server,
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE totals (page text PRIMARY KEY, n bigint)',
  )
  connections()
})

function connections(): number {
  const n = made
  made = 0
  return n
}

function endConnections(): Promise<void> {
  for (const socket of open) socket.destroy()
  return new Promise((resolve) => setTimeout(resolve, 50))
}

test('has these examples', () =>
  expect(examplesOf('foreach-batch.md').map(([heading]) => heading)).toEqual(PRINTED.map(([heading]) => heading)))

test.each(examplesOf('foreach-batch.md').map(([heading, code], i) => [heading, i, code] as const))(
  '%s (%i)',
  async (_, i, code) => {
    const printed = await printedBy(code, { url, pg, Database, connections, endConnections })
    expect(JSON.parse(printed)).toEqual(PRINTED[i]![1])
    for (const pool of [postgresPool(url), postgresPool({ url, max: 3 })]) await pool.end()
  },
)
