import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { concatVectors } from '../columns/concat.ts'
import type { Vector } from '../columns/vector.ts'
import { ExecutionError } from '../errors/errors.ts'
import type { AggregateBody } from '../functions/entry.ts'
import { compareValues, nullsFirst } from '../types/compare.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import { MapValue, type Value } from '../types/value.ts'
import type { OpContext, Operator } from './operator.ts'
import { frameRows, type OverFrame, peersOf } from './over-frame.ts'

/** The functions that count rows of the partition. */
export type RankingName = 'row_number' | 'rank' | 'dense_rank' | 'percent_rank' | 'cume_dist' | 'ntile'

/** One window function at run time. Numbers named as columns are positions in what `OverConfig.columns` gives. */
export type OverCall =
  | { readonly kind: 'ranking'; readonly fn: RankingName; readonly buckets: number; readonly type: DataType }
  /** The value `shift` rows behind the current one (before it where negative), or `otherwise` where there is no such row. */
  | {
      readonly kind: 'offset'
      readonly shift: number
      readonly value: number
      readonly otherwise: number | null
      readonly ignoreNulls: boolean
      readonly type: DataType
    }
  /** The `n`-th value of the frame, counted from 1. */
  | {
      readonly kind: 'nth'
      readonly n: number
      readonly value: number
      readonly frame: OverFrame
      readonly ignoreNulls: boolean
      readonly type: DataType
    }
  /** What a growing counter has gained since the row before it that has a value; NULL where it began anew. */
  | { readonly kind: 'counter'; readonly value: number; readonly since: number | null; readonly type: DataType }
  | OverAggregate

/** An aggregate over the frame of each row. */
export interface OverAggregate {
  readonly kind: 'aggregate'
  readonly body: AggregateBody
  /** The result is this state field as it stands; null: ask `body.finish`. */
  readonly resultField: number | null
  readonly args: readonly number[]
  /** Only rows where this column is TRUE are added. */
  readonly filter: number | null
  /** Rows with a NULL argument are not added. */
  readonly skipsNulls: boolean
  /** Rows may be taken back without a trace in the state. */
  readonly retracts: boolean
  /** The order in which rows are added makes no difference at all. */
  readonly commutes: boolean
  readonly frame: OverFrame
  readonly type: DataType
}

export interface OverConfig {
  readonly schema: Schema
  /** Computed columns of a batch by physical row: the partition keys, the sort keys, then what the calls name. */
  readonly columns: (batch: Batch) => readonly Vector[]
  readonly types: readonly DataType[]
  readonly partitionBy: number
  readonly orderBy: readonly { readonly descending: boolean; readonly nullsFirst: boolean }[]
  readonly calls: readonly OverCall[]
}

/** Rows of one partition, by position in it: `row(i)` is the row of the gathered columns. */
interface Partition {
  readonly size: number
  get(column: number, i: number): Value
  /** First and last + 1 of the rows that tie with each row. */
  readonly peers: { readonly start: Int32Array; readonly end: Int32Array }
}

/**
 * Window functions (OVER) of one window definition.
 *
 *   state   none beyond the trigger; only bounded queries have it
 *   late    not judged
 *   output  every row with the results behind its columns, by partition and in the order of the window, through `drain`;
 *           rows that tie keep their order
 *   ports   one
 */
export class Over implements Operator {
  readonly name = 'Over'
  readonly schema: Schema
  readonly #config: OverConfig
  #batches: Batch[] = []
  #computed: (readonly Vector[])[] = []
  #sorted: Sorted | null = null

  constructor(config: OverConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, _ctx: OpContext): void {
    const rows = batch.selection
    const computed = this.#config.columns(batch)
    this.#computed.push(rows === null ? computed : computed.map((k) => k.take(rows)))
    this.#batches.push(batch.dense())
  }

  onTriggerEnd(_ctx: OpContext): void {
    const length = this.#batches.reduce((sum, b) => sum + b.length, 0)
    if (length === 0) return
    const { types, partitionBy, orderBy, calls } = this.#config
    const inputs = this.schema.fields.length - calls.length
    const columns = this.schema.fields.slice(0, inputs).map((f, c) =>
      concatVectors(
        f.type,
        this.#batches.map((b) => b.columns[c]!),
      ),
    )
    const computed = types.map((type, c) =>
      concatVectors(
        type,
        this.#computed.map((k) => k[c]!),
      ),
    )
    this.#batches = []
    this.#computed = []
    const compares = types.slice(0, partitionBy + orderBy.length).map((type, c) => {
      const vector = computed[c]!
      const values = Array.from({ length }, (_, i) => vector.get(i))
      const direction = c < partitionBy ? { descending: false, nullsFirst: true } : orderBy[c - partitionBy]!
      const compare = directed(type, direction)
      return (a: number, b: number): number => compare(values[a]!, values[b]!)
    })
    const by =
      (list: typeof compares) =>
      (a: number, b: number): number => {
        for (const compare of list) {
          const c = compare(a, b)
          if (c !== 0) return c
        }
        return 0
      }
    const whole = by(compares)
    const order = Int32Array.from({ length }, (_, i) => i)
    order.sort((a, b) => whole(a, b) || a - b)
    const samePartition = by(compares.slice(0, partitionBy))
    const tie = by(compares.slice(partitionBy))
    this.#sorted = { columns, computed, order, samePartition, tie, emitted: 0, done: 0, results: calls.map(() => []) }
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const s = this.#sorted
    if (s === null) return false
    const total = s.order.length
    const end = Math.min(total, s.emitted + Math.min(maxRows, MAX_BATCH_ROWS))
    while (s.done < end) this.#nextPartition(s)
    const n = end - s.emitted
    const rows = s.order.subarray(s.emitted, end)
    const results = this.#config.calls.map((c, k) => vectorOf(c.type, s.results[k]!.splice(0, n)))
    ctx.emit(new Batch(this.schema, [...s.columns.map((c) => c.take(rows)), ...results], n))
    s.emitted = end
    if (end < total) return true
    this.#sorted = null
    return false
  }

  #nextPartition(s: Sorted): void {
    const from = s.done
    let to = from + 1
    while (to < s.order.length && s.samePartition(s.order[from]!, s.order[to]!) === 0) to++
    const rows = s.order.subarray(from, to)
    let peers: Partition['peers'] | null = null
    const partition: Partition = {
      size: to - from,
      get: (column, i) => s.computed[column]!.get(rows[i]!),
      get peers() {
        return (peers ??= peersOf(rows, s.tie))
      },
    }
    this.#config.calls.forEach((call, k) => {
      const out = s.results[k]!
      for (const value of this.#evaluate(call, partition)) out.push(value)
    })
    s.done = to
  }

  #evaluate(call: OverCall, p: Partition): readonly Value[] {
    switch (call.kind) {
      case 'ranking':
        return ranking(call.fn, call.buckets, p)
      case 'offset':
        return shifted(call, p)
      case 'nth':
        return nth(call, p, this.#rowsOf(call.frame, p))
      case 'counter':
        return gains(call, p)
      case 'aggregate':
        return aggregated(call, p, this.#rowsOf(call.frame, p))
    }
  }

  #rowsOf(frame: OverFrame, p: Partition): FrameRows {
    const { orderBy, types } = this.#config
    return frameRows(frame, p, (column) => directed(types[column]!, orderBy[0]!))
  }
}

interface Sorted {
  readonly columns: readonly Vector[]
  readonly computed: readonly Vector[]
  readonly order: Int32Array
  readonly samePartition: (a: number, b: number) => number
  readonly tie: (a: number, b: number) => number
  /** Rows given out, and rows whose results are known. */
  emitted: number
  done: number
  /** By call: results of the rows from `emitted` to `done`. */
  readonly results: Value[][]
}

interface FrameRows {
  readonly start: Int32Array
  readonly end: Int32Array
}

const directed = (
  type: DataType,
  { descending, nullsFirst: first }: { readonly descending: boolean; readonly nullsFirst: boolean },
): ((a: Value, b: Value) => number) => {
  const compare = compareValues(type)
  const ordered = descending ? (a: Value, b: Value) => -compare(a, b) : compare
  if (first) return nullsFirst(ordered)
  return (a, b) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : ordered(a, b))
}

function ranking(fn: RankingName, buckets: number, p: Partition): Value[] {
  const n = p.size
  const out: Value[] = new Array<Value>(n)
  if (fn === 'row_number') for (let i = 0; i < n; i++) out[i] = i + 1
  else if (fn === 'ntile') {
    // The first `n % buckets` buckets take one row more.
    const size = Math.floor(n / buckets)
    const larger = n % buckets
    const edge = larger * (size + 1)
    for (let i = 0; i < n; i++)
      out[i] = 1 + (i < edge ? Math.floor(i / (size + 1)) : larger + Math.floor((i - edge) / size))
  } else {
    const { start, end } = p.peers
    let dense = 0
    for (let i = 0; i < n; i++) {
      if (start[i] === i) dense++
      if (fn === 'rank') out[i] = start[i]! + 1
      else if (fn === 'dense_rank') out[i] = dense
      else if (fn === 'percent_rank') out[i] = n === 1 ? 0 : start[i]! / (n - 1)
      else out[i] = end[i]! / n
    }
  }
  return out
}

/** Positions of the rows of a partition where a column is not NULL. */
function positions(column: number, p: Partition): Int32Array {
  const out = new Int32Array(p.size)
  let n = 0
  for (let i = 0; i < p.size; i++) if (p.get(column, i) !== null) out[n++] = i
  return out.subarray(0, n)
}

function shifted(call: Extract<OverCall, { kind: 'offset' }>, p: Partition): Value[] {
  const { shift, value, otherwise } = call
  const out: Value[] = new Array<Value>(p.size)
  const list = call.ignoreNulls && shift !== 0 ? positions(value, p) : null
  // Of the values that are not NULL: how many stand before the row, or up to it.
  let before = 0
  for (let i = 0; i < p.size; i++) {
    let at = i + shift
    if (list !== null) {
      while (before < list.length && list[before]! < i) before++
      const here = before < list.length && list[before] === i ? 1 : 0
      at = list[shift < 0 ? before + shift : before + here + shift - 1] ?? -1
    }
    if (at >= 0 && at < p.size) out[i] = p.get(value, at)
    else out[i] = otherwise === null ? null : p.get(otherwise, i)
  }
  return out
}

function nth(call: Extract<OverCall, { kind: 'nth' }>, p: Partition, { start, end }: FrameRows): Value[] {
  const out: Value[] = new Array<Value>(p.size)
  const list = call.ignoreNulls ? positions(call.value, p) : null
  let first = 0
  for (let i = 0; i < p.size; i++) {
    let at = start[i]! + call.n - 1
    if (list !== null) {
      // Frames only move on, so the search does too.
      while (first < list.length && list[first]! < start[i]!) first++
      at = list[first + call.n - 1] ?? p.size
    }
    out[i] = at < end[i]! ? p.get(call.value, at) : null
  }
  return out
}

function gains(call: Extract<OverCall, { kind: 'counter' }>, p: Partition): Value[] {
  const out: Value[] = new Array<Value>(p.size).fill(null)
  let last: number | bigint | null = null
  let lastSince: Value = null
  for (let i = 0; i < p.size; i++) {
    const value = p.get(call.value, i) as number | bigint | null
    if (value === null) continue
    if (value < 0) throw new ExecutionError('COUNTER_DIFF_INVALID_INPUT', { message: `the value ${value} is negative` })
    const since = call.since === null ? null : p.get(call.since, i)
    const moved = since !== null && lastSince !== null ? Number((since as bigint) - (lastSince as bigint)) : 0
    if (moved < 0)
      throw new ExecutionError('COUNTER_DIFF_INVALID_INPUT', {
        message: 'a start time is before the one of the row before',
      })
    if (last !== null && value >= last && moved === 0) out[i] = (value as number) - (last as number)
    last = value
    lastSince = since
  }
  return out
}

function aggregated(call: OverAggregate, p: Partition, { start, end }: FrameRows): Value[] {
  const { body, resultField } = call
  const n = p.size
  const args = (i: number): Value[] | null => {
    if (call.filter !== null && p.get(call.filter, i) !== true) return null
    const values = call.args.map((c) => p.get(c, i))
    return call.skipsNulls && values.includes(null) ? null : values
  }
  let state = body.init()
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const values = args(i)
      if (values !== null) body.add(state, values)
    }
  }
  const composite = ['array', 'map', 'struct', 'binary'].includes(call.type.kind)
  const result = (): Value => {
    const value = resultField === null ? body.finish(state) : state[resultField]!
    // The state goes on growing: what was given out must not grow with it.
    return composite ? copyOf(value) : value
  }
  const out: Value[] = new Array<Value>(n)
  if (n === 0) return out
  if (call.commutes && end[0] === n && start[n - 1]! > 0) {
    // Frames that end with the partition: from the last row backwards, each adds a few rows.
    let from = n
    for (let i = n - 1; i >= 0; i--) {
      const at = Math.min(start[i]!, n)
      if (i < n - 1 && at === from) {
        out[i] = out[i + 1]!
        continue
      }
      add(at, from)
      from = at
      out[i] = result()
    }
    return out
  }
  let from = 0
  let to = 0
  for (let i = 0; i < n; i++) {
    const low = start[i]!
    const high = Math.max(low, end[i]!)
    if (i > 0 && low === from && high === to) {
      out[i] = out[i - 1]!
      continue
    }
    if (low === from && high >= to) add(to, high)
    else if (call.retracts && low < to && low >= from && high >= to) {
      for (let k = from; k < low; k++) {
        const values = args(k)
        if (values !== null) body.retract!(state, values)
      }
      add(to, high)
    } else {
      state = body.init()
      add(low, high)
    }
    from = low
    to = high
    out[i] = result()
  }
  return out
}

function copyOf(value: Value): Value {
  if (value instanceof Uint8Array) return value.slice()
  if (value instanceof MapValue) return new MapValue(value.keys.map(copyOf), value.values.map(copyOf))
  return Array.isArray(value) ? (value as readonly Value[]).map(copyOf) : value
}
