import { OptionError } from '../errors/errors.ts'

/** Options every command takes. */
export interface CommonOptions {
  readonly conf?: readonly string[]
  readonly json?: boolean
}

/** Settings from `key=value` pairs; INVALID_CONF_PAIR for a pair without `=`. */
export function settings(pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at <= 0) throw new OptionError('INVALID_CONF_PAIR', { pair }, { hint: 'write --conf key=value' })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
