import { OperationAborted } from '../engine/aborted.ts'
import { MillraceError } from '../errors/errors.ts'
import type { Json } from '../types/json.ts'

/** How a failure is answered. */
export interface ErrorAnswer {
  readonly condition: string
  readonly sqlState: string | null
  readonly message: string
}

/** Any failure as an answer; what is not one of our errors is an internal fault. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof OperationAborted && error.why === 'timeout')
    return { condition: 'TIMEOUT', sqlState: null, message: error.message }
  if (error instanceof MillraceError) return { condition: error.code, sqlState: error.sqlState, message: error.message }
  return {
    condition: 'INTERNAL_ERROR',
    sqlState: null,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

/** The statements of one SQL request. */
export interface SqlRequest {
  readonly id: Json
  readonly conf?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly statements: readonly string[]
}

/** A scenario without what is expected. */
export interface ScenarioRequest {
  readonly id: Json
  readonly timeoutMs?: number
  readonly scenario: Scenario
}

export interface Scenario {
  readonly name: string
  readonly conf: Readonly<Record<string, string>>
  readonly sources: Readonly<Record<string, ScenarioSource>>
  readonly views?: readonly ScenarioView[]
  readonly query: string
  readonly outputMode: string
  readonly ordered?: boolean
  readonly steps: readonly ScenarioStep[]
}
export interface ScenarioSource {
  readonly schema: string
  readonly watermark?: { readonly column: string; readonly delay: string }
  readonly maxAddsPerBatch?: number
  readonly static?: boolean
  readonly rows?: readonly Readonly<Record<string, Json>>[]
}
export interface ScenarioView {
  readonly name: string
  readonly sql?: string
  readonly from?: string
  readonly ops?: readonly (readonly [method: string, ...args: Json[]])[]
}
export interface ScenarioStep {
  readonly add?: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>>
  readonly run?: boolean
  readonly restart?: boolean
}
