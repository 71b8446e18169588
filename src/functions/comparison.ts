import { AnalysisError } from '../errors/errors.ts'
import { binaryOperands, type BinaryOp } from '../types/coercion.ts'
import { compareStrings, compareValues } from '../types/compare.ts'
import { BOOLEAN, typeName, type DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import {
  arg,
  scalar,
  type Codegen,
  type CodegenSite,
  type EvalEnv,
  type EvalFn,
  type FunctionEntry,
  type Resolved,
  type ScalarEntry,
} from './entry.ts'
import { operandsDiffer } from './faults.ts'

/** Both sides of a comparison get one type; maps and calendar intervals have no order. */
function resolveComparison(op: BinaryOp, args: readonly DataType[], env: EvalEnv): Resolved {
  const [first, second] = args as [DataType, DataType]
  const operands = binaryOperands(op, first, second, env.ansi)
  if (operands === null) return operandsDiffer(op, first, second)
  const { left: l, right: r } = operands
  const ordered = op !== '=' && op !== '<>' && op !== '<=>'
  if (!isOrderable(l, !ordered))
    throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE', { function: op, actual: typeName(l) })
  return { args: [l, r], type: BOOLEAN, ...(op === '<=>' ? { nullable: false } : {}) }
}

/** Has the type an order? (`equality`: is it at least comparable for equality?) Maps are neither. */
export function isOrderable(type: DataType, equality = false): boolean {
  switch (type.kind) {
    case 'map':
      return false
    case 'interval':
      return equality
    case 'array':
      return isOrderable(type.element, equality)
    case 'struct':
      return type.fields.every((f) => isOrderable(f.type, equality))
    default:
      return true
  }
}

const tests: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (c) => c === 0,
  '<>': (c) => c !== 0,
  '<': (c) => c < 0,
  '<=': (c) => c <= 0,
  '>': (c) => c > 0,
  '>=': (c) => c >= 0,
}

/** `eval` of a comparison of two values of `type`. */
export function comparison(op: string, type: DataType): EvalFn {
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'date':
    case 'interval_ym':
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
    case 'decimal':
      switch (op) {
        case '=':
          return (a: number, b: number) => a === b
        case '<>':
          return (a: number, b: number) => a !== b
        case '<':
          return (a: number, b: number) => a < b
        case '<=':
          return (a: number, b: number) => a <= b
        case '>':
          return (a: number, b: number) => a > b
        default:
          return (a: number, b: number) => a >= b
      }
    case 'string':
      if (op === '=') return (a: string, b: string) => a === b
      if (op === '<>') return (a: string, b: string) => a !== b
  }
  const test = tests[op]!
  const compare = compareValues(type)
  return (a: Value, b: Value) => test(compare(a, b))
}

const JS_OPERATOR: Readonly<Record<string, string>> = { '=': '===', '<>': '!==', '<=>': '===' }

/** JavaScript of a comparison of two values that are not NULL; NaN equals itself and is the greatest. */
function comparisonCode(op: string): Codegen {
  return ([a, b], site) => {
    const type = site.args[0]!
    const js = JS_OPERATOR[op] ?? op
    switch (type.kind) {
      case 'boolean':
      case 'tinyint':
      case 'smallint':
      case 'int':
      case 'date':
      case 'interval_ym':
      case 'bigint':
      case 'timestamp':
      case 'timestamp_ntz':
      case 'interval_dt':
      case 'decimal':
        return `(${a} ${js} ${b})`
      case 'float':
      case 'double':
        return doubleComparison(op, a!, b!, site)
      case 'string':
        if (js === '===' || js === '!==') return `(${a} ${js} ${b})`
        return `(${site.constant(compareStrings)}(${a}, ${b}) ${op} 0)`
      default:
        return null
    }
  }
}

function doubleComparison(op: string, a: string, b: string, site: CodegenSite): string {
  const number = (i: number): boolean => {
    const c = site.constants[i]
    return typeof c === 'number' && !Number.isNaN(c)
  }
  switch (op) {
    case '=':
    case '<=>':
      return number(0) || number(1) ? `(${a} === ${b})` : `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`
    case '<>':
      return number(0) || number(1) ? `(${a} !== ${b})` : `(${a} !== ${b} && (${a} === ${a} || ${b} === ${b}))`
    case '<':
      return number(1) ? `(${a} < ${b})` : `(${a} < ${b} || (${b} !== ${b} && ${a} === ${a}))`
    case '<=':
      return number(1) ? `(${a} <= ${b})` : `(${a} <= ${b} || ${b} !== ${b})`
    case '>':
      return number(0) ? `(${a} > ${b})` : `(${a} > ${b} || (${a} !== ${a} && ${b} === ${b}))`
    default:
      return number(0) ? `(${a} >= ${b})` : `(${a} >= ${b} || ${a} !== ${a})`
  }
}

function comparisonEntry(
  op: BinaryOp,
  doc: string,
  sql: string,
  gives: string,
  aliases: readonly string[] = [],
): ScalarEntry {
  return scalar(op, [arg('left', 'ANY'), arg('right', 'ANY')], undefined, {
    group: 'operator',
    aliases,
    doc,
    examples: [{ sql, gives }],
    total: true,
    resolve: (args, env) => resolveComparison(op, args, env),
    bind: (site) => comparison(op, site.args[0]!),
    codegen: comparisonCode(op),
  })
}

/** The comparison operators, by symbol. */
export const entries: readonly FunctionEntry[] = [
  comparisonEntry('=', 'True when both sides are equal; NaN equals NaN.', '1 = 1.0', 'true', ['==']),
  comparisonEntry('<>', 'True when the sides differ.', "'a' <> 'b'", 'true', ['!=']),
  comparisonEntry('<', 'True when `left` comes before `right`. NaN is greater than every number.', '1 < 2', 'true'),
  comparisonEntry('<=', 'True when `left` comes before `right` or equals it.', '2 <= 2', 'true'),
  comparisonEntry('>', 'True when `left` comes after `right`.', "'b' > 'a'", 'true'),
  comparisonEntry('>=', 'True when `left` comes after `right` or equals it.', '2 >= 3', 'false'),
  scalar('<=>', [arg('left', 'ANY'), arg('right', 'ANY')], undefined, {
    group: 'operator',
    aliases: ['equal_null'],
    doc: 'True when both sides are equal or both are NULL; never NULL.',
    examples: [
      { sql: 'NULL <=> NULL', gives: 'true' },
      { sql: 'equal_null(1, NULL)', gives: 'false' },
    ],
    nulls: 'handles',
    total: true,
    resolve: (args, env) => resolveComparison('<=>', args, env),
    bind: (site) => {
      const equal = comparison('=', site.args[0]!) as (a: Value, b: Value) => boolean
      return (a: Value, b: Value) => (a === null || b === null ? a === b : equal(a, b))
    },
    codegen: comparisonCode('<=>'),
  }),
]
