import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const KEPT = 1000

/**
 * Statements typed earlier, newest last. The file has one a line (line ends and backslashes escaped), is readable by its
 * owner only, and is shared by shells that run side by side: each appends what it is given.
 */
export class History {
  readonly #path: string | null

  /** `path` null keeps nothing. */
  constructor(path: string | null) {
    this.#path = path
  }

  /** The last statements. A file that cannot be read counts as empty. */
  load(): string[] {
    if (this.#path === null || !existsSync(this.#path)) return []
    try {
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((l) => l !== '')
      const kept = lines.slice(-KEPT)
      if (lines.length > 2 * KEPT) writeFileSync(this.#path, `${kept.join('\n')}\n`, { mode: 0o600 })
      return kept.map((l) => l.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)))
    } catch {
      return []
    }
  }

  /** Adds a statement. A file that cannot be written is left alone: a prompt is of use without it. */
  add(statement: string): void {
    if (this.#path === null) return
    const isNew = !existsSync(this.#path)
    try {
      appendFileSync(this.#path, `${statement.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`, { mode: 0o600 })
      if (isNew) chmodSync(this.#path, 0o600)
    } catch {
      return
    }
  }
}

/** Where the history is kept: the setting `millrace.shell.history`, else MILLRACE_HISTORY, else ~/.millrace_history; 'off' or '' for nowhere. */
export function historyPath(
  setting: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const chosen = setting ?? env['MILLRACE_HISTORY'] ?? join(homedir(), '.millrace_history')
  return chosen === '' || chosen === 'off' ? null : chosen
}
