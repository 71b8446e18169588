import { backupCheckpoint } from '../checkpoint/backup.ts'
import type { CommonOptions } from './options.ts'

/** `millrace backup`: copies a checkpoint, also while its query runs. */
export async function backup(
  checkpoint: string,
  target: string,
  options: CommonOptions,
  print: (text: string) => Promise<void>,
): Promise<void> {
  const made = await backupCheckpoint(checkpoint, target)
  const { path, queryId, batchId, bytes } = made
  const upTo = batchId === null ? 'before its first commit' : `up to batch ${batchId}`
  await print(
    options.json === true ? `${JSON.stringify(made)}\n` : `${path}: query ${queryId} ${upTo}, ${bytes} bytes\n`,
  )
}
