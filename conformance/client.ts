import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** How long one request may take before the command is killed and started anew. */
const LIMIT_MS = 40_000

/** Talks to `millrace conform --stdin`; starts it anew when a request hangs or kills it, so that request fails alone. */
export class ConformClient {
  #child: ChildProcessWithoutNullStreams | null = null
  #lines: AsyncIterator<string> | null = null

  /** The answer to one request; null when the command died or hung. */
  async ask(request: object): Promise<Record<string, unknown> | null> {
    this.#child ??= this.#start()
    const child = this.#child
    child.stdin.write(`${JSON.stringify(request)}\n`)
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<'limit'>((resolve) => (timer = setTimeout(() => resolve('limit'), LIMIT_MS)))
    try {
      const next = await Promise.race([this.#lines!.next(), limit])
      if (next === 'limit' || next.done === true) {
        this.close()
        return null
      }
      return JSON.parse(next.value) as Record<string, unknown>
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL')
    this.#child = null
    this.#lines = null
  }

  #start(): ChildProcessWithoutNullStreams {
    const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
    const child = spawn(process.execPath, [main, 'conform', '--stdin'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }) as unknown as ChildProcessWithoutNullStreams
    child.stdin.on('error', () => undefined)
    this.#lines = createInterface({ input: child.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]()
    return child
  }
}
