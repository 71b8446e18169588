import { AnalysisError } from '../../errors/errors.ts'
import { commonTypeOf, implicitCast } from '../../types/coercion.ts'
import {
  arrayOf,
  BINARY,
  isDatetime,
  isIntegral,
  STRING,
  INT,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  type DataType,
} from '../../types/data-type.ts'
import { decimalForType } from '../../types/decimal.ts'
import { textMaker } from '../../types/format.ts'
import { zoneOf } from '../../types/time.ts'
import type { Value } from '../../types/value.ts'
import {
  arg,
  scalar,
  type CallSite,
  type Codegen,
  type EvalEnv,
  type EvalFn,
  type FunctionEntry,
  type Resolved,
} from '../entry.ts'
import { notConstant, typesDiffer, unexpectedType } from '../faults.ts'
import { formatterOf } from '../datetime/formatter.ts'
import { decodeText, toHex } from './charsets.ts'
import { concatVector, concatWsVector } from './concat-vector.ts'
import { decimalPattern } from './decimal-pattern.ts'
import { javaFormat } from './java-format.ts'
import { numberFormat, readNumber, readNumberStrictly, writeNumber, type NumberFormat } from './number-format.ts'
import { checkTextSize } from './text-size.ts'

const group = 'string'

/** Text unless all are binary, or arrays of one type. */
function resolveConcat(args: readonly DataType[], env: EvalEnv): Resolved {
  if (args.length === 0) return { args, type: STRING, nullable: false }
  if (args.some((a) => a.kind === 'array')) {
    if (!args.every((a) => a.kind === 'array')) typesDiffer('concat', args)
    const type = commonTypeOf(args, env.ansi) ?? typesDiffer('concat', args)
    return { args: args.map(() => type), type }
  }
  if (args.every((a) => a.kind === 'binary')) return { args, type: BINARY }
  return {
    args: args.map((a, i) => implicitCast(a, STRING, env.ansi) ?? unexpectedType('concat', i + 1, 'STRING', a)),
    type: STRING,
  }
}

/** `separator` between texts; arrays give their elements; NULLs are passed over. */
function resolveJoin(args: readonly DataType[], env: EvalEnv): Resolved {
  const types = args.map((a, i): DataType => {
    if (i > 0 && a.kind === 'array') {
      if (implicitCast(a.element, STRING, env.ansi) === null)
        unexpectedType('concat_ws', i + 1, 'STRING or ARRAY<STRING>', a)
      return arrayOf(STRING, a.containsNull)
    }
    return implicitCast(a, STRING, env.ansi) ?? unexpectedType('concat_ws', i + 1, 'STRING or ARRAY<STRING>', a)
  })
  return { args: types, type: STRING }
}

function join(separator: string | null, ...parts: readonly Value[]): Value {
  if (separator === null) return null
  const out: string[] = []
  for (const p of parts) {
    if (p === null) continue
    if (typeof p === 'string') out.push(p)
    else for (const x of p as readonly Value[]) if (x !== null) out.push(x as string)
  }
  return out.join(separator)
}

/** A constant format of nothing but `%s` and `%d`, filled with texts and whole numbers, is a sum of texts. */
const plainFormatCode: Codegen = ([, ...values], site) => {
  const format = site.constants[0]
  if (typeof format !== 'string') return null
  let next = 0
  let rest = ''
  const parts = format.split(/(%[sd])/).map((part): string | null => {
    if (part !== '%s' && part !== '%d') {
      rest += part
      return site.constant(part)
    }
    const type = site.args[++next]
    if (type === undefined || !(isIntegral(type) || (part === '%s' && type.kind === 'string'))) return null
    return values[next - 1]!
  })
  return rest.includes('%') || parts.includes(null) ? null : `('' + ${parts.join(' + ')})`
}

function formatNumber(site: CallSite): EvalFn {
  const type = site.args[0]!
  const exact = (v: Value): number | { unscaled: bigint; scale: number } =>
    type.kind === 'decimal'
      ? { unscaled: v as bigint, scale: type.scale }
      : typeof v === 'bigint'
        ? { unscaled: v, scale: 0 }
        : isIntegral(type)
          ? { unscaled: BigInt(v as number), scale: 0 }
          : (v as number)
  let last: Value | undefined
  let write: ReturnType<typeof decimalPattern> | null = null
  return (v: Value, format: Value) => {
    if (format !== last) {
      if (typeof format === 'number')
        write =
          format < 0
            ? null
            : decimalPattern(
                `#,###,###,###,###,###,##0${format === 0 ? '' : `.${'0'.repeat(checkTextSize('format_number', format))}`}`,
              )
      else write = decimalPattern(format === '' ? '#,###,###,###,###,###,##0' : (format as string))
      last = format
    }
    return write === null ? null : write(exact(v))
  }
}

/** The format as a constant; a NULL one makes every result NULL. */
function constantFormat(fn: string, type: DataType, constant: Value | undefined, env: EvalEnv): NumberFormat | null {
  if (constant === undefined) notConstant(fn, 'format')
  return constant === null
    ? null
    : numberFormat(
        textMaker(type, { timeZone: env.timeZone, nullText: 'null', binary: 'utf8', scientificDecimals: false })(
          constant,
        ),
      )
}

function toNumber(name: string, tries: boolean, doc: string, sql: string, gives: string): FunctionEntry {
  return scalar(name, [arg('text', STRING), arg('format', STRING, { foldable: true })], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    canBeNull: tries,
    resolve: (args, env, constants) => {
      args.forEach((a, i) => implicitCast(a, STRING, env.ansi) ?? unexpectedType(name, i + 1, 'STRING', a))
      const f = constantFormat(name, args[1]!, constants[1], env)
      return { args: [STRING, STRING], type: f === null ? { kind: 'decimal', precision: 10, scale: 0 } : f.type }
    },
    bind: () => {
      let last: string | undefined
      let f: NumberFormat | undefined
      return (text: string, format: string) => {
        if (format !== last) {
          f = numberFormat(format)
          last = format
        }
        return tries ? readNumber(text, f!) : readNumberStrictly(text, f!)
      }
    },
  })
}

function bytesToText(b: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex':
      return toHex(b)
    case 'base64':
      return Buffer.from(b).toString('base64')
    default:
      return decodeText(b, 'UTF-8')
  }
}

function resolveToChar(
  fn: string,
  args: readonly DataType[],
  env: EvalEnv,
  constants: readonly (Value | undefined)[],
): Resolved {
  const [type, formatType] = args as [DataType, DataType]
  if (implicitCast(formatType, STRING, env.ansi) === null) unexpectedType(fn, 2, 'STRING', formatType)
  if (isDatetime(type))
    return { args: [type.kind === 'timestamp_ntz' ? TIMESTAMP_NTZ : TIMESTAMP, STRING], type: STRING }
  const format = constants[1]
  if (type.kind === 'binary') {
    if (format === undefined) notConstant(fn, 'format')
    if (typeof format === 'string' && !['hex', 'base64', 'utf-8', 'utf8'].includes(format.toLowerCase()))
      throw new AnalysisError('INVALID_PARAMETER_VALUE.BINARY_FORMAT', { function: fn, value: format })
    return { args: [BINARY, STRING], type: STRING }
  }
  const number =
    type.kind === 'decimal' ? type : isIntegral(type) ? decimalForType(type) : implicitCast(type, 'DECIMAL', env.ansi)
  if (number === null) return unexpectedType(fn, 1, 'a number, date, timestamp or binary', type)
  constantFormat(fn, formatType, format, env)
  return { args: [number, STRING], type: STRING }
}

function bindToChar(site: CallSite): EvalFn {
  const type = site.args[0]!
  if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') {
    const zone = zoneOf(type.kind === 'timestamp' ? site.env.timeZone : 'UTC')
    return (us: bigint, pattern: string) => formatterOf(pattern).format(us, zone)
  }
  if (type.kind === 'binary') return bytesToText
  const scale = type.kind === 'decimal' ? type.scale : 0
  let last: string | undefined
  let f: NumberFormat | undefined
  return (v: bigint, format: string) => {
    if (format !== last) {
      f = numberFormat(format)
      last = format
    }
    return writeNumber(v, scale, f!)
  }
}

/** Functions that put texts together and write numbers. */
export const entries: readonly FunctionEntry[] = [
  scalar('concat', [arg('part', 'ANY', { variadic: true })], undefined, {
    group,
    aliases: ['||'],
    doc: 'Returns the arguments one behind the other: texts (other values are read as text), binaries, or arrays.',
    examples: [
      { sql: "concat('a', 1, true)", gives: 'a1true' },
      { sql: "'a' || 'b'", gives: 'ab' },
    ],
    resolve: (args, env) => resolveConcat(args, env),
    bind: (site) => {
      if (site.type.kind === 'array') return (...parts: readonly (readonly Value[])[]) => parts.flat(1)
      if (site.type.kind === 'binary') return (...parts: readonly Uint8Array[]) => Buffer.concat(parts)
      return (...parts: readonly string[]) => parts.join('')
    },
    codegen: (args, site) => (site.type.kind === 'string' && args.length > 0 ? `(${args.join(' + ')})` : null),
    vector: concatVector,
  }),
  scalar('concat_ws', [arg('separator', STRING), arg('part', 'ANY', { variadic: true })], undefined, {
    group,
    doc: 'Returns the texts and the elements of the arrays with `separator` between them; NULLs are passed over.',
    examples: [{ sql: "concat_ws('-', 'a', NULL, 'b')", gives: 'a-b' }],
    nulls: 'handles',
    resolve: (args, env) => resolveJoin(args, env),
    eval: join,
    codegen: ([separator, ...parts], site) =>
      parts.length > 0 && site.args.every((a) => a.kind === 'string') ? `(${parts.join(` + ${separator} + `)})` : null,
    vector: concatWsVector,
  }),
  scalar('format_string', [arg('format', STRING), arg('value', 'ANY', { variadic: true })], undefined, {
    group,
    aliases: ['printf'],
    doc: 'Returns `format` with its %-conversions filled in (those of java.util.Formatter: %d, %s, %08.3f, %,d …).',
    examples: [{ sql: "format_string('%,d and %s', 1234567, 'x')", gives: '1,234,567 and x' }],
    nulls: 'handles',
    resolve: (args, env) => {
      if (implicitCast(args[0]!, STRING, env.ansi) === null) unexpectedType('format_string', 1, 'STRING', args[0]!)
      return { args: [STRING, ...args.slice(1)], type: STRING }
    },
    bind: (site) => {
      const types = site.args.slice(1)
      let last: string | undefined
      let write: ((args: readonly Value[]) => string) | undefined
      return (format: string | null, ...values: readonly Value[]) => {
        if (format === null) return null
        if (format !== last) {
          write = javaFormat(format, types, site.env.timeZone)
          last = format
        }
        return write!(values)
      }
    },
    codegen: plainFormatCode,
  }),
  scalar(
    'format_number',
    [arg('number', 'NUMERIC', { exact: true }), arg('format', [INT, STRING], { exact: true })],
    STRING,
    {
      group,
      doc: 'Returns `number` with commas between thousands and `format` digits behind the point, or by a pattern such as `#,###.0`.',
      examples: [{ sql: 'format_number(1234567.891, 2)', gives: '1,234,567.89' }],
      canBeNull: true,
      bind: formatNumber,
    },
  ),
  toNumber(
    'to_number',
    false,
    'Returns the decimal that `text` is by `format`: 0 and 9 are digits, with , . $ S MI PR.',
    "to_number('$1,234.50', '$9,999.99')",
    '1234.50',
  ),
  toNumber(
    'try_to_number',
    true,
    'As to_number, but NULL where `text` does not match.',
    "try_to_number('abc', '999')",
    'NULL',
  ),
  scalar('to_char', [arg('value', 'ANY'), arg('format', STRING)], undefined, {
    group,
    aliases: ['to_varchar'],
    doc: 'Returns a number, date, timestamp or binary as text by `format`.',
    examples: [{ sql: "to_char(1234567, '9,999,999')", gives: '1,234,567' }],
    resolve: (args, env, constants) => resolveToChar('to_char', args, env, constants),
    bind: bindToChar,
  }),
  scalar('quote', [arg('text', STRING)], STRING, {
    group,
    doc: 'Returns `text` between single quotes, with a backslash before those inside.',
    examples: [{ sql: "quote('a')", gives: "'a'" }],
    eval: (s: string) => `'${s.replaceAll("'", "\\'")}'`,
  }),
  scalar('collate', [arg('text', STRING), arg('collation', STRING, { foldable: true })], undefined, {
    group,
    doc: 'Returns `text`; only the collation UTF8_BINARY is known.',
    examples: [{ sql: "collate('a', 'UTF8_BINARY')", gives: 'a' }],
    resolve: (args, env, constants) => {
      args.forEach((a, i) => implicitCast(a, STRING, env.ansi) ?? unexpectedType('collate', i + 1, 'STRING', a))
      if (typeof constants[1] === 'string' && constants[1].toUpperCase() !== 'UTF8_BINARY')
        throw new AnalysisError('UNSUPPORTED', { feature: `the collation ${constants[1]}` })
      return { args: [STRING, STRING], type: STRING }
    },
    eval: (s: string) => s,
  }),
  scalar('collation', [arg('text', STRING)], STRING, {
    group,
    doc: 'Returns the name of the collation of `text`.',
    examples: [{ sql: "collation('a')", gives: 'SYSTEM.BUILTIN.UTF8_BINARY' }],
    eval: () => 'SYSTEM.BUILTIN.UTF8_BINARY',
  }),
]
