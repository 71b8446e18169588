import { AnalysisError } from '../errors/errors.ts'
import { inputsOf, type Logical } from './logical.ts'

/** How many nodes may stand on top of each other, so that whoever walks a plan need not fear for the stack. */
const MAX_PLAN_DEPTH = 1000
/** How many tables, views and WITH entries a plan may read, each counted at every use. */
const MAX_USES = 3000

function tooComplex(reason: string): AnalysisError {
  return new AnalysisError(
    'PLAN_TOO_COMPLEX',
    { reason },
    { hint: 'write what it reads into a table first, and read that' },
  )
}

/** Counts what a plan reads: WITH entries and views that each read the one before twice would double it without end. */
export class UseCounter {
  #uses = 0

  /** Throws PLAN_TOO_COMPLEX past the limit. */
  count(): void {
    if (++this.#uses > MAX_USES) throw tooComplex(`it reads more than ${MAX_USES} tables, views and WITH entries`)
  }
}

/** Refuses a run of pipes or tables whose plan could only be too deep, before it is made. */
export function checkSteps(count: number): void {
  if (count > MAX_PLAN_DEPTH) throw tooComplex(`more than ${MAX_PLAN_DEPTH} steps follow on each other`)
}

/** The plan that `make` gives, when it is not too deep; throws PLAN_TOO_COMPLEX. */
export function withinDepth(make: () => Logical): Logical {
  let plan: Logical
  try {
    plan = make()
  } catch (error) {
    // The interpreter's own limit, met before the plan could be measured.
    if (error instanceof RangeError && /call stack/i.test(error.message))
      throw tooComplex('its tables, views and subqueries nest too deeply')
    throw error
  }
  let depth = 0
  for (let level: readonly Logical[] = [plan]; level.length > 0; level = level.flatMap((node) => inputsOf(node)))
    if (++depth > MAX_PLAN_DEPTH) throw tooComplex(`more than ${MAX_PLAN_DEPTH} steps follow on each other`)
  return plan
}
