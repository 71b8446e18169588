import { OptionError } from '../../errors/errors.ts'
import type { FunctionOptions } from './options.ts'

/** The marks of a CSV dialect; the names are Spark's options. */
export interface CsvDialect {
  readonly sep: string
  readonly quote: string
  readonly escape: string
  /** An unquoted value that is this is NULL. */
  readonly nullValue: string
  readonly emptyValue: string
  readonly ignoreLeadingWhiteSpace: boolean
  readonly ignoreTrailingWhiteSpace: boolean
  readonly quoteAll: boolean
  readonly escapeQuotes: boolean
}

/** The dialect of reading or writing: writing shows an empty text as `""` and trims blanks unless told otherwise. */
export function csvDialect(options: FunctionOptions, writing: boolean): CsvDialect {
  const sep = options.get('sep', 'delimiter') ?? ','
  if (sep === '')
    throw new OptionError('OPTION_INVALID', { option: 'sep', format: 'csv', value: sep, expected: 'a separator' })
  return {
    sep,
    quote: options.get('quote') ?? '"',
    escape: options.get('escape') ?? '\\',
    nullValue: options.get('nullValue') ?? '',
    emptyValue: options.get('emptyValue') ?? (writing ? '""' : ''),
    ignoreLeadingWhiteSpace: options.flag('ignoreLeadingWhiteSpace', writing),
    ignoreTrailingWhiteSpace: options.flag('ignoreTrailingWhiteSpace', writing),
    quoteAll: options.flag('quoteAll', false),
    escapeQuotes: options.flag('escapeQuotes', true),
  }
}

/** The values of one line; null for an empty one that is not quoted. */
export function splitCsv(line: string, dialect: CsvDialect): readonly (string | null)[] {
  const { sep } = dialect
  const values: (string | null)[] = []
  let at = 0
  for (;;) {
    const quoted = dialect.quote === '' ? null : readQuoted(line, at, dialect)
    if (quoted !== null) {
      values.push(quoted.value === '' ? dialect.emptyValue : quoted.value)
      at = quoted.end
    } else {
      const next = line.indexOf(sep, at)
      const end = next < 0 ? line.length : next
      let value = line.slice(at, end)
      if (dialect.ignoreLeadingWhiteSpace) value = value.trimStart()
      if (dialect.ignoreTrailingWhiteSpace) value = value.trimEnd()
      values.push(value === '' ? null : value)
      at = end
    }
    if (at >= line.length) return values
    at += sep.length
    // A separator at the very end has one more, empty value behind it.
    if (at >= line.length) return [...values, null]
  }
}

/** A value in quotes; null when none begins at `at`, or when its closing quote is not the end of the value. */
function readQuoted(
  line: string,
  at: number,
  dialect: CsvDialect,
): { readonly value: string; readonly end: number } | null {
  const { quote, escape, sep } = dialect
  let start = at
  if (dialect.ignoreLeadingWhiteSpace) while (line[start] === ' ' || line[start] === '\t') start++
  if (!line.startsWith(quote, start)) return null
  let value = ''
  for (let i = start + quote.length; i < line.length;) {
    if (
      escape !== quote &&
      line.startsWith(escape, i) &&
      (line.startsWith(quote, i + escape.length) || line.startsWith(escape, i + escape.length))
    ) {
      const doubled = line.startsWith(escape, i + escape.length)
      value += doubled ? escape : quote
      i += escape.length + (doubled ? escape.length : quote.length)
    } else if (line.startsWith(quote, i)) {
      let end = i + quote.length
      if (escape === quote && line.startsWith(quote, end)) {
        value += quote
        i = end + quote.length
        continue
      }
      while (line[end] === ' ' && !line.startsWith(sep, end)) end++
      if (end >= line.length || line.startsWith(sep, end)) return { value, end }
      return null
    } else value += line[i++]
  }
  return null
}

/** One value of a line: in quotes where it would otherwise be read as something else. */
export function csvCell(text: string | null, dialect: CsvDialect): string {
  if (text === null) return dialect.nullValue
  if (text === '') return dialect.emptyValue
  const { sep, quote, escape } = dialect
  let value = text
  if (dialect.ignoreLeadingWhiteSpace) value = value.trimStart()
  if (dialect.ignoreTrailingWhiteSpace) value = value.trimEnd()
  const hasQuote = quote !== '' && value.includes(quote)
  const mustQuote =
    dialect.quoteAll ||
    value.includes(sep) ||
    /[\r\n]/.test(value) ||
    (hasQuote && (dialect.escapeQuotes || value.startsWith(quote)))
  if (!mustQuote || quote === '') return value
  return quote + value.replaceAll(quote, escape + quote) + quote
}
