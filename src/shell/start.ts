import { MillraceSession } from '../session.ts'
import { History, historyPath } from './history.ts'
import { outputModeOf } from './output-mode.ts'
import { runPiped } from './piped.ts'
import { runPrompt } from './prompt.ts'
import { processScreen } from './screen.ts'
import { Shell } from './shell.ts'

export interface StartOptions {
  /** One of OUTPUT_MODES; box on a terminal and table in a pipe when left out. */
  readonly mode?: string | undefined
  readonly conf: Readonly<Record<string, string>>
}

/**
 * The shell: a prompt when both ends are a terminal, else statements from standard input. Gives whether all went well. At
 * the end of a pipe it stays while queries run; a terminal's queries are stopped after their batch.
 */
export async function startShell(options: StartOptions): Promise<boolean> {
  const tty = process.stdin.isTTY === true && process.stdout.isTTY === true
  const screen = processScreen(tty)
  const note: { sink: ((line: string) => void) | null } = { sink: null }
  const session = new MillraceSession(options.conf, {
    note: (line) => (note.sink === null ? void process.stderr.write(`millrace: ${line}\n`) : note.sink(line)),
  })
  const shell = new Shell(session, screen, { mode: options.mode === undefined ? (tty ? 'box' : 'table') : outputModeOf(options.mode) })
  const stop = new AbortController()
  // While a statement runs at a prompt SIGINT is for it alone; see runPrompt.
  const onSignal = (): void => {
    stop.abort()
    shell.leave()
    shell.interrupt()
    process.stdin.destroy()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  if (!tty) process.on('SIGINT', onSignal)
  try {
    if (tty) {
      await runPrompt(shell, new History(historyPath(session.conf.get('millrace.shell.history'), process.env)), note)
      return true
    }
    const well = await runPiped(shell, process.stdin)
    return well && (shell.left || (await whileQueriesRun(session, stop.signal, (error) => shell.report(error))))
  } finally {
    const { active } = session.streams
    if (active.length > 0) await shell.notice(`stopping ${active.length} ${active.length === 1 ? 'query' : 'queries'} after the batch in flight …`)
    await stopGracefully(session)
    await session.stop()
    process.off('SIGTERM', onSignal)
    process.off('SIGHUP', onSignal)
    process.off('SIGINT', onSignal)
  }
}

/** Resolves when no query runs any more or `signal` aborts; false when one has failed, which `report` is told. */
export async function whileQueriesRun(session: MillraceSession, signal: AbortSignal, report: (error: unknown) => Promise<void>): Promise<boolean> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  while (session.streams.active.length > 0 && !signal.aborted) {
    const ends = session.streams.active.map((q) => q.awaitTermination())
    try {
      await Promise.race([aborted, ...ends])
    } catch (error) {
      await report(error)
      return false
    }
  }
  return true
}

/** Stops every query after the batch it is in. */
export async function stopGracefully(session: MillraceSession): Promise<void> {
  await Promise.all(session.streams.active.map((q) => q.stop({ graceful: true })))
}
