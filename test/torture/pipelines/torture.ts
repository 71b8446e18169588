import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../connectors/kafka/cluster.ts'
import type { PostgresServer } from '../../postgres-server/server.ts'
import { randomNumbers } from '../events.ts'
import { PHASE_NAMES, type Phase } from '../torture.ts'
import { CountsTable } from './counts-table.ts'
import { Deaths, type Fate, type ServerName } from './deaths.ts'
import { difference } from './difference.ts'
import { Feed } from './feed.ts'
import { type Life, LIFE_MS, startLife } from './life.ts'
import { phaseOf, type Tokens } from './phases.ts'
import { type KillPoint, perQuery, QUERIES, type QueryName } from './plan.ts'
import { rowOfRecord } from './records.ts'
import { Remains } from './remains.ts'
import { type ServerKillCount, ServerKills } from './server-kills.ts'

export interface PipelinesTortureOptions {
  readonly seed: number
  /** How often the process with the queries is killed. */
  readonly kills: number
  /** At least this many events; more when the kills need more. */
  readonly events: number
  /** In so many of the lives the broker, or the database, is killed and started again, too. */
  readonly serverKills: Readonly<Record<ServerName, number>>
  /** With a broker whose data outlive its kills. */
  readonly cluster: Cluster
  /** With no table `counts`. */
  readonly postgres: PostgresServer
  /** An empty directory; emptied again by the caller. */
  readonly work: string
  /** The compiled child program. */
  readonly child: string
  readonly say: (line: string) => void
}

export interface PipelinesTortureResult {
  readonly kills: Readonly<Record<QueryName, Readonly<Record<Phase, number>>>>
  readonly events: number
  /** Events that each query had planned when the last life was killed; the rest came in the drain. */
  readonly eventsInKilledLives: Readonly<Record<QueryName, number>>
  readonly batches: Readonly<Record<QueryName, number>>
  readonly outputRows: number
  readonly serverKills: Readonly<Record<ServerName, Readonly<ServerKillCount>>>
  /** How often a query began again by its restart policy. */
  readonly restarts: number
  /** What is wrong; empty when all holds. */
  readonly faults: readonly string[]
}

/** Settings by which a broker that was killed is taken back by its controller soon. */
export const QUICK_RETURN = { 'broker.session.timeout.ms': 2000, 'broker.heartbeat.interval.ms': 500 }

/** Kills three streaming queries over a topic, the broker and the database again and again and compares what they wrote with a plain loop. */
export async function pipelinesTorture(options: PipelinesTortureOptions): Promise<PipelinesTortureResult> {
  const run = await PipelinesTorture.begin(options)
  try {
    for (let n = 0; n < options.kills; n++) await run.killOnce(n)
    return await run.judge()
  } finally {
    await run.close()
  }
}

/** Records of a batch at least. */
const MIN_BATCH = 300
/** So many batches of a query in each life are to make up all events. */
const BATCHES_OF_LIFE = 5

class PipelinesTorture {
  readonly #options: PipelinesTortureOptions
  readonly #feed: Feed
  readonly #remains: Remains
  readonly #to: string
  readonly #table: CountsTable
  readonly #deaths: Deaths
  readonly #servers: ServerKills
  readonly #tokens: Tokens
  readonly #batch: number
  readonly #kills: Record<QueryName, Record<Phase, number>> = perQuery(() => ({ a: 0, b: 0, c: 0, d: 0, starting: 0 }))
  readonly #faults: string[] = []
  #lives = 0

  static async begin(options: PipelinesTortureOptions): Promise<PipelinesTorture> {
    const { cluster, postgres, seed } = options
    const feed = await Feed.open(cluster, seed ^ 0x5eed)
    const to = await cluster.topic(feed.partitions)
    return new PipelinesTorture(options, feed, to, await CountsTable.create(postgres))
  }

  private constructor(options: PipelinesTortureOptions, feed: Feed, to: string, table: CountsTable) {
    const { seed, kills, events, serverKills, cluster, postgres, work } = options
    this.#options = options
    this.#feed = feed
    this.#to = to
    this.#table = table
    this.#remains = new Remains(work)
    this.#batch = Math.max(MIN_BATCH, Math.ceil(events / kills / BATCHES_OF_LIFE))
    const random = randomNumbers(seed)
    this.#deaths = new Deaths(random, kills, serverKills)
    const servers = {
      broker: {
        writer: 'to-kafka',
        kill: () => cluster.broker.kill(),
        restart: async () => {
          await cluster.broker.restart()
          await feed.reconnect()
        },
      },
      database: { writer: 'to-postgres', kill: () => postgres.kill(), restart: () => postgres.resume() },
    } as const
    this.#servers = new ServerKills(servers, feed, this.#remains, random, 6 * this.#batch)
    this.#tokens = { 'to-kafka': () => this.#topicToken(), 'to-postgres': () => table.token() }
  }

  close(): Promise<void> {
    return this.#feed.close()
  }

  /** One life, ended by SIGKILL. Part of its events are there when it starts, part come while it runs. */
  async killOnce(n: number): Promise<void> {
    const { kills, events } = this.#options
    await this.#feed.sendUpTo((events * (n + 0.7)) / kills)
    const { death, server } = this.#deaths.next()
    const life = this.#spawn(death.kind === 'self' ? death.kill : null, false)
    let how =
      death.kind === 'self'
        ? `${death.kill.query} ${death.kill.point}`
        : `${death.ms} ms after ${death.from === 'start' ? 'the start' : 'all run'}`
    try {
      if (server !== null) how = await this.#servers.kill(server, life)
      await this.#untilDead(life, death)
    } finally {
      // One that is stuck goes with the run.
      life.process.kill('SIGKILL')
    }
    await this.#bury(life, how)
  }

  /** Drains, ends the windows, drains, drains once more, and compares. */
  async judge(): Promise<PipelinesTortureResult> {
    const { events, cluster } = this.#options
    const eventsInKilledLives = this.#remains.planned(this.#feed.topic)
    await this.#feed.sendUpTo(events)
    await this.#drain()
    // Late rows there would be if a closing record were read with others still to come: so the others come first.
    const sent = await this.#feed.sendEnd()
    await this.#drain()
    const batches = this.#remains.batches()
    await this.#drain()
    if (JSON.stringify(this.#remains.batches()) !== JSON.stringify(batches))
      this.#faults.push('a drain with nothing to do wrote batches')

    const there = await cluster.admin((a) => a.fetchTopicOffsets(this.#feed.topic))
    const records = there.reduce((sum, p) => sum + Number(p.high) - Number(p.low), 0)
    if (records !== sent) this.#faults.push(`the topic has ${records} records, ${sent} were sent`)

    const expected = this.#feed.endedWindows()
    const differences = [
      difference('the topic', this.#topicRows(expected.length), expected),
      difference('the table of SQLite', this.#remains.tableRows(), expected),
      // Update mode gives the window that has not ended, too.
      difference('the table of PostgreSQL', await this.#table.rows(), this.#feed.allWindows()),
    ]
    this.#faults.push(...differences.filter((d) => d !== null))
    const repeated = await this.#table.repeatedRows()
    if (repeated > 0) this.#faults.push(`${repeated} rows of PostgreSQL were written again without new events`)
    return {
      kills: this.#kills,
      events: this.#feed.events,
      eventsInKilledLives,
      batches,
      outputRows: expected.length,
      serverKills: this.#servers.counts,
      restarts: this.#remains.restarts(),
      faults: this.#faults,
    }
  }

  /** Keeps a life in work and kills it when its time has come. */
  async #untilDead(life: Life, death: Fate['death']): Promise<void> {
    const begun = performance.now()
    let killAt = death.kind === 'timer' && death.from === 'start' ? begun + death.ms : Infinity
    while (!life.isOver()) {
      const now = performance.now()
      if (killAt === Infinity && death.kind === 'timer' && this.#remains.allNoted()) killAt = now + death.ms
      if (now >= killAt || now - begun > LIFE_MS) life.process.kill('SIGKILL')
      if (now - begun > LIFE_MS) throw new Error(`life ${this.#lives} neither ended nor was killed:\n${life.errors()}`)
      // By the query that is last, so that all come as far; the others get what comes, in small batches.
      const planned = Math.min(...Object.values(this.#remains.planned(this.#feed.topic)))
      if (this.#feed.events < planned + 3 * this.#batch) await this.#feed.send()
      await Promise.race([life.ended, sleep(4)])
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
      const phase = await phaseOf(query, this.#remains, this.#tokens, (text) => this.#faults.push(text))
      this.#kills[query][phase]++
      const { offsets, commits } = this.#remains.rows(query)
      where.push(`${query} ${PHASE_NAMES[phase]} (${offsets}, ${commits})`)
    }
    this.#options.say(`kill ${this.#lives}: ${how}: ${where.join('; ')}; ${this.#feed.events} events`)
  }

  /** The batch of the last transaction that was committed to Kafka, -1 for none. */
  async #topicToken(): Promise<number> {
    const groupId = `millrace-${this.#remains.queryId('to-kafka')}`
    const topics = await this.#options.cluster.admin((a) => a.fetchOffsets({ groupId, topics: [this.#to] }))
    return Number(topics[0]?.partitions.find((p) => p.partition === 0)?.offset ?? -1)
  }

  #spawn(kill: KillPoint | null, drain: boolean): Life {
    this.#lives++
    const { work, child, cluster, postgres } = this.#options
    this.#remains.forgetNotes()
    return startLife(child, {
      servers: cluster.broker.servers,
      from: this.#feed.topic,
      to: this.#to,
      url: postgres.url,
      table: this.#table.name,
      work,
      maxOffsetsPerTrigger: drain ? 20 * this.#batch : this.#batch,
      kill,
      drain,
    })
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
}
