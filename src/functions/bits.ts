import { binaryOperands, type BinaryOp } from '../types/coercion.ts'
import { BIGINT, INT, isIntegral, isNumeric, type DataType } from '../types/data-type.ts'
import { arg, scalar, type EvalEnv, type EvalFn, type FunctionEntry, type Resolved, type ScalarEntry } from './entry.ts'
import { operandsDiffer, operandUnfit } from './faults.ts'

function resolveBits(op: BinaryOp, args: readonly DataType[], env: EvalEnv): Resolved {
  const [first, second] = args as [DataType, DataType]
  const operands = binaryOperands(op, first, second, env.ansi)
  if (operands === null) return operandsDiffer(op, first, second)
  const { left: l, right: r } = operands
  if (!isIntegral(l))
    return isNumeric(first) && isNumeric(second) && first.kind === second.kind
      ? operandUnfit(op, l)
      : operandsDiffer(op, first, second)
  return { args: [l, r], type: l }
}

function bits(op: '&' | '|' | '^', doc: string, sql: string, gives: string): ScalarEntry {
  const narrow: EvalFn =
    op === '&'
      ? (a: number, b: number) => a & b
      : op === '|'
        ? (a: number, b: number) => a | b
        : (a: number, b: number) => a ^ b
  const wide: EvalFn =
    op === '&'
      ? (a: bigint, b: bigint) => a & b
      : op === '|'
        ? (a: bigint, b: bigint) => a | b
        : (a: bigint, b: bigint) => a ^ b
  return scalar(op, [arg('left', 'ANY'), arg('right', 'ANY')], undefined, {
    group: 'operator',
    doc,
    examples: [{ sql, gives }],
    resolve: (args, env) => resolveBits(op, args, env),
    bind: (site) => (site.type.kind === 'bigint' ? wide : narrow),
    codegen: ([a, b], site) => (site.type.kind === 'bigint' && site.int64 === 'narrow' ? null : `(${a} ${op} ${b})`),
  })
}

/** `value` shifted; the count is taken modulo the width of the type, as in Java. */
function shift(name: string, aliases: readonly string[], doc: string, sql: string, gives: string): ScalarEntry {
  const narrow: EvalFn =
    name === '<<'
      ? (a: number, n: number) => a << n
      : name === '>>'
        ? (a: number, n: number) => a >> n
        : (a: number, n: number) => (a >>> n) | 0
  const wide: EvalFn =
    name === '<<'
      ? (a: bigint, n: number) => BigInt.asIntN(64, a << BigInt(n & 63))
      : name === '>>'
        ? (a: bigint, n: number) => a >> BigInt(n & 63)
        : (a: bigint, n: number) => BigInt.asIntN(64, BigInt.asUintN(64, a) >> BigInt(n & 63))
  return scalar(name, [arg('value', [INT, BIGINT]), arg('count', INT)], (args) => args[0]!, {
    group: 'operator',
    aliases,
    doc,
    examples: [{ sql, gives }],
    bind: (site) => (site.type.kind === 'bigint' ? wide : narrow),
    codegen: ([a, n], site) =>
      site.type.kind === 'bigint' ? null : name === '>>>' ? `((${a} >>> ${n}) | 0)` : `(${a} ${name} ${n})`,
  })
}

/** The operators on the bits of integers, by symbol. */
export const entries: readonly FunctionEntry[] = [
  bits('&', 'Returns the bits set in both integers.', '5 & 3', '1'),
  bits('|', 'Returns the bits set in either integer.', '5 | 3', '7'),
  bits('^', 'Returns the bits set in exactly one of the integers.', '5 ^ 3', '6'),
  scalar('~', [arg('value', 'INTEGRAL')], (args) => args[0]!, {
    group: 'operator',
    doc: 'Returns `value` with every bit turned.',
    examples: [{ sql: '~5', gives: '-6' }],
    bind: (site) => (site.type.kind === 'bigint' ? (a: bigint) => ~a : (a: number) => ~a),
    codegen: ([a], site) => (site.type.kind === 'bigint' && site.int64 === 'narrow' ? `(-1 - ${a})` : `(~${a})`),
  }),
  shift(
    '<<',
    ['shiftleft'],
    'Returns `value` shifted left by `count` bits; `count` counts modulo the width of the type.',
    '1 << 4',
    '16',
  ),
  shift('>>', ['shiftright'], 'Returns `value` shifted right by `count` bits, keeping the sign.', '-16 >> 2', '-4'),
  shift(
    '>>>',
    ['shiftrightunsigned'],
    'Returns `value` shifted right by `count` bits, filling with zeros.',
    '-16 >>> 28',
    '15',
  ),
]
