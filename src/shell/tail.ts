import { randomUUID } from 'node:crypto'
import type { Batch } from '../columns/batch.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { TriggerSpec } from '../engine/trigger.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { outputSchema } from '../plan/changes.ts'
import type { MillraceSession } from '../session.ts'
import { cellMaker, type OutputMode } from './output-mode.ts'
import type { Screen } from './screen.ts'
import { plainView, redrawView, scrollView, type TailView } from './tail-view.ts'

/** How often the status line is drawn when nothing happens, in milliseconds. */
const TICK_MS = 1000

/** A streaming query whose rows are on the screen. It keeps nothing: started again it begins from the beginning. */
export interface Tail {
  readonly query: StreamingQuery
  /** Resolves when the query has ended and the view is closed; rejects with its failure. */
  readonly done: Promise<void>
}

/**
 * Starts a streaming query that prints. Rows that never change scroll by; a result that changes is drawn again in place
 * on a terminal (`complete`), and in a pipe gives the rows that changed in each batch (`update`). The setting
 * `millrace.shell.outputMode` chooses otherwise.
 */
export async function startTail(
  session: MillraceSession,
  df: DataFrame,
  mode: OutputMode,
  screen: Screen,
  trigger: TriggerSpec = { kind: 'default' },
): Promise<Tail> {
  const wished = session.conf.get('millrace.shell.outputMode')
  const modes =
    wished === undefined || wished === 'auto'
      ? screen.tty
        ? ['append', 'complete', 'update']
        : ['append', 'update', 'complete']
      : [wished]
  let refused: unknown
  for (const outputMode of modes) {
    try {
      return await startIn(session, df, outputMode, mode, screen, trigger)
    } catch (error) {
      // The mode does not fit the query: the next one may. What the first one says is what the user can act on.
      if (!(error instanceof UnsupportedError)) throw error
      refused ??= error
    }
  }
  throw refused
}

async function startIn(
  session: MillraceSession,
  df: DataFrame,
  outputMode: string,
  mode: OutputMode,
  screen: Screen,
  trigger: TriggerSpec,
): Promise<Tail> {
  const schema = outputSchema(df.schema, outputMode)
  const cells = cellMaker(schema, mode, session.conf.get('spark.sql.session.timeZone') ?? 'UTC')
  const show = !screen.tty ? plainView : outputMode === 'complete' ? redrawView : scrollView
  const view: TailView = show(schema, mode, screen)
  const begun = performance.now()
  let query: StreamingQuery | null = null
  const status = (): Promise<void> => view.status(query?.lastProgress ?? null, performance.now() - begun)
  const id = randomUUID()
  const body = async (batches: readonly Batch[]): Promise<void> => {
    await view.rows(batches.flatMap(cells))
    if (query !== null) await status()
  }
  query = await df.writeStream
    .outputMode(outputMode)
    .trigger(trigger)
    .format('foreachBatch')
    .option('checkpointLocation', IN_MEMORY)
    .option('id', id)
    .withObject(id, body)
    .start()
  return { query, done: follow(query, view, status) }
}

/** A checkpoint location that is kept nowhere. */
const IN_MEMORY = ':memory:'

async function follow(query: StreamingQuery, view: TailView, status: () => Promise<void>): Promise<void> {
  const tick = setInterval(() => void status().catch(() => clearInterval(tick)), TICK_MS)
  try {
    await status()
    await query.awaitTermination()
  } finally {
    clearInterval(tick)
    await view.close()
  }
}
