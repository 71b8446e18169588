import { AnalysisError, ExecutionError } from '../errors/errors.ts'
import { typeName, type DataType } from '../types/data-type.ts'

/** An integer result that does not fit its type. */
export function overflow(what: string): never {
  throw new ExecutionError(
    'ARITHMETIC_OVERFLOW',
    { message: `${what} overflow` },
    { hint: 'try_add and kin give NULL instead' },
  )
}

/** A TINYINT or SMALLINT sum, difference or product that does not fit. */
export function narrowOverflow(left: number, operator: string, right: number, type: string): never {
  throw new ExecutionError('BINARY_ARITHMETIC_OVERFLOW', { left, operator, right, type })
}

export function divideByZero(): never {
  throw new ExecutionError('DIVIDE_BY_ZERO', {}, { hint: 'try_divide gives NULL instead' })
}

export function remainderByZero(): never {
  throw new ExecutionError('REMAINDER_BY_ZERO', {}, { hint: 'try_mod gives NULL instead' })
}

/** A decimal whose digits exceed the precision of its type. */
export function decimalOutOfRange(unscaled: bigint, type: DataType): never {
  throw new ExecutionError('NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION', {
    value: unscaled.toString(),
    type: typeName(type),
  })
}

/** An argument whose type the function does not take; `position` counts from 1. */
export function unexpectedType(fn: string, position: number, expected: string, actual: DataType): never {
  throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', {
    function: fn,
    position,
    expected,
    actual: typeName(actual),
  })
}

/** Two operands without a common type. */
export function operandsDiffer(operator: string, left: DataType, right: DataType): never {
  throw new AnalysisError('DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES', {
    operator,
    left: typeName(left),
    right: typeName(right),
  })
}

/** Operands of one type that the operator has no meaning for. */
export function operandUnfit(operator: string, actual: DataType): never {
  throw new AnalysisError('DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE', { operator, actual: typeName(actual) })
}

/** Arguments that must be of one type and are not. */
export function typesDiffer(fn: string, types: readonly DataType[]): never {
  throw new AnalysisError('DATATYPE_MISMATCH.DATA_DIFF_TYPES', { function: fn, types: types.map(typeName).join(', ') })
}

/** A constant argument outside what the function allows. */
export function outOfRange(fn: string, name: string, range: string, value: string | number): never {
  throw new AnalysisError('DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE', { function: fn, name, range, value })
}

/** An argument that must be constant and is not. */
export function notConstant(fn: string, name: string): never {
  throw new AnalysisError('DATATYPE_MISMATCH.NON_FOLDABLE_INPUT', { function: fn, name })
}
