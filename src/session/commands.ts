import type { Span } from '../errors/span.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { Value } from '../types/value.ts'
import type { Work } from './statement-context.ts'

interface Command {
  readonly done: Promise<void>
  /** Somebody waits for it, and so gets its error. */
  asked: boolean
}

/** The statements of a session that have to run, one after the other in the order they were given. */
export class Commands {
  readonly #note: (line: string) => void
  readonly #byPlan = new WeakMap<Unresolved, Command>()
  /** Ends when all given so far have ended, well or not; null when there are none under way. */
  #last: Promise<void> | null = null

  constructor(note: (line: string) => void) {
    this.#note = note
  }

  /** Runs the work in its turn. The plan stands for its rows, which are there when it has ended. */
  enqueue({ schema, work, apart }: Work, at: Span | undefined): Unresolved {
    const rows: (readonly Value[])[] = []
    const plan: Unresolved = { op: 'local', schema, rows }
    const before = this.#last ?? Promise.resolve()
    const done = before.then(work).then((given) => void rows.push(...given))
    const command: Command = { done, asked: false }
    this.#byPlan.set(plan, command)
    const ended = done.then(
      () => undefined,
      (error: unknown) =>
        // Given back to who asks; one that nobody has asked for by the next turn of the event loop is told.
        new Promise<void>((resolve) => {
          setImmediate(() => {
            if (!command.asked)
              this.#note(
                `${at ? firstLine(at) : 'a statement'} failed: ${error instanceof Error ? error.message : String(error)}`,
              )
            resolve()
          })
        }),
    )
    if (apart === true) return plan
    const last = ended.then(() => {
      if (this.#last === last) this.#last = null
    })
    this.#last = last
    return plan
  }

  /** When all statements given so far have ended, well or not. */
  async settled(): Promise<void> {
    while (this.#last) await this.#last
  }

  /** The same, rejecting with the error of the statement whose result `plan` reads. */
  async ended(plan: Unresolved): Promise<void> {
    const command = this.#commandOf(plan)
    if (command) {
      command.asked = true
      await command.done
    }
    await this.settled()
  }

  #commandOf(plan: Unresolved): Command | undefined {
    for (let p: Unresolved | undefined = plan; p; p = 'input' in p ? p.input : undefined) {
      const command = this.#byPlan.get(p)
      if (command) return command
    }
    return undefined
  }
}

function firstLine({ sql, start, end }: Span): string {
  const [line] = sql.slice(start, end).split('\n')
  return line!.length > 60 ? `${line!.slice(0, 59)}…` : line!
}
