import { AnalysisError, ExecutionError, type MillraceError } from '../../errors/errors.ts'
import { commonTypeOf, implicitCast, isOrderable } from '../../types/coercion.ts'
import { compareStrings, compareValues } from '../../types/compare.ts'
import {
  BIGINT,
  BINARY,
  BOOLEAN,
  DOUBLE,
  FLOAT,
  INT,
  STRING,
  TINYINT,
  typeName,
  type DataType,
} from '../../types/data-type.ts'
import type { DecimalOp } from '../../types/decimal.ts'
import type { CalendarInterval, Value } from '../../types/value.ts'
import {
  arg,
  scalar,
  type CallSite,
  type Codegen,
  type CodegenSite,
  type EvalFn,
  type FunctionEntry,
  type ScalarEntry,
} from '../entry.ts'
import { overflow, typesDiffer, unexpectedType } from '../faults.ts'
import { bindArithmetic, resolveArithmetic } from '../operators.ts'
import { checkLong, doubleToLong, wrapInt } from './integers.ts'

const group = 'math'
const same = (args: readonly DataType[]): DataType => args[0]!

function absolute(site: CallSite): EvalFn {
  const type = site.type
  const ansi = site.env.ansi
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
      return (x: number) => {
        const a = wrapInt(type, x < 0 ? -x : x)
        return a < 0 && ansi ? overflow(type.kind) : a
      }
    case 'bigint':
      return (x: bigint) => (ansi ? checkLong(x < 0n ? -x : x) : BigInt.asIntN(64, x < 0n ? -x : x))
    case 'decimal':
      return (x: bigint) => (x < 0n ? -x : x)
    case 'interval_dt':
      return (x: bigint) => checkLong(x < 0n ? -x : x)
    case 'interval_ym':
      return (x: number) => (x === -2147483648 ? overflow('interval') : Math.abs(x))
    default:
      return (x: number) => Math.abs(x)
  }
}

const sign = (x: number | bigint | CalendarInterval): number =>
  typeof x === 'bigint' ? (x > 0n ? 1 : x < 0n ? -1 : 0) : typeof x === 'number' ? Math.sign(x) : 0

/** The better of two values, for types that need no general comparison; null for the others. */
function betterOf(type: DataType, want: 1 | -1): ((a: never, b: never) => Value) | null {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return want > 0 ? (a: number, b: number) => (b > a ? b : a) : (a: number, b: number) => (b < a ? b : a)
    case 'float':
    case 'double':
      // NaN is the greatest.
      return want > 0
        ? (a: number, b: number) => (b > a || (b !== b && a === a) ? b : a)
        : (a: number, b: number) => (b < a || (a !== a && b === b) ? b : a)
    case 'string':
      return want > 0
        ? (a: string, b: string) => (compareStrings(b, a) > 0 ? b : a)
        : (a: string, b: string) => (compareStrings(b, a) < 0 ? b : a)
    default:
      return null
  }
}

/** Arguments without NULL, two at a time. */
const extremeCode =
  (want: 1 | -1): Codegen =>
  (args, site) => {
    const better = betterOf(site.type, want)
    if (better === null) return null
    const name = site.constant(better)
    return args.reduce((a, b) => `${name}(${a}, ${b})`)
  }

/** The greatest (`want` 1) or least (−1) argument that is not NULL. */
const innermost = (t: DataType): DataType => (t.kind === 'array' ? innermost(t.element) : t)

function extreme(name: string, want: 1 | -1, doc: string, sql: string, gives: string): ScalarEntry {
  return scalar(name, [arg('first', 'ANY'), arg('second', 'ANY'), arg('more', 'ANY', { variadic: true })], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    nulls: 'handles',
    resolve: (args, env) => {
      // Text is not read as a number here, nor numbers as text.
      const inner = args.map(innermost).filter((t) => t.kind !== 'void')
      if (inner.some((t) => t.kind === 'string') && inner.some((t) => t.kind !== 'string')) typesDiffer(name, args)
      const type = commonTypeOf(args, env.ansi) ?? typesDiffer(name, args)
      if (!isOrderable(type))
        throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE', { function: name, actual: typeName(type) })
      return { args: args.map(() => type), type }
    },
    bind: (site) => {
      const compare = compareValues(site.type)
      return (...args: readonly Value[]) => {
        let best: Value = null
        for (const v of args) if (v !== null && (best === null || compare(v, best) * want > 0)) best = v
        return best
      }
    },
    codegen: extremeCode(want),
  })
}

/** The operator on numbers of one type, with a test where it could fail; null leaves it to the body. */
function tryingCode(op: DecimalOp, [a, b]: readonly [string, string], site: CodegenSite): string | null {
  const [left, right] = site.args as [DataType, DataType]
  if (left.kind !== site.type.kind || right.kind !== site.type.kind) return null
  switch (site.type.kind) {
    case 'double':
      if (op === '/' || op === '%') return `(${b} === 0 ? null : ${a} ${op} ${b})`
      return `(${a} ${op} ${b})`
    case 'int':
      if (op === '%') return `(${b} === 0 ? null : ${a} % ${b} + 0)`
      if (op !== '+' && op !== '-') return null
      return `((${a} ${op} ${b} | 0) === ${a} ${op} ${b} ? ${a} ${op} ${b} : null)`
    case 'bigint':
      if (site.int64 !== 'narrow') return null
      if (op === '%') return `(${b} === 0 ? null : ${a} % ${b} + 0)`
      return op === '+' || op === '-' || op === '*' ? `rt.n53(${a} ${op} ${b})` : null
    default:
      return null
  }
}

/** The operator, with NULL for an overflow or a division by zero. */
function trying(name: string, op: DecimalOp, doc: string, sql: string, gives: string): ScalarEntry {
  return scalar(name, [arg('left', 'ANY'), arg('right', 'ANY')], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    canBeNull: true,
    resolve: (args, env, constants) => resolveArithmetic(op, args, env, constants),
    bind: (site) => {
      const env = Object.create(site.env, { ansi: { value: true } }) as CallSite['env']
      const body = bindArithmetic(op, { ...site, env }, true) as (a: Value, b: Value) => Value
      return (a: Value, b: Value) => {
        try {
          return body(a, b)
        } catch (e) {
          // The operands are values already, so this can only be the operation itself.
          if (e instanceof ExecutionError) return null
          throw e as MillraceError
        }
      }
    },
    codegen: (args, site) => tryingCode(op, args as readonly [string, string], site),
  })
}

const FACTORIALS: readonly bigint[] = (() => {
  const out = [1n]
  for (let i = 1n; i <= 20n; i++) out.push(out.at(-1)! * i)
  return out
})()

function conv(text: string, from: number, to: number, ansi: boolean): string | null {
  const s = text.trim()
  const base = Math.abs(to)
  if (s === '' || from < 2 || from > 36 || base < 2 || base > 36) return null
  let negative = s[0] === '-'
  let value = 0n
  let full = false
  for (let i = negative ? 1 : 0; i < s.length; i++) {
    const d = parseInt(s[i]!, 36)
    if (Number.isNaN(d) || d >= from) break
    value = value * BigInt(from) + BigInt(d)
    if (value > 0xffffffffffffffffn) {
      full = true
      break
    }
  }
  if (full) {
    if (ansi) overflow(`conv('${text}', ${from}, ${to})`)
    value = 0xffffffffffffffffn
  }
  let v = BigInt.asIntN(64, value)
  if (negative && to > 0) v = v < 0n ? -1n : -v
  if (to < 0 && v < 0n) {
    v = -v
    negative = true
  }
  return (negative && to < 0 ? '-' : '') + BigInt.asUintN(64, v).toString(base).toUpperCase()
}

const bitCount = (x: bigint): number => {
  let n = 0
  for (let u = BigInt.asUintN(64, x); u !== 0n; u &= u - 1n) n++
  return n
}

function widthBucket(x: number, low: number, high: number, count: bigint): bigint | null {
  const n = Number(count)
  if (
    count <= 0n ||
    count === 9223372036854775807n ||
    low === high ||
    Number.isNaN(x) ||
    !Number.isFinite(low) ||
    !Number.isFinite(high)
  )
    return null
  const up = low < high
  const bottom = up ? low : high
  const top = up ? high : low
  if (up) {
    if (x < bottom) return 0n
    if (x >= top) return count + 1n
    return BigInt.asIntN(64, doubleToLong((n * (x - bottom)) / (top - bottom)) + 1n)
  }
  if (x > top) return 0n
  if (x <= bottom) return count + 1n
  return BigInt.asIntN(64, doubleToLong((n * (top - x)) / (top - bottom)) + 1n)
}

const WIDTHS: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 }

/** Numbers: absolute values, remainders, digits and bits. */
export const entries: readonly FunctionEntry[] = [
  scalar('abs', [arg('x', ['NUMERIC', 'INTERVAL'])], same, {
    group,
    doc: 'Returns `x` without its sign.',
    examples: [{ sql: 'abs(-3)', gives: '3' }],
    bind: absolute,
    codegen: ([a], site) => {
      switch (site.type.kind) {
        case 'double':
        case 'float':
          return `Math.abs(${a})`
        case 'int':
          return `(${a} === -2147483648 ? ${site.constant(absolute(site))}(${a}) : Math.abs(${a}))`
        case 'bigint':
        case 'decimal':
          return site.int64 === 'narrow' ? `Math.abs(${a})` : null
        default:
          return null
      }
    },
  }),
  scalar('sign', [arg('x', [DOUBLE, 'INTERVAL'])], DOUBLE, {
    group,
    aliases: ['signum'],
    doc: 'Returns −1, 0 or 1 for a negative, zero or positive `x`.',
    examples: [{ sql: 'sign(-2.5)', gives: '-1.0' }],
    eval: sign,
  }),
  scalar('pmod', [arg('x', 'ANY'), arg('divisor', 'ANY')], undefined, {
    group,
    doc: 'Returns the remainder of `x` by `divisor`, never negative for a positive divisor.',
    examples: [{ sql: 'pmod(-7, 4)', gives: '1' }],
    canBeNull: true,
    resolve: (args, env, constants) => resolveArithmetic('pmod', args, env, constants),
    bind: (site) => bindArithmetic('pmod', site, site.env.ansi),
  }),
  extreme('greatest', 1, 'Returns the greatest argument; NULLs are passed over.', 'greatest(1, 3, 2)', '3'),
  extreme('least', -1, 'Returns the least argument; NULLs are passed over.', 'least(1, NULL, 2)', '1'),
  trying('try_add', '+', 'Returns `left` + `right`; NULL when it does not fit.', 'try_add(2147483647, 1)', 'NULL'),
  trying('try_subtract', '-', 'Returns `left` − `right`; NULL when it does not fit.', 'try_subtract(3, 1)', '2'),
  trying('try_multiply', '*', 'Returns `left` × `right`; NULL when it does not fit.', 'try_multiply(3, 2)', '6'),
  trying('try_divide', '/', 'Returns `left` / `right`; NULL when `right` is 0.', 'try_divide(1, 0)', 'NULL'),
  trying('try_mod', '%', 'Returns the remainder; NULL when `right` is 0.', 'try_mod(1, 0)', 'NULL'),
  scalar('factorial', [arg('n', INT)], BIGINT, {
    group,
    doc: 'Returns the factorial of `n` from 0 to 20, else NULL.',
    examples: [{ sql: 'factorial(5)', gives: '120' }],
    canBeNull: true,
    eval: (n: number) => FACTORIALS[n] ?? null,
  }),
  scalar('bin', [arg('x', BIGINT)], STRING, {
    group,
    doc: 'Returns the binary digits of `x`.',
    examples: [{ sql: 'bin(13)', gives: '1101' }],
    eval: (x: bigint) => BigInt.asUintN(64, x).toString(2),
  }),
  scalar('conv', [arg('number', STRING), arg('from', INT), arg('to', INT)], STRING, {
    group,
    doc: 'Returns a number written in base `from` (2 to 36) as text in base `to`; a negative `to` reads it as signed.',
    examples: [{ sql: "conv('ff', 16, 10)", gives: '255' }],
    canBeNull: true,
    bind: (site) => (s: string, from: number, to: number) => conv(s, from, to, site.env.ansi),
  }),
  scalar('bit_count', [arg('x', ['INTEGRAL', BOOLEAN], { exact: true })], INT, {
    group,
    doc: 'Returns how many bits of `x` are set.',
    examples: [{ sql: 'bit_count(7)', gives: '3' }],
    eval: (x: number | bigint | boolean) => (typeof x === 'boolean' ? Number(x) : bitCount(BigInt(x))),
  }),
  scalar('bit_get', [arg('x', 'INTEGRAL'), arg('position', INT)], TINYINT, {
    group,
    aliases: ['getbit'],
    doc: 'Returns the bit of `x` at `position`, counted from 0 at the low end.',
    examples: [{ sql: 'bit_get(11, 0)', gives: '1' }],
    bind: (site) => {
      const type = site.args[0]!
      return (x: number | bigint, position: number) => {
        if (position < 0 || position >= WIDTHS[type.kind]!)
          throw new ExecutionError('INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE', { position, type: typeName(type) })
        return Number((BigInt(x) >> BigInt(position)) & 1n)
      }
    },
  }),
  scalar(
    'width_bucket',
    [
      arg('x', [DOUBLE, 'INTERVAL']),
      arg('low', [DOUBLE, 'INTERVAL']),
      arg('high', [DOUBLE, 'INTERVAL']),
      arg('count', BIGINT),
    ],
    undefined,
    {
      group,
      doc: 'Returns the number, from 1, of the bucket `x` falls in when the range from `low` to `high` is cut in `count` equal ones; 0 below and `count` + 1 above.',
      examples: [{ sql: 'width_bucket(5.3, 0.2, 10.6, 5)', gives: '3' }],
      canBeNull: true,
      resolve: (args, env) => {
        const kind = args[0]!.kind
        const bounds = args.slice(0, 3).map((t, i): DataType => {
          if (kind === 'interval_dt' || kind === 'interval_ym')
            return t.kind === kind ? t : typesDiffer('width_bucket', args.slice(0, 3))
          if (t.kind === 'interval_dt' || t.kind === 'interval_ym') return typesDiffer('width_bucket', args.slice(0, 3))
          return implicitCast(t, DOUBLE, env.ansi) ?? unexpectedType('width_bucket', i + 1, 'DOUBLE', t)
        })
        const count = implicitCast(args[3]!, BIGINT, env.ansi) ?? unexpectedType('width_bucket', 4, 'BIGINT', args[3]!)
        return { args: [...bounds, count], type: BIGINT }
      },
      eval: (x: number | bigint, low: number | bigint, high: number | bigint, n: bigint) =>
        widthBucket(Number(x), Number(low), Number(high), n),
    },
  ),
  scalar('nanvl', [arg('x', [DOUBLE, FLOAT]), arg('other', [DOUBLE, FLOAT])], undefined, {
    group,
    doc: 'Returns `x`, or `other` when `x` is NaN.',
    examples: [{ sql: "nanvl(double('NaN'), 5)", gives: '5.0' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const t = args[0]!.kind === 'float' && args[1]!.kind === 'float' ? FLOAT : DOUBLE
      args.forEach((a, i) => implicitCast(a, t, env.ansi) ?? unexpectedType('nanvl', i + 1, 'DOUBLE', a))
      return { args: [t, t], type: t }
    },
    eval: (x: number | null, other: number | null) => (x !== null && x !== x ? other : x),
  }),
  scalar('bitmap_bit_position', [arg('x', BIGINT)], BIGINT, {
    group: 'bitmap',
    doc: 'Returns the bit, from 0 to 32767, that stands for `x` in its bitmap.',
    examples: [{ sql: 'bitmap_bit_position(5)', gives: '4' }],
    eval: (x: bigint) => (x > 0n ? (x - 1n) % 32768n : -x % 32768n),
  }),
  scalar('bitmap_bucket_number', [arg('x', BIGINT)], BIGINT, {
    group: 'bitmap',
    doc: 'Returns the number of the bitmap that holds `x`.',
    examples: [{ sql: 'bitmap_bucket_number(32769)', gives: '2' }],
    eval: (x: bigint) => (x > 0n ? 1n + (x - 1n) / 32768n : x / 32768n),
  }),
  scalar('bitmap_count', [arg('bitmap', BINARY, { exact: true })], BIGINT, {
    group: 'bitmap',
    doc: 'Returns how many bits of `bitmap` are set.',
    examples: [{ sql: "bitmap_count(X'0F01')", gives: '5' }],
    eval: (b: Uint8Array) => {
      let n = 0
      for (const x of b) for (let u = x; u !== 0; u &= u - 1) n++
      return BigInt(n)
    },
  }),
]
