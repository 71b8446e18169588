import fs from 'node:fs'
import zlib from 'node:zlib'
import type { Batch } from '../../columns/batch.ts'
import { BytesVector } from '../../columns/vector.ts'
import { textDecoder, TEXT_SCHEMA } from '../../formats/text/decode.ts'
import { type ListedFile, readFailed } from './listing.ts'
import { endLines, isGzip, LineReader } from './read-lines.ts'

/** How the records of a file are cut: see LineDecoder. */
export interface Cutting {
  readonly whole: boolean
  readonly separator: Buffer | null
}

/** The bytes of each record of a file, with its number (from 1); a byte order mark is left out. For schema inference. */
export function* recordsOf(file: ListedFile, cutting: Cutting): Generator<Buffer> {
  const decoder = textDecoder(TEXT_SCHEMA, { whole: cutting.whole, separator: cutting.separator })
  for (const batch of isGzip(file.path) ? inflated(file, cutting) : new LineReader().read(file, decoder)) {
    const [column] = batch.columns
    if (column instanceof BytesVector)
      for (let i = 0; i < batch.length; i++) yield column.data.subarray(column.starts[i]!, column.ends[i]!)
  }
}

function inflated(file: ListedFile, cutting: Cutting): Batch[] {
  let text: Buffer
  try {
    text = zlib.gunzipSync(fs.readFileSync(file.path))
  } catch (cause) {
    throw readFailed(file.path, cause)
  }
  const start = text.length >= 3 && text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0
  if (!cutting.whole && cutting.separator === null) endLines(text, start, text.length)
  const out: Batch[] = []
  const decoder = textDecoder(TEXT_SCHEMA, { whole: cutting.whole, separator: cutting.separator })
  decoder.decode(text, start, text.length, (batch) => out.push(batch))
  return out
}

/** Lets through the part of the records that samplingRatio names, evenly. */
export function sampler(ratio: number): () => boolean {
  let sum = 0
  return () => {
    sum += ratio
    if (sum < 1 - 1e-9) return false
    sum -= 1
    return true
  }
}
