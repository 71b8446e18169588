import { binaryOperands } from '../types/coercion.ts'
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INT, isNumeric, type DataType } from '../types/data-type.ts'
import { decimalResult, type DecimalOp } from '../types/decimal.ts'
import { CalendarInterval, type Value } from '../types/value.ts'
import { datetimeOperator } from './datetime/arithmetic.ts'
import {
  arg,
  scalar,
  type CallSite,
  type CodegenSite,
  type EvalEnv,
  type EvalFn,
  type FunctionEntry,
  type Resolved,
  type ScalarEntry,
} from './entry.ts'
import { operandsDiffer, operandUnfit, overflow } from './faults.ts'
import { arithmetic, arithmeticCodegen } from './math/arithmetic.ts'
import { checkInt, checkLong, wrapInt } from './math/integers.ts'

export { isOrderable } from './comparison.ts'

type Constants = readonly (Value | undefined)[]

const isTemporal = (t: DataType): boolean =>
  t.kind === 'date' ||
  t.kind === 'timestamp' ||
  t.kind === 'timestamp_ntz' ||
  t.kind === 'interval' ||
  t.kind === 'interval_dt' ||
  t.kind === 'interval_ym'

/** The types of `l op r` for two numbers (or what coerces to numbers), after dates and intervals had their turn. */
export function resolveArithmetic(
  op: DecimalOp,
  args: readonly DataType[],
  env: EvalEnv,
  constants: Constants,
): Resolved {
  const [first, second] = args as [DataType, DataType]
  if (isTemporal(first) || isTemporal(second)) {
    const found = datetimeOperator(op, first, second)
    if (found !== null) return { args: found.args, type: found.type }
  }
  const operands = binaryOperands(op, first, second, env.ansi, {
    left: integer(constants[0]),
    right: integer(constants[1]),
  })
  if (operands === null) return operandsDiffer(op, first, second)
  const { left: l, right: r } = operands
  if (l.kind === 'decimal' && r.kind === 'decimal')
    return { args: [l, r], type: op === 'div' ? BIGINT : decimalResult(op, l, r) }
  if (op === 'div') {
    if (l.kind !== 'bigint' && l.kind !== 'interval_dt' && l.kind !== 'interval_ym') return operandUnfit(op, l)
    return { args: [l, r], type: BIGINT }
  }
  if (!isNumeric(l) || !isNumeric(r)) return operandUnfit(op, l)
  return { args: [l, r], type: l }
}

/** An integer literal: beside a decimal it counts with its own digits, not with those of its type. */
const integer = (v: Value | undefined): number | bigint | undefined =>
  typeof v === 'bigint' || (typeof v === 'number' && Number.isInteger(v)) ? v : undefined

/** The body of an arithmetic operator for the settled types of `site`. */
export function bindArithmetic(op: string, site: CallSite, ansi: boolean): EvalFn {
  const [l, r] = site.args as [DataType, DataType]
  if (isTemporal(l) || isTemporal(r)) {
    const found = datetimeOperator(op, l, r)
    if (found !== null) return found.bind(site)
  }
  return arithmetic(op, site.args, site.type, ansi)
}

function arithmeticEntry(
  op: DecimalOp,
  doc: string,
  sql: string,
  gives: string,
  more: Partial<ScalarEntry> = {},
): ScalarEntry {
  const numbers = arithmeticCodegen(op)
  return scalar(op, [arg('left', 'ANY'), arg('right', 'ANY')], undefined, {
    group: 'operator',
    doc,
    examples: [{ sql, gives }],
    resolve: (args, env, constants) => resolveArithmetic(op, args, env, constants),
    bind: (site) => bindArithmetic(op, site, site.env.ansi),
    codegen: (args, site) => {
      const [l, r] = site.args as [DataType, DataType]
      if (isTemporal(l) || isTemporal(r)) return datetimeOperator(op, l, r)?.codegen?.(args, site) ?? null
      return numbers(args, site)
    },
    canBeNull: true,
    total: (site) => isTotal(op, site),
    ...more,
  })
}

/** Numbers overflow, and are divided by zero, in ANSI mode only; floating point numbers do not overflow, nor do remainders. */
function isTotal(op: DecimalOp, { args, constants, env }: CallSite): boolean {
  if (!args.every(isNumeric)) return false
  if (!env.ansi) return true
  if (args.some((t) => t.kind === 'decimal')) return false
  const floating = args.every((t) => t.kind === 'float' || t.kind === 'double')
  const divisor = constants[1]
  const divides = op === '/' || op === '%' || op === 'div'
  if (divides && (divisor === undefined || divisor === 0 || divisor === 0n)) return false
  return op === '%' || (floating && op !== 'div')
}

function negate(type: DataType, ansi: boolean): EvalFn {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'interval_ym':
      return (a: number) => {
        const x = wrapInt(type.kind === 'interval_ym' ? INT : type, 0 - a)
        return a !== 0 && x === a && (ansi || type.kind === 'interval_ym')
          ? overflow(type.kind === 'interval_ym' ? 'interval' : 'integer')
          : x
      }
    case 'bigint':
      return ansi ? (a: bigint) => checkLong(-a) : (a: bigint) => BigInt.asIntN(64, -a)
    case 'interval_dt':
      return (a: bigint) => checkLong(-a)
    case 'decimal':
      return (a: bigint) => -a
    case 'interval':
      return (a: CalendarInterval) =>
        new CalendarInterval(wrapInt(INT, -a.months), wrapInt(INT, -a.days), checkLong(-a.micros))
    default:
      return (a: number) => -a
  }
}

function negateCode(a: string, site: CodegenSite): string | null {
  const type = site.type
  switch (type.kind) {
    case 'int':
      return site.env.ansi ? `${site.constant(checkInt)}(0 - ${a})` : `((0 - ${a}) | 0)`
    case 'bigint':
      if (site.int64 === 'narrow') return `(0 - ${a})`
      return site.env.ansi ? `rt.i64(-${a})` : `BigInt.asIntN(64, -${a})`
    case 'decimal':
      return site.int64 === 'narrow' ? `(0 - ${a})` : `(-${a})`
    case 'float':
    case 'double':
      return `(-${a})`
    default:
      return null
  }
}

const same = (args: readonly DataType[]): DataType => args[0]!

/** Arithmetic, NOT and the tests for NULL, by symbol. `and`, `or`, `case`, `coalesce` and `in` are expression nodes, not entries. */
export const entries: readonly FunctionEntry[] = [
  arithmeticEntry('+', 'Returns `left` plus `right`; also adds days and intervals to dates and times.', '1 + 2', '3', {
    canBeNull: false,
  }),
  arithmeticEntry('-', 'Returns `left` minus `right`; also of dates, times and intervals.', '5 - 7', '-2', {
    canBeNull: false,
  }),
  arithmeticEntry('*', 'Returns `left` times `right`; also an interval times a number.', '6 * 7', '42', {
    canBeNull: false,
  }),
  arithmeticEntry(
    '/',
    'Returns `left` divided by `right`: a double, or a decimal when both are exact and one is a decimal.',
    '7 / 2',
    '3.5',
  ),
  arithmeticEntry('%', 'Returns the remainder of `left` by `right`, with the sign of `left`.', '-7 % 4', '-3', {
    aliases: ['mod'],
  }),
  arithmeticEntry('div', 'Returns the whole part of `left` divided by `right` as a BIGINT.', '7 div 2', '3'),
  scalar('not', [arg('condition', BOOLEAN)], BOOLEAN, {
    group: 'operator',
    aliases: ['!'],
    doc: 'True when `condition` is false.',
    total: true,
    examples: [{ sql: 'NOT true', gives: 'false' }],
    eval: (a: boolean) => !a,
    codegen: ([a]) => `!${a}`,
  }),
  scalar('isnull', [arg('value', 'ANY')], undefined, {
    group: 'conditional',
    doc: 'True when `value` is NULL.',
    total: true,
    examples: [{ sql: 'isnull(NULL)', gives: 'true' }],
    nulls: 'handles',
    resolve: (args) => ({ args, type: BOOLEAN, nullable: false }),
    eval: (a: Value) => a === null,
  }),
  scalar('isnotnull', [arg('value', 'ANY')], undefined, {
    group: 'conditional',
    doc: 'True when `value` is not NULL.',
    total: true,
    examples: [{ sql: 'isnotnull(1)', gives: 'true' }],
    nulls: 'handles',
    resolve: (args) => ({ args, type: BOOLEAN, nullable: false }),
    eval: (a: Value) => a !== null,
  }),
  scalar('isnan', [arg('value', [DOUBLE, FLOAT])], BOOLEAN, {
    group: 'conditional',
    doc: 'True when `value` is NaN; false for NULL.',
    total: true,
    examples: [{ sql: "isnan(double('NaN'))", gives: 'true' }],
    nulls: 'handles',
    eval: (a: number | null) => a !== null && a !== a,
    codegen: ([a]) => `(${a} !== ${a})`,
  }),
  scalar('negative', [arg('value', ['NUMERIC', 'INTERVAL'])], same, {
    group: 'operator',
    doc: 'Returns `value` with the other sign; also written `-value`.',
    examples: [{ sql: 'negative(4)', gives: '-4' }],
    bind: (site) => negate(site.type, site.env.ansi),
    codegen: ([a], site) => negateCode(a!, site),
  }),
  scalar('positive', [arg('value', ['NUMERIC', 'INTERVAL'])], same, {
    group: 'operator',
    doc: 'Returns `value` as it is; also written `+value`.',
    total: true,
    examples: [{ sql: 'positive(-4)', gives: '-4' }],
    eval: (a: Value) => a,
    codegen: ([a]) => a!,
  }),
]
