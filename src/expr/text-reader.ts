import { isAscii } from 'node:buffer'
import type { BytesVector } from '../columns/vector.ts'

/** Up to this many bytes between one value and the next, reading all at once pays. */
const DENSE_BYTES = 64
/** So many values are read one by one before the whole column is looked at: lazy branches may ask for few. */
const PATIENCE = 8

/**
 * Reads the strings of a STRING vector for the length of one loop, several times faster than one by one where
 * the bytes are ASCII: values lie near each other, so they are decoded together and cut out. The strings keep
 * the text of the whole column alive: use it only where none of them outlives the batch.
 */
export class TextReader {
  readonly #vector: BytesVector
  #asked = 0
  #mode: 'each' | 'latin1' | 'whole' = 'each'
  #whole = ''
  #from = 0

  constructor(vector: BytesVector) {
    this.#vector = vector
  }

  /** The value of a row that is not NULL. */
  string(row: number): string {
    const { starts, ends, data } = this.#vector
    if (this.#mode === 'whole') return this.#whole.substring(starts[row]! - this.#from, ends[row]! - this.#from)
    if (this.#mode === 'latin1') return data.toString('latin1', starts[row], ends[row])
    if (++this.#asked === PATIENCE) this.#look()
    return this.#vector.string(row)
  }

  /** Chooses the way for the rest of the column. */
  #look(): void {
    const { starts, ends, data, length, validity } = this.#vector
    let from = data.length
    let to = 0
    for (let i = 0; i < length; i++) {
      if (validity !== null && validity[i] === 0) continue
      if (starts[i]! < from) from = starts[i]!
      if (ends[i]! > to) to = ends[i]!
    }
    if (to <= from || to - from > 512 * length || !isAscii(data.subarray(from, to))) return
    if (to - from <= DENSE_BYTES * length) {
      this.#whole = data.toString('latin1', from, to)
      this.#from = from
      this.#mode = 'whole'
    } else this.#mode = 'latin1'
  }
}
