import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A built example in a process of its own. */
export class ExampleProcess {
  output = ''
  readonly #child: ChildProcess

  constructor(name: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [`dist/examples/${name}.js`, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text))
  }

  /** Ends it, when it has not ended yet; gives its exit code, null after SIGKILL. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    const exit = once(this.#child, 'exit')
    this.#child.kill(signal)
    const [code] = (await exit) as [number | null]
    return code
  }
}

/** Asks until the answer is not undefined, for up to 15 s. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(50)
  }
  throw new Error(`waited in vain for ${what}`)
}

/** The cells of the rows of all console blocks, in order, without the headers. */
export const consoleRows = (output: string): string[] =>
  [...output.matchAll(/\+[-+]+\+\n\|.*\|\n\+[-+]+\+\n((?:\|.*\|\n)*)\+[-+]+\+\n/g)].flatMap((m) =>
    m[1]!
      .split('\n')
      .filter(Boolean)
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim())
          .join(' '),
      ),
  )
