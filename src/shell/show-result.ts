import type { DataFrame } from '../dataframe/data-frame.ts'
import { cellMaker, type OutputMode, resultWriter } from './output-mode.ts'
import type { Screen } from './screen.ts'

/** Rows handed to the screen at a time, so that Ctrl-C ends a long print. */
const CHUNK = 1000

/** Runs a bounded query and prints its rows; gives how many there are. `signal` ends the run and the print. */
export async function showResult(
  df: DataFrame,
  mode: OutputMode,
  timeZone: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const { schema } = df
  const batches = await df.batches({ signal })
  const cells = cellMaker(schema, mode, timeZone)
  const rows = batches.flatMap(cells)
  const writer = resultWriter(schema, mode, rows)
  await screen.write(writer.head())
  for (let i = 0; i < rows.length && !signal.aborted; i += CHUNK)
    await screen.write(writer.rows(rows.slice(i, i + CHUNK)))
  await screen.write(writer.foot())
  return rows.length
}
