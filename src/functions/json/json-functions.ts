import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { typeSql } from '../../types/ddl.ts'
import {
  arrayOf,
  INT,
  mapOf,
  STRING,
  structOf,
  typeName,
  type DataType,
  type StructType,
} from '../../types/data-type.ts'
import type { StructValue, Value } from '../../types/value.ts'
import {
  arg,
  scalar,
  type CallSite,
  type EvalFn,
  type FunctionEntry,
  type GeneratorEntry,
  type Resolved,
} from '../entry.ts'
import { notConstant, unexpectedType } from '../faults.ts'
import { findPath, memberNames } from './json-path.ts'
import { findMember, UNSURE } from './member-scan.ts'
import { inferType } from './json-schema.ts'
import {
  DEFAULT_SYNTAX,
  isBlank,
  JsonArray,
  JsonObject,
  parseJson,
  type JsonNode,
  type JsonSyntax,
} from './json-text.ts'
import { jsonToValue, valueToJson } from './json-value.ts'
import { prettyJson, writeJson } from './json-write.ts'
import { checkOptions, readOptions, type FunctionOptions } from './options.ts'
import { schemaArgument } from './schema-argument.ts'
import type { DatetimeFormats } from './text-conversion.ts'

const OPTIONS = arg('options', mapOf(STRING, STRING), { optional: true })

/** The dates and times options of JSON and CSV. */
export function datetimeFormats(options: FunctionOptions, timeZone: string): DatetimeFormats {
  return {
    timeZone: options.get('timeZone') ?? timeZone,
    dateFormat: options.get('dateFormat'),
    timestampFormat: options.get('timestampFormat'),
    timestampNtzFormat: options.get('timestampNTZFormat'),
  }
}

function syntaxOf(options: FunctionOptions): JsonSyntax {
  return {
    allowComments: options.flag('allowComments', false),
    allowUnquotedFieldNames: options.flag('allowUnquotedFieldNames', false),
    allowSingleQuotes: options.flag('allowSingleQuotes', true),
    allowNumericLeadingZeros: options.flag('allowNumericLeadingZeros', false),
    allowNonNumericNumbers: options.flag('allowNonNumericNumbers', true),
    allowBackslashEscapingAnyCharacter: options.flag('allowBackslashEscapingAnyCharacter', false),
    allowUnquotedControlChars: options.flag('allowUnquotedControlChars', false),
  }
}

/** Whether `mode` is FAILFAST; refuses modes that drop rows, which a function cannot. */
export function failsFast(fn: string, options: FunctionOptions): boolean {
  const mode = options.get('mode')?.toUpperCase() ?? 'PERMISSIVE'
  if (mode === 'FAILFAST') return true
  // Spark takes an unknown mode for PERMISSIVE.
  if (mode === 'DROPMALFORMED') throw new AnalysisError('PARSE_MODE_UNSUPPORTED', { function: fn, mode })
  return false
}

/** Refuses the record that did not fit. */
export function malformed(record: string, type: DataType): never {
  throw new ExecutionError(
    'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
    { record: record.length > 200 ? `${record.slice(0, 200)}…` : record },
    { hint: `read it as ${typeName(type)} with mode PERMISSIVE to get NULL where it does not fit` },
  )
}

function checkJsonMaps(type: DataType): void {
  if (type.kind === 'map') {
    if (type.key.kind !== 'string')
      throw new AnalysisError('DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE', { actual: typeName(type.key) })
    checkJsonMaps(type.value)
  } else if (type.kind === 'array') checkJsonMaps(type.element)
  else if (type.kind === 'struct') type.fields.forEach((f) => checkJsonMaps(f.type))
}

function resolveFrom(args: readonly DataType[], constants: readonly (Value | undefined)[]): Resolved {
  const [text, schema, options] = args as [DataType, DataType, DataType | undefined]
  const type = schemaArgument(schema, constants[1])
  checkOptions(options, constants[2])
  if (text.kind !== 'string' && text.kind !== 'void') unexpectedType('from_json', 1, 'STRING', text)
  if (type.kind !== 'struct' && type.kind !== 'array' && type.kind !== 'map') {
    throw new AnalysisError('DATATYPE_MISMATCH.INVALID_JSON_SCHEMA', { function: 'from_json', actual: typeName(type) })
  }
  checkJsonMaps(type)
  failsFast('from_json', readOptions(constants[2]))
  return { args: [STRING, STRING, ...(options ? [options] : [])], type, nullable: true }
}

/** The struct without the column that takes records that do not fit, and the place of that column or -1. */
export function withoutCorruptRecord(
  type: StructType,
  name: string,
): { readonly data: StructType; readonly place: number } {
  const place = type.fields.findIndex((f) => f.name === name && f.type.kind === 'string')
  return { data: place < 0 ? type : structOf(type.fields.filter((_, i) => i !== place)), place }
}

/** Puts the text of a record that did not fit (else NULL) into its column. */
export function withCorruptRecord(row: StructValue, place: number, record: string | null): StructValue {
  return place < 0 ? row : [...row.slice(0, place), record, ...row.slice(place)]
}

function bindFrom(site: CallSite): EvalFn {
  const options = readOptions(site.constants[2])
  const syntax = syntaxOf(options)
  const strict = failsFast('from_json', options)
  const type = site.type
  const { data, place } =
    type.kind === 'struct'
      ? withoutCorruptRecord(type, options.get('columnNameOfCorruptRecord') ?? '_corrupt_record')
      : { data: type, place: -1 }
  let fits = true
  const read = jsonToValue(data, {
    ...datetimeFormats(options, site.env.timeZone),
    nonNumericNumbers: syntax.allowNonNumericNumbers === true,
    bad: () => {
      fits = false
    },
  })
  /** What stands for a text that cannot be read at all: a struct of NULL, or NULL for arrays and maps. */
  const nothing: Value = data.kind === 'struct' ? data.fields.map(() => null) : null
  const root = (node: JsonNode, text: string): Value => {
    // One object may stand for an array of one struct.
    if (data.kind === 'array' && data.element.kind === 'struct' && node instanceof JsonObject)
      return read(new JsonArray([node], node.start, node.end), text) as Value
    if (node === null) fits = false
    return read(node, text)
  }
  return (text: string) => {
    fits = true
    const node = parseJson(text, syntax)
    let value: Value
    if (node === undefined) {
      if (isBlank(text)) return null
      fits = false
      value = nothing
    } else value = root(node, text) ?? nothing
    if (!fits && strict) malformed(text, type)
    return place < 0 ? value : withCorruptRecord(value as StructValue, place, fits ? null : text)
  }
}

const fromJson = scalar('from_json', [arg('json', STRING), arg('schema', STRING), OPTIONS], undefined, {
  group: 'json',
  doc: 'The value JSON text holds, read by a schema: columns (`a INT, b STRING`) or an array or map type. What does not fit is NULL, or an error with the option mode => FAILFAST.',
  examples: [
    { sql: `from_json('{"a":1,"b":"x"}', 'a INT, b STRING')`, gives: '{1, x}' },
    { sql: `from_json('{"d":"31/01/2026"}', 'd DATE', map('dateFormat', 'dd/MM/yyyy'))`, gives: '{2026-01-31}' },
  ],
  canBeNull: true,
  resolve: (args, _env, constants) => resolveFrom(args, constants),
  bind: bindFrom,
})

const toJson = scalar('to_json', [arg('value', 'ANY'), OPTIONS], undefined, {
  group: 'json',
  doc: 'The JSON text of a struct, array or map. NULL members of structs are left out unless the option ignoreNullFields is false.',
  examples: [{ sql: `to_json(named_struct('a', 1, 'b', 'x'))`, gives: '{"a":1,"b":"x"}' }],
  resolve: (args, _env, constants) => {
    const [value, options] = args as [DataType, DataType | undefined]
    checkOptions(options, constants[1])
    if (value.kind !== 'struct' && value.kind !== 'array' && value.kind !== 'map' && value.kind !== 'void') {
      throw new AnalysisError('DATATYPE_MISMATCH.INVALID_JSON_SCHEMA', { function: 'to_json', actual: typeName(value) })
    }
    return { args, type: STRING }
  },
  bind: (site) => {
    const options = readOptions(site.constants[1])
    const write = valueToJson(site.args[0]!, {
      ...datetimeFormats(options, site.env.timeZone),
      ignoreNullFields: options.flag('ignoreNullFields', true),
    })
    if (!options.flag('pretty', false)) return (v: Value) => write(v)
    return (v: Value) => {
      const text = write(v)
      return prettyJson(parseJson(text, DEFAULT_SYNTAX) ?? null)
    }
  },
})

/** A member as `json_tuple` shows it. */
const memberText = (node: JsonNode): string | null =>
  node === null ? null : typeof node === 'string' ? node : writeJson(node)

const jsonTuple: GeneratorEntry = {
  kind: 'generator',
  name: 'json_tuple',
  group: 'json',
  doc: 'One row with the members of a JSON object by these names, as text; NULL where one is missing.',
  examples: [{ sql: `json_tuple('{"a":1,"b":"x"}', 'a', 'b')`, gives: '1, x' }],
  params: [arg('json', STRING), arg('name', STRING), arg('more', STRING, { optional: true, variadic: true })],
  resolve: (args) => {
    if (args.some((t) => t.kind !== 'string'))
      throw new AnalysisError('DATATYPE_MISMATCH.NON_STRING_TYPE', { function: 'json_tuple' })
    return { args, type: STRING }
  },
  columns: (args) => args.slice(1).map((_, i) => ({ name: `c${i}`, type: STRING, nullable: true })),
  bind:
    () =>
    (text: string | null, ...names: (string | null)[]) => {
      const node = text === null ? undefined : parseJson(text, DEFAULT_SYNTAX)
      if (!(node instanceof JsonObject)) return [names.map(() => null)]
      return [
        names.map((name) => {
          const place = name === null ? -1 : node.names.lastIndexOf(name)
          return place < 0 ? null : memberText(node.values[place]!)
        }),
      ]
    },
}

/** JSON as text: what is in it, and to and from values. */
export const entries: readonly FunctionEntry[] = [
  fromJson,
  toJson,
  jsonTuple,
  scalar('get_json_object', [arg('json', STRING, { exact: true }), arg('path', STRING, { exact: true })], STRING, {
    group: 'json',
    doc: "What a path finds in JSON text: `$.a.b[0]`, `$['a b']`, `$[*].a`. Strings come as they are, all else as JSON. NULL when it finds nothing or the text is not JSON.",
    examples: [{ sql: `get_json_object('{"a":{"b":[1,2]}}', '$.a.b[1]')`, gives: '2' }],
    canBeNull: true,
    eval: (text: string, path: string) => {
      const node = parseJson(text, DEFAULT_SYNTAX)
      return node === undefined ? null : findPath(node, path)
    },
    codegen: ([text], site) => {
      const path = site.constants[1]
      const names = typeof path === 'string' ? memberNames(path) : null
      if (names === null) return null
      const find = (s: string): string | null => {
        const found = findMember(s, names)
        if (found !== UNSURE) return found
        const node = parseJson(s, DEFAULT_SYNTAX)
        return node === undefined ? null : findPath(node, path as string)
      }
      return `${site.constant(find)}(${text})`
    },
  }),
  scalar('json_array_length', [arg('json', STRING, { exact: true })], INT, {
    group: 'json',
    doc: 'The count of elements of a JSON array; NULL for any other text.',
    examples: [{ sql: `json_array_length('[1,2,[3]]')`, gives: '3' }],
    canBeNull: true,
    eval: (text: string) => {
      const node = parseJson(text, DEFAULT_SYNTAX)
      return node instanceof JsonArray ? node.items.length : null
    },
  }),
  scalar('json_object_keys', [arg('json', STRING, { exact: true })], arrayOf(STRING), {
    group: 'json',
    doc: 'The names of the members of a JSON object; NULL for any other text.',
    examples: [{ sql: `json_object_keys('{"a":1,"b":{"c":2}}')`, gives: '[a, b]' }],
    canBeNull: true,
    eval: (text: string) => {
      const node = parseJson(text, DEFAULT_SYNTAX)
      return node instanceof JsonObject ? node.names : null
    },
  }),
  scalar('schema_of_json', [arg('json', STRING), OPTIONS], undefined, {
    group: 'json',
    doc: 'The schema of a constant JSON text, as from_json takes it.',
    examples: [{ sql: `schema_of_json('{"a":1,"b":[1.5]}')`, gives: 'STRUCT<a: BIGINT, b: ARRAY<DOUBLE>>' }],
    resolve: (args, _env, constants) => {
      checkOptions(args[1], constants[1])
      const text = constants[0]
      if (text === undefined) return notConstant('schema_of_json', 'json')
      if (text === null)
        throw new AnalysisError('DATATYPE_MISMATCH.UNEXPECTED_NULL', { function: 'schema_of_json', name: 'json' })
      if (typeof text !== 'string') return unexpectedType('schema_of_json', 1, 'STRING', args[0]!)
      return { args, type: STRING, nullable: false }
    },
    bind: (site) => {
      const options = readOptions(site.constants[1])
      const inference = {
        primitivesAsString: options.flag('primitivesAsString', false),
        prefersDecimal: options.flag('prefersDecimal', false),
      }
      return (text: string) => {
        const node = text.trim() === '' ? null : parseJson(text, syntaxOf(options))
        if (node === undefined) return malformed(text, STRING)
        return typeSql(inferType(node, inference))
      }
    },
  }),
]
