/**
 * console: prints each batch to standard output, to the byte as Spark does.
 *
 *   kind   at least once: a rerun prints the batch again
 */
import type { Batch } from '../../columns/batch.ts'
import { printTable } from '../../formats/table.ts'
import { OUTPUT_MODES, defineSink, type Options, type Sink, type SinkContext } from '../provider.ts'

/** Id among the session's objects of a function that takes the console's output instead of standard output. */
export const CONSOLE_WRITER = 'console-writer'

const LINE = '-'.repeat(43)
const EVERYTHING = 0
const SHORT = 20

export const consoleSink = defineSink({
  format: 'console',
  doc: 'Prints each batch as a table; for trying things out.',
  options: {
    numRows: { type: 'int', default: 20, doc: 'Rows of a batch to print.' },
    truncate: { type: 'boolean', default: true, doc: 'Cut long values to 20 characters.' },
  },
  kind: 'idempotent',
  repeats: true,
  modes: OUTPUT_MODES,
  open: (options, ctx) => Promise.resolve(new ConsoleSink(options, ctx)),
  describe: (options) => `ConsoleTable[numRows=${String(options['numRows'])}, truncate=${String(options['truncate'])}]`,
})

class ConsoleSink implements Sink {
  readonly #ctx: SinkContext
  readonly #maxRows: number
  readonly #truncate: number
  readonly #write: (text: string) => void
  #batchId = -1
  #rows = 0
  #batches: Batch[] = []

  constructor(options: Options, ctx: SinkContext) {
    this.#ctx = ctx
    this.#maxRows = Math.max(0, Number(options['numRows']))
    this.#truncate = options['truncate'] === true ? SHORT : EVERYTHING
    const writer = ctx.objects.get(CONSOLE_WRITER)
    this.#write =
      typeof writer === 'function' ? (writer as (text: string) => void) : (text) => void process.stdout.write(text)
  }

  begin(batchId: number): void {
    this.#batchId = batchId
    this.#rows = 0
    this.#batches = []
  }

  add(batch: Batch): void {
    // One row more than is printed tells whether there are more.
    if (this.#rows > this.#maxRows) return
    this.#batches.push(batch)
    this.#rows += batch.rowCount
  }

  finish(): void {
    const style = { maxRows: this.#maxRows, truncate: this.#truncate, timeZone: this.#ctx.timeZone }
    const table = printTable(this.#ctx.schema, this.#batches, style)
    this.#batches = []
    this.#write(`${LINE}\nBatch: ${this.#batchId}\n${LINE}\n${table}\n`)
  }

  abort(): void {
    this.#batches = []
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
