import { AnalysisError } from '../errors/errors.ts'
import type { AstCall } from '../sql/ast.ts'
import { BIGINT } from '../types/data-type.ts'
import { freshAttr, relationOf, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { Base } from './base.ts'
import type { Logical } from './logical.ts'
import { foldConstants } from '../expr/fold.ts'
import { interpret } from '../expr/interpret.ts'
import { resolveArguments } from './resolve-call.ts'
import { castTo, constantValue } from './term.ts'
import { relationContext } from './where.ts'

/** `range([start,] end[, step[, partitions]])`: one BIGINT column `id`. */
export function rangeRelation(a: Analysis, call: AstCall, surroundings: Surroundings): Relation {
  const empty: Logical = { op: 'local', id: a.freshId(), rows: [[]], attrs: [] }
  const ctx = relationContext(a, relationOf(empty), surroundings, 'SELECT', new Base(a, empty))
  const args = resolveArguments(call.args, ctx)
  if (args.length < 1 || args.length > 4)
    throw new AnalysisError(
      'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
      { function: 'range', expected: '1 to 4 arguments', actual: args.length },
      { at: call.at },
    )
  const numbers = args.slice(0, 3).map((t) => {
    const e = castTo(t.expr, BIGINT, a.env)
    const value = constantValue(e, a.env)
    if (typeof value === 'bigint') return value
    if (t.expr.type.kind === 'void')
      throw new AnalysisError(
        'UNEXPECTED_INPUT_TYPE',
        { function: 'range', name: t.text, expected: 'BIGINT', actual: 'VOID' },
        { at: t.expr.at ?? call.at },
      )
    // A constant that cannot be read raises its own error.
    if (foldConstants(e, a.env).kind !== 'attr' && t.expr.kind === 'literal') interpret(e, a.env)([])
    throw new AnalysisError(
      'DATATYPE_MISMATCH.NON_FOLDABLE_INPUT',
      { function: 'range', name: t.text },
      { at: t.expr.at ?? call.at },
    )
  })
  const [start, end, step] = numbers.length === 1 ? [0n, numbers[0]!, 1n] : [numbers[0]!, numbers[1]!, numbers[2] ?? 1n]
  if (step === 0n)
    throw new AnalysisError('FAILED_FUNCTION_CALL', { function: 'range', message: 'the step is 0' }, { at: call.at })
  return rangeOf(a, start, end, step)
}

/** The plan of a range. */
export function rangeOf(a: Analysis, start: bigint, end: bigint, step: bigint): Relation {
  return relationOf({
    op: 'range',
    id: a.freshId(),
    start: String(start),
    end: String(end),
    step: String(step),
    attrs: [freshAttr(a, 'id', BIGINT, false)],
  })
}
