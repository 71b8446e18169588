import { jsMaker } from '../columns/row.ts'
import { InternalError } from '../errors/errors.ts'
import { userFailure } from '../functions/user/failure.ts'
import { stateCodec } from '../functions/user/group-state.ts'
import { checkSameStates, ProcessorHandle } from '../functions/user/processor-handle.ts'
import { elementMaker, resultTaker } from '../functions/user/rows.ts'
import type { StatefulProcessor } from '../functions/user/stateful-processor.ts'
import { ProcessorTimers } from '../operators/processor-timers.ts'
import { SharedState } from '../operators/shared-state.ts'
import { type ProcessorRows, TransformWithState } from '../operators/transform-with-state.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { StateTable, StateTableSpec } from '../state/table.ts'
import { rowKey } from '../types/compare.ts'
import type { Schema } from '../types/data-type.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import type { TransformWithStateNode } from './spec.ts'

/** The running node of a stateful processor; the processor is the one the session holds under the id in the spec. */
export function transformWithStateOf(
  node: TransformWithStateNode,
  inputs: readonly Schema[],
  ctx: InstantiateContext,
): TransformWithState {
  const { env } = ctx
  const give = env.closure?.(node.closure) as (() => StatefulProcessor) | undefined
  if (give === undefined) throw new InternalError(`the session has no function ${node.closure}`)
  const processor = give()
  const { schema, label, timeMode, outputMode, time, emitTime, states, tables } = node
  const handle = ProcessorHandle.of(processor)
  try {
    // Schemas were read when the query was planned; here only the names are of interest.
    checkSameStates(
      label,
      states,
      handle.initialize(processor, { timeMode, outputMode }, () => schema),
    )
  } catch (error) {
    throw userFailure(label, error, 'init')
  }
  if (node.streaming) for (const name of states.forgotten) ctx.store?.forget(node.id, name)
  const open = (spec: StateTableSpec): StateTable =>
    node.streaming ? tableOf(node.id, spec, ctx) : new HashStateTable(spec)
  const [keyField] = inputs[0]!.fields
  const makeKey = jsMaker(keyField!.type)
  const text = rowKey([keyField!.type])
  return new TransformWithState({
    schema,
    label,
    processor,
    handle,
    timeMode,
    time,
    emitTime,
    states: new Map(
      states.variables.map(({ name, kind, key, value, ttlMs }, i) => [
        name,
        new SharedState(
          kind,
          open(tables[i]!),
          stateCodec(value, env.timeZone),
          key === null ? null : stateCodec(key, env.timeZone),
          ttlMs,
        ),
      ]),
    ),
    timers: node.timers === null ? null : new ProcessorTimers(open(node.timers)),
    keyType: keyField!.type,
    rows: rowsOf(inputs[0]!),
    initialRows: inputs[1] === undefined ? null : rowsOf(inputs[1]),
    take: resultTaker(schema, env.timeZone),
    key: (value) => (value === null ? null : makeKey(value)),
    keyText: (value) => text([value]),
    nowUs: () => env.batchTimeUs(),
  })
}

/** How the rows behind a key look to the processor. */
function rowsOf(keyed: Schema): ProcessorRows {
  const row = keyed.fields[1]!
  const bare = row.type.kind !== 'struct'
  return {
    bare,
    element: elementMaker({ fields: row.type.kind === 'struct' ? row.type.fields : [{ ...row, name: 'value' }] }),
  }
}
