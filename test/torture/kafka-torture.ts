import { setTimeout as sleep } from 'node:timers/promises'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import type { Cluster } from '../connectors/kafka/cluster.ts'
import { randomNumbers } from './events.ts'
import { KafkaFeed } from './kafka-feed.ts'
import { type Life, startLife } from './kafka-life.ts'
import { type KafkaPlan, QUERIES, type QueryName } from './kafka-plan.ts'
import { rowOfRecord } from './kafka-query.ts'
import { KafkaRemains } from './kafka-remains.ts'
import { PHASE_NAMES, type Phase } from './torture.ts'

export interface KafkaTortureOptions {
  readonly seed: number
  /** How often the process with both queries is killed. */
  readonly kills: number
  /** At least this many events; more when the kills need more. */
  readonly events: number
  /** In this many of the lives the broker is killed and started again, too. */
  readonly brokerKills: number
  /** With a broker whose data outlive its kills. */
  readonly cluster: Cluster
  /** An empty directory; emptied again by the caller. */
  readonly work: string
  /** The compiled child program. */
  readonly child: string
  readonly say: (line: string) => void
}

export interface KafkaTortureResult {
  readonly kills: Readonly<Record<QueryName, Readonly<Record<Phase, number>>>>
  readonly events: number
  readonly batches: Readonly<Record<QueryName, number>>
  readonly outputRows: number
  /** Broker kills that the queries lived through, and those with the process killed while the broker was away. */
  readonly brokerKills: { readonly survived: number; readonly bothDead: number }
  /** How often a query began again by its restart policy. */
  readonly restarts: number
  /** What is wrong; empty when all holds. */
  readonly faults: readonly string[]
}

/** Settings by which a broker that was killed is taken back by its controller soon. */
export const QUICK_RETURN = { 'broker.session.timeout.ms': 2000, 'broker.heartbeat.interval.ms': 500 }

/** Kills two streaming queries over a topic, and its broker, again and again and compares what they wrote with a plain loop. */
export async function kafkaTorture(options: KafkaTortureOptions): Promise<KafkaTortureResult> {
  const run = await KafkaTorture.begin(options)
  try {
    for (let n = 0; n < options.kills; n++) await run.killOnce(n)
    return await run.judge()
  } finally {
    await run.close()
  }
}

const POINTS: readonly CrashPoint[] = [
  'before-offsets',
  'after-offsets',
  'during-batch',
  'after-sink',
  'before-commit',
  'after-commit',
]
/** Records of a batch. */
const MAX_OFFSETS = 300
/** A life that does not die in this time is stuck. */
const LIFE_MS = 90_000

/** How a life is to end: at a crash point of a query, or so many milliseconds after it started or came to its first crash point. */
type Death =
  | { readonly kind: 'self'; readonly kill: NonNullable<KafkaPlan['kill']> }
  | { readonly kind: 'timer'; readonly from: 'start' | 'first point'; readonly ms: number }

class KafkaTorture {
  readonly #options: KafkaTortureOptions
  readonly #random: () => number
  readonly #feed: KafkaFeed
  readonly #remains: KafkaRemains
  readonly #to: string
  readonly #kills: Record<QueryName, Record<Phase, number>> = { 'to-kafka': noKills(), 'to-sqlite': noKills() }
  readonly #faults: string[] = []
  readonly #brokerKills = { survived: 0, bothDead: 0 }
  #points: Pick<NonNullable<KafkaPlan['kill']>, 'query' | 'point'>[] = []
  #lives = 0

  static async begin(options: KafkaTortureOptions): Promise<KafkaTorture> {
    const { cluster } = options
    const feed = await KafkaFeed.open(cluster, options.seed ^ 0x5eed)
    return new KafkaTorture(options, feed, await cluster.topic(feed.partitions))
  }

  private constructor(options: KafkaTortureOptions, feed: KafkaFeed, to: string) {
    this.#options = options
    this.#random = randomNumbers(options.seed)
    this.#feed = feed
    this.#remains = new KafkaRemains(options.work)
    this.#to = to
  }

  close(): Promise<void> {
    return this.#feed.close()
  }

  /** One life, ended by SIGKILL. Part of its events are there when it starts, part come while it runs. */
  async killOnce(n: number): Promise<void> {
    const { kills, events, brokerKills } = this.#options
    await this.#feed.sendUpTo((events * (n + 0.7)) / kills)
    const withBroker = Math.floor(((n + 1) * brokerKills) / kills) > Math.floor((n * brokerKills) / kills)
    const death = withBroker ? this.#timer() : this.#death()
    const life = this.#spawn(death.kind === 'self' ? death.kill : null, false)
    let how = death.kind === 'self' ? `${death.kill.query} ${death.kill.point}` : `${death.ms} ms after ${death.from}`
    if (withBroker) how = await this.#killBroker(life)
    const begun = performance.now()
    let killAt = death.kind === 'timer' && death.from === 'start' ? begun + death.ms : Infinity
    while (!life.isOver()) {
      const now = performance.now()
      if (killAt === Infinity && death.kind === 'timer' && this.#remains.anyNotes()) killAt = now + death.ms
      if (now >= killAt || now - begun > LIFE_MS) life.process.kill('SIGKILL')
      if (now - begun > LIFE_MS) throw new Error(`life ${this.#lives} neither ended nor was killed:\n${life.errors()}`)
      if (this.#backlog < 3 * MAX_OFFSETS) await this.#feed.send()
      await Promise.race([life.ended, sleep(4)])
    }
    await this.#bury(life, how)
  }

  /** Drains, ends the windows, drains, drains once more, and compares. */
  async judge(): Promise<KafkaTortureResult> {
    await this.#feed.sendUpTo(this.#options.events)
    await this.#drain()
    // Late rows there would be if a closing record were read with others still to come: so the others come first.
    const sent = await this.#feed.sendEnd()
    await this.#drain()
    const batches = this.#remains.batches()
    await this.#drain()
    if (JSON.stringify(this.#remains.batches()) !== JSON.stringify(batches))
      this.#faults.push('a drain with nothing to do wrote batches')

    const there = await this.#options.cluster.admin((a) => a.fetchTopicOffsets(this.#feed.topic))
    const records = there.reduce((sum, p) => sum + Number(p.high) - Number(p.low), 0)
    if (records !== sent) this.#faults.push(`the topic has ${records} records, ${sent} were sent`)

    const expected = this.#feed.answer()
    this.#compare('the topic', this.#topicRows(expected.length), expected)
    this.#compare('the table', this.#remains.tableRows(), expected)
    return {
      kills: this.#kills,
      events: this.#feed.events,
      batches,
      outputRows: expected.length,
      brokerKills: this.#brokerKills,
      restarts: this.#remains.restarts(),
      faults: this.#faults,
    }
  }

  #death(): Death {
    if (this.#random() >= 0.6) return this.#timer()
    // In rounds: each point of each query comes once before any comes again.
    if (this.#points.length === 0)
      this.#points = QUERIES.flatMap((query) => POINTS.map((point) => ({ query, point, place: this.#random() })))
        .sort((a, b) => a.place - b.place)
        .map(({ query, point }) => ({ query, point }))
    return { kind: 'self', kill: { ...this.#points.pop()!, nth: 1 + Math.floor(this.#random() * 6) } }
  }

  #timer(): Death {
    return this.#random() < 0.8
      ? { kind: 'timer', from: 'first point', ms: Math.floor(this.#random() * 600) }
      : { kind: 'timer', from: 'start', ms: Math.floor(this.#random() * 1000) }
  }

  /**
   * SIGKILL of the broker while both queries run, often within a transaction, and a start on the same data. Mostly the
   * queries live through it, and must commit batches afterwards by themselves; else the process is killed while the broker
   * is away.
   */
  async #killBroker(life: Life): Promise<string> {
    const { broker } = this.#options.cluster
    await this.#until(life, 'its first batches', () => QUERIES.every((q) => this.#remains.notes(q).length > 0))
    while (this.#backlog < 6 * MAX_OFFSETS) await this.#feed.send()
    const inTransaction = this.#random() < 0.6
    if (inTransaction)
      await this.#until(
        life,
        'a transaction',
        () => this.#remains.notes('to-kafka').at(-1)?.point === 'during-batch',
        1,
      )
    await Promise.race([life.ended, sleep(this.#random() * (inTransaction ? 40 : 400))])
    await broker.kill()
    const together = this.#random() < 0.35
    await Promise.race([life.ended, sleep(this.#random() * 3000)])
    if (together) {
      life.process.kill('SIGKILL')
      await life.ended
    }
    await broker.restart()
    await this.#feed.reconnect()
    if (together) {
      this.#brokerKills.bothDead++
      return 'with the broker'
    }
    const before = this.#remains.batches()
    while (this.#backlog < 6 * MAX_OFFSETS) await this.#feed.send()
    await this.#until(life, 'batches after the broker was back', () =>
      QUERIES.every((q) => this.#remains.batches()[q] > before[q] + 1),
    )
    this.#brokerKills.survived++
    return 'after a kill of the broker'
  }

  /** Events that the query which is further has not planned yet. */
  get #backlog(): number {
    return this.#feed.events - this.#remains.planned(this.#feed.topic)
  }

  async #until(life: Life, what: string, holds: () => boolean, pollMs = 20): Promise<void> {
    for (const until = performance.now() + LIFE_MS; !holds(); await Promise.race([life.ended, sleep(pollMs)])) {
      if (life.isOver()) throw new Error(`life ${this.#lives} ended before ${what}:\n${life.errors()}`)
      if (performance.now() > until)
        throw new Error(`life ${this.#lives} did not come to ${what}:\n${this.#remains.said()}`)
    }
  }

  /** Counts the kill of a life that is over. */
  async #bury(life: Life, how: string): Promise<void> {
    const { signal, code } = await life.ended
    if (signal !== 'SIGKILL')
      throw new Error(
        `life ${this.#lives} ended by itself with code ${String(code)}:\n${life.errors()}${this.#remains.said()}`,
      )
    const where: string[] = []
    for (const query of QUERIES) {
      const phase = await this.#phase(query)
      this.#kills[query][phase]++
      const { offsets, commits } = this.#remains.rows(query)
      where.push(`${query} ${PHASE_NAMES[phase]} (${offsets}, ${commits})`)
    }
    this.#options.say(`kill ${this.#lives}: ${how}: ${where.join('; ')}; ${this.#feed.events} events`)
  }

  /**
   * Where a query of the life that just died stood, by its logs and, for the Kafka sink, by the token the broker has. Only
   * between two batches, and in the one transaction of the table and its checkpoint, the last note decides.
   */
  async #phase(query: QueryName): Promise<Phase> {
    const notes = this.#remains.notes(query)
    const last = notes[notes.length - 1]
    if (last === undefined) return 'starting'
    const { offsets, commits } = this.#remains.rows(query)
    if (offsets === commits) return last.batchId > offsets ? 'a' : 'd'
    const told = notes.some((note) => note.batchId === offsets && note.point === 'after-sink')
    if (query === 'to-sqlite') return told ? 'c' : 'b'
    const token = await this.#token()
    if (told && token !== offsets) this.#faults.push(`batch ${offsets} was written and its token in Kafka is ${token}`)
    if (token > offsets) this.#faults.push(`Kafka has batch ${token}, the checkpoint's last is ${offsets}`)
    return token === offsets ? 'c' : 'b'
  }

  /** The batch of the last transaction that was committed to Kafka, -1 for none. */
  async #token(): Promise<number> {
    const groupId = `millrace-${this.#remains.queryId('to-kafka')}`
    const topics = await this.#options.cluster.admin((a) => a.fetchOffsets({ groupId, topics: [this.#to] }))
    return Number(topics[0]?.partitions.find((p) => p.partition === 0)?.offset ?? -1)
  }

  #spawn(kill: KafkaPlan['kill'], drain: boolean): Life {
    this.#lives++
    const { work, child, cluster } = this.#options
    this.#remains.forgetNotes()
    const plan: KafkaPlan = {
      servers: cluster.broker.servers,
      from: this.#feed.topic,
      to: this.#to,
      work,
      maxOffsetsPerTrigger: drain ? 20 * MAX_OFFSETS : MAX_OFFSETS,
      kill,
      drain,
    }
    return startLife(child, plan)
  }

  async #drain(): Promise<void> {
    const life = this.#spawn(null, true)
    const { code } = await life.ended
    if (code !== 0)
      throw new Error(`draining ended with code ${String(code)}:\n${life.errors()}${this.#remains.said()}`)
  }

  /** What the broker's own consumer reads of committed records. It gives up after a silence: it is asked again when it has too few. */
  #topicRows(count: number): string[] {
    for (let tries = 1; ; tries++) {
      const rows = this.#options.cluster.console(this.#to)
      if (rows.length >= count || tries === 3) return rows.map(rowOfRecord)
    }
  }

  #compare(where: string, rows: readonly string[], expected: readonly string[]): void {
    const counts = new Map<string, number>()
    for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1)
    for (const row of expected) counts.set(row, (counts.get(row) ?? 0) - 1)
    const wrong = [...counts].filter(([, n]) => n !== 0)
    if (wrong.length === 0) return
    const shown = wrong.slice(0, 5).map(([row, n]) => `${row}: ${n > 0 ? `${n} too many` : `${-n} missing`}`)
    this.#faults.push(
      `${where} (${rows.length} rows) and the plain loop (${expected.length} rows) differ in ${wrong.length} rows:\n  ${shown.join('\n  ')}`,
    )
  }
}

const noKills = (): Record<Phase, number> => ({ a: 0, b: 0, c: 0, d: 0, starting: 0 })
