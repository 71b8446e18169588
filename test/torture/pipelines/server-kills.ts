import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerName } from './deaths.ts'
import type { Feed } from './feed.ts'
import { type Life, LIFE_MS } from './life.ts'
import { QUERIES, type QueryName } from './plan.ts'
import type { Remains } from './remains.ts'

/** A server that the queries need, whose data outlive its kills. */
export interface KilledServer {
  /** The query that writes into it. */
  readonly writer: QueryName
  kill(): Promise<void>
  restart(): Promise<void>
}

/** How often a server was killed and the queries lived through it, and with the process killed while it was away. */
export interface ServerKillCount {
  survived: number
  bothDead: number
}

/** Milliseconds between two looks at whether the queries have work. */
const FEED_MS = 100

/** Kills servers while queries run. */
export class ServerKills {
  readonly counts: Readonly<Record<ServerName, ServerKillCount>> = {
    broker: { survived: 0, bothDead: 0 },
    database: { survived: 0, bothDead: 0 },
  }
  readonly #servers: Readonly<Record<ServerName, KilledServer>>
  readonly #feed: Feed
  readonly #remains: Remains
  readonly #random: () => number
  readonly #backlog: number

  /** `backlog`: events that are to wait for each query when a server is killed and when it is back. */
  constructor(
    servers: Readonly<Record<ServerName, KilledServer>>,
    feed: Feed,
    remains: Remains,
    random: () => number,
    backlog: number,
  ) {
    this.#servers = servers
    this.#feed = feed
    this.#remains = remains
    this.#random = random
    this.#backlog = backlog
  }

  /**
   * SIGKILL of a server while all queries run, often within a transaction, and a start on the same data. Mostly the queries
   * live through it, and must all commit batches afterwards by themselves; else the process is killed while the server is
   * away. Gives how it went, in words.
   */
  async kill(name: ServerName, life: Life): Promise<string> {
    const server = this.#servers[name]
    await this.#fill(Math.max)
    await this.#until(life, 'its first batches', () => this.#remains.allNoted())
    await this.#fill(Math.max)
    const inTransaction = this.#random() < 0.6
    if (inTransaction)
      await this.#until(
        life,
        'a transaction',
        () => this.#remains.notes(server.writer).at(-1)?.point === 'during-batch',
        1,
      )
    await Promise.race([life.ended, sleep(this.#random() * (inTransaction ? 40 : 400))])
    await server.kill()
    const together = this.#random() < 0.35
    await Promise.race([life.ended, sleep(this.#random() * 3000)])
    if (together) {
      life.process.kill('SIGKILL')
      await life.ended
    }
    await server.restart()
    if (together) {
      this.counts[name].bothDead++
      return `with the ${name}`
    }
    const before = this.#remains.batches()
    await this.#fill(Math.max)
    await this.#until(life, `batches after the ${name} was back`, () =>
      QUERIES.every((q) => this.#remains.batches()[q] > before[q] + 1),
    )
    this.counts[name].survived++
    return `after a kill of the ${name}`
  }

  /** Sends what is missing of the backlog, by the query that is furthest or last. */
  #fill(of: typeof Math.max | typeof Math.min): Promise<void> {
    const planned = of(...Object.values(this.#remains.planned(this.#feed.topic)))
    return this.#feed.sendUpTo(planned + this.#backlog)
  }

  /** Waits for something the queries do, and keeps them in work until they have. */
  async #until(life: Life, what: string, holds: () => boolean, pollMs = 20): Promise<void> {
    const begun = performance.now()
    for (let fedAt = begun; !holds(); await Promise.race([life.ended, sleep(pollMs)])) {
      const now = performance.now()
      if (life.isOver()) throw new Error(`a life ended before ${what}:\n${life.errors()}`)
      if (now - begun > LIFE_MS) throw new Error(`a life did not come to ${what}:\n${this.#remains.said()}`)
      if (now - fedAt > FEED_MS) {
        await this.#fill(Math.min)
        fedAt = performance.now()
      }
    }
  }
}
