import type { PipelineSpec, SourceNode } from '../planner/spec.ts'

/** Key of the offset row's `extra`: the watermarks that idle streams did not hold back in the batch. */
export const IDLE = 'idleStreams'

/** Key of the offset row's `extra`: the batch flushes what is open, with this watermark in milliseconds. */
export const FLUSHED = 'flushedToMs'

interface Feeding {
  readonly name: string
  readonly timeoutMs: number
}

/**
 * Which streams are idle: all the sources that feed their watermark have had nothing new for their timeout, by the clock
 * of the engine, counted from the start of the query. What is found goes into the offset row, so that a rerun does not
 * ask the clock again.
 */
export class IdleStreams {
  /** By watermark: the sources that feed it; those one of which has no timeout are left out. */
  readonly #feeding = new Map<string, readonly Feeding[]>()
  readonly #newest = new Map<string, number>()
  /** Every watermark of the query. */
  readonly #streams = new Set<string>()
  /** Sources below a watermark that are never idle. */
  readonly withoutTimeout: readonly string[]
  readonly #startMs: number

  /** `timeoutMs`: of sources without one of their own; null: those are never idle. */
  constructor(spec: PipelineSpec, timeoutMs: number | null, startMs: number) {
    this.#startMs = startMs
    const byId = new Map(spec.nodes.map((n) => [n.id, n]))
    const sources = (id: string): readonly SourceNode[] => {
      const node = byId.get(id)!
      if (node.op === 'source') return node.streaming ? [node] : []
      return node.inputs.flatMap(sources)
    }
    const without = new Set<string>()
    for (const node of spec.nodes) {
      if (node.op !== 'watermark') continue
      this.#streams.add(node.stream)
      const feeding = sources(node.id).map((s) => ({ name: s.name, timeoutMs: s.idleTimeoutMs ?? timeoutMs }))
      for (const f of feeding) if (f.timeoutMs === null) without.add(f.name)
      const all = [...(this.#feeding.get(node.stream) ?? []), ...feeding.flatMap(known)]
      if (feeding.every((f) => f.timeoutMs !== null)) this.#feeding.set(node.stream, all)
    }
    this.withoutTimeout = [...without]
  }

  /** A source has new data. */
  heard(source: string, nowMs: number): void {
    this.#newest.set(source, nowMs)
  }

  /** True when these are all the streams that have a watermark, and there is one. */
  isAll(idle: readonly string[]): boolean {
    return idle.length > 0 && idle.length === this.#streams.size
  }

  /** The idle streams, by name. */
  at(nowMs: number): readonly string[] {
    return [...this.#feeding]
      .filter(([, sources]) => sources.every((s) => this.#quietMs(s.name, nowMs) >= s.timeoutMs))
      .map(([stream]) => stream)
      .sort()
  }

  #quietMs(source: string, nowMs: number): number {
    const newest = this.#newest.get(source) ?? this.#startMs
    // The clock was set back: silence counts from now on.
    if (newest > nowMs) this.#newest.set(source, nowMs)
    return nowMs - newest
  }
}

const known = (f: { readonly name: string; readonly timeoutMs: number | null }): readonly Feeding[] =>
  f.timeoutMs === null ? [] : [{ name: f.name, timeoutMs: f.timeoutMs }]
