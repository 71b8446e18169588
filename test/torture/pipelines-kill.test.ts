import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from '../connectors/kafka/cluster.ts'
import { type PostgresServer, startPostgres } from '../postgres-server/server.ts'
import { childProgram } from './built.ts'
import { QUERIES } from './pipelines/plan.ts'
import { pipelinesTorture, QUICK_RETURN } from './pipelines/torture.ts'

const KILLS = 5

let cluster: Cluster
let postgres: PostgresServer
beforeAll(async () => {
  cluster = await Cluster.start({ properties: QUICK_RETURN })
  postgres = await startPostgres()
}, 240_000)
afterAll(async () => {
  await postgres?.stop()
  await cluster?.stop()
})

test('queries from Kafka to Kafka, SQLite and PostgreSQL, killed with and without their servers, write exactly the batch answer', async () => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-pipelines-kill-'))
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const lines = [`seed ${seed}`]
  try {
    const result = await pipelinesTorture({
      seed,
      kills: KILLS,
      events: 3000,
      serverKills: { broker: 1, database: 1 },
      cluster,
      postgres,
      work,
      child: childProgram('pipelines/child'),
      say: (line) => lines.push(line),
    })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.outputRows).toBeGreaterThan(100)
    for (const { survived, bothDead } of Object.values(result.serverKills)) expect(survived + bothDead).toBe(1)
    for (const query of QUERIES) {
      expect(Object.values(result.kills[query]).reduce((sum, n) => sum + n, 0)).toBe(KILLS)
      console.log(`kill test from Kafka, ${query}: seed ${seed}; ${JSON.stringify(result.kills[query])}`)
    }
  } catch (error) {
    console.log(lines.join('\n'))
    throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}, 300_000)
