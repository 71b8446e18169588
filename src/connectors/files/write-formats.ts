import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { arrowEncoder } from '../../formats/arrow/encode.ts'
import { csvEncoder } from '../../formats/csv/encode.ts'
import { checkCsvTypes } from '../../formats/csv/cells.ts'
import { jsonEncoder } from '../../formats/json/encode.ts'
import type { RowEncoder } from '../../formats/row-encoder.ts'
import { textEncoder } from '../../formats/text/encode.ts'
import { datetimeWriting } from '../../functions/json/text-conversion.ts'
import { type Schema, typeName } from '../../types/data-type.ts'
import type { Options, OptionSpecs } from '../provider.ts'
import { formatsOf, markOf, separatorOf, textOf } from './options.ts'

/** Writes rows of several files in turn; the bytes of one are taken before it turns to another. */
export interface FileEncoder extends RowEncoder {
  /** Writes what stands first in each file, where the format has that for these options. */
  header?(): void
  /** Turns to the file of that name, begun or new. */
  use?(name: string): void
  /** Writes what stands last in the file turned to. */
  footer?(): void
  /** Forgets the files that were begun. */
  reset?(): void
}

/** A format of files as the file sink needs it. */
export interface WriteFormat {
  readonly format: string
  readonly doc: string
  readonly options: OptionSpecs
  /** Ending of file names. */
  readonly extension: string
  /** Where it depends on the options: what these give. */
  extensionOf?(options: Options): string
  /** Refuses columns the format cannot hold. */
  check(schema: Schema, options: Options): void
  encoder(schema: Schema, options: Options, timeZone: string): FileEncoder
  /** What stands between two rows, when it is not the newline the encoder writes. */
  lineSep(options: Options): string | null
}

const TIME_OPTIONS: OptionSpecs = {
  dateFormat: { type: 'string', doc: 'Pattern of dates; `2020-01-31` without it.' },
  timestampFormat: { type: 'string', doc: 'Pattern of timestamps; `2020-01-31T10:00:00.000Z` without it.' },
  timestampNTZFormat: {
    type: 'string',
    doc: 'Pattern of timestamps without time zone; `2020-01-31T10:00:00.000` without it.',
  },
  timeZone: { type: 'string', doc: 'Zone that timestamps are written in; without it that of the session.' },
}

const LINE_SEP: OptionSpecs = { lineSep: { type: 'string', default: '\n', doc: 'What is written behind each row.' } }

const zoneOfOptions = (options: Options, timeZone: string): string => textOf(options, 'timeZone') ?? timeZone

/** JSON lines. */
export const jsonWriting: WriteFormat = {
  format: 'json',
  doc: 'Writes JSON lines into files of a directory, one file a batch (or one in each partition directory).',
  extension: 'json',
  options: {
    ignoreNullFields: { type: 'boolean', default: true, doc: 'Leave NULL columns out of the objects.' },
    ...TIME_OPTIONS,
    ...LINE_SEP,
  },
  check: () => undefined,
  encoder(schema, options, timeZone) {
    const formats = formatsOf(options, timeZone)
    const writing = datetimeWriting(formats)
    return jsonEncoder(schema, {
      timeZone: zoneOfOptions(options, timeZone),
      ignoreNullFields: options['ignoreNullFields'] === true,
      times: {
        ...(formats.dateFormat === undefined ? {} : { date: writing.date }),
        ...(formats.timestampFormat === undefined ? {} : { timestamp: writing.timestamp }),
        ...(formats.timestampNtzFormat === undefined ? {} : { timestampNtz: writing.timestampNtz }),
      },
    })
  },
  lineSep: (options) => (options['lineSep'] === '\n' ? null : String(options['lineSep'])),
}

/** CSV. */
export const csvWriting: WriteFormat = {
  format: 'csv',
  doc: 'Writes separated values into files of a directory, one file a batch (or one in each partition directory).',
  extension: 'csv',
  options: {
    sep: { type: 'string', doc: 'Separator of values; `,` without it.' },
    delimiter: { type: 'string', doc: 'Another name of sep.' },
    header: { type: 'boolean', default: false, doc: 'Write the names of the columns first into each file.' },
    quote: {
      type: 'string',
      default: '"',
      doc: 'Character around values that hold separators, quotes or line ends; empty for none.',
    },
    escape: { type: 'string', default: '\\', doc: 'Character before a quote inside quotes; may be the quote itself.' },
    quoteAll: { type: 'boolean', default: false, doc: 'Put every value in quotes.' },
    escapeQuotes: { type: 'boolean', default: true, doc: 'Put values that hold quotes in quotes.' },
    nullValue: { type: 'string', default: '', doc: 'Text of NULL.' },
    emptyValue: { type: 'string', default: '""', doc: 'Text of an empty value.' },
    ignoreLeadingWhiteSpace: { type: 'boolean', default: true, doc: 'Leave out blanks before a value.' },
    ignoreTrailingWhiteSpace: { type: 'boolean', default: true, doc: 'Leave out blanks behind a value.' },
    ...TIME_OPTIONS,
    ...LINE_SEP,
  },
  check: checkCsvTypes,
  encoder(schema, options, timeZone) {
    const encoder = csvEncoder(schema, {
      timeZone: zoneOfOptions(options, timeZone),
      sep: separatorOf('csv', options),
      quote: markOf('csv', options, 'quote'),
      escape: markOf('csv', options, 'escape', false),
      nullValue: String(options['nullValue']),
      emptyValue: String(options['emptyValue']),
      quoteAll: options['quoteAll'] === true,
      escapeQuotes: options['escapeQuotes'] === true,
      ignoreLeadingWhiteSpace: options['ignoreLeadingWhiteSpace'] === true,
      ignoreTrailingWhiteSpace: options['ignoreTrailingWhiteSpace'] === true,
      lineSep: String(options['lineSep']),
      times: datetimeWriting(formatsOf(options, timeZone)),
    })
    if (options['header'] === true) return encoder
    return {
      encode: (b) => encoder.encode(b),
      take: () => encoder.take(),
      get length() {
        return encoder.length
      },
    }
  },
  lineSep: () => null,
}

/** Text: one STRING column, one line a row. */
export const textWriting: WriteFormat = {
  format: 'text',
  doc: 'Writes the one STRING column of the rows as lines into files of a directory, one file a batch (or one in each partition directory).',
  extension: 'txt',
  options: LINE_SEP,
  check(schema) {
    if (schema.fields.length !== 1)
      throw new AnalysisError(
        'UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE',
        {
          format: 'text',
          column: schema.fields.map((f) => f.name).join(', '),
          type: `${schema.fields.length} columns`,
        },
        { hint: 'select the one column to be written, beside those of partitionBy' },
      )
    const [f] = schema.fields
    if (f!.type.kind !== 'string')
      throw new AnalysisError('UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE', {
        format: 'text',
        column: f!.name,
        type: typeName(f!.type),
      })
  },
  encoder: (_schema, options) => textEncoder(String(options['lineSep'])),
  lineSep: () => null,
}

const arrowKind = (options: Options): 'file' | 'stream' => {
  const value = String(options['ipc']).toLowerCase()
  if (value === 'file' || value === 'stream') return value
  throw new OptionError('OPTION_INVALID', { format: 'arrow', option: 'ipc', value, expected: 'file or stream' })
}

/** Arrow IPC. */
export const arrowWriting: WriteFormat = {
  format: 'arrow',
  doc: 'Writes Arrow IPC into files of a directory, one file a batch (or one in each partition directory); needs the package apache-arrow.',
  extension: 'arrow',
  extensionOf: (options) => (arrowKind(options) === 'file' ? 'arrow' : 'arrows'),
  options: {
    ipc: { type: 'string', default: 'file', doc: 'Format of the files: file (`.arrow`), or stream (`.arrows`).' },
  },
  check: () => undefined,
  encoder: (schema, options, timeZone) => arrowEncoder(schema, timeZone, arrowKind(options)),
  lineSep: () => null,
}

/** Whether files are compressed. */
export function compresses(format: string, options: Options): boolean {
  const value = String(options['compression']).toLowerCase()
  if (value === 'gzip') return true
  if (value === 'none' || value === 'uncompressed') return false
  throw new OptionError('OPTION_INVALID', { format, option: 'compression', value, expected: 'none or gzip' })
}
