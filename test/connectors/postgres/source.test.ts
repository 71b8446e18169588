import { afterAll, beforeAll, describe, test } from 'vitest'
import { postgresSource } from '../../../src/connectors/postgres/source.ts'
import { sourceContract, type SourceUnderTest } from '../../../src/testing/source-contract.ts'
import { type PostgresServer, startPostgres } from '../../postgres-server/server.ts'
import { asked } from './asked.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.stop())

let tables = 0
async function made(options: Readonly<Record<string, string>>): Promise<SourceUnderTest> {
  const table = `contract_${tables++}`
  await asked(server, `CREATE TABLE ${table} (k text, n bigint, id bigserial PRIMARY KEY)`)
  return {
    options: { url: server.url, table, ...options },
    feed: async () =>
      void (await asked(server, `INSERT INTO ${table} (k, n) SELECT 'key ' || i, i FROM generate_series(1, 9000) i`)),
  }
}

describe('source postgres, as a stream', () => {
  for (const { name, run } of sourceContract(postgresSource, () => made({ orderColumn: 'id' }))) test(name, run)
})
describe('source postgres, bounded', () => {
  const provider = { ...postgresSource, supports: ['batch'] as const }
  const make = async (): Promise<SourceUnderTest> => ({
    ...(await made({})),
    bounded: true,
    context: { streaming: false },
  })
  for (const { name, run } of sourceContract(provider, make)) test(name, run)
})
