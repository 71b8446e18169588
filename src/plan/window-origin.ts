import type { Expr } from '../expr/bound.ts'
import { inputsOf, type Logical, type LogicalWindow } from './logical.ts'
import type { WindowShape } from '../types/window-shape.ts'

/** How the bounds of a window hang together. */
export function shapeOf(window: LogicalWindow): WindowShape {
  const { sizeUs, startUs, calendar, cumulates } = window
  if (calendar) return { kind: 'calendar', calendar }
  return cumulates ? { kind: 'cumulate', sizeUs, startUs } : { kind: 'fixed', sizeUs }
}

const sameShape = (a: LogicalWindow, b: LogicalWindow): boolean =>
  a.gap === undefined && b.gap === undefined
    ? JSON.stringify(shapeOf(a)) === JSON.stringify(shapeOf(b))
    : a.gap !== undefined && b.gap !== undefined

/**
 * The window node a column comes from, through renaming projections, grouping sets, unions, joins and the keys of
 * aggregates; null when it is not a window as some node assigned it.
 */
export function originOf(plan: Logical, id: number): LogicalWindow | null {
  const through = (expr: Expr | undefined, input: Logical): LogicalWindow | null =>
    expr?.kind === 'attr' ? originOf(input, expr.id) : null
  switch (plan.op) {
    case 'window':
      return plan.attrs[plan.attrs.length - 1]!.id === id ? plan : originOf(plan.input, id)
    case 'project':
      return through(plan.items.find((i) => i.attr.id === id)?.expr, plan.input)
    case 'aggregate':
      return through(plan.keys.find((k) => k.attr.id === id)?.expr, plan.input)
    case 'expand': {
      const at = plan.attrs.findIndex((a) => a.id === id)
      // A grouping set leaves the window out (NULL) or keeps it; those that keep it keep the same one.
      for (const items of plan.projections) {
        const found = through(items[at], plan.input)
        if (found) return found
      }
      return null
    }
    case 'union': {
      const at = plan.attrs.findIndex((a) => a.id === id)
      const found = plan.inputs.map((input) => originOf(input, input.attrs[at]!.id))
      const [first] = found
      return first && found.every((f) => f !== null && sameShape(f, first)) ? first : null
    }
    default: {
      const input = inputsOf(plan).find((i) => i.attrs.some((a) => a.id === id))
      return input ? originOf(input, id) : null
    }
  }
}

/** The window node whose windows begin at a column of times, through renaming projections and the like; null when none do. */
export function startOrigin(plan: Logical, id: number): LogicalWindow | null {
  const through = (expr: Expr | undefined, input: Logical): LogicalWindow | null => {
    if (expr?.kind === 'attr') return startOrigin(input, expr.id)
    return expr?.kind === 'field' && expr.index === 0 && expr.arg.kind === 'attr' ? originOf(input, expr.arg.id) : null
  }
  switch (plan.op) {
    case 'project':
      return through(plan.items.find((i) => i.attr.id === id)?.expr, plan.input)
    case 'aggregate':
      return through(plan.keys.find((k) => k.attr.id === id)?.expr, plan.input)
    case 'union': {
      const at = plan.attrs.findIndex((a) => a.id === id)
      const found = plan.inputs.map((input) => startOrigin(input, input.attrs[at]!.id))
      const [first] = found
      return first && found.every((f) => f !== null && sameShape(f, first)) ? first : null
    }
    case 'expand':
      return null
    default: {
      const input = inputsOf(plan).find((i) => i.attrs.some((a) => a.id === id))
      return input ? startOrigin(input, id) : null
    }
  }
}
