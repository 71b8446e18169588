import { arrowDecoder } from '../../formats/arrow/decode.ts'
import { checkCsvTypes } from '../../formats/csv/cells.ts'
import { csvDecoder } from '../../formats/csv/decode.ts'
import { jsonDecoder } from '../../formats/json/decode.ts'
import { separatedJson } from '../../formats/json/separated.ts'
import { textDecoder, TEXT_SCHEMA } from '../../formats/text/decode.ts'
import { DEFAULT_SYNTAX, type JsonSyntax } from '../../functions/json/json-text.ts'
import { datetimeReading } from '../../functions/json/text-conversion.ts'
import { AnalysisError, OptionError } from '../../errors/errors.ts'
import type { Schema } from '../../types/data-type.ts'
import { BAD_RECORDS, badRecordsOf } from '../bad-records.ts'
import { refuseSchema } from '../refuse-schema.ts'
import type { Options } from '../provider.ts'
import type { FileFormat } from './file-format.ts'
import { inferArrow } from './infer-arrow.ts'
import { inferCsv } from './infer-csv.ts'
import { inferJson } from './infer-json.ts'
import { strictJson } from './strict-json.ts'
import {
  checkParseOptions,
  corruptColumnOf,
  CSV_OPTIONS,
  dialectOf,
  formatsOf,
  JSON_OPTIONS,
  modeOf,
  textOf,
  timesOf,
} from './options.ts'

function syntaxOf(options: Options): JsonSyntax {
  const flag = (name: string): boolean => options[name] === true
  return {
    ...DEFAULT_SYNTAX,
    allowComments: flag('allowComments'),
    allowUnquotedFieldNames: flag('allowUnquotedFieldNames'),
    allowSingleQuotes: flag('allowSingleQuotes'),
    allowNumericLeadingZeros: flag('allowNumericLeadingZeros'),
    allowNonNumericNumbers: flag('allowNonNumericNumbers'),
    allowBackslashEscapingAnyCharacter: flag('allowBackslashEscapingAnyCharacter'),
    allowUnquotedControlChars: flag('allowUnquotedControlChars'),
  }
}

const separatorBytes = (options: Options): Buffer | null => {
  const text = textOf(options, 'lineSep')
  return text === undefined || text === '\n' ? null : Buffer.from(text)
}

/** Whether a record fits is a matter of all its columns, whichever are read. */
function withColumnsOfRecord(wanted: Schema, declared: Schema, options: Options): Schema {
  const corruptColumn = corruptColumnOf(options, declared)
  if (!wanted.fields.some((f) => f.name === corruptColumn)) return wanted
  return { fields: declared.fields.map((f) => wanted.fields.find((w) => w.name === f.name) ?? f) }
}

/** JSON: one object a line, or with multiLine one document a file. */
export const jsonFiles: FileFormat = {
  format: 'json',
  doc: 'JSON in files: one object a line, or with multiLine one object or array of objects a file.',
  options: JSON_OPTIONS,
  isFixed: false,
  check(options, declared) {
    checkParseOptions('json', options)
    timesOf(options, 'UTC')
    if (declared !== null) modeOf('json', options, corruptColumnOf(options, declared) !== null)
  },
  infer(options, files, timeZone) {
    const reading = datetimeReading(formatsOf(options, timeZone))
    return inferJson(files(), {
      syntax: syntaxOf(options),
      mode: modeOf('json', options, false),
      corruptColumn: String(options['columnNameOfCorruptRecord']),
      samplingRatio: Number(options['samplingRatio']),
      dropFieldIfAllNull: options['dropFieldIfAllNull'] === true,
      primitivesAsString: options['primitivesAsString'] === true,
      prefersDecimal: options['prefersDecimal'] === true,
      ...(options['inferTimestamp'] === true
        ? { isTimestamp: (text: string) => reading.timestamp(text) !== null }
        : {}),
      whole: options['multiLine'] === true,
      separator: separatorBytes(options),
    })
  },
  needed: withColumnsOfRecord,
  decoder(wanted, declared, plan, options, o) {
    const corruptColumn = corruptColumnOf(options, declared)
    const syntax = syntaxOf(options)
    const multiLine = options['multiLine'] === true
    const lines = jsonDecoder(wanted, plan, {
      ...o,
      mode: modeOf('json', options, corruptColumn !== null),
      ...(corruptColumn === null ? {} : { corruptColumn }),
      timeZone: textOf(options, 'timeZone') ?? o.timeZone,
      times: timesOf(options, o.timeZone),
      nonNumericNumbers: syntax.allowNonNumericNumbers === true,
      multiLine,
      rewrite: (record) => strictJson(record, syntax),
    })
    const separator = multiLine ? null : separatorBytes(options)
    return separator === null ? lines : separatedJson(lines, separator)
  },
}

/** CSV. */
export const csvFiles: FileFormat = {
  format: 'csv',
  doc: 'Files of separated values, one record a line.',
  options: CSV_OPTIONS,
  isFixed: false,
  check(options, declared) {
    checkParseOptions('csv', options)
    dialectOf(options)
    timesOf(options, 'UTC')
    if (declared === null) return
    modeOf('csv', options, corruptColumnOf(options, declared) !== null)
    checkCsvTypes(declared)
  },
  infer(options, files, timeZone) {
    const formats = formatsOf(options, timeZone)
    return inferCsv(files(), {
      dialect: dialectOf(options),
      inferTypes: options['inferSchema'] === true,
      samplingRatio: Number(options['samplingRatio']),
      caseSensitive: false,
      times: datetimeReading(formats),
      hasDateFormat: formats.dateFormat !== undefined,
      hasTimestampFormat: formats.timestampFormat !== undefined,
      prefersDate: options['preferDate'] === true,
    })
  },
  needed: withColumnsOfRecord,
  decoder(wanted, declared, plan, options, o) {
    const corruptColumn = corruptColumnOf(options, declared)
    const lines = { fields: declared.fields.filter((f) => f.name !== corruptColumn) }
    return csvDecoder(lines, wanted, plan, {
      ...o,
      dialect: dialectOf(options),
      mode: modeOf('csv', options, corruptColumn !== null),
      ...(corruptColumn === null ? {} : { corruptColumn }),
      timeZone: textOf(options, 'timeZone') ?? o.timeZone,
      times: timesOf(options, o.timeZone),
    })
  },
}

/** Text: the column `value`. */
export const textFiles: FileFormat = {
  format: 'text',
  doc: 'Lines of text files: one column, value STRING.',
  options: {
    wholetext: { type: 'boolean', default: false, doc: 'A file is one value.' },
    lineSep: { type: 'string', doc: 'What stands between two lines; without it line ends of any kind.' },
    encoding: { type: 'string', default: 'UTF-8', doc: 'Encoding of the files; only UTF-8 is read.' },
    badRecords: BAD_RECORDS,
  },
  isFixed: true,
  check(options, declared) {
    badRecordsOf('text', options)
    if (!/^(?:utf-?8|us-ascii)$/i.test(String(options['encoding'])))
      throw new OptionError('OPTION_INVALID', {
        format: 'text',
        option: 'encoding',
        value: String(options['encoding']),
        expected: 'UTF-8',
      })
    if (options['lineSep'] === '')
      throw new OptionError('OPTION_INVALID', {
        format: 'text',
        option: 'lineSep',
        value: '',
        expected: 'a text that is not empty',
      })
    if (declared === null) return
    if (declared.fields.length !== 1) refuseSchema('text', TEXT_SCHEMA, declared)
    if (declared.fields[0]!.type.kind !== 'string')
      throw new AnalysisError('UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE', {
        format: 'text',
        column: declared.fields[0]!.name,
        type: declared.fields[0]!.type.kind.toUpperCase(),
      })
  },
  infer: () => TEXT_SCHEMA,
  needed: (wanted) => wanted,
  decoder: (wanted, _declared, _plan, options, o) =>
    textDecoder(wanted, {
      ...o,
      mode: modeOf('text', options, false),
      whole: options['wholetext'] === true,
      separator: options['wholetext'] === true ? null : separatorBytes(options),
    }),
}

/** Arrow IPC, in its file format or as a stream. */
export const arrowFiles: FileFormat = {
  format: 'arrow',
  doc: 'Arrow IPC in files, of the file format or the stream format (found by themselves); needs the package apache-arrow. Columns are found by name; each file is read as a whole.',
  options: {},
  isFixed: false,
  check: () => undefined,
  infer: (_options, files) => inferArrow(files()),
  needed: (wanted) => wanted,
  decoder: (wanted, _declared, _plan, _options, o) => arrowDecoder(wanted, o),
}
