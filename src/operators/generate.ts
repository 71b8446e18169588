import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { vectorOf } from '../columns/builder.ts'
import { BytesVector, Int32Vector, type ListVector, type Vector } from '../columns/vector.ts'
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
  /** Input columns that are passed on, in front of the generator's own. */
  readonly keep: readonly number[]
  readonly outer: boolean
  readonly explode: { readonly position: boolean } | null
}

/**
 * LATERAL VIEW and explode: each input row once per row the generator gives for it.
 *
 *   state   none
 *   late    not judged
 *   output  the input columns kept, then the generator's; `outer` keeps rows for which there is none, with NULLs
 *   ports   one; large results leave through `drain`
 */
export class Generate implements Operator {
  readonly name = 'Generate'
  readonly releases = true
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
    const { keep, outer } = this.#config
    const withPosition = this.#config.explode!.position
    const parents = keep.length > 0 || batch.weights !== null ? new Int32Array(cap) : null
    const positions = withPosition ? new Int32Array(cap) : null
    const elements = new Int32Array(cap)
    const { starts, ends, validity } = list
    const { selection, rowCount: total } = batch
    let n = 0
    let nulls = false
    let inOrder = true
    let next = this.#next
    let element = this.#element
    while (next < total && n < cap) {
      const r = selection === null ? next : selection[next]!
      const isNull = validity !== null && validity[r] === 0
      const from = starts[r]!
      const to = isNull ? from : ends[r]!
      if (element < 0) {
        element = from
        if (to <= from) {
          if (outer) {
            if (parents !== null) parents[n] = r
            elements[n++] = -1
            nulls = true
          }
          next++
          element = -1
          continue
        }
      }
      const stop = Math.min(to, element + cap - n)
      if (n > 0 && elements[n - 1] !== element - 1) inOrder = false
      if (parents !== null) parents.fill(r, n, n + stop - element)
      if (positions !== null) for (let e = element; e < stop; e++) positions[n + e - element] = e - from
      for (; element < stop; element++) elements[n++] = element
      if (element >= to) {
        next++
        element = -1
      }
    }
    this.#next = next
    this.#element = element
    if (n === 0) return
    const columns: Vector[] = []
    if (parents !== null) for (const k of keep) columns.push(batch.columns[k]!.take(parents.subarray(0, n)))
    const field = (i: number) => this.schema.fields[keep.length + i]!
    const chosen = elements.subarray(0, n)
    if (nulls) {
      const at = Array.from(chosen)
      if (positions !== null)
        columns.push(
          vectorOf(
            field(0).type,
            at.map((e, i) => (e < 0 ? null : positions[i]!)),
          ),
        )
      columns.push(
        vectorOf(
          field(withPosition ? 1 : 0).type,
          at.map((e) => (e < 0 ? null : list.child.get(e))),
        ),
      )
    } else {
      if (positions !== null) columns.push(new Int32Vector(field(0).type, positions, null, n))
      columns.push(inOrder ? sliceOf(list.child, chosen) : list.child.take(chosen))
    }
    ctx.emit(new Batch(this.schema, columns, n, null, parents && batch.weightsOf(parents.subarray(0, n))))
  }

  #generate(batch: Batch, cap: number, ctx: OpContext): void {
    const parents: number[] = []
    const made: (readonly Value[])[] = []
    const width = this.schema.fields.length - this.#config.keep.length
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
    const columns: Vector[] = this.#config.keep.map((k) => batch.columns[k]!.take(at))
    for (let k = 0; k < width; k++) {
      const type = this.schema.fields[this.#config.keep.length + k]!.type
      columns.push(
        vectorOf(
          type,
          made.map((row) => row[k]!),
        ),
      )
    }
    ctx.emit(new Batch(this.schema, columns, made.length, null, batch.weightsOf(at)))
  }
}

/** Elements `rows[0]` to `rows[n - 1]`, which follow one another: a piece of the vector where that needs no copy. */
function sliceOf(child: Vector, rows: Int32Array): Vector {
  if (child.shape !== 'bytes') return child.take(rows)
  const [from, to] = [rows[0]!, rows[0]! + rows.length]
  const validity = child.validity === null ? null : child.validity.subarray(from, to)
  return new BytesVector(
    child.type,
    child.data,
    child.starts.subarray(from, to),
    child.ends.subarray(from, to),
    validity,
  )
}
