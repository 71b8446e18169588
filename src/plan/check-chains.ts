import type { OutputModeName } from '../connectors/provider.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { keptSide } from './event-time.ts'
import { inputsOf, isStreaming, type Logical } from './logical.ts'
import { isStreamJoin } from './stream-joins.ts'
import { visitPlan } from './walk.ts'

/** Refuses an operator with state over another one whose output it would judge wrongly in an output mode; `single`: any. */
export function checkChains(plan: Logical, mode: OutputModeName, single: boolean): void {
  visitPlan(plan, (upper) => {
    if (!isStateful(upper)) return
    for (const input of inputsOf(upper))
      visitPlan(input, (lower) => {
        if (endsChain(lower, mode) || (single && isStateful(lower)))
          throw new UnsupportedError(
            'STREAMING_CHAINED_STATE',
            { upper: describe(upper), lower: describe(lower), mode },
            { at: upper.at ?? lower.at, hint: single ? undefined : 'write in output mode append' },
          )
      })
  })
}

/** Operators with state whose output must not feed another one with state in this mode. */
function endsChain(p: Logical, mode: OutputModeName): boolean {
  if (p.op === 'groupsWithState') return p.timeout === 'EventTimeTimeout' && isStreaming(p)
  return p.op === 'aggregate' && mode !== 'append' && isStreaming(p)
}

/** Operators with state that judge lateness. */
function isStateful(p: Logical): boolean {
  if (!isStreaming(p)) return false
  switch (p.op) {
    case 'aggregate':
    case 'groupsWithState':
    case 'transformWithState':
      return true
    case 'join':
      return isStreamJoin(p) || keptSide(p) !== null
    case 'setop':
      return p.all
    case 'dedup':
      return p.withinWatermark || p.input.attrs.some((x) => x.eventTime && p.keys.includes(x.id))
    default:
      return false
  }
}

const describe = (p: Logical): string =>
  p.op === 'aggregate'
    ? p.aggregates.length === 0
      ? 'DISTINCT'
      : 'an aggregation'
    : p.op === 'join'
      ? 'a join over streams'
      : p.op === 'groupsWithState' || p.op === 'transformWithState'
        ? p.label
        : p.op === 'setop'
          ? `${p.kind.toUpperCase()} ALL`
          : 'dropDuplicates'
