import { MillraceSession } from '../session.ts'
import { History, historyPath } from './history.ts'
import { outputModeOf } from './output-mode.ts'
import { runPiped } from './piped.ts'
import { runPrompt } from './prompt.ts'
import { QueryWatch, stopGracefully } from './query-watch.ts'
import { processScreen } from './screen.ts'
import { Shell } from './shell.ts'

export interface StartOptions {
  /** One of OUTPUT_MODES; box on a terminal and table in a pipe when left out. */
  readonly mode?: string | undefined
  readonly conf: Readonly<Record<string, string>>
  /** Rows and faults as JSON lines. */
  readonly json?: boolean
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
  const shell = new Shell(session, screen, {
    mode:
      options.mode !== undefined ? outputModeOf(options.mode) : options.json === true ? 'json' : tty ? 'box' : 'table',
    jsonFaults: options.json === true && !tty,
  })
  const stop = new AbortController()
  // While a statement runs at a prompt SIGINT is for it alone; see runPrompt.
  const onSignal = (): void => {
    stop.abort()
    shell.leave()
    shell.interrupt()
    if (!tty) process.stdin.destroy()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  if (!tty) process.on('SIGINT', onSignal)
  try {
    if (tty) {
      await runPrompt(shell, {
        history: new History(historyPath(session.conf.get('millrace.shell.history'), process.env)),
        note,
        stop: stop.signal,
      })
      return true
    }
    const watch = new QueryWatch(session)
    const well = await runPiped(shell, process.stdin)
    if (well && !shell.left) await watch.settled(stop.signal)
    if (watch.failure !== null && !shell.reported(watch.failure.error)) await shell.report(watch.failure.error)
    return well && watch.failure === null
  } finally {
    const { active } = session.streams
    if (active.length > 0)
      await shell.notice(
        `stopping ${active.length} ${active.length === 1 ? 'query' : 'queries'} after the batch in flight …`,
      )
    await stopGracefully(session)
    await session.stop()
    process.off('SIGTERM', onSignal)
    process.off('SIGHUP', onSignal)
    process.off('SIGINT', onSignal)
  }
}
