import { createInterface, type Interface } from 'node:readline'
import { complete } from './completion.ts'
import { heldKeys } from './held-keys.ts'
import type { History } from './history.ts'
import { isMeta } from './meta.ts'
import { faultText } from './fault-text.ts'
import { QueryWatch } from './query-watch.ts'
import { paint } from './screen.ts'
import type { Shell } from './shell.ts'
import { onOneLine, splitInput } from './statement-splitter.ts'

const PROMPT = 'millrace> '
const CONTINUED: Readonly<Record<string, string>> = {
  ';': '      ->  ',
  "'": "      '>  ",
  '"': '      ">  ',
  '`': '      `>  ',
  '*': '      *>  ',
}

export interface PromptOptions {
  readonly history: History
  /** Takes what the session has to tell; set while there is a prompt. */
  readonly note: { sink: ((line: string) => void) | null }
  /** Ends the prompt, whatever is typed. */
  readonly stop: AbortSignal
}

/** What a Ctrl-C does next at an empty prompt. */
const LEAVE_HINT = '(Ctrl-C again leaves, as do .quit and Ctrl-D)'

/**
 * The prompt on a terminal; resolves when the user leaves. Lines are gathered until `;`. While a statement runs, keys wait,
 * and Ctrl-C ends the statement; at the prompt Ctrl-C drops what is typed, and on an empty line, after another Ctrl-C, leaves.
 */
export async function runPrompt(shell: Shell, options: PromptOptions): Promise<void> {
  const { history, note, stop } = options
  const { stdin, stdout } = process
  let buffer = ''
  let armed = false
  const lines: string[] = []
  // Ctrl-C has come since the last prompt: what is running is ended, what waits behind it is dropped.
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    lines.length = 0
    if (shell.interrupt()) armed = true
  }
  const keys = heldKeys(stdin, interrupt)
  const rl: Interface & { history?: string[] } = createInterface({
    input: keys.stream,
    output: stdout,
    terminal: true,
    historySize: 1000,
    removeHistoryDuplicates: true,
    prompt: PROMPT,
    completer: (line: string) => complete(shell.session, buffer, line, rl.line.slice(rl.cursor)),
  })
  const remembered = history.load().reverse()
  rl.history = [...remembered]

  let atPrompt = false
  let closed = false
  let wake: (() => void) | null = null
  const ring = (): void => {
    wake?.()
    wake = null
  }
  rl.on('line', (line) => {
    lines.push(line)
    keys.hold()
    ring()
  })
  rl.on('close', () => {
    closed = true
    ring()
  })
  stop.addEventListener('abort', () => rl.close(), { once: true })
  rl.on('SIGINT', () => {
    if (lines.length > 0) {
      // It came in one piece with the line before it, which has not begun.
      stdout.write('^C\n')
      interrupt()
      armed = true
      return
    }
    const empty = rl.line === '' && buffer === ''
    if (empty && armed) {
      rl.close()
      return
    }
    stdout.write('^C\n')
    if (empty) stdout.write(`${paint(shell.screen, 'dim', LEAVE_HINT)}\n`)
    armed = empty
    buffer = ''
    rl.write(null, { ctrl: true, name: 'e' })
    rl.write(null, { ctrl: true, name: 'u' })
    rl.setPrompt(PROMPT)
    rl.prompt()
  })
  process.on('SIGINT', interrupt)

  // Said while the user may be typing: above the line that is typed.
  const say = (text: string): void => {
    stdout.write(`${atPrompt ? '\r\x1b[K' : ''}${text}\n`)
    if (atPrompt) rl.prompt(true)
  }
  note.sink = (line) => say(paint(shell.screen, 'dim', line))
  const watch = new QueryWatch(shell.session, (query, error) => {
    // A tail's failure has been reported with its statement.
    if (shell.reported(error)) return
    say(faultText(error, (head) => paint(shell.screen, 'red', `query ${query.name ?? query.id} failed: ${head}`)))
  })

  const nextLine = async (): Promise<string | null> => {
    while (lines.length === 0 && !closed) {
      const { open } = splitInput(buffer)
      rl.setPrompt(buffer.trim() === '' ? PROMPT : CONTINUED[open ?? ';']!)
      rl.prompt()
      const line = new Promise<void>((resolve) => (wake = resolve))
      interrupted = false
      atPrompt = true
      keys.release()
      await line
      atPrompt = false
    }
    return lines.shift() ?? null
  }
  const remember = (text: string): void => {
    const one = isMeta(text) ? text.trim() : `${onOneLine(text)};`
    if (remembered[0] !== one) {
      remembered.unshift(one)
      history.add(one)
    }
    rl.history = [...remembered]
  }
  const run = async (text: string): Promise<void> => {
    remember(text)
    armed = false
    await shell.attempt(text)
  }

  await shell.notice('millrace: SQL over tables that never end. .help for help; statements end with ;')
  while (!shell.left) {
    const line = await nextLine()
    if (line === null) break
    if (line.trim() !== '') armed = false
    if (buffer.trim() === '' && isMeta(line)) {
      await run(line)
      continue
    }
    buffer += `${line}\n`
    const { statements, rest } = splitInput(buffer)
    if (statements.length === 0) {
      if (rest === '') buffer = ''
      continue
    }
    buffer = rest.trim() === '' ? '' : rest
    for (const statement of statements) {
      if (shell.left || interrupted) break
      await run(statement)
    }
  }
  if (closed) stdout.write('\n')
  watch.close()
  note.sink = null
  process.off('SIGINT', interrupt)
  rl.close()
  keys.close()
}
