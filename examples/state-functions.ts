// State functions: a state per key and what is to happen when a key is silent. docs/state-functions.md shows these pieces.
import { GroupStateTimeout, millrace } from '../src/index.ts'

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
