// One life of two queries over one topic of a Kafka broker: node kafka-child.js PLAN (JSON: KafkaPlan). The first writes
// another topic in transactions, the second a table in its own checkpoint file. Every crash point is noted in a file of
// the query, by a write that has reached the kernel before anything else happens; at the point the plan names the process
// kills itself, and both queries with it.
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { type DataFrame, MillraceSession, type StreamingQuery, Trigger } from '../../src/index.ts'
import { type KafkaPlan, QUERIES, type QueryName } from './kafka-plan.ts'
import { asRecord, countsOfRecords } from './kafka-query.ts'

const plan = JSON.parse(process.argv[2]!) as KafkaPlan
// Short, so that a broker that is away for a few seconds is an error and restarts the query.
const connection = {
  'kafka.bootstrap.servers': plan.servers,
  'kafka.request.timeout.ms': 2000,
  'kafka.default.api.timeout.ms': 3000,
}
const said = openSync(join(plan.work, 'said'), 'a')
const sessions = QUERIES.map((name) => {
  const notes = openSync(join(plan.work, `${name}.notes`), 'a')
  let reached = 0
  const crash = (point: CrashPoint, batchId: number): void => {
    writeSync(notes, `${point} ${batchId}\n`)
    const { kill } = plan
    if (kill?.query === name && kill.point === point && ++reached === kill.nth) process.kill(process.pid, 'SIGKILL')
  }
  return new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC' },
    { crash, note: (text) => writeSync(said, `${name}: ${text}\n`) },
  )
})

const counts = (session: MillraceSession): DataFrame =>
  countsOfRecords(
    session.readStream
      .format('kafka')
      .options({
        ...connection,
        subscribe: plan.from,
        startingOffsets: 'earliest',
        maxOffsetsPerTrigger: plan.maxOffsetsPerTrigger,
        'kafkaConsumer.pollTimeoutMs': 3000,
      })
      .load(),
  )

const start = (rows: DataFrame, name: QueryName, format: string, options: object): Promise<StreamingQuery> =>
  rows.writeStream
    .queryName(name)
    .outputMode('append')
    .trigger(plan.drain ? Trigger.AvailableNow() : Trigger.ProcessingTime(0))
    .format(format)
    .options({ ...options, checkpointLocation: join(plan.work, `${name}.db`) })
    .start({ restart: { maxAttempts: 50, backoffMs: 50 } })

const [kafka, sqlite] = sessions as [MillraceSession, MillraceSession]
const queries = await Promise.all([
  start(asRecord(counts(kafka)), 'to-kafka', 'kafka', { ...connection, topic: plan.to }),
  start(counts(sqlite), 'to-sqlite', 'sqlite', { table: 'counts', atomic: true }),
])
await Promise.all(queries.map((query) => query.awaitTermination()))
for (const session of sessions) await session.stop()
