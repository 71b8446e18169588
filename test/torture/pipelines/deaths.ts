import type { CrashPoint } from '../../../src/engine/micro-batch.ts'
import { type KillPoint, QUERIES } from './plan.ts'

/** How the process of a life is to end: at a crash point of a query, or so many milliseconds after it started or all queries came to a crash point. */
export type Death =
  | { readonly kind: 'self'; readonly kill: KillPoint }
  | { readonly kind: 'timer'; readonly from: 'start' | 'all run'; readonly ms: number }

export type ServerName = 'broker' | 'database'

/** How a life is to end, and which server is killed in it, before the process or with it. */
export interface Fate {
  readonly death: Death
  readonly server: ServerName | null
}

const POINTS: readonly CrashPoint[] = [
  'before-offsets',
  'after-offsets',
  'during-batch',
  'after-sink',
  'before-commit',
  'after-commit',
]

/** The fates of all lives, drawn from a seed. Lives in which a server is killed lie evenly among the others. */
export class Deaths {
  readonly #random: () => number
  readonly #servers = new Map<number, ServerName>()
  #points: Omit<KillPoint, 'nth'>[] = []
  #lives = 0

  /** `kills` lives, in so many of which a server is killed. */
  constructor(random: () => number, kills: number, servers: Readonly<Record<ServerName, number>>) {
    this.#random = random
    const names = (Object.keys(servers) as ServerName[]).flatMap((name) =>
      new Array<ServerName>(servers[name]).fill(name),
    )
    if (names.length > kills) throw new Error(`${names.length} kills of servers do not fit into ${kills} lives`)
    this.#shuffled(names).forEach((name, i) =>
      this.#servers.set(Math.floor(((i + 1) * kills) / names.length) - 1, name),
    )
  }

  next(): Fate {
    const server = this.#servers.get(this.#lives++) ?? null
    return { server, death: server === null && this.#random() < 0.6 ? this.#self() : this.#timer() }
  }

  /** In rounds: each point of each query comes once before any comes again. */
  #self(): Death {
    if (this.#points.length === 0)
      this.#points = this.#shuffled(QUERIES.flatMap((query) => POINTS.map((point) => ({ query, point }))))
    return { kind: 'self', kill: { ...this.#points.pop()!, nth: 1 + Math.floor(this.#random() * 10) } }
  }

  #timer(): Death {
    return this.#random() < 0.8
      ? { kind: 'timer', from: 'all run', ms: Math.floor(this.#random() * 1500) }
      : { kind: 'timer', from: 'start', ms: Math.floor(this.#random() * 1000) }
  }

  #shuffled<T>(of: readonly T[]): T[] {
    return of
      .map((item) => ({ item, place: this.#random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item)
  }
}
