/**
 * The processes of kafka-latency.ts: one that feeds, one that counts, one that reads. The task is in the environment, the
 * parent says when to begin and to end.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import { millrace } from '../src/index.ts'
import { PARTITIONS, type Task, TASK, WARM_UP_MS } from './kafka-latency-task.ts'

const KEYS = 10_000
const TICK_MS = 5
const SETTLE_MS = 30_000

/** Microseconds on a clock that all processes of the machine share. */
const nowUs = (): number => Number(process.hrtime.bigint() / 1000n)

const clientOf = (servers: string): Kafka =>
  new Kafka({
    brokers: [servers],
    logLevel: logLevel.NOTHING,
    // The first answer to a transaction may be that the one before is still being ended: 300 ms of waiting is its default.
    retry: { initialRetryTime: 2, maxRetryTime: 100, retries: 50 },
  })

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
  const waiting: Part[] = []
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

const roles = { feed, work, read }
const task = JSON.parse(process.env[TASK]!) as Task
await roles[task.role](task)
