import { verifyCheckpoint } from '../session/verify-checkpoint.ts'
import { FAILED } from './fault.ts'
import type { CommonOptions } from './options.ts'

/** `millrace verify`: what is damaged in a checkpoint and what that means; exit code 1 when something is. */
export async function verify(
  checkpoint: string,
  options: CommonOptions,
  print: (text: string) => Promise<void>,
): Promise<void> {
  const found = verifyCheckpoint(checkpoint)
  const { path, rows, tables, damages } = found
  if (damages.length > 0) process.exitCode = FAILED
  if (options.json === true) return print(`${JSON.stringify(found)}\n`)
  const looked = `${rows} rows read, ${tables} state ${tables === 1 ? 'table' : 'tables'} restored`
  if (damages.length === 0) return print(`${path} is whole: ${looked}\n`)
  const list = damages.map((d) => `${d.what}\n  ${d.meaning}\n`)
  await print(`${path} is damaged (${looked}):\n${list.join('')}`)
}
