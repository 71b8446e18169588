import { crc32 } from 'node:zlib'
import { CheckpointError } from '../errors/errors.ts'
import type { SqlValue } from '../storage/database.ts'
import type { Json } from '../types/json.ts'

/** JSON text with the members of every object in ascending order: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** The checksum kept beside a row's content: CRC-32 of `where` (so that rows cannot trade places) and the content. */
export function checksum(where: string, content: string | Uint8Array): number {
  return crc32(content, crc32(where))
}

/** The JSON of a row whose checksum fits; throws CHECKPOINT_CORRUPT naming `where`. */
export function checkedJson(
  path: string,
  where: string,
  content: SqlValue | undefined,
  crc: SqlValue | undefined,
): Json {
  if (typeof content !== 'string' || checksum(where, content) !== crc) throw damaged(path, where)
  try {
    return JSON.parse(content) as Json
  } catch (cause) {
    throw damaged(path, where, cause)
  }
}

/** The bytes of a row whose checksum fits; throws CHECKPOINT_CORRUPT naming `where`. */
export function checkedBlob(
  path: string,
  where: string,
  content: SqlValue | undefined,
  crc: SqlValue | undefined,
): Uint8Array {
  if (!(content instanceof Uint8Array) || checksum(where, content) !== crc) throw damaged(path, where)
  return content
}

/** The error for a row whose content is not what was written. */
export function damaged(path: string, where: string, cause?: unknown): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_CORRUPT',
    { what: `${where} of the checkpoint ${path}`, message: 'its checksum does not fit' },
    { cause, hint: 'restore the checkpoint file from a backup, or start the query on a new checkpoint location' },
  )
}
