import { OperationAborted } from '../engine/aborted.ts'
import { OptionError } from '../errors/errors.ts'
import { MillraceSession } from '../session.ts'
import type { OutputMode } from '../shell/output-mode.ts'
import { readText } from '../shell/read-text.ts'
import { processScreen } from '../shell/screen.ts'
import { showResult } from '../shell/show-result.ts'
import { QueryWatch, stopGracefully } from '../shell/query-watch.ts'
import { startTail } from '../shell/tail.ts'
import { parseStatements } from '../sql/parse.ts'
import { FAILED, faultLine } from './fault.ts'
import { type CommonOptions, settings } from './options.ts'

/**
 * `millrace run file.sql`: runs the statements of a file and stays while queries started by them run. SELECT over a stream
 * prints its rows as they come, beside the others. SIGTERM and SIGINT let every query finish and commit the batch it is
 * in; a second one ends the process at once. A query that fails, or a statement that is cut short, gives exit code 1.
 */
export async function runFile(
  path: string,
  options: CommonOptions & { readonly batch?: boolean; readonly stream?: boolean },
): Promise<void> {
  const json = options.json === true
  const say = (text: string): void => void process.stderr.write(text)
  if (options.batch === true && options.stream === true) throw new OptionError('EXCLUSIVE_RUN_MODES', {})
  const runMode: Record<string, string> =
    options.batch === true
      ? { 'millrace.runMode': 'batch' }
      : options.stream === true
        ? { 'millrace.runMode': 'stream' }
        : {}
  const session = new MillraceSession({ ...settings(options.conf), ...runMode })
  const text = readText(path)
  const { errors } = parseStatements(text)
  for (const error of errors) say(faultLine(error, json))
  if (errors.length > 0) {
    process.exitCode = FAILED
    return
  }
  const screen = processScreen(false)
  const mode: OutputMode = json ? 'json' : 'table'
  const stop = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(FAILED)
    if (!json) say(`${signal}: finishing the batch in flight; again to stop at once\n`)
    stop.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  session.streams.addListener({
    onQueryStarted: ({ id, runId, name }) =>
      say(json ? `${JSON.stringify({ started: { id, runId, name } })}\n` : `started ${name ?? id}\n`),
    onQueryTerminated: ({ id, runId, exception }) =>
      say(json ? `${JSON.stringify({ terminated: { id, runId, exception } })}\n` : ''),
  })
  const watch = new QueryWatch(session)
  const tails: Promise<void>[] = []
  let well = true
  const report = (error: unknown): void => say(faultLine(error, json))
  try {
    for await (const df of session.script(text)) {
      if (stop.signal.aborted || watch.failure !== null) break
      if (df.isStreaming) {
        const { done } = await startTail(session, df, mode, screen)
        // Its failure is the query's, which is reported below.
        tails.push(done.catch(() => undefined))
      } else if (df.schema.fields.length === 0) await df.batches({ signal: stop.signal })
      else {
        const timeZone = session.conf.get('spark.sql.session.timeZone') ?? 'UTC'
        await showResult(df, mode, timeZone, screen, stop.signal)
      }
    }
    await watch.settled(stop.signal)
  } catch (error) {
    // A statement that was cut short has not done its work either.
    well = false
    if (!(error instanceof OperationAborted && stop.signal.aborted)) report(error)
  } finally {
    await stopGracefully(session)
    await Promise.all(tails)
    await session.stop()
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
  if (watch.failure !== null) report(watch.failure.error)
  if (!well || watch.failure !== null) process.exitCode = FAILED
}
