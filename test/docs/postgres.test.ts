import { afterAll, beforeAll, expect, test } from 'vitest'
import { asked } from '../connectors/postgres/asked.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { examplesOf, printedBy } from './run-page.ts'

/** What the examples print, by heading. */
const PRINTED: Readonly<Record<string, unknown>> = {
  Writing: [
    [
      [
        { page: 'cart', count: 1 },
        { page: 'home', count: 2 },
      ],
    ],
  ],
  Reading: [[[{ page: 'home', country: 'at' }]]],
  'A table that grows': [[7, { value: '7' }]],
}

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
  await asked(
    server,
    "CREATE TABLE users (name text PRIMARY KEY, country text); INSERT INTO users VALUES ('ann', 'at')",
  )
})
afterAll(() => server.stop())

test('has an example under each of these headings', () =>
  expect(examplesOf('postgres.md').map(([heading]) => heading)).toEqual(Object.keys(PRINTED)))

test.each(examplesOf('postgres.md'))('%s', async (heading, code) =>
  expect(JSON.parse(await printedBy(code, { url: server.url }))).toEqual(PRINTED[heading]),
)
