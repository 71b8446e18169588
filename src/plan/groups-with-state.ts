import { InternalError } from '../errors/errors.ts'
import { freshAttr, relationOf, shown, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import type { Logical, LogicalGroupsWithState } from './logical.ts'
import type { GroupsWithState } from './unresolved.ts'

/** A state function's node. The event time of a row is the column that had the watermark when rows got their keys. */
export function groupsWithState(a: Analysis, p: GroupsWithState, s: Surroundings): Relation {
  const input = shown(a, a.plan(p.input, s))
  const { single, emits, timeout, state } = p
  const { id, label, version } = p.closure
  const attrs = p.result.fields.map((f) => freshAttr(a, f.name, f.type, f.nullable))
  const node: LogicalGroupsWithState = {
    op: 'groupsWithState',
    id: a.freshId(),
    input,
    single,
    closure: id,
    label,
    version,
    emits,
    timeout,
    state,
    time: timeOfKeyed(input),
    attrs,
  }
  return relationOf(node)
}

/** Where in the rows of a grouping by key the event time stands; null without a watermark. */
export function timeOfKeyed(input: Logical): number | null {
  if (input.op !== 'userMap' || input.kind !== 'key') throw new InternalError('a state function needs rows with a key')
  const time = input.input.attrs.findIndex(
    (x) => x.eventTime === true && (x.type.kind === 'timestamp' || x.type.kind === 'timestamp_ntz'),
  )
  return time < 0 ? null : time
}
