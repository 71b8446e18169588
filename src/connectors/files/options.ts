import { AnalysisError, OptionError } from '../../errors/errors.ts'
import { CSV_DEFAULTS, type CsvDialect } from '../../formats/csv/dialect.ts'
import type { ParseMode } from '../../formats/line-decoder.ts'
import type { TimeTexts } from '../../formats/time-texts.ts'
import { datetimeReading, type DatetimeFormats } from '../../functions/json/text-conversion.ts'
import { type Schema, typeName } from '../../types/data-type.ts'
import { BAD_RECORDS, badRecordsOf } from '../bad-records.ts'
import type { Options, OptionSpecs } from '../provider.ts'

/** Options of every file source. */
export const FILE_OPTIONS: OptionSpecs = {
  path: {
    type: 'string',
    doc: 'Directory, file or glob (`*`, `?`, `[a-c]`, `{a,b}` in any part of the path).',
    required: true,
  },
  basePath: {
    type: 'string',
    doc: 'Directory below which `column=value` directories are partition columns; without it the path itself.',
  },
  recursiveFileLookup: {
    type: 'boolean',
    default: false,
    doc: 'Read the files of every directory below; then there are no partition columns.',
  },
  pathGlobFilter: { type: 'string', doc: 'Only files whose names match this glob.' },
  modifiedAfter: { type: 'string', doc: 'Bounded reads: only files modified after this timestamp.' },
  modifiedBefore: { type: 'string', doc: 'Bounded reads: only files modified before this timestamp.' },
  maxFilesPerTrigger: {
    type: 'int',
    doc: 'Streams: at most this many new files in one batch. Not together with maxBytesPerTrigger.',
  },
  maxBytesPerTrigger: {
    type: 'bytes',
    doc: 'Streams: files of one batch are taken as long as they have no more than this many bytes together; one file at least.',
  },
  latestFirst: {
    type: 'boolean',
    default: false,
    doc: 'Streams: take the newest files first. With a limit on a batch, maxFileAge does not count then.',
  },
  fileNameOnly: {
    type: 'boolean',
    default: false,
    doc: 'Streams: know a file again by its name alone, not by its path.',
  },
  maxFileAge: {
    type: 'duration',
    default: 604_800_000,
    doc: 'Streams: files older than this, counted back from the newest file taken, are left out, and forgotten. The first batch takes files of any age.',
  },
  maxCachedFiles: {
    type: 'int',
    default: 10_000,
    doc: 'Streams: at most this many files found and not taken yet are kept for the next batches; 0 lists anew for each.',
  },
  discardCachedInputRatio: {
    type: 'string',
    default: '0.2',
    doc: 'Streams: when fewer kept files are left than this part of maxFilesPerTrigger, they are given up and the directory is listed again.',
  },
  cleanSource: {
    type: 'string',
    default: 'off',
    doc: 'Streams: what becomes of files whose batch is committed: off leaves them, delete removes them, archive moves them to sourceArchiveDir.',
  },
  sourceArchiveDir: {
    type: 'string',
    doc: 'Directory that archived files are moved to, with their whole path; it must lie outside of the path read.',
  },
}

/** Options of formats that parse text into columns. */
export const PARSE_OPTIONS: OptionSpecs = {
  mode: {
    type: 'string',
    doc: 'What a record that does not fit does: FAILFAST fails, naming file, line and text; DROPMALFORMED leaves it out; PERMISSIVE reads NULL where it does not fit. Without it FAILFAST, or PERMISSIVE where the schema has the column of columnNameOfCorruptRecord.',
  },
  badRecords: BAD_RECORDS,
  columnNameOfCorruptRecord: {
    type: 'string',
    default: '_corrupt_record',
    doc: 'With mode PERMISSIVE: a STRING column of this name in the schema holds the text of a record that does not fit.',
  },
  dateFormat: {
    type: 'string',
    doc: 'Pattern of dates, such as dd/MM/yyyy; without it they are read as CAST reads them.',
  },
  timestampFormat: { type: 'string', doc: 'Pattern of timestamps; without it they are read as CAST reads them.' },
  timestampNTZFormat: { type: 'string', doc: 'Pattern of timestamps without time zone.' },
  timeZone: { type: 'string', doc: 'Zone of timestamps that name none; without it that of the session.' },
  multiLine: {
    type: 'boolean',
    default: false,
    doc: 'Records may stretch over several lines. A file is read as a whole then.',
  },
  lineSep: { type: 'string', doc: 'What stands between two records; without it line ends of any kind.' },
  samplingRatio: { type: 'string', default: '1.0', doc: 'Part of the records looked at to infer the schema.' },
  encoding: { type: 'string', default: 'UTF-8', doc: 'Encoding of the files; only UTF-8 is read.' },
  charset: { type: 'string', doc: 'Another name of encoding.' },
}

/** Options of CSV files. */
export const CSV_OPTIONS: OptionSpecs = {
  ...PARSE_OPTIONS,
  sep: { type: 'string', doc: 'Separator of values, one character or more; `,` without it.' },
  delimiter: { type: 'string', doc: 'Another name of sep.' },
  header: { type: 'boolean', default: false, doc: 'The first record of each file names the columns.' },
  inferSchema: {
    type: 'boolean',
    default: false,
    doc: 'Without a schema: look through the files for the types of the columns; else all are STRING.',
  },
  enforceSchema: {
    type: 'boolean',
    default: true,
    doc: 'Take columns by position whatever the header says; false fails where the header has other names.',
  },
  quote: { type: 'string', default: '"', doc: 'Character around values that hold separators; empty for none.' },
  escape: { type: 'string', default: '\\', doc: 'Character before a quote inside quotes; may be the quote itself.' },
  charToEscapeQuoteEscaping: {
    type: 'string',
    doc: 'Character before an escape inside quotes; the escape itself without it.',
  },
  comment: { type: 'string', doc: 'Lines that begin with this character are left out.' },
  nullValue: { type: 'string', default: '', doc: 'Text that stands for NULL, beside the empty one.' },
  emptyValue: { type: 'string', default: '', doc: 'What a quoted empty value stands for.' },
  nanValue: { type: 'string', default: 'NaN', doc: 'Text of the floating-point value that is no number.' },
  positiveInf: { type: 'string', default: 'Inf', doc: 'Text of positive infinity.' },
  negativeInf: { type: 'string', default: '-Inf', doc: 'Text of negative infinity.' },
  ignoreLeadingWhiteSpace: { type: 'boolean', default: false, doc: 'Leave out blanks before a value.' },
  ignoreTrailingWhiteSpace: { type: 'boolean', default: false, doc: 'Leave out blanks behind a value.' },
  maxColumns: { type: 'int', default: 20480, doc: 'Most values a record may have.' },
  maxCharsPerColumn: { type: 'int', default: -1, doc: 'Most bytes a value may have; -1 for any number.' },
  preferDate: { type: 'boolean', default: true, doc: 'Infer DATE for values that are dates; else TIMESTAMP.' },
}

/** Options of JSON files. */
export const JSON_OPTIONS: OptionSpecs = {
  ...PARSE_OPTIONS,
  primitivesAsString: {
    type: 'boolean',
    default: false,
    doc: 'Without a schema: infer STRING for numbers and booleans.',
  },
  prefersDecimal: { type: 'boolean', default: false, doc: 'Without a schema: infer DECIMAL for numbers with a point.' },
  inferTimestamp: {
    type: 'boolean',
    default: false,
    doc: 'Without a schema: infer TIMESTAMP for strings that are timestamps.',
  },
  dropFieldIfAllNull: {
    type: 'boolean',
    default: false,
    doc: 'Without a schema: leave out columns that are NULL or empty in every record.',
  },
  allowSingleQuotes: { type: 'boolean', default: true, doc: "Strings may stand in ' quotes." },
  allowComments: { type: 'boolean', default: false, doc: 'Comments as in Java may stand between tokens.' },
  allowUnquotedFieldNames: { type: 'boolean', default: false, doc: 'Names of members may stand without quotes.' },
  allowNumericLeadingZeros: { type: 'boolean', default: false, doc: 'Numbers may begin with zeros.' },
  allowBackslashEscapingAnyCharacter: {
    type: 'boolean',
    default: false,
    doc: 'A backslash may stand before any character.',
  },
  allowUnquotedControlChars: { type: 'boolean', default: false, doc: 'Strings may hold control characters.' },
  allowNonNumericNumbers: {
    type: 'boolean',
    default: true,
    doc: 'NaN and Infinity are numbers, with and without quotes.',
  },
}

const invalid = (format: string, option: string, value: unknown, expected: string): OptionError =>
  new OptionError('OPTION_INVALID', { format, option, value: String(value), expected })

/** The text of an option; undefined when it is not set. */
export const textOf = (options: Options, name: string): string | undefined =>
  options[name] === undefined ? undefined : String(options[name])

/** Refuses options of file sources that do not go together. */
export function checkFileOptions(format: string, options: Options): void {
  for (const name of ['maxFilesPerTrigger', 'maxBytesPerTrigger'])
    if (options[name] !== undefined && Number(options[name]) < 1)
      throw invalid(format, name, options[name], 'a number from 1')
  if (options['maxFilesPerTrigger'] !== undefined && options['maxBytesPerTrigger'] !== undefined)
    throw invalid(
      format,
      'maxBytesPerTrigger',
      options['maxBytesPerTrigger'],
      'no other limit beside maxFilesPerTrigger',
    )
  const clean = String(options['cleanSource']).toLowerCase()
  if (!['off', 'delete', 'archive'].includes(clean))
    throw invalid(format, 'cleanSource', options['cleanSource'], 'off, delete or archive')
  if (clean === 'archive' && options['sourceArchiveDir'] === undefined)
    throw new OptionError(
      'OPTION_MISSING',
      { format, option: 'sourceArchiveDir' },
      { hint: 'cleanSource archive moves files there' },
    )
  const ratio = Number(options['discardCachedInputRatio'])
  if (!(ratio >= 0 && ratio <= 1))
    throw invalid(format, 'discardCachedInputRatio', options['discardCachedInputRatio'], 'a number from 0 to 1')
  if (Number(options['maxCachedFiles']) < 0)
    throw invalid(format, 'maxCachedFiles', options['maxCachedFiles'], 'a number from 0')
}

/** Refuses values of parse options. */
export function checkParseOptions(format: string, options: Options): void {
  for (const name of ['encoding', 'charset']) {
    const value = textOf(options, name)
    if (value !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(value)) throw invalid(format, name, value, 'UTF-8')
  }
  const ratio = Number(options['samplingRatio'])
  if (!(ratio > 0 && ratio <= 1))
    throw invalid(format, 'samplingRatio', options['samplingRatio'], 'a number above 0, at most 1')
  if (options['lineSep'] === '') throw invalid(format, 'lineSep', '', 'a text that is not empty')
  modeOf(format, options, false)
}

/** The mode that reads as a policy for bad records says. */
const MODE_OF = { fail: 'FAILFAST', null: 'PERMISSIVE', drop: 'DROPMALFORMED', sink: 'DROPMALFORMED' } as const

/**
 * The mode of the options mode or badRecords, which must not contradict each other; without either FAILFAST, or PERMISSIVE
 * when the schema has a column for corrupt records. That column is refused beside a badRecords that would leave it empty.
 */
export function modeOf(format: string, options: Options, hasCorruptColumn: boolean): ParseMode {
  const given = textOf(options, 'mode')
  const mode = given?.toUpperCase()
  if (mode !== undefined && mode !== 'FAILFAST' && mode !== 'DROPMALFORMED' && mode !== 'PERMISSIVE')
    throw invalid(format, 'mode', given, 'FAILFAST, DROPMALFORMED or PERMISSIVE')
  const policy = badRecordsOf(format, options)
  if (policy === null) return mode ?? (hasCorruptColumn ? 'PERMISSIVE' : 'FAILFAST')
  const other =
    mode !== undefined && mode !== MODE_OF[policy]
      ? `mode ${mode}`
      : hasCorruptColumn && policy !== 'null'
        ? `column ${String(options['columnNameOfCorruptRecord'])}, which is for records that are read in part`
        : null
  if (other !== null)
    throw new OptionError(
      'BAD_RECORDS_CONTRADICTION',
      { badRecords: policy, other },
      {
        hint: 'badRecords fail is mode FAILFAST, null is PERMISSIVE, drop and sink are DROPMALFORMED: give one of the two',
      },
    )
  return MODE_OF[policy]
}

/** The name of the column for records that do not fit; null when the schema has none. A column of another type is refused. */
export function corruptColumnOf(options: Options, schema: Schema): string | null {
  const name = String(options['columnNameOfCorruptRecord'])
  const column = schema.fields.find((f) => f.name === name)
  if (column === undefined) return null
  if (column.type.kind !== 'string' || !column.nullable)
    throw new AnalysisError('INVALID_CORRUPT_RECORD_TYPE', { column: name, actual: typeName(column.type) })
  return name
}

/** The patterns of dates and times. */
export const formatsOf = (options: Options, timeZone: string): DatetimeFormats => ({
  timeZone: textOf(options, 'timeZone') ?? timeZone,
  dateFormat: textOf(options, 'dateFormat'),
  timestampFormat: textOf(options, 'timestampFormat'),
  timestampNtzFormat: textOf(options, 'timestampNTZFormat'),
})

/** Readers for those dates and times that have a pattern. Raises the errors of patterns. */
export function timesOf(options: Options, timeZone: string): TimeTexts {
  const formats = formatsOf(options, timeZone)
  const reading = datetimeReading(formats)
  return {
    date: formats.dateFormat === undefined ? undefined : reading.date,
    timestamp: formats.timestampFormat === undefined ? undefined : reading.timestamp,
    timestampNtz: formats.timestampNtzFormat === undefined ? undefined : reading.timestampNtz,
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '0': '\0',
}

/** A separator as written in an option: `\t` and kin stand for their characters. */
export function separatorOf(format: string, options: Options): string {
  const given = textOf(options, 'sep') ?? textOf(options, 'delimiter') ?? ','
  const sep = given.replace(/\\(u[\da-fA-F]{4}|.)/g, (_, c: string) =>
    c.startsWith('u') && c.length > 1 ? String.fromCharCode(parseInt(c.slice(1), 16)) : (ESCAPES[c] ?? c),
  )
  if (sep === '') throw invalid(format, 'sep', given, 'one character or more')
  return sep
}

/** One ASCII character, or (where allowed) none. */
export function markOf(format: string, options: Options, name: string, orNone = true): string {
  const text = textOf(options, name) ?? ''
  const mark = text === '\\0' || text === '\0' ? '' : text
  if (mark.length > 1 || (mark === '' && !orNone) || mark > '\u007f')
    throw invalid(format, name, text, 'one ASCII character')
  return mark
}

/** The dialect of CSV options. */
export function dialectOf(options: Options): CsvDialect {
  const flag = (name: string): boolean => options[name] === true
  return {
    ...CSV_DEFAULTS,
    sep: separatorOf('csv', options),
    quote: markOf('csv', options, 'quote'),
    escape: markOf('csv', options, 'escape'),
    charToEscapeQuoteEscaping: markOf('csv', options, 'charToEscapeQuoteEscaping'),
    comment: markOf('csv', options, 'comment'),
    nullValue: String(options['nullValue']),
    emptyValue: String(options['emptyValue']),
    ignoreLeadingWhiteSpace: flag('ignoreLeadingWhiteSpace'),
    ignoreTrailingWhiteSpace: flag('ignoreTrailingWhiteSpace'),
    multiLine: flag('multiLine'),
    lineSep: markOf('csv', options, 'lineSep'),
    header: flag('header'),
    enforceSchema: flag('enforceSchema'),
    nanValue: String(options['nanValue']),
    positiveInf: String(options['positiveInf']),
    negativeInf: String(options['negativeInf']),
    maxColumns: Number(options['maxColumns']),
    maxCharsPerColumn: Number(options['maxCharsPerColumn']),
  }
}
