import { arrowLibrary } from '../../columns/arrow/library.ts'
import { batchesFromArrow } from '../../columns/arrow/read.ts'
import type { ArrowBatch, ArrowTableLike } from '../../columns/arrow/shapes.ts'
import { schemaFromArrow } from '../../columns/arrow/types.ts'
import type { Batch } from '../../columns/batch.ts'
import { ExecutionError, MillraceError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import type { LineDecoder, LineDecoderOptions } from '../line-decoder.ts'

const USE = 'reading Arrow IPC bytes'

/** Runs what reads IPC bytes; faults of the library become FAILED_READ_FILE naming `where`. */
function reading<T>(where: string, body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    const message = `these are no Arrow IPC data, or not ones that can be read: ${(cause as Error).message}`
    throw new ExecutionError('FAILED_READ_FILE.NO_HINT', { path: where, message }, { cause })
  }
}

/** Arrow wants its memory at multiples of 8 bytes. */
const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes))

/** IPC bytes, of a file or a stream, as an Arrow table that shares them. Bytes that are none raise FAILED_READ_FILE with `where`. */
export function arrowTableOf(bytes: Uint8Array, where: string): ArrowTableLike {
  const lib = arrowLibrary(USE)
  return reading(where, () => {
    const reader = lib.RecordBatchReader.from(aligned(bytes)).open()
    // Without a schema the bytes hold no table: the library would give an empty one.
    if ((reader.schema as unknown) === undefined)
      throw new ExecutionError('FAILED_READ_FILE.NO_HINT', {
        path: where,
        message: 'these are no Arrow IPC data: there is no schema',
      })
    return { schema: reader.schema as never, batches: [...reader] as never }
  })
}

/** The columns of IPC bytes; `where` as above. */
export const arrowBytesSchema = (bytes: Uint8Array, where: string): Schema =>
  schemaFromArrow(arrowTableOf(bytes, where).schema)

/** Reads files that hold Arrow IPC, each as a whole, as the columns of `schema`: see batchesFromArrow. */
export function arrowDecoder(schema: Schema, options: LineDecoderOptions): LineDecoder {
  const place = options.place ?? ((line: number) => `record ${line}`)
  return {
    framing: 'whole',
    keepsBlock: true,
    lines: 0,
    decode(block: Buffer, start: number, end: number, sink: (batch: Batch) => void): void {
      const where = place(1).replace(/, line \d+$/, '')
      const table = arrowTableOf(block.subarray(start, end), where)
      reading(where, () => {
        for (const batch of table.batches as readonly ArrowBatch[])
          for (const piece of batchesFromArrow(batch, schema, where)) sink(piece)
      })
    },
  }
}
