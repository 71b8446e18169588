import { jsMaker } from '../columns/row.ts'
import { InternalError } from '../errors/errors.ts'
import { stateCodec } from '../functions/user/group-state.ts'
import { elementMaker, resultTaker } from '../functions/user/rows.ts'
import { GroupsWithState } from '../operators/groups-with-state.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import { TimeIndex } from '../state/time-index.ts'
import { rowKey } from '../types/compare.ts'
import type { Schema } from '../types/data-type.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import type { GroupsWithStateNode } from './spec.ts'

/** The running node of a state function; its function is the one the session holds under the id in the spec. */
export function groupsWithStateOf(node: GroupsWithStateNode, input: Schema, ctx: InstantiateContext): GroupsWithState {
  const { env } = ctx
  const fn = env.closure?.(node.closure)
  if (fn === undefined) throw new InternalError(`the session has no function ${node.closure}`)
  const { schema, label, single, timeout, time } = node
  const [keyField, rowField] = input.fields
  const type = rowField!.type
  const bare = type.kind !== 'struct'
  const rows: Schema = bare ? { fields: [{ ...rowField!, name: 'value' }] } : { fields: type.fields }
  const makeKey = jsMaker(keyField!.type)
  const text = rowKey([keyField!.type])
  const table = node.streaming ? tableOf(node.id, node.state, ctx) : new HashStateTable(node.state)
  return new GroupsWithState({
    schema,
    label,
    fn: fn as (...args: unknown[]) => unknown,
    single,
    timeout,
    judgesLate: node.streaming && timeout === 'EventTimeTimeout',
    time,
    codec: stateCodec(node.states, env.timeZone),
    keyType: keyField!.type,
    element: elementMaker(rows),
    take: resultTaker(schema, env.timeZone),
    key: (value) => (value === null ? null : makeKey(value)),
    keyText: (value) => text([value]),
    bare,
    table,
    times: new TimeIndex(table, 1),
    nowUs: () => env.batchTimeUs(),
  })
}
