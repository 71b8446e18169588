import type { Batch } from '../columns/batch.ts'
import type { TimeTexts } from './time-texts.ts'

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
  /** What `decode` wants in one call: some lines (when absent), or all of a file. */
  readonly framing?: 'lines' | 'whole'
  /** What stands between two lines; null or absent: line ends of any kind. */
  readonly separator?: Buffer | null
  /** Told before the first `decode` of a file. */
  startFile?(): void
  /** The batches given so far are no longer looked at: with `mayReuse` their columns are filled anew. */
  release?(): void
  /** Since the beginning: rows left out for a predicate of the plan, and rows that no fast way could read. */
  readonly droppedRows?: number
  readonly slowRows?: number
  /** Lines gone through in the last call of `decode`. */
  readonly lines: number
}

/** A record that does not fit. */
export interface BadRecord {
  readonly reason: string
  /** Its line in the running `decode` call, from 1. */
  readonly line: number
  /** Its bytes, without the line end, as long as the call runs. */
  readonly bytes: Buffer
}

/** Why a record of bytes that are no UTF-8 does not fit. */
export const NOT_UTF8 = 'it is not UTF-8'

/** What to do with a record that does not fit: fail, leave it out, or read what fits of it and NULL for the rest. */
export type ParseMode = 'FAILFAST' | 'DROPMALFORMED' | 'PERMISSIVE'

export interface LineDecoderOptions {
  readonly timeZone: string
  /** The column of the schema that takes, with mode PERMISSIVE, the text of a record that does not fit. */
  readonly corruptColumn?: string
  /** JSON: a record that strict JSON is not, as strict JSON; null when it is none in any wider sense either. */
  readonly rewrite?: (record: string) => string | null
  /** JSON: `NaN` and `Infinity`, quoted or not, are numbers; so unless false. */
  readonly nonNumericNumbers?: boolean
  /** JSON: all of a file is one record. */
  readonly multiLine?: boolean
  /** Readers of dates and times that are written in a pattern. */
  readonly times?: TimeTexts
  readonly mode?: ParseMode
  /** The caller calls `release`. */
  readonly mayReuse?: boolean
  /** Told of each record that does not fit and does not fail (modes DROPMALFORMED and PERMISSIVE). */
  readonly onBad?: (record: BadRecord) => void
  /** Text that is not UTF-8 and values over a limit make a record that does not fit; else the one is read as U+FFFD, the other always fails. */
  readonly judgesAll?: boolean
  /** Where line `line` (from 1) of the running `decode` call stands, for errors: `path, line 12`. */
  readonly place?: (line: number) => string
}
