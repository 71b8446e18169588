import { GroupStateTimeout } from '../../functions/user/group-state.ts'
import {
  type StatefulProcessorHandle,
  StatefulProcessor,
  TimeMode,
  type ValueState,
} from '../../functions/user/stateful-processor.ts'
import type { MillraceSession } from '../../session.ts'
import type { Shape } from './shape.ts'

const STATE = { state: 'n BIGINT', result: 'user STRING, n BIGINT', version: 1 } as const

/** Long after every row: the timeouts of the shapes do not fire, so that the answers are those of bounded tables. */
const NEVER_MS = Date.UTC(9000, 0, 1)

type Timeout = (typeof GroupStateTimeout)[keyof typeof GroupStateTimeout]

const byUser = (session: MillraceSession, table: string) =>
  session
    .table(table)
    .select('user', 'ts')
    .as<{ readonly user: string }>()
    .groupByKey((click) => click.user, 'STRING')

/** Clicks of each user so far: a row for each call. */
const counting = (session: MillraceSession, table: string, timeout: Timeout) =>
  byUser(session, table).mapGroupsWithState(
    (user, clicks, state) => {
      const n = (state.getOption()?.n ?? 0n) + BigInt([...clicks].length)
      state.update({ n })
      if (timeout === 'EventTimeTimeout') state.setTimeoutTimestamp(NEVER_MS)
      else if (timeout === 'ProcessingTimeTimeout') state.setTimeoutDuration('300 days')
      return { user, n }
    },
    { ...STATE, timeout },
  )

/** The second click of each user: one row a user, in whichever batch it comes. */
const second = (session: MillraceSession, table: string, timeout: Timeout, outputMode: 'append' | 'update') =>
  byUser(session, table).flatMapGroupsWithState(
    function* (user, clicks, state) {
      let n = state.getOption()?.n ?? 0n
      for (const _ of clicks) if (++n === 2n) yield { user, n }
      state.update({ n })
      if (timeout === 'EventTimeTimeout') state.setTimeoutTimestamp(NEVER_MS)
      else if (timeout === 'ProcessingTimeTimeout') state.setTimeoutDuration('300 days')
    },
    { ...STATE, timeout, outputMode },
  )

const GROUPED = 'groupByKey((c) => c.user)'

/** The second click of each user, as `second`. */
class SecondClick extends StatefulProcessor<string, { readonly user: string }> {
  #seen!: ValueState<bigint>

  override init(handle: StatefulProcessorHandle): void {
    this.#seen = handle.getValueState('seen', 'BIGINT')
  }

  override *handleInputRows(user: string, clicks: Iterable<{ readonly user: string }>) {
    let n = this.#seen.get() ?? 0n
    for (const _ of clicks) if (++n === 2n) yield { user, n }
    this.#seen.update(n)
  }
}

const processed = (session: MillraceSession, table: string, timeMode: TimeMode, outputMode: 'append' | 'update') =>
  byUser(session, table).transformWithState(new SecondClick(), {
    timeMode,
    outputMode,
    result: 'user STRING, n BIGINT',
    version: 1,
  })

const processors: readonly Shape[] = Object.values(TimeMode).flatMap((timeMode) =>
  (['append', 'update'] as const).map((mode): Shape => ({
    name: `transformWithState that emits ${mode}, ${timeMode}`,
    query: (session) => processed(session, 'clicks', timeMode, mode),
    text: `clicks.${GROUPED}.transformWithState(processor, { …, outputMode: '${mode}', timeMode: '${timeMode}' })`,
    key: ['user'],
  })),
)

const { NoTimeout, ProcessingTimeTimeout, EventTimeTimeout } = GroupStateTimeout

const RECORDED = {
  append: ['gws-running-count-append', 'err-gws-append-in-update-query'],
  update: ['err-gws-update-in-append-query', 'err-gws-complete'],
}

const ofEach: readonly Shape[] = [NoTimeout, ProcessingTimeTimeout, EventTimeTimeout].flatMap((timeout): Shape[] => [
  {
    name: `mapGroupsWithState, ${timeout}`,
    query: (session) => counting(session, 'clicks', timeout),
    text: `clicks.${GROUPED}.mapGroupsWithState(fn, { …, timeout: '${timeout}' })`,
    key: ['user'],
  },
  ...(['append', 'update'] as const).map((mode): Shape => ({
    name: `flatMapGroupsWithState that emits ${mode}, ${timeout}`,
    query: (session) => second(session, 'clicks', timeout, mode),
    text: `clicks.${GROUPED}.flatMapGroupsWithState(fn, { …, outputMode: '${mode}', timeout: '${timeout}' })`,
    key: ['user'],
    recorded: timeout === NoTimeout ? RECORDED[mode] : [],
  })),
])

/** State functions, and functions over whole groups. */
export const STATE_FUNCTIONS: readonly Shape[] = [
  ...ofEach,
  ...processors,
  {
    name: 'EventTimeTimeout without a watermark',
    query: (session) => second(session, 'raw_clicks', EventTimeTimeout, 'append'),
    text: `raw_clicks.${GROUPED}.flatMapGroupsWithState(fn, { …, outputMode: 'append', timeout: 'EventTimeTimeout' })`,
  },
  ...(['append', 'update'] as const).map((mode): Shape => ({
    name: `state function that emits ${mode}, then an aggregate`,
    query: (session) => second(session, 'raw_clicks', NoTimeout, mode).groupBy('n').count(),
    text: `raw_clicks.${GROUPED}.flatMapGroupsWithState(fn, { …, outputMode: '${mode}' }).groupBy('n').count()`,
    recorded: mode === 'update' ? ['err-gws-then-agg-update'] : [],
  })),
  {
    name: 'aggregate, then a state function',
    query: (session) => {
      session
        .sql("SELECT user, window.start AS ts FROM clicks GROUP BY window(ts, '10 seconds'), user")
        .createOrReplaceTempView('active')
      return second(session, 'active', NoTimeout, 'append')
    },
    text: `(SELECT user, window.start AS ts FROM clicks GROUP BY window(ts, '10 seconds'), user).${GROUPED}.flatMapGroupsWithState(fn, …)`,
  },
  {
    name: 'mapGroups',
    query: (session) => byUser(session, 'raw_clicks').mapGroups((user) => ({ user }), 'user STRING'),
    text: `raw_clicks.${GROUPED}.mapGroups((user, rows) => ({ user }), 'user STRING')`,
  },
  {
    name: 'flatMapGroups',
    query: (session) => byUser(session, 'raw_clicks').flatMapGroups((user) => [{ user }], 'user STRING'),
    text: `raw_clicks.${GROUPED}.flatMapGroups((user, rows) => [{ user }], 'user STRING')`,
  },
]
