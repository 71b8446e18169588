import type { DataFrame } from '../dataframe/data-frame.ts'
import { OperationAborted } from '../engine/aborted.ts'
import type { StreamingQuery } from '../engine/streaming-query.ts'
import type { MillraceSession } from '../session.ts'
import { faultJson, faultText } from './fault-text.ts'
import { isMeta, runMeta } from './meta.ts'
import type { OutputMode } from './output-mode.ts'
import { paint, type Screen } from './screen.ts'
import { showResult } from './show-result.ts'
import { splitInput } from './statement-splitter.ts'
import { startTail } from './tail.ts'

export interface ShellOptions {
  readonly mode: OutputMode
  readonly timer?: boolean
  /** Faults as JSON lines. */
  readonly jsonFaults?: boolean
}

/** Runs what is typed: statements and commands of the shell, one after the other. It knows nothing of keys and prompts. */
export class Shell {
  readonly session: MillraceSession
  readonly screen: Screen
  mode: OutputMode
  /** `\x`: one column a line. */
  expanded = false
  timer: boolean
  readonly #jsonFaults: boolean
  /** Faults that have been printed. */
  readonly #reported = new WeakSet<object>()
  #left = false
  #interrupted = false
  #running: { readonly abort: AbortController; tail: StreamingQuery | null } | null = null

  constructor(session: MillraceSession, screen: Screen, options: ShellOptions) {
    this.session = session
    this.screen = screen
    this.mode = options.mode
    this.timer = options.timer ?? false
    this.#jsonFaults = options.jsonFaults ?? false
  }

  /** True once the user has asked to leave. */
  get left(): boolean {
    return this.#left
  }

  leave(): void {
    this.#left = true
  }

  /** Ends the statement or tail that runs, and drops those behind it; false when none runs. */
  interrupt(): boolean {
    this.#interrupted = true
    if (this.#running === null) return false
    this.#running.abort.abort()
    void this.#running.tail?.stop()
    return true
  }

  /** Runs a text of statements, and of shell commands on lines of their own; throws the first fault. What follows the last `;` is a statement too. */
  async input(text: string): Promise<void> {
    let sql = ''
    const run = async (end: boolean): Promise<void> => {
      const { statements, rest } = splitInput(sql)
      for (const statement of [...statements, ...(end && rest !== '' ? [rest] : [])]) {
        if (this.#left || this.#interrupted) return
        await this.statement(statement)
      }
      sql = end ? '' : rest
    }
    for (const line of text.split('\n')) {
      if (this.#left || this.#interrupted) return
      if (sql.trim() === '' && isMeta(line)) await runMeta(this, line)
      else {
        sql += `${line}\n`
        if (line.includes(';')) await run(false)
      }
    }
    await run(true)
  }

  /** Runs what is complete, and reports the first fault instead of throwing it; true when all went well. */
  async attempt(text: string): Promise<boolean> {
    this.#interrupted = false
    try {
      await this.input(text)
      return true
    } catch (error) {
      await this.report(error)
      return false
    }
  }

  /** Runs one statement and shows what it gives: rows, or those of a stream until they are interrupted. */
  async statement(text: string): Promise<void> {
    const running = { abort: new AbortController(), tail: null as StreamingQuery | null }
    this.#running = running
    const begun = performance.now()
    try {
      for await (const df of this.session.script(text)) {
        if (df.isStreaming) await this.#follow(df, running)
        else await this.#show(df, running.abort.signal)
      }
    } catch (error) {
      if (!(error instanceof OperationAborted && running.abort.signal.aborted)) throw error
      await this.notice('stopped')
    } finally {
      this.#running = null
    }
    if (this.timer) await this.screen.write(`time: ${(performance.now() - begun).toFixed(1)} ms\n`)
  }

  /** Prints a bounded table in the mode chosen. */
  async print(df: DataFrame): Promise<void> {
    await this.#show(df, new AbortController().signal)
  }

  /** Tells the person at the terminal; a pipe is not told. */
  async notice(text: string): Promise<void> {
    if (this.screen.tty) await this.screen.write(`${paint(this.screen, 'dim', text)}\n`)
  }

  /** True for a fault that has been printed. */
  reported(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#reported.has(error)
  }

  /** Prints a fault: message with carets and hint; a fault of ours or Node's with its stack. */
  async report(error: unknown): Promise<void> {
    if (typeof error === 'object' && error !== null) this.#reported.add(error)
    if (this.#jsonFaults) return this.screen.writeError(`${faultJson(error)}\n`)
    await this.screen.writeError(`${faultText(error, (head) => paint(this.screen, 'red', head))}\n`)
  }

  async #show(df: DataFrame, signal: AbortSignal): Promise<void> {
    if (df.schema.fields.length === 0) {
      // A statement without rows may still have work under way.
      await df.batches({ signal })
      return this.notice('ok')
    }
    const timeZone = this.session.conf.get('spark.sql.session.timeZone') ?? 'UTC'
    const rows = await showResult(df, this.#look, timeZone, this.screen, signal)
    if (this.#look !== 'csv' && this.#look !== 'json') await this.notice(`(${rows} ${rows === 1 ? 'row' : 'rows'})`)
  }

  async #follow(
    df: DataFrame,
    running: { readonly abort: AbortController; tail: StreamingQuery | null },
  ): Promise<void> {
    const tail = await startTail(this.session, df, this.#look, this.screen)
    running.tail = tail.query
    // Ctrl-C may have come while it started.
    if (running.abort.signal.aborted) void tail.query.stop()
    await tail.done
    if (running.abort.signal.aborted) await this.notice('stopped')
  }

  get #look(): OutputMode {
    return this.expanded ? 'line' : this.mode
  }
}
