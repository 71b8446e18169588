import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { concatVectors } from '../columns/concat.ts'
import type { Vector } from '../columns/vector.ts'
import { compareValues } from '../types/compare.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { OpContext, Operator } from './operator.ts'

/** `keys` computes the sort keys of a batch, indexed by physical row. */
export interface SortConfig {
  readonly schema: Schema
  readonly keys: (batch: Batch) => readonly Vector[]
  readonly directions: readonly {
    readonly type: DataType
    readonly descending: boolean
    readonly nullsFirst: boolean
  }[]
}

/** One batch, sorted: its rows, their keys, their order, and how far the merge has come. */
interface Run {
  readonly batch: Batch
  readonly keys: readonly (readonly Value[])[]
  readonly order: Int32Array
  at: number
}

/**
 * ORDER BY over all rows of the trigger: each batch is sorted as it comes, the runs are merged as they are given out, so
 * that no call takes longer than one batch is worth.
 *
 *   state   none beyond the trigger (complete mode gives the whole table each time)
 *   late    not judged
 *   output  every row, in order, through `drain`; rows that tie keep their order
 *   ports   one
 */
export class Sort implements Operator {
  readonly name = 'Sort'
  readonly schema: Schema
  readonly #config: SortConfig
  readonly #compare: readonly ((a: Value, b: Value) => number)[]
  #runs: Run[] = []
  /** A binary heap of run numbers, the one with the least next row on top; null before the merge begins. */
  #heap: number[] | null = null

  constructor(config: SortConfig) {
    this.schema = config.schema
    this.#config = config
    this.#compare = config.directions.map((d) => {
      const compare = compareValues(d.type)
      const sign = d.descending ? -1 : 1
      const nullSide = d.nullsFirst ? -1 : 1
      return (a, b) => {
        if (a === null) return b === null ? 0 : nullSide
        return b === null ? -nullSide : sign * compare(a, b)
      }
    })
  }

  onBatch(given: Batch, _ctx: OpContext): void {
    const batch = given.dense()
    const n = batch.length
    const keys = this.#config.keys(batch).map((k) => Array.from({ length: n }, (_, i) => k.get(i)))
    const order = Int32Array.from({ length: n }, (_, i) => i)
    order.sort((a, b) => {
      for (let k = 0; k < keys.length; k++) {
        const c = this.#compare[k]!(keys[k]![a]!, keys[k]![b]!)
        if (c !== 0) return c
      }
      return a - b
    })
    if (n > 0) this.#runs.push({ batch, keys, order, at: 0 })
  }

  onTriggerEnd(_ctx: OpContext): void {
    this.#heap = []
    for (let r = 0; r < this.#runs.length; r++) this.#up(this.#heap.push(r) - 1)
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const heap = this.#heap
    if (heap === null) return false
    const cap = Math.min(maxRows, MAX_BATCH_ROWS)
    const picked: { readonly run: number; readonly row: number }[] = []
    while (picked.length < cap && heap.length > 0) {
      const top = heap[0]!
      const run = this.#runs[top]!
      picked.push({ run: top, row: run.order[run.at++]! })
      if (run.at === run.order.length) {
        const last = heap.pop()!
        if (heap.length === 0) break
        heap[0] = last
      }
      this.#down()
    }
    if (picked.length > 0) ctx.emit(this.#gather(picked))
    if (heap.length > 0) return true
    this.#heap = null
    this.#runs = []
    return false
  }

  /** The picked rows as one batch, in the order of the picks. */
  #gather(picked: readonly { readonly run: number; readonly row: number }[]): Batch {
    const rowsOf = new Map<number, number[]>()
    const within = picked.map(({ run, row }) => {
      let rows = rowsOf.get(run)
      if (rows === undefined) rowsOf.set(run, (rows = []))
      return rows.push(row) - 1
    })
    const parts = [...rowsOf].map(([run, rows]) => ({ run, rows: Int32Array.from(rows) }))
    const offset = new Map<number, number>()
    let total = 0
    for (const { run, rows } of parts) {
      offset.set(run, total)
      total += rows.length
    }
    const place = Int32Array.from(picked, ({ run }, i) => offset.get(run)! + within[i]!)
    const columns = this.schema.fields.map((f, c) =>
      concatVectors(
        f.type,
        parts.map(({ run, rows }) => this.#runs[run]!.batch.columns[c]!.take(rows)),
      ).take(place),
    )
    return new Batch(this.schema, columns, total)
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#runs[a]!, this.#runs[b]!]
    const [i, j] = [x.order[x.at]!, y.order[y.at]!]
    for (let k = 0; k < this.#compare.length; k++) {
      const c = this.#compare[k]!(x.keys[k]![i]!, y.keys[k]![j]!)
      if (c !== 0) return c < 0
    }
    return a < b
  }

  #up(from: number): void {
    const heap = this.#heap!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(heap[at]!, heap[parent]!)) return
      ;[heap[at], heap[parent]] = [heap[parent]!, heap[at]!]
      at = parent
    }
  }

  #down(): void {
    const heap = this.#heap!
    let at = 0
    for (;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && this.#before(heap[child]!, heap[least]!)) least = child
      if (least === at) return
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
}
