import type { DataFrame } from '../dataframe/data-frame.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { type GroupState, GroupStateTimeout } from '../functions/user/group-state.ts'
import { typeName } from '../types/data-type.ts'

/** The argument of the scenario method `groupsWithState`. */
export interface StateFunctionRequest {
  readonly keys: readonly string[]
  readonly function: string
  readonly timeout: 'none' | 'event-time'
  readonly emit: 'append' | 'update'
}

type Row = Readonly<Record<string, unknown>>
type States = GroupState<Row>
type StateFunction = (key: unknown, rows: Iterable<Row>, state: States) => Iterable<Row>

const STATE = 'n BIGINT, last BIGINT'
const FIVE_MINUTES_MS = 5n * 60_000n

const countOf = (state: States): bigint => (state.getOption()?.['n'] as bigint | undefined) ?? 0n
const sizeOf = (rows: Iterable<Row>): bigint => BigInt([...rows].length)

/** The state functions that scenarios name. */
const FUNCTIONS: Readonly<Record<string, { readonly fn: StateFunction; readonly result: string }>> = {
  'running-count': {
    result: 'k STRING, n BIGINT',
    fn: (k, rows, state) => {
      const n = countOf(state) + sizeOf(rows)
      state.update({ n, last: null })
      return [{ k, n }]
    },
  },
  'every-third': {
    result: 'k STRING, n BIGINT',
    fn: (k, rows, state) => {
      const n = countOf(state) + sizeOf(rows)
      if (n >= 3n) {
        state.remove()
        return [{ k, n }]
      }
      state.update({ n, last: null })
      return []
    },
  },
  'event-timeout': {
    result: 'k STRING, n BIGINT, state STRING',
    fn: (k, rows, state) => {
      let n = countOf(state)
      if (state.hasTimedOut) {
        state.remove()
        return [{ k, n, state: 'closed' }]
      }
      let last = (state.getOption()?.['last'] as bigint | undefined) ?? 0n
      for (const row of rows) {
        n++
        const ts = row['ts'] as Date | null
        if (ts !== null && BigInt(ts.getTime()) > last) last = BigInt(ts.getTime())
      }
      state.update({ n, last })
      const soonest = BigInt(state.getCurrentWatermarkMs()) + 1n
      state.setTimeoutTimestamp(last + FIVE_MINUTES_MS > soonest ? last + FIVE_MINUTES_MS : soonest)
      return [{ k, n, state: 'open' }]
    },
  },
}

/** A named state function over the groups of `keys`; the first key is its column `k`. */
export function applyStateFunction(df: DataFrame, request: StateFunctionRequest): DataFrame {
  const named = FUNCTIONS[request.function]
  if (named === undefined)
    throw new UnsupportedError('UNSUPPORTED', { feature: `the state function ${request.function}` })
  const columns = request.keys.map((k) => df.schema.fields.find((f) => f.name === k)!)
  const [first] = columns
  const single = columns.length === 1
  const type = single ? typeName(first!.type) : columns.map((f) => `\`${f.name}\` ${typeName(f.type)}`).join(', ')
  const keyOf = (row: Row): unknown =>
    single ? row[first!.name] : Object.fromEntries(columns.map((f) => [f.name, row[f.name]]))
  const fn = (key: unknown, rows: Iterable<Row>, state: States): Iterable<Row> =>
    named.fn(single ? key : (key as Row)[first!.name], rows, state)
  return df.groupByKey(keyOf, type).flatMapGroupsWithState(fn as never, {
    state: STATE,
    result: named.result,
    outputMode: request.emit,
    timeout: request.timeout === 'none' ? GroupStateTimeout.NoTimeout : GroupStateTimeout.EventTimeTimeout,
    version: request.function,
  }) as unknown as DataFrame
}
