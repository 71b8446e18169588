import type { DataType } from '../types/data-type.ts'
import type { CallSite, Codegen, EvalFn } from './entry.ts'

/** What an operator means for one pair of operand types; `datetimeOperator` of datetime/arithmetic.ts gives these. */
export interface OperatorRule {
  /** The types the operands are cast to. */
  readonly args: readonly [DataType, DataType]
  readonly type: DataType
  /** The body; its arguments have the types `args`. Found again at bind time from those types. */
  bind(site: CallSite): EvalFn
  readonly codegen?: Codegen
}
