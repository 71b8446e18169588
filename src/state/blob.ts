import { crc32 } from 'node:zlib'
import type { Batch } from '../columns/batch.ts'
import { ByteReader, ByteWriter } from '../columns/byte-buffer.ts'
import { readBatch } from '../columns/codec-read.ts'
import { writeBatch } from '../columns/codec.ts'
import type { Vector } from '../columns/vector.ts'
import { CheckpointError } from '../errors/errors.ts'
import { BIGINT, field, type Schema } from '../types/data-type.ts'
import { heldKeyType } from './key-columns.ts'
import type { StateTableSpec } from './table.ts'

/**
 * The bytes of change logs and snapshots. FROZEN as format 1, little-endian:
 *
 *   u8 format 1, u8 kind (1 change log, 2 snapshot), u16 zero, u32 CRC-32 of all that follows, then
 *   change log   u8 bucketed, where 1: 257 × u32, where each shard's changed rows begin and the last end;
 *                changed rows (keys, pane where paned, values) ordered by shard; deleted keys (keys, pane where paned);
 *                u32 count and int64 ids of removed panes.
 *                Applied in the order: removed panes, deleted keys, changed rows.
 *   snapshot     u8 shard; its rows
 *
 * Rows are written by columns/codec.ts; nested and wide keys as their canonical bytes (columns/key-bytes.ts).
 */
export const BLOB_FORMAT = 1
const KIND_CHANGES = 1
const KIND_SNAPSHOT = 2
const HEADER = 8
/** From how many changed rows on the bucket offsets (1 KB) pay. */
const BUCKET_FROM = 512

/** Keys and, where paned, the pane: what identifies a row. */
export function keySchema(spec: StateTableSpec): Schema {
  const keys = spec.keys.map((k) => field(k.name, heldKeyType(k.type)))
  return { fields: spec.paned ? [...keys, field('pane', BIGINT, false)] : keys }
}

/** Whole rows: `keySchema`, then the values. */
export function rowSchema(spec: StateTableSpec): Schema {
  return { fields: [...keySchema(spec).fields, ...spec.values] }
}

/** The parts of a change log. `offsets` is null where the log is too small to be bucketed. */
export interface ChangeLog {
  readonly offsets: Uint32Array | null
  readonly changed: Batch
  readonly deleted: Batch
  readonly removedPanes: readonly bigint[]
}

/** `changed` and `deleted` are columns of whole rows and of keys; `starts[shard]` is where the shard's rows begin. */
export function encodeChangeLog(
  spec: StateTableSpec,
  starts: Uint32Array,
  changed: readonly Vector[],
  changedCount: number,
  deleted: readonly Vector[],
  deletedCount: number,
  removedPanes: readonly bigint[],
): Uint8Array {
  const w = new ByteWriter(HEADER + 64 + changedCount * (16 + changed.length * 8) + deletedCount * 16)
  w.reserve(HEADER)
  const bucketed = changedCount >= BUCKET_FROM
  w.u8(bucketed ? 1 : 0)
  if (bucketed) for (let shard = 0; shard <= 256; shard++) w.u32(starts[shard]!)
  writeBatch(w, rowSchema(spec), changed, null, changedCount)
  writeBatch(w, keySchema(spec), deleted, null, deletedCount)
  w.u32(removedPanes.length)
  for (const pane of removedPanes) w.i64(pane)
  return seal(w, KIND_CHANGES)
}

/** Throws CHECKPOINT_CORRUPT naming `what`. */
export function decodeChangeLog(spec: StateTableSpec, blob: Uint8Array, what: string): ChangeLog {
  const r = unseal(blob, KIND_CHANGES, what)
  const bucketed = r.u8()
  let offsets: Uint32Array | null = null
  if (bucketed === 1) {
    offsets = new Uint32Array(257)
    for (let shard = 0; shard <= 256; shard++) offsets[shard] = r.u32()
  }
  const changed = readBatch(r, rowSchema(spec))
  const deleted = readBatch(r, keySchema(spec))
  const removedPanes: bigint[] = []
  for (let n = r.u32(); n > 0; n--) removedPanes.push(r.i64())
  return { offsets, changed, deleted, removedPanes }
}

export function encodeSnapshot(
  spec: StateTableSpec,
  shard: number,
  rows: readonly Vector[],
  count: number,
): Uint8Array {
  const w = new ByteWriter(HEADER + 64 + count * (16 + rows.length * 8))
  w.reserve(HEADER)
  w.u8(shard)
  writeBatch(w, rowSchema(spec), rows, null, count)
  return seal(w, KIND_SNAPSHOT)
}

/** Throws CHECKPOINT_CORRUPT naming `what`. */
export function decodeSnapshot(spec: StateTableSpec, shard: number, blob: Uint8Array, what: string): Batch {
  const r = unseal(blob, KIND_SNAPSHOT, what)
  const written = r.u8()
  if (written !== shard) throw r.damaged(`it is of shard ${written}`)
  return readBatch(r, rowSchema(spec))
}

function seal(w: ByteWriter, kind: number): Uint8Array {
  const blob = w.finish()
  blob[0] = BLOB_FORMAT
  blob[1] = kind
  const crc = crc32(blob.subarray(HEADER))
  new DataView(blob.buffer, blob.byteOffset).setUint32(4, crc, true)
  return blob
}

function unseal(blob: Uint8Array, kind: number, what: string): ByteReader {
  const damaged = (message: string): CheckpointError => new CheckpointError('CHECKPOINT_CORRUPT', { what, message })
  if (blob.length < HEADER) throw damaged('it is too short')
  if (blob[0] !== BLOB_FORMAT) throw damaged(`it has format ${blob[0]}, not ${BLOB_FORMAT}`)
  if (blob[1] !== kind) throw damaged(`it is of kind ${blob[1]}, not ${kind}`)
  const stored = new DataView(blob.buffer, blob.byteOffset).getUint32(4, true)
  const body = blob.subarray(HEADER)
  if (crc32(body) !== stored) throw damaged('its checksum does not fit')
  return new ByteReader(body, what)
}
