import type { PartitionTimes } from '../checkpoint/checkpoint.ts'
import type { EventTimeStats, ReachedByPartition, Watermark } from '../operators/watermark.ts'
import type { WatermarkNode } from '../planner/spec.ts'

/**
 * The watermarks of a query, in milliseconds. Each stream that defines one has its own (nodes of one definition share it): the largest event time it has seen less
 * its delay, cut to milliseconds, never below the epoch, never back. Of a source with partitions it is the
 * least of what its partitions have reached; those without event times in the batch hold nothing back. The query's is their smallest or largest; a
 * stream that has delivered nothing holds the smallest at the epoch, unless it is idle (see IdleStreams).
 */
export class Watermarks {
  readonly #nodes: readonly { readonly stream: string; readonly delayUs: bigint; readonly operator: Watermark }[]
  readonly #policy: 'min' | 'max'
  readonly #own = new Map<string, number>()
  #combined = 0
  #idle: ReadonlySet<string> = new Set()

  constructor(nodes: readonly { readonly spec: WatermarkNode; readonly operator: Watermark }[], policy: 'min' | 'max') {
    this.#nodes = nodes.map((n) => ({ stream: n.spec.stream, delayUs: BigInt(n.spec.delayUs), operator: n.operator }))
    this.#policy = policy
  }

  /** True when the query has a watermark at all. */
  get any(): boolean {
    return this.#nodes.length > 0
  }

  /** The combined watermark for the next batch. */
  get currentMs(): number {
    return this.#combined
  }

  /** What the combined watermark is while the streams of `idle` hold nothing back. */
  withoutIdle(idle: readonly string[]): number {
    return Math.max(this.#combined, this.#combine(new Set(idle)))
  }

  /** A batch begins with this watermark and these idle streams. */
  begin(combinedMs: number, idle: readonly string[]): void {
    if (combinedMs > this.#combined) this.#combined = combinedMs
    this.#idle = new Set(idle)
  }

  /** Idle streams are left out of the smallest; when all are, those that have delivered something count. */
  #combine(idle: ReadonlySet<string>): number {
    if (this.#policy === 'max') return Math.max(...this.#nodes.map((n) => this.#own.get(n.stream) ?? 0))
    const awake = this.#nodes.filter((n) => !idle.has(n.stream))
    const counted = awake.length > 0 ? awake : this.#nodes.filter((n) => this.#own.has(n.stream))
    return counted.length === 0 ? 0 : Math.min(...counted.map((n) => this.#own.get(n.stream) ?? 0))
  }

  /** By stream, for the commit log. */
  get streams(): Readonly<Record<string, number | null>> {
    return Object.fromEntries(this.#nodes.map((n) => [n.stream, this.#own.get(n.stream) ?? null]))
  }

  /** By stream, what the partitions of its sources have reached, for the commit log; undefined where no source has partitions. */
  get partitions(): Readonly<Record<string, PartitionTimes>> | undefined {
    const all: Record<string, PartitionTimes> = {}
    for (const { stream, operator } of this.#nodes) {
      const reached = operator.reached
      if (Object.keys(reached).length > 0) all[stream] = { ...all[stream], ...inDigits(reached) }
    }
    return Object.keys(all).length > 0 ? all : undefined
  }

  /** Takes up where a commit row left off. */
  restore(
    combinedMs: number,
    streams: Readonly<Record<string, number | null>>,
    partitions: Readonly<Record<string, PartitionTimes>>,
  ): void {
    this.#combined = combinedMs
    for (const { stream, operator } of this.#nodes) {
      const own = streams[stream]
      if (own !== undefined && own !== null) this.#own.set(stream, own)
      operator.restore(fromDigits(partitions[stream] ?? {}))
    }
  }

  /** The rows that come next are of this source, and this partition of it; null for what operators make at the end. */
  comesFrom(source: string | null, partition: string | null): void {
    for (const { operator } of this.#nodes) operator.comesFrom(source ?? '', partition ?? '')
  }

  /** Moves on by what the operators saw in the trigger that ended; gives the statistics for progress. */
  advance(): EventTimeStats | null {
    let all: EventTimeStats | null = null
    for (const { stream, delayUs, operator } of this.#nodes) {
      const stats = operator.takeStats()
      if (stats === null) continue
      const reachedUs = stats.reachedUs - delayUs
      const own = Number(reachedUs / 1000n - (reachedUs % 1000n < 0n ? 1n : 0n))
      this.#own.set(stream, Math.max(this.#own.get(stream) ?? 0, own, 0))
      all =
        all === null
          ? stats
          : {
              reachedUs: all.reachedUs,
              maxUs: stats.maxUs > all.maxUs ? stats.maxUs : all.maxUs,
              minUs: stats.minUs < all.minUs ? stats.minUs : all.minUs,
              meanUs: (stats.meanUs + all.meanUs) / 2n,
            }
    }
    if (this.#nodes.length > 0) {
      const combined = this.#combine(this.#idle)
      if (combined > this.#combined) this.#combined = combined
    }
    return all
  }
}

/** JSON has no integers of 64 bits. */
const inDigits = (reached: ReachedByPartition): PartitionTimes => mapped(reached, String)
const fromDigits = (times: PartitionTimes): ReachedByPartition => mapped(times, BigInt)

const mapped = <A, B>(
  times: Readonly<Record<string, Readonly<Record<string, A>>>>,
  change: (value: A) => B,
): Readonly<Record<string, Readonly<Record<string, B>>>> =>
  Object.fromEntries(
    Object.entries(times).map(([source, partitions]) => [
      source,
      Object.fromEntries(Object.entries(partitions).map(([partition, value]) => [partition, change(value)])),
    ]),
  )
