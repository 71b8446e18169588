import { ExecutionError } from '../../errors/errors.ts'
import { crc32c } from './codecs/crc32c.ts'

/** Bytes before the records of a batch, and what the attributes say. */
export const HEADER_BYTES = 61
export const CODEC_MASK = 7
export const LOG_APPEND_TIME = 8
export const TRANSACTIONAL = 16
const CONTROL = 32

/** One record batch (format 2) as it lies in fetched bytes. Offsets of records are `baseOffset` to `lastOffset`, with gaps. */
export interface RecordBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly attributes: number
  readonly codec: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: number
  readonly count: number
  /** A marker of the end of a transaction: no record of it is a row. */
  readonly isControl: boolean
  /** Where the records, or what they were compressed to, begin and end in the fetched bytes. */
  readonly from: number
  readonly to: number
}

/** A transaction that was aborted: its records begin at `firstOffset`. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/**
 * The whole batches of what a fetch gave; a broker may cut the last one off. With `checkCrc` their checksums are
 * verified. Damage, and formats from before Kafka 0.11, raise KAFKA_RECORDS_CORRUPT naming `where`.
 */
export function scanBatches(bytes: Buffer, checkCrc: boolean, where: string): readonly RecordBatch[] {
  const out: RecordBatch[] = []
  const corrupt = (message: string): ExecutionError => new ExecutionError('KAFKA_RECORDS_CORRUPT', { where, message })
  for (let at = 0; at + 17 <= bytes.length;) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    const magic = bytes[at + 16]!
    if (magic !== 2)
      throw corrupt(`a batch at ${Number(bytes.readBigInt64BE(at))} has format ${magic}, only 2 (Kafka 0.11) is read`)
    if (end < at + HEADER_BYTES) throw corrupt(`a batch claims to have ${end - at} bytes`)
    if (end > bytes.length) break
    const baseOffset = Number(bytes.readBigInt64BE(at))
    if (checkCrc && crc32c(bytes, at + 21, end) !== bytes.readUInt32BE(at + 17))
      throw corrupt(`the checksum of the batch at offset ${baseOffset} is wrong`)
    const attributes = bytes.readInt16BE(at + 21)
    out.push({
      baseOffset,
      lastOffset: baseOffset + bytes.readInt32BE(at + 23),
      attributes,
      codec: attributes & CODEC_MASK,
      baseTimestampMs: Number(bytes.readBigInt64BE(at + 27)),
      maxTimestampMs: Number(bytes.readBigInt64BE(at + 35)),
      producerId: Number(bytes.readBigInt64BE(at + 43)),
      count: bytes.readInt32BE(at + 57),
      isControl: (attributes & CONTROL) !== 0,
      from: at + HEADER_BYTES,
      to: end,
    })
    at = end
  }
  return out
}

/**
 * The batches whose records are rows: markers are none, and with `aborted` (what a fetch with read_committed reports of
 * these bytes) neither are records of transactions that were aborted.
 */
export function visibleBatches(
  bytes: Buffer,
  batches: readonly RecordBatch[],
  aborted: readonly AbortedTransaction[],
): readonly RecordBatch[] {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<number>()
  let next = 0
  return batches.filter((batch) => {
    for (; next < waiting.length && waiting[next]!.firstOffset <= batch.lastOffset; next++)
      aborting.add(waiting[next]!.producerId)
    if (batch.isControl) {
      if (isAbortMarker(bytes, batch)) aborting.delete(batch.producerId)
      return false
    }
    return (batch.attributes & TRANSACTIONAL) === 0 || !aborting.has(batch.producerId)
  })
}

/** A control batch holds one record, whose key is its version and type: 0 for an abort. */
function isAbortMarker(bytes: Buffer, batch: RecordBatch): boolean {
  // length, attributes, time and offset are one byte each in a batch of one record; so is the length of the key.
  const key = batch.from + 5
  return batch.count > 0 && key + 4 <= batch.to && bytes.readInt16BE(key + 2) === 0
}
