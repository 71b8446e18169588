import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from '../connectors/kafka/cluster.ts'
import { childProgram } from './built.ts'
import { QUERIES } from './kafka-plan.ts'
import { kafkaTorture, QUICK_RETURN } from './kafka-torture.ts'

const KILLS = 4

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({ properties: QUICK_RETURN })
}, 180_000)
afterAll(() => cluster?.stop())

test('queries over Kafka, killed with and without their broker, write exactly the batch answer', async () => {
  const work = mkdtempSync(join(tmpdir(), 'millrace-kafka-kill-'))
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const lines = [`seed ${seed}`]
  try {
    const result = await kafkaTorture({
      seed,
      kills: KILLS,
      events: 3000,
      brokerKills: 1,
      cluster,
      work,
      child: childProgram('kafka-child'),
      say: (line) => lines.push(line),
    })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.outputRows).toBeGreaterThan(100)
    expect(result.brokerKills.survived + result.brokerKills.bothDead).toBe(1)
    for (const query of QUERIES) {
      expect(Object.values(result.kills[query]).reduce((sum, n) => sum + n, 0)).toBe(KILLS)
      console.log(`kill test over Kafka, ${query}: seed ${seed}; ${JSON.stringify(result.kills[query])}`)
    }
  } catch (error) {
    console.log(lines.join('\n'))
    throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}, 240_000)
