// The long form of the kill tests: node dist/test/torture/run.js [--seed N] [--kills 50] [--keep]
// and from a Kafka broker to it, to SQLite and to PostgreSQL:
// node dist/test/torture/run.js --kafka [--seed N] [--kills 50] [--events N] [--broker-kills N] [--database-kills N] [--keep]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Cluster } from '../connectors/kafka/cluster.ts'
import { startPostgres } from '../postgres-server/server.ts'
import { QUERIES } from './pipelines/plan.ts'
import { pipelinesTorture, QUICK_RETURN } from './pipelines/torture.ts'
import { PHASE_NAMES, type Phase, torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    kills: { type: 'string', default: '50' },
    keep: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    events: { type: 'string', default: '100000' },
    'broker-kills': { type: 'string', default: '3' },
    'database-kills': { type: 'string', default: '3' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const kills = Number(values.kills)
const work = mkdtempSync(join(tmpdir(), 'millrace-torture-'))
const child = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const begun = performance.now()
const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`
const say = (line: string): void => console.log(line)
const sayKills = (counts: Readonly<Record<Phase, number>>): void => {
  for (const [phase, name] of Object.entries(PHASE_NAMES)) say(`  ${name.padEnd(26)}${counts[phase as Phase]}`)
}

async function overFiles(): Promise<readonly string[]> {
  const result = await torture({ seed, kills, minEach: 3, work, child: child('child.js'), say })
  say(`seed ${seed}: ${kills} kills`)
  sayKills(result.kills)
  say(
    `${result.files} files, ${result.batches} batches, ${result.outputRows} output rows, ${result.openWindows} groups in windows that had not ended; ${seconds()}`,
  )
  if (result.faults.length === 0)
    say('the output files hold exactly the batch answer over the windows that ended by the final watermark')
  return result.faults
}

async function overKafka(): Promise<readonly string[]> {
  const cluster = await Cluster.start({ properties: QUICK_RETURN })
  const postgres = await startPostgres()
  try {
    const serverKills = { broker: Number(values['broker-kills']), database: Number(values['database-kills']) }
    const options = { seed, kills, events: Number(values.events), serverKills, cluster, postgres, work, say }
    const result = await pipelinesTorture({ ...options, child: child('pipelines/child.js') })
    for (const query of QUERIES) {
      say(
        `seed ${seed}, ${query}: ${kills} kills; ${result.batches[query]} batches; ${result.eventsInKilledLives[query]} events before the last kill`,
      )
      sayKills(result.kills[query])
    }
    for (const [server, { survived, bothDead }] of Object.entries(result.serverKills))
      say(`${survived + bothDead} kills of the ${server}, ${survived} of them lived through`)
    say(
      `${result.restarts} restarts of a query; ${result.events} events, ${result.outputRows} output rows; ${seconds()}`,
    )
    if (result.faults.length === 0) say('the topic and both tables hold exactly the answer of a plain loop')
    return result.faults
  } finally {
    await postgres.stop()
    await cluster.stop()
  }
}

let failed = true
try {
  say(`torture: seed ${seed}, ${kills} kills, in ${work}`)
  const faults = await (values.kafka ? overKafka() : overFiles())
  for (const fault of faults) say(`FAULT: ${fault}`)
  failed = faults.length > 0
  process.exitCode = failed ? 1 : 0
} finally {
  if (values.keep || failed) say(`kept: ${work}`)
  else rmSync(work, { recursive: true, force: true })
}
