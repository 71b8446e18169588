import { randomUUID } from 'node:crypto'
import type { Batch } from '../columns/batch.ts'
import { validateOptions } from '../connectors/options.ts'
import type { RunOptions, WriteHow } from '../dataframe/context.ts'
import type { Observation } from '../dataframe/observation.ts'
import { runBatch } from '../engine/batch-run.ts'
import type { Observed } from '../engine/observed.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { Schema } from '../types/data-type.ts'
import { checkPartitioning } from './check-sink.ts'
import type { Planning } from './planning.ts'
import type { SessionParts } from './session-parts.ts'

/** Runs the queries of a session over bounded tables. */
export class BatchQueries {
  readonly #parts: SessionParts
  readonly #planning: Planning
  /** Observations whose metrics are not there yet; one that nobody holds needs none. */
  readonly #observations = new Map<string, WeakRef<Observation>>()

  constructor(parts: SessionParts, planning: Planning) {
    this.#parts = parts
    this.#planning = planning
  }

  /** The next query that has the observation in it gives it its metrics. */
  observe(observation: Observation): void {
    this.#observations.set(observation.id, new WeakRef(observation))
  }

  /** Runs a query over bounded tables to its end. */
  async run(plan: Unresolved, options: RunOptions = {}): Promise<{ schema: Schema; batches: Batch[] }> {
    const batches: Batch[] = []
    const schema = await this.#each(plan, options, (b) => void batches.push(b))
    return { schema, batches }
  }

  async #each(plan: Unresolved, options: RunOptions, onBatch: (batch: Batch) => Promise<void> | void): Promise<Schema> {
    const { spec, env } = await this.#planning.observed(() => this.#planning.batchSpec(plan))
    const deadlineMs = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs
    await runBatch(
      spec,
      {
        clock: this.#parts.clock,
        timeZone: env.timeZone,
        objects: this.#parts.objects,
        env,
        signal: options.signal,
        deadlineMs,
        onObserved: (observed) => this.#deliver(observed),
      },
      onBatch,
    )
    return spec.schema
  }

  /** Hands metrics to those who wait for them; each is waited for once. */
  #deliver(observed: readonly Observed[]): void {
    for (const { observer, row } of observed) {
      if (observer === null) continue
      this.#observations.get(observer)?.deref()?.deliver(row)
      this.#observations.delete(observer)
    }
  }

  /** Writes the rows of a query over bounded tables into a sink. */
  async write(
    plan: Unresolved,
    format: string,
    given: Readonly<Record<string, string>>,
    how: WriteHow = {},
  ): Promise<void> {
    const provider = this.#parts.connectors.sink(format)
    const options = validateOptions(provider.format, provider.options, given, provider.openOptions)
    checkPartitioning(provider, how.partitionBy ?? [])
    if ((how.mode === 'ignore' || how.mode === 'error') && provider.exists?.(options) === true) {
      if (how.mode === 'ignore') return
      throw new AnalysisError(
        'PATH_ALREADY_EXISTS',
        { path: String(options['path']) },
        { hint: "call mode('append'), mode('overwrite') or mode('ignore') before the write" },
      )
    }
    const { attrs } = await this.#planning.observed(() => this.#planning.analyze(plan))
    const queryId = randomUUID()
    const sink = await provider.open(options, {
      schema: { fields: attrs.map((a) => ({ name: a.name, type: a.type, nullable: a.nullable })) },
      mode: 'append',
      bounded: true,
      save: how.mode === 'overwrite' ? 'overwrite' : 'append',
      partitionBy: how.partitionBy ?? [],
      queryId,
      queryName: null,
      timeZone: this.#parts.timeZone(),
      nowUs: () => BigInt(this.#parts.clock.nowMs()) * 1000n,
      signal: new AbortController().signal,
      objects: this.#parts.objects,
      database: null,
      lastCommittedBatch: -1,
    })
    try {
      await sink.begin(0, { queryId, batchId: 0, offsetHash: '' })
      try {
        await this.#each(plan, {}, (b) => sink.add(b))
        await sink.finish()
      } catch (error) {
        await sink.abort?.()
        throw error
      }
    } finally {
      await sink.close()
    }
  }
}
