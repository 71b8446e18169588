import { randomUUID } from 'node:crypto'
import type { Batch } from '../columns/batch.ts'
import { validateOptions } from '../connectors/options.ts'
import type { RunOptions, WriteHow } from '../dataframe/context.ts'
import type { Observation } from '../dataframe/observation.ts'
import { BAD_RECORD_SCHEMA, BadRecords, badRecordsId } from '../engine/bad-records.ts'
import { runBatch } from '../engine/batch-run.ts'
import type { Observed } from '../engine/observed.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { Schema } from '../types/data-type.ts'
import { checkBadRecords, sourcesOf, takeBadRecords } from './bad-records.ts'
import { checkPartitioning } from './check-sink.ts'
import type { Planning } from './planning.ts'
import type { SessionParts } from './session-parts.ts'

type Planned = ReturnType<Planning['batchSpec']>

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
    const planned = await this.#planned(plan)
    await this.#each(planned, options, (b) => void batches.push(b))
    return { schema: planned.spec.schema, batches }
  }

  #planned(plan: Unresolved, sparesRows = false): Promise<Planned> {
    return this.#planning.observed(() => this.#planning.batchSpec(plan, sparesRows))
  }

  async #each(
    { spec, env }: Planned,
    options: RunOptions,
    onBatch: (batch: Batch) => Promise<void> | void,
    bad?: BadRecords,
  ): Promise<void> {
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
        bad,
        onObserved: (observed) => this.#deliver(observed),
      },
      onBatch,
    )
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
    const { bad, others } = takeBadRecords(given, this.#parts.connectors)
    const options = validateOptions(provider.format, provider.options, others, provider.openOptions)
    checkPartitioning(provider, how.partitionBy ?? [])
    if ((how.mode === 'ignore' || how.mode === 'error') && provider.exists?.(options) === true) {
      if (how.mode === 'ignore') return
      throw new AnalysisError(
        'PATH_ALREADY_EXISTS',
        { path: String(options['path']) },
        { hint: "call mode('append'), mode('overwrite') or mode('ignore') before the write" },
      )
    }
    const planned = await this.#planned(plan, bad.policy !== 'fail')
    checkBadRecords(bad, sourcesOf(planned.spec, this.#parts.connectors), { provider, options, queryName: null })
    const queryId = randomUUID()
    const context = {
      mode: 'append',
      bounded: true,
      queryId,
      queryName: null,
      timeZone: this.#parts.timeZone(),
      nowUs: () => BigInt(this.#parts.clock.nowMs()) * 1000n,
      signal: new AbortController().signal,
      objects: this.#parts.objects,
      database: null,
      lastCommittedBatch: -1,
    } as const
    const badRecords = new BadRecords({
      ...bad,
      open:
        bad.sink &&
        (() =>
          bad.sink!.provider.open(bad.sink!.options, {
            ...context,
            queryId: badRecordsId(queryId),
            schema: BAD_RECORD_SCHEMA,
            takesBadRecords: true,
          })),
    })
    const sink = await provider.open(options, {
      ...context,
      schema: planned.spec.schema,
      save: how.mode === 'overwrite' ? 'overwrite' : 'append',
      partitionBy: how.partitionBy ?? [],
    })
    try {
      const token = { queryId, batchId: 0, offsetHash: '' }
      await badRecords.open(-1, null)
      await sink.begin(0, token)
      try {
        await badRecords.begin({ batchId: 0, batchTimestampMs: this.#parts.clock.nowMs() }, token, false)
        await this.#each(planned, {}, (b) => sink.add(b), badRecords)
        await badRecords.finish()
        await sink.finish()
      } catch (error) {
        await badRecords.abort()
        await sink.abort?.()
        throw error
      }
    } finally {
      await sink.close()
      await badRecords.close()
    }
  }
}
