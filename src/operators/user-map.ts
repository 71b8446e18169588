import { Batch, MAX_BATCH_ROWS } from '../columns/batch.ts'
import { batchOf, vectorOf } from '../columns/builder.ts'
import { StructVector } from '../columns/vector.ts'
import { notPromise, userFailure } from '../functions/user/failure.ts'
import { isRowFault } from '../expr/fault.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import { iterable } from '../functions/user/table.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { OpContext, Operator } from './operator.ts'

/** Rows for which the function is called before the engine may look at the clock. */
const PIECE_ROWS = 256

/**
 * `element` makes what the function sees of a row (for groups: of the row behind the key), `take` a row from a result
 * (for `key`: the key). `key` and `keyText`: what the function sees of a key and the text equal keys share; for groups only.
 */
export interface UserMapConfig {
  readonly schema: Schema
  readonly kind: 'map' | 'flatMap' | 'filter' | 'mapPartitions' | 'key' | 'mapGroups' | 'flatMapGroups'
  readonly label: string
  readonly fn: (...args: unknown[]) => unknown
  readonly element: (values: readonly Value[]) => unknown
  readonly take: (js: unknown) => readonly Value[]
  readonly key: (value: Value) => unknown
  readonly keyText: (value: Value) => string
  /** The key's rows are one column, not structs. */
  readonly bare: boolean
}

/**
 * A function of the user's over whole rows: the only operator that makes row objects.
 *
 *   state   none; mapPartitions, mapGroups and flatMapGroups keep the rows of a trigger until its end
 *   late    not judged
 *   output  map: one row a row; flatMap: those its result holds; filter: rows it is truthy for, by selection; key: the
 *           key, then the row; mapPartitions: what it makes of all rows of the trigger; mapGroups: one row a group
 *   ports   one; everything leaves through `drain`, a few hundred calls of the function at a time
 */
export class UserMap implements Operator {
  readonly name = 'UserMap'
  readonly schema: Schema
  readonly #config: UserMapConfig
  #kept: Batch[] = []
  /** Work under way: a result, or null after a row without one. */
  #work: Iterator<readonly Value[] | null> | null = null
  #batch: Batch | null = null
  #made: (readonly Value[])[] = []
  /** Physical rows of the input: for filter those that pass, for map and flatMap that of each result. */
  #parents: number[] = []
  #parent = 0

  constructor(config: UserMapConfig) {
    this.schema = config.schema
    this.#config = config
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    switch (this.#config.kind) {
      case 'mapPartitions':
      case 'mapGroups':
      case 'flatMapGroups':
        this.#kept.push(batch)
        return
      default:
        this.#batch = this.#config.kind === 'key' ? batch.dense() : batch
        this.#work = this.#rowByRow(this.#batch, ctx.faults)
    }
  }

  onTriggerEnd(_ctx: OpContext): void {
    const kept = this.#kept
    this.#kept = []
    if (kept.length === 0) return
    this.#work = this.#config.kind === 'mapPartitions' ? this.#partition(kept) : this.#groups(kept)
  }

  drain(ctx: OpContext, maxRows: number): boolean {
    const work = this.#work
    if (work === null) return false
    // A filter gives a selection of the whole batch; the key's column stands beside the batch's own.
    const whole = this.#config.kind === 'filter' || this.#config.kind === 'key'
    const cap = whole ? Infinity : Math.min(maxRows, MAX_BATCH_ROWS)
    for (let i = 0; i < PIECE_ROWS && this.#made.length < cap; i++) {
      const step = work.next()
      if (step.done === true) {
        this.#emit(ctx)
        this.#work = null
        this.#batch = null
        return false
      }
      if (step.value !== null) {
        this.#made.push(step.value)
        this.#parents.push(this.#parent)
      }
    }
    if (this.#made.length >= cap) this.#emit(ctx)
    return true
  }

  *#rowByRow(batch: Batch, faults: RowFaults | undefined): Generator<readonly Value[] | null> {
    const { kind, element } = this.#config
    for (let i = 0; i < batch.rowCount; i++) {
      this.#parent = batch.rowAt(i)
      const row = element(batch.row(i))
      if (kind === 'flatMap' && faults === undefined) {
        yield* this.#all(row, () => this.#call(row))
        yield null
        continue
      }
      let out: readonly (readonly Value[] | null)[]
      try {
        // All results of a row or none: what came before a fault is not to stay.
        out = kind === 'flatMap' ? [...this.#all(row, () => this.#call(row)), null] : [this.#one(row)]
      } catch (error) {
        if (faults === undefined || !isRowFault(error)) throw error
        faults.take(batch, i, error)
        out = [null]
      }
      yield* out
    }
  }

  #one(row: unknown): readonly Value[] | null {
    const { kind, take } = this.#config
    try {
      const result = this.#call(row)
      return kind !== 'filter' ? take(result) : result ? [] : null
    } catch (error) {
      throw userFailure(this.#config.label, error, row)
    }
  }

  *#partition(kept: readonly Batch[]): Generator<readonly Value[]> {
    let last: unknown = null
    const { element } = this.#config
    const rows = function* (): Generator<unknown> {
      for (const batch of kept) for (let i = 0; i < batch.rowCount; i++) yield (last = element(batch.row(i)))
    }
    yield* this.#all(
      () => last,
      () => this.#call(rows()),
    )
  }

  *#groups(kept: readonly Batch[]): Generator<readonly Value[] | null> {
    const { kind, element, take, key, keyText } = this.#config
    const groups = new Map<string, { readonly key: Value; readonly rows: (readonly Value[])[] }>()
    for (const batch of kept) {
      for (let i = 0; i < batch.rowCount; i++) {
        const [k, row] = batch.row(i) as [Value, Value]
        const text = keyText(k)
        let group = groups.get(text)
        if (group === undefined) groups.set(text, (group = { key: k, rows: [] }))
        group.rows.push(this.#config.bare ? [row] : (row as readonly Value[]))
        if (i % PIECE_ROWS === PIECE_ROWS - 1) yield null
      }
    }
    for (const group of groups.values()) {
      const given = key(group.key)
      const rows = function* (): Generator<unknown> {
        for (const row of group.rows) yield element(row)
      }
      if (kind === 'flatMapGroups') {
        yield* this.#all(given, () => this.#call(given, rows()))
        continue
      }
      let out: readonly Value[]
      try {
        out = take(this.#call(given, rows()))
      } catch (error) {
        throw userFailure(this.#config.label, error, given)
      }
      yield out
    }
  }

  #call(...args: unknown[]): unknown {
    return notPromise(this.#config.fn(...args), this.#config.label)
  }

  /** The rows of a result that holds several; `given` is for the error. */
  *#all(given: unknown, call: () => unknown): Generator<readonly Value[]> {
    const sample = (): unknown => (typeof given === 'function' ? (given as () => unknown)() : given)
    let results: Iterator<unknown>
    try {
      results = iterable(call())[Symbol.iterator]()
    } catch (error) {
      throw userFailure(this.#config.label, error, sample())
    }
    for (;;) {
      let out: readonly Value[]
      try {
        const step = results.next()
        if (step.done === true) return
        out = this.#config.take(step.value)
      } catch (error) {
        throw userFailure(this.#config.label, error, sample())
      }
      yield out
    }
  }

  #emit(ctx: OpContext): void {
    const made = this.#made
    const parents = Int32Array.from(this.#parents)
    this.#made = []
    this.#parents = []
    if (made.length === 0) return
    const batch = this.#batch
    const { kind } = this.#config
    if (kind === 'filter') return ctx.emit(batch!.select(parents))
    if (kind === 'key') return ctx.emit(this.#keyed(batch!, made))
    const out = batchOf(this.schema, made)
    ctx.emit(new Batch(this.schema, out.columns, made.length, null, batch?.weightsOf(parents)))
  }

  #keyed(batch: Batch, keys: readonly (readonly Value[])[]): Batch {
    const [keyField, rowField] = this.schema.fields
    const key = vectorOf(
      keyField!.type,
      keys.map((k) => k[0]!),
    )
    const row = this.#config.bare
      ? batch.columns[0]!
      : new StructVector(rowField!.type, batch.columns, null, batch.length)
    return new Batch(this.schema, [key, row], batch.length, null, batch.weights)
  }
}
