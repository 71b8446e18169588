import { ansiString, isAtomic, isFloating, isInterval, tightestCommonType } from './common-type.ts'
import {
  BIGINT,
  BOOLEAN,
  decimal,
  DOUBLE,
  INT,
  isIntegral,
  isNumeric,
  sameType,
  type DataType,
  type DecimalType,
} from './data-type.ts'
import { decimalForType, literalDecimal, widerDecimal } from './decimal.ts'

/** Binary operators whose operands are brought together here. */
export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | 'div'
  | 'pmod'
  | '='
  | '=='
  | '!='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | '<=>'
  | '&'
  | '|'
  | '^'
  | 'and'
  | 'or'

/** The types both operands are cast to. Decimals keep their own types under arithmetic. */
export interface Operands {
  readonly left: DataType
  readonly right: DataType
}

const COMPARISONS = new Set<string>(['=', '==', '!=', '<>', '<', '<=', '>', '>=', '<=>'])

/**
 * What an operator of numbers, strings or like types makes of its operands, after Spark's rules have run; null
 * when they stay apart (BINARY_OP_DIFF_TYPES). The caller still checks that the operator works on the
 * result (`'a' + true` gives two BOOLEANs: BINARY_OP_WRONG_TYPE). Dates with numbers or intervals, and intervals with numbers, are
 * operators of their own: see `datetimeForm`. `literals` are the values of operands that are integer literals; next to a
 * decimal they count with the digits they have.
 */
export function binaryOperands(
  op: BinaryOp,
  left: DataType,
  right: DataType,
  ansi: boolean,
  literals: { readonly left?: number | bigint | undefined; readonly right?: number | bigint | undefined } = {},
): Operands | null {
  const both = (t: DataType): Operands => ({ left: t, right: t })
  const comparison = COMPARISONS.has(op)
  if (left.kind === 'void' && right.kind === 'void') return both(comparison ? left : defaultOperand(op))
  if (op === '/' && left.kind === 'void' && isNumeric(right)) return both(DOUBLE)
  // Strings first.
  const [l, r] = promoteStrings(op, left, right, ansi)
  const literal = (side: 'left' | 'right', t: DataType): DecimalType | null =>
    literals[side] === undefined ? null : literalDecimal(literals[side], t)
  if (isNumeric(l) && isNumeric(r) && (l.kind === 'decimal' || r.kind === 'decimal')) {
    if (isFloating(l) || isFloating(r))
      return comparison || worksOn(op, DOUBLE) || l.kind === 'double' || r.kind === 'double' ? both(DOUBLE) : null
    if (!comparison && !sameType(l, r) && !worksOn(op, decimal(38, 0))) return null
    const dl = l.kind === 'decimal' ? l : (literal('left', l) ?? decimalForType(l)!)
    const dr = r.kind === 'decimal' ? r : (literal('right', r) ?? decimalForType(r)!)
    return comparison ? both(widerDecimal(dl, dr)) : { left: dl, right: dr }
  }
  // A string that became a number may now stand next to a date.
  if (l !== left || r !== right) {
    if (datetimeForm(op, l, r)) return { left: l, right: r }
  }
  const common = tightestCommonType(l, r, ansi) ?? (comparison && !ansi ? legacyEquality(l, r, op) : null)
  if (common === null) return null
  // Different types are only brought together where the operator takes what comes out.
  if (!comparison && !sameType(l, r) && !worksOn(op, common)) return null
  if (op === '/' && isNumeric(common) && common.kind !== 'decimal') return both(DOUBLE)
  if (op === 'div' && isIntegral(common)) return both(BIGINT)
  return both(common)
}

const BITWISE = new Set<string>(['&', '|', '^'])

/** Whether an operator other than a comparison takes two values of one type. */
function worksOn(op: BinaryOp, type: DataType): boolean {
  if (op === 'and' || op === 'or') return type.kind === 'boolean'
  if (BITWISE.has(op)) return isIntegral(type)
  if (op === '+' || op === '-') return isNumeric(type) || isInterval(type) || type.kind === 'interval'
  if (op === 'div') return isIntegral(type) || type.kind === 'decimal' || isInterval(type)
  return isNumeric(type)
}

/** NULL op NULL: the default of what the operator takes. */
const defaultOperand = (op: BinaryOp): DataType =>
  op === 'and' || op === 'or' ? BOOLEAN : op === 'div' ? BIGINT : BITWISE.has(op) ? INT : DOUBLE

/** `true = 1` without ANSI: BOOLEAN next to a number reads as that number's type. */
function legacyEquality(a: DataType, b: DataType, op: BinaryOp): DataType | null {
  if (op !== '=' && op !== '==' && op !== '<=>' && op !== '!=' && op !== '<>') return null
  if (a.kind === 'boolean' && isNumeric(b)) return b
  return b.kind === 'boolean' && isNumeric(a) ? a : null
}

function promoteStrings(op: BinaryOp, a: DataType, b: DataType, ansi: boolean): readonly [DataType, DataType] {
  if (ansi) {
    const t = ansiString(a, b)
    return t ? [t, t] : [a, b]
  }
  if (COMPARISONS.has(op)) {
    const t = legacyComparison(a, b)
    return t ? [t, t] : [a, b]
  }
  if (op === 'and' || op === 'or') return [a, b]
  // Arithmetic without ANSI reads every string as DOUBLE, unless the other side is an interval.
  if (isInterval(a) || isInterval(b) || a.kind === 'interval' || b.kind === 'interval') return [a, b]
  return [a.kind === 'string' ? DOUBLE : a, b.kind === 'string' ? DOUBLE : b]
}

/** Without ANSI a string is read as what it is compared with; next to a DECIMAL as DOUBLE. */
function legacyComparison(a: DataType, b: DataType): DataType | null {
  if (a.kind !== 'string' && b.kind !== 'string') return null
  const other = a.kind === 'string' ? b : a
  if (other.kind === 'string' || other.kind === 'void' || !isAtomic(other) || isInterval(other)) return null
  return other.kind === 'decimal' ? DOUBLE : other
}

/**
 * An operator on dates, timestamps and intervals that is not plain arithmetic of like types. In the `add` forms `-` means the
 * interval negated.
 */
export interface DatetimeForm {
  readonly form:
    | 'date_add_days'
    | 'date_sub_days'
    | 'date_add_months'
    | 'date_add_calendar'
    | 'timestamp_add_interval'
    | 'timestamp_add_months'
    | 'subtract_dates'
    | 'subtract_timestamps'
    | 'multiply_interval'
    | 'divide_interval'
  /** The interval or count stands on the left. */
  readonly swap: boolean
}

const isTimestamp = (t: DataType): boolean => t.kind === 'timestamp' || t.kind === 'timestamp_ntz'

/**
 * Which operator of time `left op right` means (Spark's ResolveBinaryArithmetic), or null when it is plain arithmetic. Operand types are
 * not checked here: `date + true` is `date_add_days` and then does not fit.
 */
export function datetimeForm(op: BinaryOp, left: DataType, right: DataType): DatetimeForm | null {
  const found = (form: DatetimeForm['form'], swap = false): DatetimeForm => ({ form, swap })
  const oneSided = (date: DataType, other: DataType, swap: boolean): DatetimeForm | null => {
    if (date.kind === 'date' && other.kind === 'interval_dt')
      return found(other.start === 'day' && other.end === 'day' ? 'date_add_days' : 'timestamp_add_interval', swap)
    if (date.kind === 'date' && other.kind === 'interval_ym') return found('date_add_months', swap)
    if (isTimestamp(date) && other.kind === 'interval_ym') return found('timestamp_add_months', swap)
    return null
  }
  const sameFamily =
    (left.kind === 'interval' && right.kind === 'interval') ||
    (left.kind === 'interval_dt' && right.kind === 'interval_dt')
  const nullAndInterval = (left.kind === 'void' && isInterval(right)) || (isInterval(left) && right.kind === 'void')
  const spans = (t: DataType): boolean => t.kind === 'interval' || t.kind === 'interval_dt'
  if (op === '+' || op === '-') {
    const direct = oneSided(left, right, false) ?? (op === '+' ? oneSided(right, left, true) : null)
    if (direct) return direct
    if (sameFamily || nullAndInterval) return null
    if (left.kind === 'date' && right.kind === 'interval') return found('date_add_calendar')
    if (spans(right)) return found('timestamp_add_interval')
    if (op === '+') {
      if (isTimestamp(left) && right.kind === 'void') return found('timestamp_add_interval')
      if (left.kind === 'void' && isTimestamp(right)) return found('timestamp_add_interval', true)
      if (left.kind === 'interval' && right.kind === 'date') return found('date_add_calendar', true)
      if (spans(left)) return found('timestamp_add_interval', true)
      if (left.kind === 'date' && right.kind !== 'string') return found('date_add_days')
      if (right.kind === 'date' && left.kind !== 'string') return found('date_add_days', true)
      return null
    }
    if (isTimestamp(left) || isTimestamp(right)) return found('subtract_timestamps')
    if (right.kind === 'date') return found('subtract_dates')
    return left.kind === 'date' && right.kind !== 'string' ? found('date_sub_days') : null
  }
  const measured = (t: DataType): boolean => isInterval(t) || t.kind === 'interval'
  if (op === '*')
    return measured(left) ? found('multiply_interval') : measured(right) ? found('multiply_interval', true) : null
  return op === '/' && measured(left) ? found('divide_interval') : null
}
