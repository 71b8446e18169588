import { commonType } from '../../types/coercion.ts'
import type { DataType } from '../../types/data-type.ts'

/**
 * The type in which an element and a value, or the elements of two arrays, are compared. Text and other
 * types do not meet here, although they do in `array(…)`: a search must not turn on a cast.
 */
export function comparedType(a: DataType, b: DataType, ansi: boolean): DataType | undefined {
  const textMeetsOther = (a.kind === 'string') !== (b.kind === 'string') && a.kind !== 'void' && b.kind !== 'void'
  return textMeetsOther ? undefined : (commonType(a, b, ansi) ?? undefined)
}
