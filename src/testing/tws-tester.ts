import { batchOf } from '../columns/builder.ts'
import { rowMaker, valueFromJs } from '../columns/row.ts'
import type { ResultRow, SchemaInput } from '../columns/typed-row.ts'
import { keyColumn, stateColumns } from '../dataframe/schema-input.ts'
import { ExecutionError } from '../errors/errors.ts'
import { isBare, resultTaker } from '../functions/user/rows.ts'
import { type ProcessorCall, ProcessorHandle, type StateVariable } from '../functions/user/processor-handle.ts'
import { type StatefulProcessor, TimeMode } from '../functions/user/stateful-processor.ts'
import type { OpContext } from '../operators/operator.ts'
import type { TransformWithState } from '../operators/transform-with-state.ts'
import { processorTables } from '../planner/processor-tables.ts'
import { transformWithStateOf } from '../planner/transform-with-state.ts'
import { type Field, type Schema, structOf } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { valuesOf } from './contexts.ts'

/** What a query would know of the processor: the types of its key, rows and results, and its modes. */
export interface TwsTesterOptions<R extends SchemaInput, K> {
  /** As the type of a key in `groupByKey`. */
  readonly key: SchemaInput
  /** Columns of the rows, as the processor sees them. */
  readonly rows: SchemaInput
  readonly result: R
  readonly timeMode?: TimeMode
  readonly outputMode?: 'append' | 'update'
  /** Column of the rows by which they are late; in time mode EventTime. */
  readonly eventTime?: string
  /** Given to `handleInitialState` before anything else. */
  readonly initialState?: { readonly rows: SchemaInput; readonly entries: Iterable<readonly [K, unknown]> }
  /** UTC unless given. */
  readonly timeZone?: string
}

/**
 * Runs a stateful processor alone, without a query: `test` is a batch of rows of one key, times stand still until they are
 * set. It is the operator of `transformWithState` that runs, with its checks, states, timers and TTL.
 */
export class TwsTester<K, In, R extends SchemaInput> {
  readonly #operator: TransformWithState
  readonly #variables: readonly StateVariable[]
  readonly #input: Schema
  readonly #rows: Schema
  readonly #result: Schema
  readonly #timeMode: TimeMode
  readonly #timeZone: string
  readonly #takeRow: (js: unknown) => readonly Value[]
  #batchId = 0
  #nowMs = 0
  #watermarkMs = 0

  constructor(processor: StatefulProcessor<K, In>, options: TwsTesterOptions<R, K>) {
    const { timeMode = TimeMode.None, outputMode = 'append', timeZone = 'UTC', initialState } = options
    this.#timeMode = timeMode
    this.#timeZone = timeZone
    this.#result = stateColumns(options.result)
    const rows = stateColumns(options.rows)
    const [key] = keyColumn(options.key)!.fields
    this.#rows = rows
    this.#input = keyed(key!, rows)
    this.#takeRow = resultTaker(rows, timeZone)
    const states = ProcessorHandle.of(processor).initialize(processor, { timeMode, outputMode }, stateColumns)
    this.#variables = states.variables
    const time = rows.fields.findIndex((f) => f.name === options.eventTime)
    const initialRows = initialState === undefined ? null : stateColumns(initialState.rows)
    const id = 'tester'
    this.#operator = transformWithStateOf(
      {
        op: 'transformWithState',
        id,
        inputs: [],
        schema: this.#result,
        closure: id,
        label: processor.constructor.name,
        timeMode,
        outputMode,
        states,
        ...processorTables(states, timeMode, key!.type),
        time: timeMode === TimeMode.EventTime && time >= 0 ? time : null,
        emitTime: null,
        streaming: false,
      },
      [this.#input, ...(initialRows === null ? [] : [keyed(key!, initialRows)])],
      {
        env: {
          timeZone,
          ansi: true,
          caseSensitive: false,
          mapKeyDedupPolicy: 'EXCEPTION',
          batchTimeUs: () => BigInt(this.#nowMs) * 1000n,
          closure: () => () => processor as never,
        },
        store: null,
      },
    )
    if (initialState === undefined) return
    const take = resultTaker(initialRows!, timeZone)
    const given = Array.from(initialState.entries, ([k, row]) => [this.#key(k), valueOf(initialRows!, take(row))])
    this.#run((ctx) => this.#operator.onBatch(batchOf(keyed(key!, initialRows!), given), ctx, 1))
  }

  /** What the processor gives for a batch of rows of one key, and for timers that are due in it. */
  test(key: K, rows: Iterable<In>): ResultRow<R>[] {
    const values = Array.from(rows, (row) => [this.#key(key), valueOf(this.#rows, this.#takeRow(row))])
    return this.#run((ctx) => this.#operator.onBatch(batchOf(this.#input, values), ctx, 0))
  }

  /** `test` with one row. */
  testOneRow(key: K, row: In): ResultRow<R>[] {
    return this.test(key, [row])
  }

  /** Moves the time of batches on: gives what the timers give that are due, and forgets what has outlived its TTL. */
  setProcessingTime(timeMs: number): ResultRow<R>[] {
    this.#mustBe(TimeMode.ProcessingTime, 'setProcessingTime')
    this.#nowMs = forward('the processing time', this.#nowMs, timeMs)
    return this.#run(() => {})
  }

  /** Moves the watermark on and gives what the timers give that are due; rows at or before it are late from now on. */
  setWatermark(watermarkMs: number): ResultRow<R>[] {
    this.#mustBe(TimeMode.EventTime, 'setWatermark')
    this.#watermarkMs = forward('the watermark', this.#watermarkMs, watermarkMs)
    return this.#run(() => {})
  }

  /** The value of a state, or null. */
  peekValueState(name: string, key: K): unknown {
    return this.#with('value', name, key, (call) => call.value(name).get())
  }

  updateValueState(name: string, key: K, value: unknown): void {
    this.#with('value', name, key, (call) => call.value(name).update(value))
  }

  /** The elements of a list; none where there is no list. */
  peekListState(name: string, key: K): unknown[] {
    return this.#with('list', name, key, (call) => [...call.list(name).get()])
  }

  updateListState(name: string, key: K, values: Iterable<unknown>): void {
    this.#with('list', name, key, (call) => call.list(name).put(values))
  }

  /** The entries of a map; none where there is no map. */
  peekMapState(name: string, key: K): Map<unknown, unknown> {
    return this.#with('map', name, key, (call) => new Map(call.map(name).iterator()))
  }

  /** Takes the place of all entries of a map. */
  updateMapState(name: string, key: K, entries: Iterable<readonly [unknown, unknown]>): void {
    this.#with('map', name, key, (call) => {
      const map = call.map(name)
      map.clear()
      for (const [k, v] of entries) map.updateValue(k, v)
    })
  }

  /** Clears a state of a key, of whatever kind. */
  deleteState(name: string, key: K): void {
    const kind = this.#variables.find((v) => v.name === name)?.kind ?? 'value'
    this.#with(kind, name, key, (call) => call[kind](name).clear())
  }

  /** Times of the timers of a key in milliseconds, earliest first. */
  listTimers(key: K): readonly number[] {
    return this.#operator.withKey(this.#key(key), this.#context([]), (call) => call.listTimers())
  }

  /** Calls the processor's `close`. */
  close(): void {
    this.#operator.close()
  }

  #with<T>(kind: StateVariable['kind'], name: string, key: K, body: (call: ProcessorCall) => T): T {
    const known = this.#variables.filter((v) => v.kind === kind).map((v) => v.name)
    if (!known.includes(name))
      throw new ExecutionError(
        'INVALID_STATE_NAME',
        { name },
        { hint: known.length === 0 ? `the processor has no ${kind} states` : `${kind} states: ${known.join(', ')}` },
      )
    return this.#operator.withKey(this.#key(key), this.#context([]), body)
  }

  #run(feed: (ctx: OpContext) => void): ResultRow<R>[] {
    const out: Value[][] = []
    const ctx = this.#context(out)
    feed(ctx)
    this.#operator.onTriggerEnd(ctx)
    while (this.#operator.drain(ctx, 8192)) continue
    this.#batchId++
    const make = rowMaker(this.#result)
    return out.map((row) => make(row) as ResultRow<R>)
  }

  #context(out: Value[][]): OpContext {
    const watermarkUs = BigInt(this.#watermarkMs) * 1000n
    return {
      batchId: this.#batchId,
      watermarkUs,
      lateUs: watermarkUs,
      emit: (batch) => void out.push(...valuesOf([batch])),
      count: () => {},
    }
  }

  #key(key: K): Value {
    return valueFromJs(key, this.#input.fields[0]!.type, this.#timeZone, 'key')
  }

  #mustBe(timeMode: TimeMode, operation: string): void {
    if (this.#timeMode === timeMode) return
    throw new ExecutionError(
      'STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE',
      { operation, timeMode: this.#timeMode },
      { hint: `make the tester with timeMode: TimeMode.${timeMode}` },
    )
  }
}

/** The columns a `groupByKey` gives: the key, and the row as a struct or a bare value. */
const keyed = (key: Field, rows: Schema): Schema => ({
  fields: [key, { name: 'value', type: isBare(rows) ? rows.fields[0]!.type : structOf(rows.fields), nullable: true }],
})

const valueOf = (rows: Schema, values: readonly Value[]): Value => (isBare(rows) ? values[0]! : values)

function forward(what: string, fromMs: number, toMs: number): number {
  if (toMs > fromMs) return toMs
  throw new ExecutionError(
    'INVALID_GROUP_STATE_CALL',
    { reason: `${what} is ${fromMs} ms and cannot go back to ${toMs} ms` },
    { hint: 'give a later time' },
  )
}
