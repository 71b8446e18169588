import fs from 'node:fs'
import zlib from 'node:zlib'
import { Batch } from '../../columns/batch.ts'
import { ExecutionError, MillraceError } from '../../errors/errors.ts'
import { DECODE_SLACK, type LineDecoder } from '../../formats/line-decoder.ts'
import { type ListedFile, readFailed } from './listing.ts'

/** Fits the cache of a core; lines of some 250 bytes make one full batch of it. */
const BLOCK = 2 << 20

const NO_ROWS = new Batch({ fields: [] }, [], 0)
const NEWLINE = Buffer.from('\n')

/** Whether a file holds gzip, by its name. */
export const isGzip = (path: string): boolean => path.endsWith('.gz')

/**
 * Reads files through a decoder in large blocks cut at line ends; blocks are used again where the decoder lets go of
 * them. Line ends of any kind reach the decoder as `\n` or `\r\n`.
 */
export class LineReader {
  /** The file being read, and its lines before the running block: for error places. */
  path = ''
  linesBefore = 0
  #spare: Buffer | null = null
  readonly #mayReuse: boolean

  /** `mayReuse`: nothing of a batch is kept once the next is asked for. */
  constructor(mayReuse = false) {
    this.#mayReuse = mayReuse
  }

  #block(bytes: number): Buffer {
    const wanted = bytes + DECODE_SLACK
    const spare = this.#spare
    this.#spare = null
    return spare !== null && spare.length >= wanted ? spare : Buffer.allocUnsafeSlow(wanted)
  }

  /** The batches of one plain file, up to the size it was listed with. */
  *read(file: ListedFile, decoder: LineDecoder): Generator<Batch> {
    const fd = openFile(file.path)
    try {
      const first = decoder.framing === 'whole' ? file.size : Math.min(BLOCK, file.size)
      const blocks = this.#begin(file, first, decoder)
      for (let at = 0; at < file.size;) {
        const room = Math.min(blocks.room(), file.size - at)
        fill(fd, file.path, blocks.block, blocks.filled, room, at)
        at += room
        blocks.filled += room
        yield* blocks.decode(at >= file.size)
      }
      this.#end(blocks)
    } finally {
      fs.closeSync(fd)
    }
  }

  /** Likewise of a gzip file, inflated piece by piece. */
  async *readGzip(file: ListedFile, decoder: LineDecoder): AsyncGenerator<Batch> {
    if (file.size === 0) return
    const blocks = this.#begin(file, BLOCK, decoder)
    const compressed = fs.createReadStream(file.path, { end: file.size - 1, highWaterMark: 1 << 18 })
    const inflated = zlib.createGunzip({ chunkSize: 1 << 18 })
    compressed.on('error', (error) => inflated.destroy(error))
    compressed.pipe(inflated)
    try {
      for await (const piece of inflated as AsyncIterable<Buffer>)
        for (let at = 0; at < piece.length;) {
          const n = Math.min(blocks.room(), piece.length - at)
          piece.copy(blocks.block, blocks.filled, at, at + n)
          at += n
          blocks.filled += n
          if (blocks.room(false) === 0) yield* blocks.decode(false)
        }
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'ENOENT') throw new ExecutionError('FAILED_READ_FILE.FILE_NOT_EXIST', { path: file.path }, { cause })
      throw readFailed(file.path, cause)
    } finally {
      compressed.destroy()
      inflated.destroy()
    }
    yield* blocks.decode(true)
    this.#end(blocks)
  }

  #begin(file: ListedFile, bytes: number, decoder: LineDecoder): Blocks {
    this.path = file.path
    this.linesBefore = 0
    decoder.startFile?.()
    return new Blocks(this, this.#block(bytes), decoder, this.#mayReuse)
  }

  #end(blocks: Blocks): void {
    if (!blocks.keeps && blocks.block.length <= BLOCK + DECODE_SLACK) this.#spare = blocks.block
  }
}

/** The block being filled: decoded up to its last line end, what is behind it moves on. */
class Blocks {
  block: Buffer
  filled = 0
  readonly keeps: boolean
  readonly #reader: LineReader
  readonly #decoder: LineDecoder
  readonly #mayReuse: boolean
  readonly #separator: Buffer
  readonly #batches: Batch[] = []
  #first = true
  /** No line end stands before this position. */
  #searched = 0

  constructor(reader: LineReader, block: Buffer, decoder: LineDecoder, mayReuse: boolean) {
    this.block = block
    this.keeps = decoder.keepsBlock && !mayReuse
    this.#reader = reader
    this.#decoder = decoder
    this.#mayReuse = mayReuse
    this.#separator = decoder.separator ?? NEWLINE
  }

  /** Bytes that can still be filled in; a full block grows unless told otherwise. */
  room(grow = true): number {
    const room = this.block.length - DECODE_SLACK - this.filled
    if (room > 0 || !grow) return room
    const larger = Buffer.allocUnsafeSlow((this.block.length - DECODE_SLACK) * 2 + DECODE_SLACK)
    this.block.copy(larger, 0, 0, this.filled)
    this.block = larger
    return larger.length - DECODE_SLACK - this.filled
  }

  /** Decodes the whole lines there are; with `last` all. */
  *decode(last: boolean): Generator<Batch> {
    const { block, filled } = this
    const end = last ? filled : this.#cut()
    if (end === 0) return
    const rest = filled - end
    // The begun line moves on before the decoder may write behind `end`.
    const next = last || !this.keeps ? null : Buffer.allocUnsafeSlow(block.length)
    const tail = rest > 0 && next === null ? Buffer.from(block.subarray(end, filled)) : null
    if (next !== null) block.copy(next, 0, end, filled)
    // A byte order mark at the beginning of a file is no part of its text.
    const mark = this.#first && end >= 3 && block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf
    this.#first = false
    const start = mark ? 3 : 0
    if ((this.#decoder.separator ?? null) === null && this.#decoder.framing !== 'whole') endLines(block, start, end)
    const batches = this.#batches
    this.#decoder.decode(block, start, end, (batch) => batches.push(batch))
    this.#reader.linesBefore += this.#decoder.lines
    // One at least a block: who reads is to look at bad records of a block that holds nothing else.
    if (batches.length === 0) yield NO_ROWS
    yield* batches
    batches.length = 0
    if (this.#mayReuse) this.#decoder.release?.()
    if (next !== null) this.block = next
    else tail?.copy(this.block, 0)
    this.filled = rest
    this.#searched = 0
  }

  /** Behind the last line end, or 0. */
  #cut(): number {
    if (this.#decoder.framing === 'whole') return 0
    const { length } = this.#separator
    const from = Math.max(0, this.#searched - length)
    const fresh = this.block.subarray(from, this.filled)
    const found = length === 1 ? fresh.lastIndexOf(this.#separator[0]!) : fresh.lastIndexOf(this.#separator)
    this.#searched = this.filled
    return found < 0 ? 0 : from + found + length
  }
}

/** Turns carriage returns that end a line by themselves into newlines. */
export function endLines(b: Buffer, start: number, end: number): void {
  for (let p = b.indexOf(13, start); p >= 0 && p < end; p = b.indexOf(13, p + 1))
    if (p + 1 === end || b[p + 1] !== 10) b[p] = 10
}

function openFile(path: string): number {
  try {
    return fs.openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ExecutionError('FAILED_READ_FILE.FILE_NOT_EXIST', { path }, { cause })
    throw readFailed(path, cause)
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
