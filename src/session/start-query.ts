import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { memoryCheckpoint, openCheckpointWhenFree } from '../checkpoint/open.ts'
import { validateOptions } from '../connectors/options.ts'
import type { StreamRequest } from '../dataframe/context.ts'
import { claimLocation } from '../engine/active-locations.ts'
import { checkRestart } from '../engine/restart.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import { OptionError, UnsupportedError } from '../errors/errors.ts'
import { checkStreaming } from '../plan/check-streaming.ts'
import { outputMode } from '../plan/output-mode.ts'
import { takeBadRecords } from './bad-records.ts'
import { checkDeletions, checkPartitioning } from './check-sink.ts'
import type { RuntimeConfig } from './conf.ts'
import type { Planning } from './planning.ts'
import { prepareQuery } from './prepare-query.ts'
import type { SessionParts } from './session-parts.ts'

/**
 * Starts a streaming query. Refusals come before the checkpoint is touched; a checkpoint location is run by one query of
 * this process at a time.
 */
export async function startQuery(
  request: StreamRequest,
  parts: SessionParts,
  planning: Planning,
): Promise<StreamingQuery> {
  const { conf, connectors, streams } = parts
  const mode = outputMode(request.outputMode, conf.flag('millrace.extensions'))
  const freeName = streams.reserveName(request.queryName)
  try {
    const provider = connectors.sink(request.format)
    const { bad, others } = takeBadRecords(request.options, connectors)
    const { checkpointLocation, flush, ...sinkOptions } = others
    const options = validateOptions(provider.format, provider.options, sinkOptions, provider.openOptions)
    const flushOnIdle = flushOption(flush ?? conf.get('millrace.flush')!) === 'onIdle'
    if (!provider.modes.includes(mode))
      throw new UnsupportedError(
        'STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE',
        { format: provider.format, mode },
        { hint: `${provider.format} takes ${provider.modes.join(', ')}` },
      )
    checkPartitioning(provider, request.partitionBy)
    if (request.restart !== undefined) checkRestart(request.restart)
    // Refusals come before anything is touched.
    const asked = await planning.observed(() => planning.analyze(request.plan))
    checkStreaming(asked, mode, planning.settings(), planning.env())
    checkDeletions(provider, asked, mode)
    const location = locationOf(checkpointLocation, request.queryName, conf)
    const claim =
      location === null ? null : await claimLocation(location, conf.flag('spark.sql.streaming.stopActiveRunOnRestart'))
    try {
      const checkpoint = location === null ? memoryCheckpoint() : await openCheckpoint(location, conf)
      const started = prepareQuery(
        {
          request,
          mode,
          provider,
          options,
          flushOnIdle,
          bad,
          checkpoint,
          durability: location === null ? null : durabilityOf(conf),
          waits: (query) => claim?.hold(query),
          release: () => claim?.release(),
        },
        parts,
        planning,
      )
      streams.register(started.query)
      freeName()
      const query = await started.begin()
      claim?.hold(query)
      return query
    } catch (error) {
      claim?.release()
      throw error
    }
  } finally {
    freeName()
  }
}

function openCheckpoint(location: string, conf: RuntimeConfig): Promise<Checkpoint> {
  return openCheckpointWhenFree(location, {
    lockTimeoutMs: conf.number('millrace.lockTimeoutMs'),
    durability: durabilityOf(conf),
    ...(conf.get('millrace.checkpoint.maxPages') === undefined
      ? {}
      : { maxPageCount: conf.number('millrace.checkpoint.maxPages') }),
  })
}

const durabilityOf = (conf: RuntimeConfig): 'power' | 'process' =>
  conf.get('millrace.durability') === 'process' ? 'process' : 'power'

function locationOf(option: string | undefined, name: string | null, conf: RuntimeConfig): string | null {
  if (option === IN_MEMORY) return null
  if (option !== undefined) return resolve(option)
  const root = conf.get('spark.sql.streaming.checkpointLocation')
  return root === undefined ? null : resolve(root, name ?? randomUUID())
}

/** As a checkpoint location: kept nowhere, whatever `spark.sql.streaming.checkpointLocation` says. */
const IN_MEMORY = ':memory:'

/** `onIdle` or `never`, in any case; OPTION_INVALID otherwise. */
function flushOption(text: string): 'onIdle' | 'never' {
  const value = (['onIdle', 'never'] as const).find((v) => v.toLowerCase() === text.toLowerCase())
  if (value !== undefined) return value
  throw new OptionError('OPTION_INVALID', {
    option: 'flush',
    format: 'a stream',
    value: text,
    expected: 'onIdle or never',
  })
}
