import fs from 'node:fs'
import type { Batch } from '../../columns/batch.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { DECODE_SLACK, type LineDecoder } from '../../formats/line-decoder.ts'
import { type ListedFile, readFailed } from './listing.ts'

/** Fits the cache of a core; lines of some 250 bytes make one full batch of it. */
const BLOCK = 2 << 20

/** Reads files through a line decoder in large blocks; blocks are used again where the decoder lets go of them. */
export class LineReader {
  /** The file being read, and its lines before the running block: for error places. */
  path = ''
  linesBefore = 0
  #spare: Buffer | null = null

  #block(bytes: number): Buffer {
    const wanted = bytes + DECODE_SLACK
    const spare = this.#spare
    this.#spare = null
    return spare !== null && spare.length >= wanted ? spare : Buffer.allocUnsafeSlow(wanted)
  }

  /** The batches of one file, up to the size it was listed with. */
  *read(file: ListedFile, decoder: LineDecoder): Generator<Batch> {
    this.path = file.path
    this.linesBefore = 0
    let fd: number
    try {
      fd = fs.openSync(file.path, 'r')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
        throw new ExecutionError('FAILED_READ_FILE.FILE_NOT_EXIST', { path: file.path }, { cause })
      throw readFailed(file.path, cause)
    }
    try {
      yield* this.#blocks(fd, file, decoder)
    } finally {
      fs.closeSync(fd)
    }
  }

  *#blocks(fd: number, file: ListedFile, decoder: LineDecoder): Generator<Batch> {
    let block = this.#block(Math.min(BLOCK, file.size))
    let filled = 0
    let at = 0
    let first = true
    const batches: Batch[] = []
    while (at < file.size || filled > 0) {
      const room = Math.min(block.length - DECODE_SLACK - filled, file.size - at)
      if (room > 0) {
        fill(fd, file.path, block, filled, room, at)
        at += room
        filled += room
      }
      const last = at >= file.size
      const end = last ? filled : block.lastIndexOf(10, filled - 1) + 1
      if (end === 0) {
        // A line longer than the block.
        const larger = Buffer.allocUnsafeSlow((block.length - DECODE_SLACK) * 2 + DECODE_SLACK)
        block.copy(larger, 0, 0, filled)
        block = larger
        continue
      }
      const rest = filled - end
      // The begun line moves on before the decoder may write behind `end`.
      const next = last ? null : decoder.keepsBlock ? Buffer.allocUnsafeSlow(block.length) : null
      const tail = rest > 0 && next === null ? Buffer.from(block.subarray(end, filled)) : null
      if (next !== null) block.copy(next, 0, end, filled)
      // A byte order mark at the beginning of a file is no part of its text.
      const mark = first && end >= 3 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf
      first = false
      decoder.decode(block, mark ? 3 : 0, end, (batch) => batches.push(batch))
      this.linesBefore += decoder.lines
      yield* batches
      batches.length = 0
      if (next !== null) block = next
      else tail?.copy(block, 0)
      filled = rest
    }
    if (!decoder.keepsBlock && block.length <= BLOCK + DECODE_SLACK) this.#spare = block
  }
}

function fill(fd: number, path: string, block: Buffer, to: number, bytes: number, at: number): void {
  for (let done = 0; done < bytes;) {
    let n: number
    try {
      n = fs.readSync(fd, block, to + done, bytes - done, at + done)
    } catch (cause) {
      throw readFailed(path, cause)
    }
    if (n === 0) throw new ExecutionError('FAILED_READ_FILE.FILE_NOT_EXIST', { path })
    done += n
  }
}
