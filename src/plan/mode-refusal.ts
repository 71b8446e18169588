import { MillraceError } from '../errors/errors.ts'
import { checkStreaming, type ConfReader, type OutputModeName } from './check-streaming.ts'
import type { Logical } from './logical.ts'

/** Why an analyzed plan cannot run as a stream in an output mode; null: it can. */
export function modeRefusal(plan: Logical, mode: OutputModeName, conf: ConfReader): MillraceError | null {
  try {
    checkStreaming(plan, mode, conf)
    return null
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}
