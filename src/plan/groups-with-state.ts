import { InternalError } from '../errors/errors.ts'
import { freshAttr, relationOf, shown, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import type { LogicalGroupsWithState } from './logical.ts'
import type { GroupsWithState } from './unresolved.ts'

/** A state function's node. The event time of a row is the column that had the watermark when rows got their keys. */
export function groupsWithState(a: Analysis, p: GroupsWithState, s: Surroundings): Relation {
  const input = shown(a, a.plan(p.input, s))
  if (input.op !== 'userMap' || input.kind !== 'key') throw new InternalError('a state function needs rows with a key')
  const time = input.input.attrs.findIndex(
    (x) => x.eventTime === true && (x.type.kind === 'timestamp' || x.type.kind === 'timestamp_ntz'),
  )
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
    time: time < 0 ? null : time,
    attrs,
  }
  return relationOf(node)
}
