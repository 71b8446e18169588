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
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Consumer, type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import { millrace } from '../src/index.ts'
import { startBroker } from '../test/kafka-broker/broker.ts'
import { machine } from './measured.ts'

/** The variable that holds a child's task. */
const TASK = 'MILLRACE_BENCH_TASK'
const PARTITIONS = 4
const KEYS = 10_000
const TICK_MS = 5
const WARM_UP_MS = 5000
const SETTLE_MS = 30_000
const WORKERS = ['power', 'process', 'kafkajs', 'kafkajs-each'] as const
type Worker = (typeof WORKERS)[number]

/** What a process is told to do; all of them talk to the same broker. */
interface Task {
  readonly role: 'feed' | 'work' | 'read'
  readonly servers: string
  readonly input: string
  readonly output: string
  readonly worker: Worker
  readonly rate: number
  readonly seconds: number
}

/** Microseconds on a clock that all processes of the machine share. */
const nowUs = (): number => Number(process.hrtime.bigint() / 1000n)

const clientOf = (servers: string): Kafka =>
  new Kafka({
    brokers: [servers],
    logLevel: logLevel.NOTHING,
    // The first answer to a transaction may be that the one before is still being ended: 300 ms of waiting is its default.
    retry: { initialRetryTime: 2, maxRetryTime: 100, retries: 50 },
  })

// ---- processes

const say = (message: object): void => void process.send!(message)
const told = (what: string): Promise<Readonly<Record<string, number>>> =>
  new Promise((resolve) => {
    const listen = (message: Readonly<Record<string, unknown>>): void => {
      if (message['do'] !== what) return
      process.off('message', listen)
      resolve(message as Readonly<Record<string, number>>)
    }
    process.on('message', listen)
  })

/** Sends messages at the rate asked for; says how many, and when what counts began. */
async function feed({ servers, input, rate, seconds }: Task): Promise<void> {
  const producer = clientOf(servers).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  say({ ready: true })
  await told('go')
  const begin = performance.now()
  const countedFrom = nowUs() + WARM_UP_MS * 1000
  const total = Math.round((rate * (WARM_UP_MS + seconds * 1000)) / 1000)
  const sending: Promise<unknown>[] = []
  let made = 0
  while (made < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) * rate) / 1000))
    const sent = nowUs()
    const messages = Array.from({ length: due - made }, () => ({
      key: `user-${made % KEYS}`,
      partition: made % PARTITIONS,
      value: `{"id":${made++},"sent":${sent}}`,
    }))
    if (messages.length > 0) sending.push(producer.send({ topic: input, messages, acks: -1 }))
    await sleep(TICK_MS - ((performance.now() - begin) % TICK_MS))
  }
  await Promise.all(sending)
  await producer.disconnect()
  say({ total, countedFrom })
}

/** Reads what is committed; says the latencies of messages made from `countedFrom` on when `total` have come. */
async function read({ servers, output }: Task): Promise<void> {
  const consumer = clientOf(servers).consumer({
    groupId: `reader-${output}`,
    maxWaitTimeInMs: 500,
    readUncommitted: false,
  })
  const seen: { readonly sent: number; readonly us: number }[] = []
  const counts = new Map<string, number>()
  await joined(consumer, output, ({ batch }) => {
    const us = nowUs()
    for (const { key, value } of batch.messages) {
      const { n, sent } = JSON.parse(String(value)) as { readonly n: number; readonly sent: number }
      const next = (counts.get(String(key)) ?? 0) + 1
      if (n !== next) throw new TypeError(`${String(key)}: count ${n} comes as number ${next}`)
      counts.set(String(key), n)
      seen.push({ sent, us: us - sent })
    }
    return Promise.resolve()
  })
  say({ ready: true })
  const { total, countedFrom } = await told('end')
  for (const until = performance.now() + SETTLE_MS; seen.length < total! && performance.now() < until;) await sleep(50)
  if (seen.length !== total) throw new TypeError(`${seen.length} of ${total} came`)
  say({ latencies: seen.filter((s) => s.sent >= countedFrom!).map((s) => s.us) })
  await consumer.disconnect()
}

/** Subscribes and resolves when the consumer has its partitions. */
async function joined(
  consumer: Consumer,
  topic: string,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  const joining = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatchAutoResolve: true,
    eachBatch: (payload) =>
      eachBatch(payload).catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      }),
  })
  await joining
}

/** Does the counting until it is told to end; says the processor time it took between `from` and the end. */
async function work(task: Task): Promise<void> {
  const stop = task.worker.startsWith('kafkajs') ? await countByHand(task) : await countByQuery(task)
  say({ ready: true })
  await told('from')
  const cpu = process.cpuUsage()
  await told('end')
  const { user, system } = process.cpuUsage(cpu)
  say({ cpuUs: user + system, facts: await stop() })
}

async function countByQuery({ servers, input, output, worker }: Task): Promise<() => Promise<string>> {
  const session = millrace({ 'millrace.durability': worker })
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-latency-'))
  const kafka = { 'kafka.bootstrap.servers': servers }
  session.readStream
    .format('kafka')
    .options({ ...kafka, subscribe: input, startingOffsets: 'earliest' })
    .load()
    .selectExpr('key', "from_json(CAST(value AS STRING), 'sent BIGINT').sent AS sent")
    .createOrReplaceTempView('messages')
  const query = await session
    .sql("SELECT key, to_json(named_struct('n', count(*), 'sent', max(sent))) AS value FROM messages GROUP BY key")
    .writeStream.outputMode('update')
    .format('kafka')
    .options({ ...kafka, topic: output, checkpointLocation: join(dir, 'checkpoint') })
    .start()
  await query.processAllAvailable()
  return async () => {
    const recent = query.recentProgress.filter((p) => p.numInputRows > 0)
    const mean = (of: (p: (typeof recent)[number]) => number): string =>
      (recent.reduce((n, p) => n + of(p), 0) / recent.length).toFixed(1)
    const phases = ['latestOffset', 'walCommit', 'addBatch', 'commitOffsets', 'triggerExecution']
    const facts = `a batch: ${mean((p) => p.numInputRows)} messages; ${phases.map((name) => `${name} ${mean((p) => p.durationMs[name] ?? 0)}`).join(', ')} ms`
    await query.stop()
    await session.stop()
    rmSync(dir, { recursive: true, force: true })
    return facts
  }
}

/** One input partition's part of a transaction. */
interface Part {
  readonly partition: number
  readonly offset: string
  readonly messages: readonly { readonly key: string; readonly value: string }[]
}

async function countByHand({ servers, input, output, worker }: Task): Promise<() => Promise<string>> {
  const kafka = clientOf(servers)
  const groupId = `counts-${output}`
  const producer = kafka.producer({ transactionalId: output, maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, readUncommitted: false })
  const counts = new Map<string, { n: number; sent: number }>()
  let [transactions, sent] = [0, 0]
  const write = async (parts: readonly Part[]): Promise<void> => {
    const transaction = await producer.transaction()
    const messages = parts.flatMap((p) => p.messages)
    await transaction.send({ topic: output, messages, acks: -1 })
    const partitions = parts.map(({ partition, offset }) => ({ partition, offset }))
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: input, partitions }] })
    await transaction.commit()
    transactions++
    sent += messages.length
  }
  let waiting: Part[] = []
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()
  await joined(consumer, input, async ({ batch }) => {
    const messages = batch.messages.map(({ key, value }) => {
      const { sent: at } = JSON.parse(String(value)) as { readonly sent: number }
      const state = counts.get(String(key)) ?? { n: 0, sent: 0 }
      state.n++
      state.sent = Math.max(state.sent, at)
      counts.set(String(key), state)
      return { key: String(key), value: JSON.stringify(state) }
    })
    const part = { partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1), messages }
    if (worker === 'kafkajs-each') return (last = last.then(() => write([part])))
    waiting.push(part)
    // What comes while a transaction is written goes into the next one.
    return (next ??= last =
      last.then(() => {
        next = null
        return write(waiting.splice(0))
      }))
  })
  return async () => {
    await consumer.disconnect()
    await producer.disconnect()
    return `a transaction: ${(sent / transactions).toFixed(1)} messages`
  }
}

// ---- one measurement, and the program

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
  const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [TASK]: JSON.stringify(task) } })
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

async function measure(kafka: Kafka, common: Omit<Task, 'role'>): Promise<Measured> {
  const admin = kafka.admin()
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
        all.push(await measure(clientOf(broker.servers), task))
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

const given = process.env[TASK]
if (given === undefined) await main()
else {
  const task = JSON.parse(given) as Task
  await { feed, work, read }[task.role](task)
}
