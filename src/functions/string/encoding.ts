import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { commonTypeOf, implicitCast } from '../../types/coercion.ts'
import { equalValues } from '../../types/compare.ts'
import { BIGINT, BINARY, BOOLEAN, STRING, typeName, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry } from '../entry.ts'
import { typesDiffer, unexpectedType } from '../faults.ts'
import { decodeText, encodeText, fromBase32, fromBase64, fromHex, isUtf8, toBase32, toHex } from './charsets.ts'

const group = 'string'

function convert(text: string, format: string): Uint8Array | null {
  switch (format) {
    case 'hex':
      return fromHex(text)
    case 'base64':
      return fromBase64(text)
    default:
      return Buffer.from(text, 'utf8')
  }
}

function conversionFault(fn: string, value: string): never {
  throw new ExecutionError('CONVERSION_INVALID_INPUT', { value, type: 'BINARY', function: fn })
}

function toBinary(name: string, tries: boolean, doc: string, sql: string, gives: string): FunctionEntry {
  return scalar(name, [arg('text', STRING), arg('format', STRING, { optional: true, foldable: true })], undefined, {
    group,
    doc,
    examples: [{ sql, gives }],
    canBeNull: tries,
    resolve: (args, env, constants) => {
      const format = constants[1]
      if (implicitCast(args[0]!, STRING, env.ansi) === null) unexpectedType(name, 1, 'STRING', args[0]!)
      if (args[1] && implicitCast(args[1], STRING, env.ansi) === null)
        throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ARG_VALUE', {
          function: name,
          name: 'format',
          expected: 'a text',
          value: typeName(args[1]),
        })
      if (!tries && typeof format === 'string' && !['hex', 'utf-8', 'utf8', 'base64'].includes(format.toLowerCase()))
        throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ARG_VALUE', {
          function: name,
          name: 'format',
          expected: "'hex', 'utf-8', 'utf8' or 'base64'",
          value: format,
        })
      return { args: args.map(() => STRING), type: BINARY }
    },
    eval: (text: string, format = 'hex') =>
      convert(text, format.toLowerCase()) ?? (tries ? null : conversionFault(name, text)),
  })
}

/** Oracle's decode: the result beside the first search value that equals `value` (NULL equals NULL). */
function resolveDecode(args: readonly DataType[], ansi: boolean): { args: readonly DataType[]; type: DataType } {
  const common = (types: readonly DataType[]): DataType => commonTypeOf(types, ansi) ?? typesDiffer('decode', types)
  const isResult = (i: number): boolean => i > 0 && (i % 2 === 0 || i === args.length - 1)
  const searched = common(args.filter((_, i) => !isResult(i)))
  const result = common(args.filter((_, i) => isResult(i)))
  return { args: args.map((_, i) => (isResult(i) ? result : searched)), type: result }
}

function utf8Test(value: string | Uint8Array): boolean {
  return typeof value === 'string' || isUtf8(value)
}

const utf8Text = (value: string | Uint8Array): string =>
  typeof value === 'string' ? value : Buffer.from(value).toString('utf8')
const maybeBytes = arg('value', [STRING, BINARY])

/** Functions between text and bytes. */
export const entries: readonly FunctionEntry[] = [
  scalar('base64', [arg('bytes', BINARY)], STRING, {
    group,
    doc: 'Returns `bytes` as base 64 text.',
    examples: [{ sql: "base64('river')", gives: 'cml2ZXI=' }],
    eval: (b: Uint8Array) => Buffer.from(b).toString('base64'),
  }),
  scalar('unbase64', [arg('text', STRING)], BINARY, {
    group,
    doc: 'Returns the bytes of base 64 `text`.',
    examples: [{ sql: "CAST(unbase64('Zm9v') AS STRING)", gives: 'foo' }],
    // What is no digit of base 64 is passed over, as in mail.
    eval: (s: string) => fromBase64(s.replace(/[^A-Za-z0-9+/=]/g, '')) ?? conversionFault('unbase64', s),
  }),
  scalar('to_base32', [arg('bytes', BINARY)], STRING, {
    group,
    doc: 'Returns `bytes` as base 32 text (RFC 4648).',
    examples: [{ sql: "to_base32('mill')", gives: 'NVUWY3A=' }],
    eval: toBase32,
  }),
  scalar('from_base32', [arg('text', STRING)], BINARY, {
    group,
    doc: 'Returns the bytes of base 32 `text`.',
    examples: [{ sql: "hex(from_base32('NVUWY3A='))", gives: '6D696C6C' }],
    eval: fromBase32,
  }),
  scalar('hex', [arg('value', [BIGINT, BINARY, STRING])], STRING, {
    group,
    doc: 'Returns the hexadecimal digits of an integer, of bytes, or of a text as UTF-8.',
    examples: [
      { sql: "hex('mill')", gives: '6D696C6C' },
      { sql: 'hex(255)', gives: 'FF' },
    ],
    eval: (v: bigint | string | Uint8Array) =>
      typeof v === 'bigint'
        ? BigInt.asUintN(64, v).toString(16).toUpperCase()
        : toHex(typeof v === 'string' ? Buffer.from(v, 'utf8') : v),
    codegen: ([v], site) => {
      if (site.args[0]!.kind !== 'bigint' || site.int64 !== 'narrow') return null
      const negative = site.constant((n: number) => BigInt.asUintN(64, BigInt(n)).toString(16).toUpperCase())
      return `(${v} < 0 ? ${negative}(${v}) : ${v}.toString(16).toUpperCase())`
    },
  }),
  scalar('unhex', [arg('text', STRING)], BINARY, {
    group,
    doc: 'Returns the bytes of hexadecimal digits; NULL when `text` has other characters.',
    examples: [{ sql: "CAST(unhex('666F6F') AS STRING)", gives: 'foo' }],
    canBeNull: true,
    eval: fromHex,
  }),
  scalar('encode', [arg('text', STRING), arg('charset', STRING)], BINARY, {
    group,
    doc: 'Returns `text` as bytes in a character set.',
    examples: [{ sql: "hex(encode('añ', 'UTF-8'))", gives: '61C3B1' }],
    eval: encodeText,
  }),
  scalar('decode', [arg('value', 'ANY'), arg('charset', 'ANY'), arg('more', 'ANY', { variadic: true })], undefined, {
    group,
    doc: 'With two arguments: the text of bytes in a character set. With more, `decode(value, search, result, …, default)`: the result beside the search that equals `value`.',
    examples: [
      { sql: "decode(X'61C3B1', 'UTF-8')", gives: 'añ' },
      { sql: "decode(2, 1, 'one', 2, 'two', 'many')", gives: 'two' },
    ],
    nulls: 'handles',
    resolve: (args, env) =>
      args.length === 2
        ? {
            args: [BINARY, STRING].map(
              (t, i) => implicitCast(args[i]!, t, env.ansi) ?? unexpectedType('decode', i + 1, typeName(t), args[i]!),
            ),
            type: STRING,
          }
        : resolveDecode(args, env.ansi),
    bind: (site) => {
      if (site.args.length === 2)
        return (b: Uint8Array | null, set: string | null) => (b === null || set === null ? null : decodeText(b, set))
      const equal = equalValues(site.args[0]!)
      return (...args: readonly Value[]) => {
        const value = args[0]!
        let i = 1
        for (; i + 1 < args.length; i += 2) {
          const search = args[i]!
          if (search === null || value === null ? search === value : equal(value, search)) return args[i + 1]!
        }
        return i < args.length ? args[i]! : null
      }
    },
  }),
  toBinary(
    'to_binary',
    false,
    "Returns `text` as bytes; `format` is 'hex' (unless told), 'utf-8' or 'base64'.",
    "hex(to_binary('abc', 'utf-8'))",
    '616263',
  ),
  toBinary(
    'try_to_binary',
    true,
    'As to_binary, but NULL where `text` is not of the format.',
    "try_to_binary('G!', 'hex')",
    'NULL',
  ),
  scalar('is_valid_utf8', [maybeBytes], BOOLEAN, {
    group,
    doc: 'True when `value` is well-formed UTF-8.',
    examples: [{ sql: "is_valid_utf8(X'80')", gives: 'false' }],
    eval: utf8Test,
  }),
  scalar('make_valid_utf8', [maybeBytes], STRING, {
    group,
    doc: 'Returns `value` as text, with the replacement character for every malformed stretch.',
    examples: [{ sql: "make_valid_utf8('abc')", gives: 'abc' }],
    eval: utf8Text,
  }),
  scalar('validate_utf8', [maybeBytes], STRING, {
    group,
    doc: 'Returns `value` as text; an error when it is not UTF-8.',
    examples: [{ sql: "validate_utf8('abc')", gives: 'abc' }],
    eval: (v: string | Uint8Array) => {
      if (utf8Test(v)) return utf8Text(v)
      throw new ExecutionError('INVALID_UTF8_STRING', { bytes: toHex(v as Uint8Array) })
    },
  }),
  scalar('try_validate_utf8', [maybeBytes], STRING, {
    group,
    doc: 'Returns `value` as text; NULL when it is not UTF-8.',
    examples: [{ sql: "try_validate_utf8(X'80')", gives: 'NULL' }],
    canBeNull: true,
    eval: (v: string | Uint8Array) => (utf8Test(v) ? utf8Text(v) : null),
  }),
]
