import { createInterface } from 'node:readline'
import { isMeta } from './meta.ts'
import type { Shell } from './shell.ts'
import { splitInput } from './statement-splitter.ts'

/**
 * Statements from a pipe, run as they arrive: no prompt, no escape codes. Ends at the first fault, `.quit`, or the end of
 * the input; gives whether all went well.
 */
export async function runPiped(shell: Shell, input: NodeJS.ReadableStream): Promise<boolean> {
  let buffer = ''
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (buffer.trim() === '' && isMeta(line)) {
      if (!(await shell.attempt(line))) return false
    } else {
      buffer += `${line}\n`
      if (!line.includes(';')) continue
      const { statements, rest } = splitInput(buffer)
      buffer = rest
      for (const statement of statements) if (!shell.left && !(await shell.attempt(`${statement};`))) return false
    }
    if (shell.left) return true
  }
  return buffer.trim() === '' || shell.attempt(buffer)
}
