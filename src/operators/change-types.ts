import { Batch } from '../columns/batch.ts'
import { rowEquality } from '../columns/equal.ts'
import { BytesVector } from '../columns/vector.ts'
import { type Schema, STRING } from '../types/data-type.ts'
import type { OpContext, Operator } from './operator.ts'

export interface ChangeTypesConfig {
  readonly schema: Schema
  /** Columns that identify a row; null: nothing does. */
  readonly key: readonly number[] | null
}

const NAMES = ['insert', 'delete', 'update_preimage', 'update_postimage'] as const
const [INSERT, DELETE, PREIMAGE, POSTIMAGE] = [0, 1, 2, 3] as const
const TEXT = Buffer.from(NAMES.join(''))
const STARTS = NAMES.map((_, i) => NAMES.slice(0, i).join('').length)

/**
 * Changelog mode: says of every row what it does to the result, in a column `_change_type` behind the others.
 *
 *   state   none
 *   late    not judged
 *   output  without weights: `insert` and `delete`; a deletion with an insertion of the same key right behind it is
 *           `update_preimage` and `update_postimage`, and nothing where both are the same row
 *   ports   one
 */
export class ChangeTypes implements Operator {
  readonly name = 'ChangeTypes'
  readonly releases = true
  readonly schema: Schema
  readonly #key: readonly number[] | null

  constructor({ schema, key }: ChangeTypesConfig) {
    this.schema = schema
    this.#key = key
  }

  onBatch(batch: Batch, ctx: OpContext): void {
    const { columns, weights } = batch
    const types = new Uint8Array(batch.length)
    let selection = batch.selection
    if (weights !== null) {
      const equal = columns.map(rowEquality)
      const key = this.#key?.map((k) => equal[k]!) ?? null
      const kept = new Int32Array(batch.rowCount)
      let n = 0
      for (let i = 0; i < batch.rowCount; i++) {
        const row = batch.rowAt(i)
        const next = i + 1 < batch.rowCount ? batch.rowAt(i + 1) : -1
        if (weights[row]! > 0) types[row] = INSERT
        else if (key === null || next < 0 || weights[next]! < 0 || !key.every((same) => same(row, next)))
          types[row] = DELETE
        else {
          i++
          if (equal.every((same) => same(row, next))) continue
          types[row] = PREIMAGE
          types[next] = POSTIMAGE
          kept[n++] = row
          kept[n++] = next
          continue
        }
        kept[n++] = row
      }
      if (n === 0) return
      selection = kept.subarray(0, n)
    }
    ctx.emit(new Batch(this.schema, [...columns, namesOf(types)], batch.length, selection))
  }
}

/** One name a row, all of them pieces of the same text. */
function namesOf(types: Uint8Array): BytesVector {
  const starts = new Int32Array(types.length)
  const ends = new Int32Array(types.length)
  for (let i = 0; i < types.length; i++) {
    starts[i] = STARTS[types[i]!]!
    ends[i] = starts[i]! + NAMES[types[i]!]!.length
  }
  return new BytesVector(STRING, TEXT, starts, ends, null)
}
