import path from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  BIGINT,
  type DataType,
  field,
  type Schema,
  schemaOf,
  STRING,
  structOf,
  TIMESTAMP,
} from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import type { ListedFile } from './listing.ts'

/** The hidden column of every file source. */
export const METADATA_COLUMN = '_metadata'

/** `_metadata`: where a row comes from. */
export const FILE_METADATA: Schema = schemaOf(
  field(
    METADATA_COLUMN,
    structOf([
      field('file_path', STRING, false),
      field('file_name', STRING, false),
      field('file_size', BIGINT, false),
      field('file_block_start', BIGINT, false),
      field('file_block_length', BIGINT, false),
      field('file_modification_time', TIMESTAMP, false),
    ]),
    false,
  ),
)

/** The value of `_metadata` for the rows of a file, with the members that `type` has. */
export function fileMetadata(file: ListedFile, type: DataType): Value {
  const members = type.kind === 'struct' ? type.fields : []
  return members.map((m): Value => {
    switch (m.name.toLowerCase()) {
      case 'file_path':
        return pathToFileURL(file.path).href
      case 'file_name':
        return path.basename(file.path)
      case 'file_modification_time':
        return BigInt(file.timestamp) * 1000n
      case 'file_block_start':
        return 0n
      default:
        return BigInt(file.size)
    }
  })
}
