import { dayTimeInterval } from '../types/data-type.ts'
import { extended, freshAttr, passOn, project, type Analysis } from './analysis.ts'
import type { Logical, Named } from './logical.ts'
import { callExpr, literal } from './term.ts'

import { startOrigin } from './window-origin.ts'

/**
 * For groups by the start of a window alone: its end as a further key, which follows from the start and says when a
 * group is final. null where a key carries event time already, or none is the start of a window of fixed size.
 */
export function impliedEnd(
  a: Analysis,
  input: Logical,
  keys: readonly Named[],
): { readonly input: Logical; readonly key: Named } | null {
  if (!extended(a) || keys.some((k) => k.attr.eventTime)) return null
  for (const { expr } of keys) {
    const window = expr.kind === 'attr' ? startOrigin(input, expr.id) : null
    if (window === null || window.gap || window.calendar || window.attrs.at(-1)!.eventTime !== true) continue
    const size = literal(BigInt(window.sizeUs), dayTimeInterval('second', 'second'), expr.at)
    const end = callExpr(a.env, '+', [expr, size], expr.at)
    const attr = freshAttr(a, 'window_end', end.type, end.nullable, true)
    return { input: project(a, input, [...input.attrs.map(passOn), { expr: end, attr }]), key: passOn(attr) }
  }
  return null
}
