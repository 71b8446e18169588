import { AnalysisError } from '../errors/errors.ts'
import { sameType, typeName } from '../types/data-type.ts'
import { freshAttr, relationOf, shown, type Analysis, type Relation, type Surroundings } from './analysis.ts'
import { timeOfKeyed } from './groups-with-state.ts'
import type { LogicalTransformWithState } from './logical.ts'
import { sameName, unresolvedColumn } from './scope.ts'
import type { TransformWithState } from './unresolved.ts'

/** A stateful processor's node; the event time of its results is the column it names, if any. */
export function transformWithState(a: Analysis, p: TransformWithState, s: Surroundings): Relation {
  const input = shown(a, a.plan(p.input, s))
  const initial = p.initial === null ? null : shown(a, a.plan(p.initial, s))
  const [rows, first] = [input.attrs[0]!.type, initial?.attrs[0]!.type]
  if (first !== undefined && !sameType(rows, first))
    throw new AnalysisError(
      'STATEFUL_PROCESSOR_INITIAL_STATE_KEY',
      { initial: typeName(first), rows: typeName(rows) },
      { hint: 'give both groupByKey calls keys of one type' },
    )
  const { emits, timeMode, states, eventTimeColumn: name } = p
  const { id, label, version } = p.closure
  const isTime = p.result.fields.map((f) => name !== null && sameName(f.name, name, a.env.caseSensitive))
  const attrs = p.result.fields.map((f, i) => freshAttr(a, f.name, f.type, f.nullable, isTime[i]))
  const time = attrs.find((x) => x.eventTime)
  if (name !== null && time === undefined) throw unresolvedColumn([{ name }], attrs)
  if (time !== undefined && time.type.kind !== 'timestamp' && time.type.kind !== 'timestamp_ntz')
    throw new AnalysisError(
      'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE',
      { name: time.name, actual: typeName(time.type) },
      { hint: 'give the result a column of type TIMESTAMP' },
    )
  const node: LogicalTransformWithState = {
    op: 'transformWithState',
    id: a.freshId(),
    input,
    initial,
    closure: id,
    label,
    version,
    emits,
    timeMode,
    states,
    time: timeOfKeyed(input),
    attrs,
  }
  return relationOf(node)
}
