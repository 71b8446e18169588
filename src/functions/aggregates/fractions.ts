import { caster } from '../../types/cast.ts'
import { arrayOf, DOUBLE, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { implicitCast } from '../../types/coercion.ts'
import type { EvalEnv } from '../entry.ts'
import { notConstant, outOfRange, unexpectedType } from '../faults.ts'
import { AnalysisError } from '../../errors/errors.ts'

/** The type a fraction argument is cast to: DOUBLE or an array of them. Checks that it is constant and within 0 to 1. */
export function fractionType(
  fn: string,
  position: number,
  type: DataType,
  constant: Value | undefined,
  env: EvalEnv,
): DataType {
  if (constant === undefined) notConstant(fn, 'percentage')
  const target =
    type.kind === 'array'
      ? arrayOf(DOUBLE, type.containsNull)
      : (implicitCast(type, DOUBLE, env.ansi) ?? unexpectedType(fn, position, 'DOUBLE or ARRAY<DOUBLE>', type))
  if (type.kind === 'array' && implicitCast(type.element, DOUBLE, env.ansi) === null)
    unexpectedType(fn, position, 'ARRAY<DOUBLE>', type)
  if (constant === null)
    throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: fn, name: 'percentage' })
  const cast = caster(type, target, { mode: 'ansi', timeZone: env.timeZone })(constant!)
  for (const p of Array.isArray(cast) ? (cast as readonly Value[]) : [cast]) {
    if (p === null) throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: fn, name: 'percentage' })
    if (!((p as number) >= 0 && (p as number) <= 1)) outOfRange(fn, 'percentage', 'from 0.0 to 1.0', p as number)
  }
  return target
}

/** Fractions as a state field of type ARRAY<DOUBLE>. */
export const fractionList = (v: Value): readonly Value[] => (Array.isArray(v) ? (v as readonly Value[]) : [v])
