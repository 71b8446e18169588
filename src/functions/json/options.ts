import { AnalysisError } from '../../errors/errors.ts'
import { typeName, type DataType } from '../../types/data-type.ts'
import { MapValue, type Value } from '../../types/value.ts'

/** Options of a function, by name without regard to case. */
export class FunctionOptions {
  readonly #values = new Map<string, string>()

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.#values.set(name.toLowerCase(), value)
  }

  /** The value of the first of these names that is set. */
  get(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase())
      if (value !== undefined) return value
    }
    return undefined
  }

  /** A flag: `true` or `false` in any case. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.get(name)
    return value === undefined ? fallback : value.toLowerCase() === 'true'
  }
}

/** Refuses an options argument that is not a constant map of strings; `type` is undefined when it is left out. */
export function checkOptions(type: DataType | undefined, constant: Value | undefined): void {
  if (type === undefined) return
  if (type.kind !== 'map' || !(constant instanceof MapValue))
    throw new AnalysisError('INVALID_OPTIONS.NON_MAP_FUNCTION', {})
  if (constant.keys.length > 0 && (type.key.kind !== 'string' || type.value.kind !== 'string')) {
    throw new AnalysisError('INVALID_OPTIONS.NON_STRING_TYPE', { actual: typeName(type) })
  }
}

/** The options in a constant map; none when there is no map. */
export function readOptions(constant: Value | undefined): FunctionOptions {
  if (!(constant instanceof MapValue)) return new FunctionOptions()
  return new FunctionOptions(constant.keys.map((k, i) => [String(k), String(constant.values[i] ?? '')] as const))
}
