// State functions: a state per key and what is to happen when a key is silent. docs/state-functions.md shows these pieces.
import {
  GroupStateTimeout,
  type MapState,
  millrace,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
} from '../src/index.ts'
import { TwsTester } from '../src/testing/index.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })

/** Visits of a page: open while clicks come, closed after ten minutes without one. */
export async function visits(batches: readonly (readonly { ts: string; user: string }[])[]) {
  const { stream, df } = session.memoryStream('ts TIMESTAMP NOT NULL, user STRING NOT NULL')
  const closed = df
    .withWatermark('ts', '1 minute')
    .as<{ ts: Date; user: string }>()
    .groupByKey((click) => click.user, 'STRING')
    .flatMapGroupsWithState(
      function* (user, clicks, state) {
        if (state.hasTimedOut) {
          yield { user, clicks: state.get().clicks }
          state.remove()
          return
        }
        let { clicks: n, lastMs } = state.getOption() ?? { clicks: 0, lastMs: 0 }
        for (const { ts } of clicks) {
          n = n! + 1
          lastMs = Math.max(lastMs!, ts.getTime())
        }
        state.update({ clicks: n, lastMs })
        state.setTimeoutTimestamp(Math.max(lastMs!, state.getCurrentWatermarkMs()), '10 minutes')
      },
      {
        state: 'clicks INT, lastMs DOUBLE',
        result: 'user STRING, clicks INT',
        outputMode: 'append',
        timeout: GroupStateTimeout.EventTimeTimeout,
      },
    )
  const query = await closed.writeStream.format('memory').queryName('visits').outputMode('append').start()
  for (const batch of batches) {
    stream.addData(batch)
    await query.processAllAvailable()
  }
  await query.stop()
  return session.table('visits').orderBy('user').collect()
}

/** The highest reading of each sensor so far: one row per sensor heard of in a batch. */
export async function peaks(batches: readonly (readonly { sensor: string; celsius: number }[])[]) {
  const { stream, df } = session.memoryStream('sensor STRING NOT NULL, celsius DOUBLE NOT NULL')
  const highest = df
    .as<{ sensor: string; celsius: number }>()
    .groupByKey((r) => r.sensor, 'STRING')
    .mapGroupsWithState(
      (sensor, readings, state) => {
        const peak = Math.max(state.getOption() ?? -Infinity, ...Array.from(readings, (r) => r.celsius))
        state.update(peak)
        return { sensor, peak }
      },
      { state: 'DOUBLE', result: 'sensor STRING, peak DOUBLE', version: 1 },
    )
  const query = await highest.writeStream.format('memory').queryName('peaks').outputMode('update').start()
  for (const batch of batches) {
    stream.addData(batch)
    await query.processAllAvailable()
  }
  await query.stop()
  return session.table('peaks').collect()
}

type FailedLogin = { readonly ts: Date; readonly user: string; readonly address: string }

class FailedLogins extends StatefulProcessor<string, FailedLogin> {
  #handle!: StatefulProcessorHandle
  #failures!: MapState<string, number>

  override init(handle: StatefulProcessorHandle): void {
    this.#handle = handle
    this.#failures = handle.getMapState('failures', 'STRING', 'INT')
  }

  override *handleInputRows(user: string, logins: Iterable<FailedLogin>) {
    for (const { ts, address } of logins) {
      if (!this.#failures.exists()) this.#handle.registerTimer(ts.getTime() + 10 * 60_000)
      const n = (this.#failures.getValue(address) ?? 0) + 1
      this.#failures.updateValue(address, n)
      if (n === 3) yield { user, address, what: 'third failure' }
    }
  }

  override *handleExpiredTimer(user: string) {
    for (const address of this.#failures.keys()) yield { user, address, what: 'forgotten' }
    this.#failures.clear()
  }
}

/** Failed logins of each user by address: the third is reported, ten minutes after the first all are forgotten. */
export async function failedLogins(batches: readonly (readonly { ts: string; user: string; address: string }[])[]) {
  const { stream, df } = session.memoryStream('ts TIMESTAMP NOT NULL, user STRING NOT NULL, address STRING NOT NULL')
  const reports = df
    .withWatermark('ts', '1 minute')
    .as<FailedLogin>()
    .groupByKey((login) => login.user, 'STRING')
    .transformWithState(new FailedLogins(), {
      timeMode: TimeMode.EventTime,
      outputMode: 'append',
      result: 'user STRING, address STRING, what STRING',
    })
  const query = await reports.writeStream.format('memory').queryName('reports').outputMode('append').start()
  for (const batch of batches) {
    stream.addData(batch)
    await query.processAllAvailable()
  }
  await query.stop()
  return session.table('reports').collect()
}

/** The same processor by itself. */
export function tryFailedLogins() {
  const tester = new TwsTester(new FailedLogins(), {
    key: 'STRING',
    rows: 'ts TIMESTAMP, user STRING, address STRING',
    result: 'user STRING, address STRING, what STRING',
    timeMode: TimeMode.EventTime,
    eventTime: 'ts',
  })
  tester.updateMapState('failures', 'ann', [['10.0.0.7', 2]])
  const third = tester.testOneRow('ann', { ts: new Date(), user: 'ann', address: '10.0.0.7' })
  const failures = tester.peekMapState('failures', 'ann')
  return { third, failures }
}
