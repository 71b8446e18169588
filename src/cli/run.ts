import { OptionError } from '../errors/errors.ts'
import { MillraceSession } from '../session.ts'
import type { OutputMode } from '../shell/output-mode.ts'
import { readText } from '../shell/read-text.ts'
import { processScreen } from '../shell/screen.ts'
import { showResult } from '../shell/show-result.ts'
import { stopGracefully, whileQueriesRun } from '../shell/start.ts'
import { startTail } from '../shell/tail.ts'
import { parseStatements } from '../sql/parse.ts'
import { FAILED, faultLine } from './fault.ts'
import { type CommonOptions, settings } from './options.ts'

/**
 * `millrace run file.sql`: runs the statements of a file and stays while queries started by them run. SELECT over a stream
 * prints its rows as they come, beside the others. SIGTERM and SIGINT let every query finish and commit the batch it is
 * in; a second one ends the process at once. A query that fails ends the others and gives exit code 1.
 */
export async function runFile(path: string, options: CommonOptions & { readonly batch?: boolean; readonly stream?: boolean }): Promise<void> {
  const json = options.json === true
  const say = (text: string): void => void process.stderr.write(text)
  if (options.batch === true && options.stream === true) throw new OptionError('EXCLUSIVE_RUN_MODES', {})
  const runMode: Record<string, string> = options.batch === true ? { 'millrace.runMode': 'batch' } : options.stream === true ? { 'millrace.runMode': 'stream' } : {}
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
  const timeZone = session.conf.get('spark.sql.session.timeZone') ?? 'UTC'
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
  const tails: Promise<void>[] = []
  let well = true
  const report = (error: unknown): Promise<void> => {
    say(faultLine(error, json))
    return Promise.resolve()
  }
  try {
    for await (const df of session.script(text)) {
      if (stop.signal.aborted) break
      if (df.isStreaming) {
        const { done } = await startTail(session, df, mode, screen)
        // Its failure is the query's, which whileQueriesRun reports.
        tails.push(done.catch(() => undefined))
      } else if (df.schema.fields.length === 0) await df.batches({ signal: stop.signal })
      else await showResult(df, mode, timeZone, screen, stop.signal)
    }
    well = await whileQueriesRun(session, stop.signal, report)
  } catch (error) {
    if (!stop.signal.aborted) {
      await report(error)
      well = false
    }
  } finally {
    await stopGracefully(session)
    await Promise.all(tails)
    await session.stop()
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
  if (!well) process.exitCode = FAILED
}
