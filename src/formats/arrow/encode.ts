import type * as Arrow from 'apache-arrow'
import { type ArrowLibrary, arrowLibrary, importArrow } from '../../columns/arrow/library.ts'
import { arrowSchemaOf } from '../../columns/arrow/types.ts'
import { recordBatchOf } from '../../columns/arrow/write.ts'
import type { Batch } from '../../columns/batch.ts'
import type { Schema } from '../../types/data-type.ts'
import { ByteWriter, type RowEncoder } from '../row-encoder.ts'

/** Batches as an Arrow table, sharing memory where the layout allows: see recordBatchOf. */
export async function arrowTable(schema: Schema, batches: readonly Batch[], timeZone: string): Promise<Arrow.Table> {
  const lib = await importArrow('toArrow()')
  const columns = arrowSchemaOf(lib, schema, timeZone)
  return new lib.Table(
    columns,
    batches.filter((b) => b.rowCount > 0).map((b) => recordBatchOf(lib, columns, b)),
  )
}

/** What an Arrow file or stream is written with, in turn with others. */
export interface ArrowEncoder extends RowEncoder {
  /** Turns to the file of that name; one that is new begins with its schema. */
  use(name: string): void
  /** Ends the file turned to. */
  footer(): void
  /** Forgets every file. */
  reset(): void
}

/** Writes IPC files (with a directory at their end) or streams. */
export function arrowEncoder(schema: Schema, timeZone: string, kind: 'file' | 'stream'): ArrowEncoder {
  const lib = arrowLibrary('writing Arrow files')
  const columns = arrowSchemaOf(lib, schema, timeZone)
  const out = new ByteWriter()
  const writers = new Map<string, Arrow.RecordBatchWriter>()
  let current: Arrow.RecordBatchWriter | undefined
  return {
    use(name) {
      current = writers.get(name)
      if (current === undefined) writers.set(name, (current = writerInto(lib, columns, kind, out)))
    },
    encode(batch: Batch) {
      if (batch.rowCount > 0) current!.write(recordBatchOf(lib, columns, batch))
    },
    footer() {
      current!.close()
    },
    reset() {
      writers.clear()
      current = undefined
    },
    get length() {
      return out.q
    },
    take: () => out.take(),
  }
}

/** A writer whose bytes, from the schema on, go to `out` at once. */
function writerInto(
  lib: ArrowLibrary,
  columns: Arrow.Schema,
  kind: 'file' | 'stream',
  out: ByteWriter,
): Arrow.RecordBatchWriter {
  const writer = kind === 'file' ? new lib.RecordBatchFileWriter() : new lib.RecordBatchStreamWriter()
  const queue = new lib.AsyncByteQueue()
  queue.write = (chunk) => {
    const bytes = chunk as Uint8Array
    out.room(bytes.length)
    out.b.set(bytes, out.q)
    out.q += bytes.length
  }
  writer.reset(queue as never, columns as never)
  return writer as never
}
