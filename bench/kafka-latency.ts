/**
 * Kafka → count per key → Kafka, exactly once, at a steady rate: how long after a message is made its count is seen.
 *
 *   node dist/bench/kafka-latency.js [RATE=1000] [SECONDS=20] [ROUNDS=3] [--only NAME,NAME] [--results bench/results]
 *
 * Starts a broker of its own (test/kafka-broker): four partitions in, four out. Feeder, worker and reader are processes of
 * their own on one monotonic clock. A message carries the time at which it was made; its key comes again after 10 000 others, so
 * that no batch has a key twice: each message gives one output record with its count and its time. Latency is the time at
 * which a reader of committed records sees that record, less that time, for every message after a warm-up. The reader also
 * checks that the counts of each key go 1, 2, 3 …: once each, none lost.
 *
 * Workers, in turn: millrace with either durability, default trigger; and loops of kafkajs that count in a Map, send, and
 * commit records and offsets in one transaction, with nothing of the counts on disk. `kafkajs` has a transaction for what has
 * come of all partitions; `kafkajs-each` one for each eachBatch, that is for each partition.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../test/kafka-broker/broker.ts'
import { PARTITIONS, type Task, TASK, WARM_UP_MS, type Worker, WORKERS } from './kafka-latency-task.ts'
import { machine } from './measured.ts'

interface Measured {
  readonly worker: Worker
  readonly p50_ms: number
  readonly p90_ms: number
  readonly p99_ms: number
  readonly max_ms: number
  readonly cpu_us_a_message: number
}

/** Starts a child with a task; its faults end this process. Resolves when it is ready. */
async function begun(task: Task): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('kafka-latency-child.js', import.meta.url)), [], {
    env: { ...process.env, [TASK]: JSON.stringify(task) },
  })
  child.on('exit', (code) => {
    if (code === 0) return
    console.error(`${task.role} ${task.worker} ended with ${code}`)
    process.exit(1)
  })
  await heard(child)
  return child
}

/** What a child says next. */
const heard = async (child: ChildProcess): Promise<Readonly<Record<string, unknown>>> =>
  ((await once(child, 'message')) as [Readonly<Record<string, unknown>>])[0]

async function measure(common: Omit<Task, 'role'>): Promise<Measured> {
  const admin = new Kafka({ brokers: [common.servers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const topics = [common.input, common.output].map((topic) => ({ topic, numPartitions: PARTITIONS }))
  await admin.createTopics({ topics, waitForLeaders: true })
  await admin.disconnect()
  const [reader, worker, feeder] = await Promise.all(
    (['read', 'work', 'feed'] as const).map((role) => begun({ role, ...common })),
  )
  const fed = heard(feeder!)
  feeder!.send({ do: 'go' })
  await sleep(WARM_UP_MS)
  worker!.send({ do: 'from' })
  const { total, countedFrom } = await fed
  const read = heard(reader!)
  reader!.send({ do: 'end', total, countedFrom })
  const us = ((await read)['latencies'] as number[]).sort((a, b) => a - b)
  const worked = heard(worker!)
  worker!.send({ do: 'end' })
  const { cpuUs, facts } = (await worked) as { readonly cpuUs: number; readonly facts: string }
  const at = (share: number): number => Math.round(us[Math.ceil(us.length * share) - 1]! / 10) / 100
  const { worker: name } = common
  const figures = { p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: at(1) }
  const measured = { worker: name, ...figures, cpu_us_a_message: Math.round(cpuUs / us.length) }
  console.log(`${line(measured)}   ${facts}`)
  return measured
}

const line = ({ worker, p50_ms, p90_ms, p99_ms, max_ms, cpu_us_a_message }: Measured): string =>
  [worker.padEnd(14), ...[p50_ms, p90_ms, p99_ms, max_ms, cpu_us_a_message].map((n) => String(n).padStart(8))].join(' ')

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, results: { type: 'string' } },
  })
  const [rate, seconds, rounds] = [1000, 20, 3].map((otherwise, i) => Number(positionals[i] ?? otherwise)) as [
    number,
    number,
    number,
  ]
  const workers = WORKERS.filter((w) => values.only === undefined || values.only.split(',').includes(w))
  const broker = await startBroker({ properties: { 'num.partitions': PARTITIONS } })
  const all: Measured[] = []
  const load = loadavg()[0]!
  try {
    console.log(`${rate} messages/s for ${seconds} s, load ${load.toFixed(1)}`)
    console.log(`${'ms'.padEnd(14)}      p50      p90      p99      max   µs CPU a message`)
    for (let round = 0; round < rounds; round++)
      // Each round begins with another one, so that none always follows the same.
      for (const worker of workers.map((_, i) => workers[(i + round) % workers.length]!)) {
        const name = `${worker}-${round}`
        const task = { servers: broker.servers, input: `in-${name}`, output: `out-${name}`, worker, rate, seconds }
        all.push(await measure(task))
      }
  } finally {
    await broker.stop()
  }
  const of = (worker: Worker): Measured => {
    const runs = all.filter((m) => m.worker === worker)
    const mid = (key: 'p50_ms' | 'p90_ms' | 'p99_ms' | 'max_ms' | 'cpu_us_a_message'): number =>
      median(runs.map((m) => m[key]))
    const [p50_ms, p90_ms, p99_ms, max_ms] = [mid('p50_ms'), mid('p90_ms'), mid('p99_ms'), mid('max_ms')]
    return { worker, p50_ms, p90_ms, p99_ms, max_ms, cpu_us_a_message: mid('cpu_us_a_message') }
  }
  console.log(`\nmedians of ${rounds}, load ${loadavg()[0]!.toFixed(1)}`)
  const medians = workers.map(of)
  const bare = medians.find((m) => m.worker === 'kafkajs')
  for (const m of medians) {
    const ratio =
      bare === undefined
        ? ''
        : `   × kafkajs: p50 ${fixed(m.p50_ms / bare.p50_ms)}, p99 ${fixed(m.p99_ms / bare.p99_ms)}`
    console.log(line(m) + ratio)
  }
  if (values.results === undefined) return
  mkdirSync(values.results, { recursive: true })
  const file = join(values.results, `kafka-latency-${new Date().toISOString().slice(0, 10)}.json`)
  const about = { machine: { ...machine(), load: Number(load.toFixed(1)) }, rate, seconds, rounds }
  writeFileSync(file, `${JSON.stringify({ ...about, medians, runs: all }, null, 2)}\n`)
  console.log(file)
}

const fixed = (ratio: number): string => ratio.toFixed(2)

await main()
