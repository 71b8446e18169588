import type { Checkpoint, CommitRow, OffsetRow, Recovery, SinkToken } from '../checkpoint/checkpoint.ts'
import { hashOffsetRow } from '../checkpoint/recovery.ts'
import type { Batch } from '../columns/batch.ts'
import type { Sink, SinkProvider, Source } from '../connectors/provider.ts'
import { OptionError } from '../errors/errors.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { Operator } from '../operators/operator.ts'
import type { Watermark } from '../operators/watermark.ts'
import { placed } from '../functions/user/failure.ts'
import { instantiate } from '../planner/instantiate.ts'
import type { NodeSpec, PipelineSpec, SourceNode, WatermarkNode } from '../planner/spec.ts'
import { CheckpointedStateStore } from '../state/checkpointed-store.ts'
import type { StateStore } from '../state/store.ts'
import type { Json } from '../types/json.ts'
import { runnersOf } from './async-calls.ts'
import { BadRecords, type BadRecordsConfig } from './bad-records.ts'
import type { ChangeBatch, ChangeFeed } from './change-feed.ts'
import type { Clock } from './clock.ts'
import { sameJson } from './json.ts'
import { describeSource, type LeafContext, openSource } from './leaves.ts'
import { observedMetrics, takeObserved } from './observed.ts'
import { FLUSHED, IDLE, IdleStreams } from './idle-streams.ts'
import type { LateBatch, LateFeed } from './late-rows.ts'
import { Pacer } from './pacer.ts'
import { Pipeline } from './pipeline.ts'
import { StaticSides } from './static-sides.ts'
import { BatchReport, type Phases } from './report.ts'
import type { StreamingQueryProgress } from './progress.ts'
import { Watermarks } from './watermarks.ts'

/** Bytes of state snapshots one commit may write; what is left waits for the next. */
const SNAPSHOT_BUDGET_BYTES = 4 << 20

/** Where a crash can be asked for in tests; the hook throws or kills the process. */
export type CrashPoint =
  'before-offsets' | 'after-offsets' | 'during-batch' | 'after-sink' | 'before-commit' | 'after-commit'

export interface MicroBatchConfig {
  readonly spec: PipelineSpec
  readonly env: ExprEnv & { setBatchTime(us: bigint): void }
  readonly checkpoint: Checkpoint
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly objects: ReadonlyMap<string, unknown>
  readonly sink: {
    readonly provider: SinkProvider
    readonly describe: string
    open(lastCommittedBatch: number): Promise<Sink>
  }
  /** Session settings written to the offset log; those pinned by a first start win over the session's. */
  readonly conf: Readonly<Record<string, string>>
  readonly watermarkPolicy: 'min' | 'max'
  readonly noDataBatches: boolean
  /** A stream silent for this long holds no watermark back; null: it does for ever. Sources may have their own. */
  readonly idleTimeoutMs: number | null
  /** When every stream is idle, what is still open goes out (option `flush`). */
  readonly flushOnIdle: boolean
  /** Go on with each stream's own watermark after a restart, not only with the combined one (millrace.extensions). */
  readonly keepStreamWatermarks: boolean
  /** Late against the watermark of the batch itself instead of the batch before (millrace.lateFilter=batch). */
  readonly strictLate: boolean
  /** Another sink than before, by leave of the user: it need not have the token of what was written to that one. */
  readonly isSinkNew: boolean
  readonly minBatchesToRetain: number
  readonly wake: () => void
  /** What holds a source up, for the status of the query; null when it goes on. */
  readonly holdUp: (what: string, text: string | null) => void
  readonly ids: { readonly runId: string; readonly name: string | null }
  /** Says in a line what recovery decided. */
  readonly note: (line: string) => void
  /** Those who read the output besides the sink. */
  readonly changes: ChangeFeed
  /** Those who read the rows that were dropped as late. */
  readonly late: LateFeed
  readonly bad: BadRecordsConfig
  readonly crash?: ((point: CrashPoint, batchId: number) => void) | undefined
}

interface OpenSource {
  readonly node: SourceNode
  readonly source: Source
  readonly description: string
}

/**
 * Runs one query in micro-batches: offset row, batch, sink, then state and commit row in one transaction. One call of
 * `next` is at most one batch. After an error the object is dead: state in memory is not rolled back, a restart reads
 * it from the checkpoint.
 */
export class MicroBatchExecution {
  readonly #config: MicroBatchConfig
  readonly #pipeline: Pipeline
  readonly #operators: ReadonlyMap<string, Operator>
  readonly #out: Batch[] = []
  readonly #store: StateStore
  readonly #watermarks: Watermarks
  readonly #idle: IdleStreams
  readonly #static: StaticSides
  readonly #bad: BadRecords
  #sources: readonly OpenSource[] = []
  #sink: Sink | null = null
  /** End of the last committed batch, by source name. */
  #committed: Record<string, Json> = {}
  #last: OffsetRow | null = null
  #rerun: OffsetRow | null = null
  /** The offset row of the batch that runs. */
  #running: OffsetRow | null = null
  #changes: ChangeBatch | null = null
  #late: LateBatch | null = null
  /** Warnings of the checkpoint that were said before. */
  readonly #warned: number
  #batchId = 0
  /** The batch after which there was nothing to flush: only another one can bring something. */
  #nothingHeldAfter = -1
  #closed = false

  constructor(config: MicroBatchConfig) {
    this.#config = config
    const { spec, env, checkpoint } = config
    this.#bad = new BadRecords(config.bad)
    checkpoint.checkFingerprints(spec.fingerprints)
    this.#warned = checkpoint.warnings.length
    this.#store = new CheckpointedStateStore(checkpoint)
    const operators = instantiate(spec, { env, store: this.#store })
    this.#operators = operators
    this.#pipeline = new Pipeline(
      spec,
      operators,
      (batch) => this.#out.push(batch),
      runnersOf(spec, env, config.signal),
    )
    this.#static = new StaticSides({
      pipeline: this.#pipeline,
      // Read beside the batches: there is none that its bad records could belong to.
      leaves: { ...this.#leaves(), bad: undefined },
      database: checkpoint.database,
      pacer: new Pacer(config.signal),
      renew: (nodes) => instantiate({ ...spec, nodes }, { env, store: null }),
      note: config.note,
    })
    const watermarks = spec.nodes.filter(
      (n): n is WatermarkNode => n.op === 'watermark' && this.#pipeline.phaseOf(n.id) === 'stream',
    )
    this.#idle = new IdleStreams(spec, config.idleTimeoutMs, config.clock.nowMs())
    if (config.flushOnIdle && this.#idle.withoutTimeout.length > 0)
      throw new OptionError(
        'FLUSH_WITHOUT_IDLE_TIMEOUT',
        { source: this.#idle.withoutTimeout.join(', ') },
        { hint: 'set millrace.idleTimeout, or option idleTimeout of the stream' },
      )
    this.#watermarks = new Watermarks(
      watermarks.map((node) => ({ spec: node, operator: operators.get(node.id) as Watermark })),
      config.watermarkPolicy,
    )
  }

  /** Batch id the next `next` will run, rerun included. */
  get batchId(): number {
    return this.#batchId
  }

  /** Offsets of the last committed batch. */
  get offsets(): Readonly<Record<string, Json>> {
    return this.#committed
  }

  /** Where the batch that runs, or failed, ends; null between batches. */
  get endOffsets(): Readonly<Record<string, Json>> | null {
    return this.#running?.offsets ?? null
  }

  /** Reads the logs, opens sources, reads static sides, opens the sink. */
  async open(): Promise<void> {
    const { checkpoint, sink, note } = this.#config
    // A tokened sink is asked for its token first; it is closed with the rest when the opening fails behind this point.
    if (sink.provider.kind === 'tokened') this.#sink = await sink.open(-1)
    const token = await this.#sink?.readToken?.()
    const recovery = checkpoint.recover(token === null && this.#config.isSinkNew ? undefined : token)
    this.#takeUp(recovery)
    const leaves = this.#leaves()
    const open: OpenSource[] = []
    this.#sources = open
    for (const node of this.#pipeline.leaves('stream')) {
      const mayReuse = sink.provider.releases === true && this.#pipeline.releases(node.id)
      const at = node as SourceNode
      const description = describeSource(at, leaves.objects)
      open.push({ node: at, source: await openSource(at, leaves, mayReuse), description })
    }
    checkpoint.checkSourceLogs()
    this.#pipeline.beginTrigger({ batchId: this.#batchId, watermarkUs: 0n, lateUs: 0n })
    await this.#static.open()
    takeObserved(this.#config.spec, this.#operators)
    this.#sink ??= await sink.open(this.#batchId - 1)
    await this.#bad.open(this.#batchId - 1, checkpoint)
    for (const warning of checkpoint.warnings.slice(this.#warned)) note(`checkpoint: ${warning}`)
    if (recovery.kind === 'rerun')
      note(`recovery: batch ${recovery.row.batchId} has offsets and no commit, running it again`)
    else if (recovery.kind === 'continue')
      note(`recovery: batch ${recovery.last.batchId} is committed, going on with batch ${this.#batchId}`)
  }

  #takeUp(recovery: Recovery): void {
    if (recovery.kind === 'fresh') return
    const { lastCommit } = recovery
    // Spark forgets on restart which watermark each single stream had reached; keeping it is an extension.
    if (lastCommit !== null) {
      const kept = this.#config.keepStreamWatermarks
      this.#watermarks.restore(
        lastCommit.nextBatchWatermarkMs,
        kept ? lastCommit.streamWatermarksMs : {},
        kept ? (lastCommit.partitionTimesUs ?? {}) : {},
      )
    }
    if (recovery.kind === 'rerun') {
      this.#rerun = recovery.row
      this.#batchId = recovery.row.batchId
      this.#last = recovery.previous
      this.#committed = { ...recovery.previous?.offsets }
    } else {
      this.#last = recovery.last
      this.#batchId = recovery.last.batchId + 1
      this.#committed = { ...recovery.last.offsets }
    }
  }

  #leaves(): LeafContext {
    const { clock, env, signal, objects, checkpoint, wake, note, holdUp } = this.#config
    return {
      clock,
      timeZone: env.timeZone,
      env,
      signal,
      objects,
      log: (name) => checkpoint.sourceLog(name),
      database: checkpoint.database,
      metadata: { get: (k) => checkpoint.metadata(k), set: (k, v) => checkpoint.setMetadata(k, v) },
      wake,
      bad: (name) => this.#bad.source(name),
      note,
      holdUp,
    }
  }

  /** Freezes every source at what it has now (trigger availableNow). */
  async prepareAvailableNow(): Promise<void> {
    for (const { source } of this.#sources) await source.prepareAvailableNow?.()
  }

  /**
   * Runs the next batch if there is one: a rerun, new data, or no data but a watermark that moved. `dataOnly` leaves the
   * last kind out (trigger once). null: nothing to do now. Waits for readers of changes that are behind, unless `leave`
   * resolves.
   */
  async next(dataOnly: boolean, leave: Promise<void>): Promise<StreamingQueryProgress | null> {
    const phases: Phases = {}
    const started = this.#config.clock.nowMs()
    const report = new BatchReport(started, phases)
    const rerun = this.#rerun
    const row = rerun ?? (await report.time('latestOffset', () => this.#constructBatch(dataOnly)))
    if (row === null) return null
    this.#running = row
    await report.time('addBatch', () => this.#static.bring(row))
    this.#watermarks.begin(row.batchWatermarkMs, (row.extra[IDLE] ?? []) as readonly string[])
    this.#changes = this.#config.changes.begin(row.batchId)
    this.#late = this.#config.late.begin(row.batchId)
    const { checkpoint, crash } = this.#config
    if (rerun === null) {
      crash?.('before-offsets', row.batchId)
      await report.time('walCommit', async () => {
        checkpoint.writeOffsets(row)
        for (const { node, source } of this.#sources) {
          const done = this.#committed[node.name]
          if (done !== undefined && this.#last !== null) await source.commit?.(done)
        }
      })
    }
    crash?.('after-offsets', row.batchId)
    const inputs = await report.time('addBatch', () => this.#runBatch(row, report, rerun !== null))
    crash?.('before-commit', row.batchId)
    const eventTime = this.#watermarks.advance()
    await report.time('commitOffsets', async () => this.#commit(row))
    crash?.('after-commit', row.batchId)
    const progress = report.finish({
      ids: { id: checkpoint.queryId, ...this.#config.ids },
      now: this.#config.clock.nowMs(),
      row,
      inputs,
      pipeline: this.#pipeline,
      store: this.#store,
      eventTime,
      hasWatermark: this.#watermarks.any,
      sink: this.#config.sink.describe,
      staticTables: this.#static.progress(row),
      bad: this.#bad.counts,
      observed: observedMetrics(takeObserved(this.#config.spec, this.#operators)),
    })
    this.#committed = { ...row.offsets }
    this.#last = row
    this.#rerun = null
    this.#running = null
    this.#batchId = row.batchId + 1
    await this.#changes?.publish(leave)
    await this.#late?.publish(leave)
    return progress
  }

  /** The offset row of the next batch, or null when there is no reason for one. */
  async #constructBatch(dataOnly: boolean): Promise<OffsetRow | null> {
    const offsets: Record<string, Json> = {}
    const now = this.#config.clock.nowMs()
    let hasData = false
    for (const { node, source } of this.#sources) {
      const from = this.#committed[node.name]
      const latest = await source.latestOffset(from ?? null)
      if (latest !== null && (from === undefined || !sameJson(from, latest))) {
        offsets[node.name] = latest
        hasData = true
        this.#idle.heard(node.name, now)
      } else if (from !== undefined) offsets[node.name] = from
    }
    const idle = this.#idle.at(now)
    const reachedMs = this.#watermarks.withoutIdle(idle)
    const flushMs = hasData || dataOnly ? null : this.#flushTo(idle, reachedMs)
    const watermarkMs = flushMs ?? reachedMs
    const moved = this.#last !== null && watermarkMs > this.#last.batchWatermarkMs
    if (
      !hasData &&
      flushMs === null &&
      (dataOnly || !this.#config.noDataBatches || !((moved && this.#usesWatermark()) || this.#timerDue(now)))
    )
      return null
    return {
      batchId: this.#batchId,
      offsets,
      batchWatermarkMs: watermarkMs,
      lateWatermarkMs: this.#config.strictLate ? watermarkMs : (this.#last?.batchWatermarkMs ?? 0),
      // Never before the last batch, though the clock may have jumped back.
      batchTimestampMs: Math.max(now, this.#last?.batchTimestampMs ?? now),
      conf: this.#config.conf,
      extra: {
        ...(idle.length > 0 ? { [IDLE]: idle } : {}),
        ...(await this.#static.versions(this.#last, now)),
        ...(flushMs === null ? {} : { [FLUSHED]: flushMs }),
      },
    }
  }

  /**
   * The watermark that lets go what the operators hold back, where every stream is idle and that is asked for: the last
   * instant for which they wait, so that no window which has not begun is closed. null: nothing to flush.
   */
  #flushTo(idle: readonly string[], reachedMs: number): number | null {
    if (!this.#config.flushOnIdle || this.#last === null || !this.#idle.isAll(idle)) return null
    if (this.#nothingHeldAfter === this.#last.batchId) return null
    const heldUs = this.#pipeline.heldUntilUs()
    const toMs = heldUs === null ? -1 : Number((heldUs + 999n) / 1000n)
    if (toMs > reachedMs) return toMs
    this.#nothingHeldAfter = this.#last.batchId
    return null
  }

  /** Whether an operator has something to do when only the watermark moves. */
  #usesWatermark(): boolean {
    return this.#config.spec.nodes.some(
      (n) =>
        this.#pipeline.phaseOf(n.id) === 'stream' &&
        (((n.op === 'aggregate' || n.op === 'session-aggregate') && n.emit !== 'complete') ||
          n.op === 'dedup' ||
          (n.op === 'groupsWithState' && n.timeout === 'EventTimeTimeout') ||
          (n.op === 'transformWithState' && n.timeMode === 'EventTime') ||
          (n.op === 'stream-join' && (n.left.release !== null || n.right.release !== null))),
    )
  }

  /** Whether a timer in processing time has come. */
  #timerDue(nowMs: number): boolean {
    const now = BigInt(Math.trunc(nowMs)) * 1000n
    for (const [id, operator] of this.#operators) {
      const wake = this.#pipeline.phaseOf(id) === 'stream' ? operator.wakeAtUs?.() : null
      if (wake !== null && wake !== undefined && wake <= now) return true
    }
    return false
  }

  async #runBatch(row: OffsetRow, report: BatchReport, isRerun: boolean): Promise<ReadonlyMap<string, BatchInput>> {
    const { env, checkpoint, signal, crash } = this.#config
    const sink = this.#sink!
    env.setBatchTime(BigInt(row.batchTimestampMs) * 1000n)
    const token: SinkToken = { queryId: checkpoint.queryId, batchId: row.batchId, offsetHash: hashOffsetRow(row) }
    this.#pipeline.beginTrigger({
      batchId: row.batchId,
      watermarkUs: BigInt(row.batchWatermarkMs) * 1000n,
      lateUs: BigInt(row.lateWatermarkMs) * 1000n,
      late: this.#late,
      bad: this.#bad,
    })
    const inputs = new Map<string, BatchInput>()
    await sink.begin(row.batchId, token)
    try {
      await this.#bad.begin(row, token, isRerun)
      const write = async (): Promise<void> => {
        for (const batch of this.#out.splice(0)) {
          report.outputRows += batch.rowCount
          this.#changes?.add(batch)
          const pending = sink.add(batch)
          if (pending !== undefined) await pending
        }
        await this.#bad.write()
      }
      const between = (): Promise<void> | undefined => (this.#out.length > 0 || this.#bad.waits ? write() : undefined)
      const pacer = new Pacer(signal)
      const steps = this.#pipeline.steps('stream')
      const lastRead = steps.findLastIndex((s) => s.kind === 'read')
      for (const [i, step] of steps.entries()) {
        if (step.kind === 'end') {
          this.#watermarks.comesFrom(null, null)
          await pacer.run(this.#pipeline.end(step.id), between)
          continue
        }
        const { node, source, description } = this.#sources.find((s) => s.node.id === step.leaf.id)!
        const from = this.#committed[node.name] ?? null
        const to = row.offsets[node.name]
        let rows = 0
        if (to !== undefined && (from === null || !sameJson(from, to)))
          for await (const batch of source.read(from, to)) {
            rows += batch.rowCount
            const partition = source.currentPartition?.() ?? null
            this.#watermarks.comesFrom(node.name, partition)
            this.#bad.feed({ name: node.name, source, batch }, partition, from, to)
            await pacer.run(this.#pipeline.feed(node.id, batch), between)
            if (batch.rowCount === 0) await between()
          }
        const metrics = source.takeMetrics?.()
        inputs.set(node.id, {
          node,
          description,
          from,
          to: to ?? null,
          rows: metrics?.rowsRead ?? rows,
          slowRows: metrics?.slowRows,
          badRecords: this.#bad.counts.get(node.name),
          latest: source.reportLatestOffset?.() ?? to ?? null,
          metrics: to === undefined ? {} : (source.reportMetrics?.(to) ?? {}),
        })
        if (i === lastRead) crash?.('during-batch', row.batchId)
      }
      await write()
      await this.#bad.finish()
      await sink.finish()
    } catch (error) {
      this.#out.length = 0
      await this.#bad.abort()
      await sink.abort?.()
      throw placed(error, this.#config.ids.name ?? checkpoint.queryId, row.batchId)
    }
    crash?.('after-sink', row.batchId)
    return inputs
  }

  #commit(row: OffsetRow): void {
    const { checkpoint, minBatchesToRetain } = this.#config
    const sink = this.#sink!
    const partitionTimesUs = this.#watermarks.partitions
    const commit: CommitRow = {
      batchId: row.batchId,
      nextBatchWatermarkMs: this.#watermarks.currentMs,
      streamWatermarksMs: this.#watermarks.streams,
      ...(partitionTimesUs === undefined ? {} : { partitionTimesUs }),
    }
    checkpoint.commit(commit, this.#store.takeWrites(SNAPSHOT_BUDGET_BYTES), () => {
      this.#bad.writeInTx?.()
      sink.writeInTx?.()
      checkpoint.purge(minBatchesToRetain)
    })
    this.#static.committed(row)
  }

  /** Closes sources and sink, and the checkpoint unless another execution goes on with it. */
  async close(options: { readonly keepCheckpoint?: boolean } = {}): Promise<void> {
    const operators = this.#closed ? [] : [...this.#operators.values()]
    this.#closed = true
    const closing = [
      ...this.#sources.map((s) => s.source.close()),
      this.#sink?.close(),
      this.#bad.close(),
      this.#static.close(),
      ...operators.map(async (operator) => operator.close?.()),
    ]
    this.#sources = []
    this.#sink = null
    const results = await Promise.allSettled(closing)
    const { checkpoint } = this.#config
    if (options.keepCheckpoint === true) checkpoint.discardPending()
    else checkpoint.close()
    for (const r of results) if (r.status === 'rejected') throw r.reason
  }
}

/** What one source gave to a batch. */
export interface BatchInput {
  readonly node: NodeSpec
  readonly description: string
  readonly from: Json
  readonly to: Json
  readonly rows: number
  /** See SourceMetrics. */
  readonly slowRows: number | undefined
  /** Records it could not decode; undefined where there were none. */
  readonly badRecords: number | undefined
  /** See Source.reportLatestOffset and reportMetrics. */
  readonly latest: Json
  readonly metrics: Readonly<Record<string, string>>
}
