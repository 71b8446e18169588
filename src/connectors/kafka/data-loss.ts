import type { Code } from '../../errors/codes.ts'
import { ExecutionError } from '../../errors/errors.ts'

type LossCode = Extract<Code, `KAFKA_DATA_LOSS.${string}`>

/** What happens when records that were to be read are gone: the query fails (failOnDataLoss), or goes on and they are counted. */
export class DataLoss {
  readonly #fails: boolean
  readonly #note: (line: string) => void
  /** Offsets known to be gone so far. */
  offsetsLost = 0

  constructor(fails: boolean, note: (line: string) => void) {
    this.#fails = fails
    this.#note = note
  }

  /** `offsets`: how many are gone, where that is known. */
  report(code: LossCode, params: Readonly<Record<string, string | number>>, offsets: number): void {
    const error = new ExecutionError(code, params, {
      hint: 'set failOnDataLoss to false to go on with what is there, or begin a new checkpoint',
    })
    if (this.#fails) throw error
    this.offsetsLost += Math.max(0, offsets)
    this.#note(error.message.split('\n')[0]!)
  }
}
