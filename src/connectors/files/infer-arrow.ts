import fs from 'node:fs'
import zlib from 'node:zlib'
import { arrowBytesSchema } from '../../formats/arrow/decode.ts'
import type { Schema } from '../../types/data-type.ts'
import { type ListedFile, readFailed } from './listing.ts'
import { isGzip } from './read-lines.ts'

/** The columns of the first file; those of the others are looked for by name when they are read. */
export function inferArrow(files: readonly ListedFile[]): Schema {
  const { path } = files.find((f) => f.size > 0) ?? files[0]!
  return arrowBytesSchema(bytesOf(path), path)
}

function bytesOf(path: string): Uint8Array {
  try {
    const bytes = fs.readFileSync(path)
    return isGzip(path) ? zlib.gunzipSync(bytes) : bytes
  } catch (cause) {
    throw readFailed(path, cause)
  }
}
