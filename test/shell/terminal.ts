import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { bundled } from './bundled.ts'

/** One step of a session at a terminal. `see` waits for the text, among what came since the text seen before. */
export type Step =
  | { readonly send: string }
  | { readonly see: string; readonly within?: number }
  /** Sends again, each time when the prompt is back, until the text comes. */
  | { readonly repeat: string; readonly until: string }
  /** Puts a file in place, by rename. */
  | { readonly file: string; readonly text: string }
  | { readonly signal: string }

export interface Played {
  readonly output: string
  /** What came up to each `see`. */
  readonly seen: readonly string[]
  /** null: the process had to be killed. */
  readonly exit: number | null
}

/** Plays steps against `millrace` behind a pseudo-terminal. Throws when something to see has not come, with all that has. */
export async function atTerminal(
  steps: readonly Step[],
  options: {
    readonly args?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly rows?: number
    readonly columns?: number
  } = {},
): Promise<Played> {
  const child = spawn('python3', [join(import.meta.dirname, 'terminal.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const command = [process.execPath, bundled(), ...(options.args ?? [])]
  const env = { MILLRACE_HISTORY: 'off', TERM: 'xterm', NO_COLOR: '', ...options.env }
  child.stdin.end(JSON.stringify({ command, env, rows: options.rows ?? 30, columns: options.columns ?? 100, steps }))
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  const played = JSON.parse(Buffer.concat(chunks).toString()) as Played & { readonly missing: string | null }
  if (played.missing !== null)
    throw new Error(`not seen: ${JSON.stringify(played.missing)}; on the screen:\n${screenOf(played.output)}`)
  return played
}

/** Text without escape codes. */
export const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, '').replaceAll('\r', '')

/** What a terminal that never scrolls shows after this output: the codes the shell and readline use are carried out. */
export function screenOf(output: string): string {
  const lines: string[][] = [[]]
  let [row, column] = [0, 0]
  for (const [, code, kind, text] of output.matchAll(/\x1b\[([0-9;]*)([A-Za-z])|([^])/gu)) {
    const n = Number(code) || 1
    if (text === '\n') row++
    else if (text === '\r') column = 0
    else if (text === '\b') column--
    else if (text !== undefined) {
      lines[row]![column] = text
      column++
    } else if (kind === 'A') row = Math.max(0, row - n)
    else if (kind === 'G') column = n - 1
    else if (kind === 'C') column += n
    else if (kind === 'D') column = Math.max(0, column - n)
    else if (kind === 'K') lines[row]!.length = column
    else if (kind === 'J') {
      lines[row]!.length = column
      lines.length = row + 1
    }
    while (lines.length <= row) lines.push([])
    while (lines[row]!.length < column) lines[row]!.push(' ')
  }
  return lines.map((l) => l.join('').trimEnd()).join('\n')
}
