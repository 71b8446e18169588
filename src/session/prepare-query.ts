import { OperationAborted } from '../engine/aborted.ts'
import { BAD_RECORD_SCHEMA, badRecordsId, sparedNowhere } from '../engine/bad-records.ts'
import { ChangeFeed } from '../engine/change-feed.ts'
import { guaranteeLines, guaranteesOf } from '../engine/guarantees.ts'
import { LateFeed } from '../engine/late-rows.ts'
import { type MicroBatchConfig, MicroBatchExecution } from '../engine/micro-batch.ts'
import { StreamingQuery } from '../engine/streaming-query.ts'
import { explain } from '../plan/explain.ts'
import { stateWarnings } from '../plan/state-warnings.ts'
import { upsertKey } from '../plan/upsert-key.ts'
import { checkBadRecords, sourcesOf } from './bad-records.ts'
import { PINNED_KEYS } from './env.ts'
import { keepSchemas } from './inferred-schema.ts'
import { planStream, type StreamPlan } from './plan-stream.ts'
import type { Planning } from './planning.ts'
import { keepIdentity } from './query-identity.ts'
import { triggerIn } from './run-mode.ts'
import type { SessionParts } from './session-parts.ts'
import type { StartingQuery } from './starting-query.ts'

/** A query that has not begun: its first execution is there, so that a checkpoint that does not fit is refused. */
export interface PreparedQuery {
  readonly query: StreamingQuery
  begin(): Promise<StreamingQuery>
}

/** Plans a query over its checkpoint, which is closed when that fails. */
export function prepareQuery(given: StartingQuery, parts: SessionParts, planning: Planning): PreparedQuery {
  const { request, mode, provider, options, bad, checkpoint } = given
  const { conf, connectors, streams, clock, hooks } = parts
  try {
    if (request.signal?.aborted === true) throw new OperationAborted('stopped')
    const plan = planStream(given, parts, planning)
    const { asked, analyzed, optimized, identified, spec } = plan
    const sources = sourcesOf(spec, connectors)
    checkBadRecords(bad, sources, { provider, options, queryName: request.queryName })
    const guarantees = guaranteesOf(sources, { provider, options }, bad.sink, given.durability)
    const changes = new ChangeFeed(spec.schema, mode, parts.rowOptions())
    const late = new LateFeed(parts.rowOptions())
    const note =
      hooks.note ??
      ((line: string) => void process.stderr.write(`millrace: ${request.queryName ?? checkpoint.queryId}: ${line}\n`))
    const onAbort = (): void => void query.stop().catch((error: unknown) => note(String(error)))
    const query = new StreamingQuery({
      id: checkpoint.queryId,
      name: request.queryName,
      trigger: triggerIn(conf.get('millrace.runMode'), request.trigger),
      clock,
      bus: streams.bus,
      keepProgress: conf.number('spark.sql.streaming.numRecentProgressUpdates'),
      stopTimeoutMs: conf.number('spark.sql.streaming.stopTimeout'),
      restart: request.restart,
      changes,
      late,
      guarantees,
      describe: (how) =>
        `${explain({ analyzed, optimized, modes: mode }, how)}\n== Guarantees ==\n${guaranteeLines(guarantees).join('\n')}\n`,
      note,
      onWait: () => given.waits(query),
      onEnd: (started) => {
        request.signal?.removeEventListener('abort', onAbort)
        streams.unregister(query, started)
        given.release()
      },
    })
    const config: MicroBatchConfig = { ...executionOf(given, plan, query, parts), changes, late, note }
    const make = (): MicroBatchExecution => {
      const execution = new MicroBatchExecution(config)
      keepIdentity(checkpoint, identified.identity)
      keepSchemas(checkpoint, asked)
      return execution
    }
    let execution: MicroBatchExecution
    try {
      execution = make()
    } catch (error) {
      query.unref()
      throw error
    }
    for (const line of identified.notes) note(line)
    if (bad.policy !== 'fail') for (const line of sparedNowhere(spec)) note(`warning: ${line}`)
    if (mode !== 'complete') for (const line of stateWarnings(analyzed)) note(`warning: ${line}`)
    request.signal?.addEventListener('abort', onAbort, { once: true })
    return { query, begin: () => query.begin(execution, make) }
  } catch (error) {
    checkpoint.close()
    throw error
  }
}

/** What runs the batches of a query, under the settings as they are now. */
function executionOf(
  { request, mode, provider, options, flushOnIdle, bad, checkpoint, durability }: StartingQuery,
  { settings, env, analyzed, identified, spec }: StreamPlan,
  { runId, name, signal, wake, holdUp }: StreamingQuery,
  { conf, clock, hooks, objects: kept }: SessionParts,
): Omit<MicroBatchConfig, 'changes' | 'late' | 'note'> {
  const objects = new Map([...kept, ...request.objects])
  const sinkOfQuery = {
    queryId: checkpoint.queryId,
    timeZone: env.timeZone,
    nowUs: () => BigInt(clock.nowMs()) * 1000n,
    signal,
    objects,
    database: durability === null ? null : checkpoint.database,
  }
  return {
    spec,
    env,
    checkpoint,
    clock,
    signal,
    objects,
    sink: {
      provider,
      describe: provider.describe(options),
      open: (lastCommittedBatch) =>
        provider.open(options, {
          ...sinkOfQuery,
          schema: spec.schema,
          status: (text) => holdUp('sink', text),
          mode,
          upsertKey: upsertKey(analyzed),
          queryName: request.queryName,
          lastCommittedBatch,
          partitionBy: request.partitionBy,
        }),
    },
    bad: {
      policy: bad.policy,
      maxRecords: bad.maxRecords,
      open:
        bad.sink === null
          ? null
          : (lastCommittedBatch) =>
              bad.sink!.provider.open(bad.sink!.options, {
                ...sinkOfQuery,
                queryId: badRecordsId(checkpoint.queryId),
                schema: BAD_RECORD_SCHEMA,
                takesBadRecords: true,
                status: (text) => holdUp('sink for bad records', text),
                mode: 'append',
                // The name is that of the query's own table.
                queryName: null,
                lastCommittedBatch,
              }),
    },
    conf: Object.fromEntries(PINNED_KEYS.flatMap((k) => (settings(k) === undefined ? [] : [[k, settings(k)!]]))),
    watermarkPolicy: settings('spark.sql.streaming.multipleWatermarkPolicy') === 'max' ? 'max' : 'min',
    idleTimeoutMs: conf.duration('millrace.idleTimeout'),
    flushOnIdle,
    keepStreamWatermarks: conf.flag('millrace.extensions'),
    noDataBatches: conf.flag('spark.sql.streaming.noDataMicroBatches.enabled'),
    strictLate: conf.get('millrace.lateFilter') === 'batch',
    isSinkNew: identified.isSinkNew,
    minBatchesToRetain: conf.number('spark.sql.streaming.minBatchesToRetain'),
    wake,
    holdUp,
    ids: { runId, name },
    crash: hooks.crash,
  }
}
