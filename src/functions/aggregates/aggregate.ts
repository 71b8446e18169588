import type { AggregateEntry, Param } from '../entry.ts'

type Rest = Omit<AggregateEntry, 'kind' | 'name' | 'params' | 'returns' | 'group'>

/** An aggregate entry. `returns` is left out where `resolve` is given. */
export function aggregate(
  name: string,
  params: readonly Param[],
  returns: AggregateEntry['returns'],
  rest: Rest,
): AggregateEntry {
  return { kind: 'aggregate', group: 'aggregate', name, params, ...(returns === undefined ? {} : { returns }), ...rest }
}
