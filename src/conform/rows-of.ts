import type { DataFrame } from '../dataframe/data-frame.ts'
import type { RunOptions } from '../dataframe/context.ts'
import type { Value } from '../types/value.ts'

/** Every row of a bounded DataFrame as Values in column order. */
export async function rowsOf(df: DataFrame, options: RunOptions): Promise<Value[][]> {
  const batches = await df.batches(options)
  return batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
}
