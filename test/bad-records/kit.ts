import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { type DataFrame, MillraceSession, type StreamingQuery, Trigger } from '../../src/index.ts'

/** A directory that goes with `using`. */
export function workDirectory(): { readonly at: (...parts: string[]) => string; [Symbol.dispose](): void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-bad-'))
  return {
    at: (...parts) => path.join(dir, ...parts),
    [Symbol.dispose]: () => fs.rmSync(dir, { recursive: true, force: true }),
  }
}

export function put(file: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content)
}

export const quiet = (crash?: (point: CrashPoint, batchId: number) => void): MillraceSession =>
  new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.int64': 'number', 'millrace.durability': 'process' },
    { note: () => undefined, ...(crash === undefined ? {} : { crash }) },
  )

/** Rows as JSON, sorted. */
export const jsonOf = async (df: DataFrame<never> | DataFrame): Promise<string[]> =>
  ((await df.collect()) as object[]).map((r) => JSON.stringify(r)).sort()

/** A dead letter in short: `condition-less reason | source | position | text`. */
export interface Letter {
  readonly reason: string
  readonly condition: string
  readonly source: string
  readonly position: string | null
  readonly raw: string
  readonly batchId: number
}

/** The rows of a table of bad records, in order of position. */
export async function letters(session: MillraceSession, table: string): Promise<Letter[]> {
  const rows = (await session.table(table).collect()) as unknown as (Omit<Letter, 'raw'> & { raw: Uint8Array })[]
  return rows.map((r) => ({ ...pick(r), raw: Buffer.from(r.raw).toString('latin1') }))
}

const pick = ({ reason, condition, source, position, batchId }: Omit<Letter, 'raw'>): Omit<Letter, 'raw'> => ({
  reason,
  condition,
  source,
  position,
  batchId,
})

/** Runs what is there and ends. */
export async function drain(
  df: DataFrame<never> | DataFrame,
  options: Readonly<Record<string, string | number>> = {},
  bad: 'bad' | null = null,
): Promise<StreamingQuery> {
  const writer = df.writeStream.format('memory').queryName('out').trigger(Trigger.AvailableNow()).options(options)
  if (bad !== null) writer.badRecords('memory', { queryName: bad })
  const query = await writer.start()
  await query.awaitTermination()
  return query
}
