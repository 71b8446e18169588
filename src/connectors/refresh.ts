import { OptionError } from '../errors/errors.ts'
import { parseDurationMs } from './option-values.ts'
import type { SourceProvider } from './provider.ts'

/** When a bounded table beside a stream is read again: after so many milliseconds, or when its source says that it changed. */
export type Refresh = number | 'onChange'

/** The option of any bounded table that says so. */
export const REFRESH_OPTION = 'refreshInterval'

export const isRefreshOption = (key: string): boolean => key.toLowerCase() === REFRESH_OPTION.toLowerCase()

/** The refresh that options ask for, and the others; throws OptionError for a value that is none the source can do. */
export function takeRefresh(
  provider: SourceProvider,
  given: Readonly<Record<string, string>>,
): { readonly refresh: { readonly refresh?: Refresh }; readonly options: Readonly<Record<string, string>> } {
  const key = Object.keys(given).find(isRefreshOption)
  if (key === undefined) return { refresh: {}, options: given }
  const { [key]: text, ...options } = given
  return { refresh: { refresh: refreshOf(provider, text!) }, options }
}

function refreshOf({ format, tellsChange }: SourceProvider, value: string): Refresh {
  const invalid = (expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format, option: REFRESH_OPTION, value, expected })
  if (value.toLowerCase() === 'onchange') {
    if (tellsChange !== true) throw invalid(`a duration: a ${format} table does not say when it changed`)
    return 'onChange'
  }
  const ms = parseDurationMs(value)
  if (ms === null || ms <= 0) throw invalid('a duration such as 10s, or onChange')
  return ms
}
