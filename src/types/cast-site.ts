import { ExecutionError } from '../errors/errors.ts'
import type { CastMode } from './cast-rules.ts'
import { typeName, type DataType } from './data-type.ts'
import { formatter } from './format.ts'
import type { Value } from './value.ts'

/** A cast of one site: a non-NULL value in, a value or NULL out. */
export type Cast = (v: Value) => Value

/** Everything the parts of a cast ask for. */
export interface CastSite {
  readonly mode: CastMode
  readonly ansi: boolean
  readonly legacy: boolean
  readonly timeZone: string
  readonly nowUs?: (() => bigint) | undefined
  readonly constant?: boolean | undefined
}

/** The site for casts from and to ANSI intervals: overflow raises without ANSI too, as Spark's does. */
export const strict = (site: CastSite): CastSite =>
  site.mode === 'try' ? site : { ...site, ansi: true, legacy: false }

const shown = (v: Value, type: DataType, site: CastSite): string => {
  const text = formatter(type, site.timeZone)(v)
  return type.kind === 'string' ? `'${text.length > 200 ? `${text.slice(0, 200)}…` : text}'` : text
}

/** NULL, or in ANSI mode CAST_INVALID_INPUT. */
export function badInput(v: Value, from: DataType, to: DataType, site: CastSite): null {
  if (!site.ansi) return null
  const type = typeName(to).toUpperCase()
  throw new ExecutionError(
    'CAST_INVALID_INPUT',
    { value: shown(v, from, site), type },
    { hint: 'use try_cast to get NULL instead' },
  )
}

/** NULL, or in ANSI mode CAST_OVERFLOW. */
export function castOverflow(v: Value, from: DataType, to: DataType, site: CastSite): null {
  if (!site.ansi) return null
  const params = { value: shown(v, from, site), from: typeName(from).toUpperCase(), to: typeName(to).toUpperCase() }
  throw new ExecutionError('CAST_OVERFLOW', params, { hint: 'use try_cast to get NULL instead' })
}

/** NULL, or in ANSI mode NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION. */
export function outOfRange(v: Value, from: DataType, to: DataType, site: CastSite): null {
  if (!site.ansi) return null
  const params = { value: shown(v, from, site), type: typeName(to).toUpperCase() }
  throw new ExecutionError('NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION', params, {
    hint: 'use try_cast to get NULL instead',
  })
}

/** NULL, or in ANSI mode NUMERIC_OUT_OF_SUPPORTED_RANGE. */
export function tooManyDigits(v: Value, from: DataType, site: CastSite): null {
  if (!site.ansi) return null
  throw new ExecutionError(
    'NUMERIC_OUT_OF_SUPPORTED_RANGE',
    { value: shown(v, from, site) },
    { hint: 'use try_cast to get NULL instead' },
  )
}
