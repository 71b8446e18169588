import type { Batch } from '../columns/batch.ts'

/** Bytes that must be readable behind the lines given to `decode`, so that scans may look ahead; a shorter block is copied. */
export const DECODE_SLACK = 64

/** Bytes of lines to batches. */
export interface LineDecoder {
  /**
   * Decodes the lines of block[start, end) and gives them to `sink` in batches of at most MAX_BATCH_ROWS rows. The last
   * line may lack its newline. While `keepsBlock` is true the batches point into `block`, whose bytes must not be
   * changed afterwards (the decoder itself may replace escapes in place); else the block may be used again.
   */
  decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void
  readonly keepsBlock: boolean
  /** Lines gone through in the last call of `decode`. */
  readonly lines: number
}

/** What to do with a line that is no row: fail, leave it out, or read it as NULLs. */
export type ParseMode = 'FAILFAST' | 'DROPMALFORMED' | 'PERMISSIVE'

export interface LineDecoderOptions {
  readonly timeZone: string
  readonly mode?: ParseMode
  /** Where line `line` (from 1) of the running `decode` call stands, for errors: `path, line 12`. */
  readonly place?: (line: number) => string
}
