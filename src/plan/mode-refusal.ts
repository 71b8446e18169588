import { MillraceError } from '../errors/errors.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import type { ExprEnv } from '../expr/env.ts'
import { checkStreaming, type ConfReader } from './check-streaming.ts'
import type { Logical } from './logical.ts'

/** What a session adds to the plan where the output modes judge it. */
export interface Judging {
  readonly conf: ConfReader
  readonly env: ExprEnv
}

/** Why an analyzed plan cannot run as a stream in an output mode; null: it can. */
export function modeRefusal(plan: Logical, mode: OutputModeName, { conf, env }: Judging): MillraceError | null {
  try {
    checkStreaming(plan, mode, conf, env)
    return null
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
}
