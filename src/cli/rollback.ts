import { OptionError } from '../errors/errors.ts'
import { rollbackCheckpoint } from '../session/rollback-checkpoint.ts'
import type { CommonOptions } from './options.ts'

/** `millrace rollback`: takes a checkpoint back to an earlier batch and says what must be done with the sink. */
export async function rollback(
  checkpoint: string,
  options: CommonOptions & { readonly toBatch: string; readonly backup: boolean },
  print: (text: string) => Promise<void>,
): Promise<void> {
  if (!/^\d{1,15}$/.test(options.toBatch))
    throw new OptionError(
      'NO_BATCH_NUMBER',
      { value: options.toBatch },
      { hint: 'millrace inspect shows the batches that are held' },
    )
  const done = await rollbackCheckpoint(checkpoint, { toBatch: Number(options.toBatch), backup: options.backup })
  if (options.json === true) return print(`${JSON.stringify(done)}\n`)
  const { path, fromBatch, toBatch } = done
  if (fromBatch === toBatch) return print(`${path} ends at batch ${toBatch} already: nothing was changed\n`)
  const kept = done.backup === null ? 'no copy of it as it was is kept' : `as it was it is kept in ${done.backup}`
  await print(`${path} went back from batch ${fromBatch} to batch ${toBatch}; ${kept}\n${done.sink}\n`)
}
