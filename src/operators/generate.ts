import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import type { ListVector, Vector } from '../columns/vector.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { OpContext, Operator } from './operator.ts'

/**
 * `args` gives the generator's argument columns, indexed by physical row. `explode` is set for explode and kin over an
 * ARRAY, which need no Values: `position` adds the element's index in front.
 */
export interface GenerateConfig {
  readonly schema: Schema
  readonly args: (batch: Batch) => readonly Vector[]
  readonly rows: (...args: never[]) => Iterable<readonly Value[]>
  readonly outer: boolean
  readonly explode: { readonly position: boolean } | null
}

/**
 * LATERAL VIEW and explode: each input row once per row the generator gives for it.
 *
 *   state   none
 *   late    not judged
 *   output  input columns, then the generator's; `outer` keeps rows for which there is none, with NULLs
 *   ports   one; large results leave through `drain`
 */
export class Generate implements Operator {
  readonly name = 'Generate'
  readonly schema: Schema
  readonly #config: GenerateConfig
  #batch: Batch | null = null
  #args: readonly Vector[] = []
  #next = 0
  /** Inside row `#next`: the element to go on with (explode), or the open iterator (other generators). */
  #element = -1
  #open: Iterator<readonly Value[]> | null = null

  constructor(config: GenerateConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, _ctx: OpContext): void {
    this.#batch = batch
    this.#args = this.#config.args(batch)
    this.#next = 0
    this.#element = -1
    this.#open = null
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const batch = this.#batch
    if (batch === null) return false
    const cap = Math.min(maxRows, MAX_BATCH_ROWS)
    const list = this.#args[0]
    if (this.#config.explode !== null && list?.shape === 'list') this.#explode(batch, list, cap, ctx)
    else this.#generate(batch, cap, ctx)
    if (this.#next < batch.rowCount) return true
    this.#batch = null
    return false
  }

  #explode(batch: Batch, list: ListVector, cap: number, ctx: OpContext): void {
    const parents = new Int32Array(cap)
    const elements = new Int32Array(cap)
    const positions = new Int32Array(cap)
    const { starts, ends, validity } = list
    const outer = this.#config.outer
    const total = batch.rowCount
    let n = 0
    let nulls = false
    let next = this.#next
    let element = this.#element
    while (next < total && n < cap) {
      const r = batch.rowAt(next)
      const isNull = validity !== null && validity[r] === 0
      const from = starts[r]!
      const to = isNull ? from : ends[r]!
      if (element < 0) {
        element = from
        if (to <= from) {
          if (outer) {
            parents[n] = r
            elements[n] = -1
            n++
            nulls = true
          }
          next++
          element = -1
          continue
        }
      }
      const stop = Math.min(to, element + cap - n)
      for (; element < stop; element++) {
        parents[n] = r
        elements[n] = element
        positions[n] = element - from
        n++
      }
      if (element >= to) {
        next++
        element = -1
      }
    }
    this.#next = next
    this.#element = element
    if (n === 0) return
    const rows = parents.subarray(0, n)
    const columns: Vector[] = batch.columns.map((c) => c.take(rows))
    const field = (i: number) => this.schema.fields[batch.columns.length + i]!
    const withPosition = this.#config.explode!.position
    const chosen = elements.subarray(0, n)
    if (nulls) {
      const at = Array.from(chosen)
      if (withPosition) columns.push(vectorOf(field(0).type, at.map((e, i) => (e < 0 ? null : positions[i]!))))
      columns.push(vectorOf(field(withPosition ? 1 : 0).type, at.map((e) => (e < 0 ? null : list.child.get(e)))))
    } else {
      if (withPosition) columns.push(vectorOf(field(0).type, Array.from(positions.subarray(0, n))))
      columns.push(list.child.take(chosen))
    }
    ctx.emit(new Batch(this.schema, columns, n))
  }

  #generate(batch: Batch, cap: number, ctx: OpContext): void {
    const parents: number[] = []
    const made: (readonly Value[])[] = []
    const width = this.schema.fields.length - batch.columns.length
    const nothing: readonly Value[] = new Array<Value>(width).fill(null)
    const { rows, outer } = this.#config
    while (this.#next < batch.rowCount && made.length < cap) {
      const r = batch.rowAt(this.#next)
      let first = false
      if (this.#open === null) {
        const args = this.#args.map((a) => a.get(r))
        this.#open = rows(...(args as never[]))[Symbol.iterator]()
        first = true
      }
      let step = this.#open.next()
      if (first && step.done === true && outer) {
        parents.push(r)
        made.push(nothing)
      }
      while (step.done !== true) {
        parents.push(r)
        made.push(step.value)
        if (made.length >= cap) break
        step = this.#open.next()
      }
      if (step.done === true) {
        this.#open = null
        this.#next++
      }
    }
    if (made.length === 0) return
    const at = Int32Array.from(parents)
    const columns: Vector[] = batch.columns.map((c) => c.take(at))
    for (let k = 0; k < width; k++) {
      const type = this.schema.fields[batch.columns.length + k]!.type
      columns.push(vectorOf(type, made.map((row) => row[k]!)))
    }
    ctx.emit(new Batch(this.schema, columns, made.length))
  }
}
