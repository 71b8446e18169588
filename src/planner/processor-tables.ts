import { stateType } from '../functions/user/group-state.ts'
import type { ProcessorStates, StateVariable } from '../functions/user/processor-handle.ts'
import type { TimeMode } from '../functions/user/stateful-processor.ts'
import type { StateTableSpec } from '../state/table.ts'
import { BIGINT, type DataType, field } from '../types/data-type.ts'

/** The name of the table of timers; names of states do not begin so. */
export const TIMERS = '$timers'

/**
 * The state tables of a processor keyed by `key`: one for each state under its name (a value is a row, a list and a map a
 * row an element), and one of timers where the time mode has them.
 */
export function processorTables(
  states: ProcessorStates,
  timeMode: TimeMode,
  key: DataType,
): { readonly tables: readonly StateTableSpec[]; readonly timers: StateTableSpec | null } {
  const timers: StateTableSpec = {
    name: TIMERS,
    keys: [field('key', key), field('expiryTimestampMs', BIGINT, false)],
    values: [field('firesAtMs', BIGINT)],
    paned: false,
  }
  return { tables: states.variables.map((v) => tableOf(v, key)), timers: timeMode === 'None' ? null : timers }
}

function tableOf({ kind, name, key: mapKey, value, ttlMs }: StateVariable, key: DataType): StateTableSpec {
  const element =
    kind === 'value'
      ? []
      : [kind === 'list' ? field('index', BIGINT, false) : field('mapKey', stateType(mapKey!), false)]
  const place = kind === 'map' ? [field('place', BIGINT)] : []
  const expires = ttlMs === null ? [] : [field('expiresAtMs', BIGINT)]
  return {
    name,
    keys: [field('key', key), ...element],
    values: [field('value', stateType(value)), ...place, ...expires],
    paned: false,
  }
}
