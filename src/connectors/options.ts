import { OptionError } from '../errors/errors.ts'
import { nearestName } from '../errors/suggest.ts'
import { parseBytes, parseDurationMs } from './option-values.ts'
import type { Options, OptionSpec, OptionSpecs } from './provider.ts'

/**
 * Checks the options given for a connector against its declaration: names without regard to case, values parsed by
 * type, defaults filled in. Unknown names (unless `openOptions`, which passes them on as they are), missing
 * required ones and unreadable values raise OptionError; `format` names the connector in it.
 */
export function validateOptions(
  format: string,
  specs: OptionSpecs,
  given: Readonly<Record<string, string | number | boolean>>,
  openOptions = false,
): Options {
  const names = new Map(Object.keys(specs).map((name) => [name.toLowerCase(), name]))
  const out: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(given)) {
    const name = names.get(key.toLowerCase())
    if (name !== undefined) out[name] = optionValue(format, name, specs[name]!, value)
    else if (openOptions) out[key] = value
    else {
      const near = nearestName(key, names.values())
      const known = names.size === 0 ? 'It takes none.' : `It knows: ${[...names.values()].join(', ')}.`
      throw new OptionError(
        'OPTION_UNKNOWN',
        { format, option: key },
        { hint: near ? `did you mean "${near}"?` : known },
      )
    }
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (name in out) continue
    if (spec.default !== undefined) out[name] = spec.default
    else if (spec.required) throw new OptionError('OPTION_MISSING', { format, option: name }, { hint: spec.doc })
  }
  return out
}

/** An option that is a duration, in milliseconds. Throws OptionError. */
export const durationOf = (format: string, option: string, text: string): number =>
  Number(optionValue(format, option, { type: 'duration', doc: '' }, text))

function optionValue(
  format: string,
  option: string,
  spec: OptionSpec,
  value: string | number | boolean,
): string | number | boolean {
  const text = String(value).trim()
  const bad = (expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format, option, value: String(value), expected })
  switch (spec.type) {
    case 'string':
      return String(value)
    case 'int': {
      const x = Number(text)
      if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(x)) throw bad('a whole number')
      return x
    }
    case 'boolean':
      if (!/^(true|false)$/i.test(text)) throw bad('true or false')
      return text.toLowerCase() === 'true'
    case 'duration': {
      const ms = parseDurationMs(text)
      if (ms === null) throw bad('a duration such as 10s or 500ms')
      return ms
    }
    case 'bytes': {
      const bytes = parseBytes(text)
      if (bytes === null) throw bad('a size such as 4m or 1048576')
      return bytes
    }
  }
}
