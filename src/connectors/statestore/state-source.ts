/** statestore: the state of a query, read from its checkpoint as of a batch, or what batches changed in it. */
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import type { Batch } from '../../columns/batch.ts'
import { OptionError } from '../../errors/errors.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'
import { changeBatches, changeSchema, stateBatches, stateSchema } from './state-rows.ts'
import { chosenTable, lastBatch, openForReading, tableAt } from './stored-tables.ts'

export const stateSource = defineSource({
  format: 'statestore',
  doc: 'The state one operator of a streaming query keeps, from its checkpoint, also while the query runs: `key`, `value` and `partition_id`. With `readChangeFeed` what each batch changed: `batch_id` and `change_type` (update, delete) besides.',
  options: {
    path: { type: 'string', required: true, doc: 'The checkpoint of the query.' },
    batchId: { type: 'int', doc: 'The state after this batch; the last committed one unless told.' },
    operatorId: {
      type: 'string',
      default: '0',
      doc: 'Which operator with state: its number or its name, as `state-metadata` gives them.',
    },
    storeName: { type: 'string', doc: 'Which of its tables, where it has several.' },
    stateVarName: { type: 'string', doc: 'Which state of a processor of transformWithState.' },
    readRegisteredTimers: {
      type: 'boolean',
      default: false,
      doc: 'Read the timers of a processor of transformWithState.',
    },
    joinSide: { type: 'string', default: 'none', doc: 'Side of a join whose buffered rows are read: left or right.' },
    readChangeFeed: { type: 'boolean', default: false, doc: 'Read the changes of a range of batches.' },
    changeStartBatchId: { type: 'int', doc: 'First batch of the changes.' },
    changeEndBatchId: { type: 'int', doc: 'Last batch of the changes; the last committed one unless told.' },
  },
  replay: 'none',
  supports: ['batch'],
  schema(options, declared) {
    const checkpoint = openForReading(options)
    try {
      rangeOf(options, checkpoint)
      const { spec } = chosenTable(checkpoint, options)
      const schema = options['readChangeFeed'] === true ? changeSchema(spec) : stateSchema(spec)
      return refuseSchema('statestore', schema, declared)
    } finally {
      checkpoint.close()
    }
  },
  open: (options, ctx) => Promise.resolve(new StateSource(options, ctx)),
  describe: (options) => `StateStoreSource[${String(options['path'])}, operator ${String(options['operatorId'])}]`,
})

/** First and last batch to read. Throws OptionError. */
function rangeOf(options: Options, checkpoint: Checkpoint): { readonly from: number; readonly to: number } {
  const invalid = (option: string, expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'statestore', option, value: String(options[option]), expected })
  const { batchId, changeStartBatchId: start, changeEndBatchId: end } = options
  const last = lastBatch(checkpoint)
  if (options['readChangeFeed'] !== true) {
    for (const option of ['changeStartBatchId', 'changeEndBatchId'])
      if (options[option] !== undefined) throw invalid(option, 'readChangeFeed')
    if (batchId !== undefined && Number(batchId) < 0) throw invalid('batchId', 'a number from 0')
    const at = Number(batchId ?? last)
    return { from: at, to: at }
  }
  if (batchId !== undefined) throw invalid('batchId', 'changeStartBatchId and changeEndBatchId with readChangeFeed,')
  if (start === undefined)
    throw new OptionError('OPTION_MISSING', { format: 'statestore with readChangeFeed', option: 'changeStartBatchId' })
  if (Number(start) < 0) throw invalid('changeStartBatchId', 'a number from 0')
  if (end !== undefined && Number(end) < Number(start))
    throw invalid('changeEndBatchId', `a number from ${String(start)}`)
  return { from: Number(start), to: Number(end ?? last) }
}

class StateSource implements Source<number> {
  readonly #options: Options
  readonly #context: SourceContext

  constructor(options: Options, ctx: SourceContext) {
    this.#options = options
    this.#context = ctx
  }

  initialOffset(): Promise<number> {
    return Promise.resolve(0)
  }
  latestOffset(): Promise<number> {
    return Promise.resolve(1)
  }

  *read(): Generator<Batch> {
    // One look at the file for the whole answer: what the query commits meanwhile is not in it.
    const checkpoint = openForReading(this.#options)
    try {
      const chosen = chosenTable(checkpoint, this.#options)
      const { from, to } = rangeOf(this.#options, checkpoint)
      if (this.#options['readChangeFeed'] !== true) {
        const project = projection(stateSchema(chosen.spec), this.#context.schema)
        const table = tableAt(checkpoint, chosen, to)
        for (const batch of stateBatches(table, table.slots())) yield project(batch)
        return
      }
      const project = projection(changeSchema(chosen.spec), this.#context.schema)
      let before = from <= to ? tableAt(checkpoint, chosen, from - 1) : null
      for (let batchId = from; before !== null && batchId <= to; batchId++) {
        const after = tableAt(checkpoint, chosen, batchId)
        for (const batch of changeBatches(before, after, batchId)) yield project(batch)
        before = after
      }
    } finally {
      checkpoint.close()
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
