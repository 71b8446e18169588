// One life of three queries over one topic of a Kafka broker: node child.js PLAN (JSON: LifePlan). The first writes another
// topic in transactions, the second a table in its own checkpoint file, the third upserts into a table of PostgreSQL. Every
// crash point is noted in a file of the query, by a write that has reached the kernel before anything else happens; at the
// point the plan names the process kills itself, and all queries with it.
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashPoint } from '../../../src/engine/micro-batch.ts'
import { type DataFrame, MillraceSession, type StreamingQuery, Trigger } from '../../../src/index.ts'
import { type LifePlan, QUERIES, type QueryName } from './plan.ts'
import { asRecord, countsOfRecords } from './records.ts'

const plan = JSON.parse(process.argv[2]!) as LifePlan
// Short, so that a broker that is away for a few seconds is an error and restarts the query.
const connection = {
  'kafka.bootstrap.servers': plan.servers,
  'kafka.request.timeout.ms': 2000,
  'kafka.default.api.timeout.ms': 3000,
}
const said = openSync(join(plan.work, 'said'), 'a')

function sessionOf(name: QueryName): MillraceSession {
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
}

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

interface Output {
  readonly rows?: (counts: DataFrame) => DataFrame
  readonly mode: 'append' | 'update'
  readonly format: string
  readonly options: Readonly<Record<string, string | number | boolean>>
}

const OUTPUTS: Readonly<Record<QueryName, Output>> = {
  'to-kafka': { rows: asRecord, mode: 'append', format: 'kafka', options: { ...connection, topic: plan.to } },
  'to-sqlite': { mode: 'append', format: 'sqlite', options: { table: 'counts', atomic: true } },
  'to-postgres': {
    mode: 'update',
    format: 'postgres',
    options: { url: plan.url, table: plan.table, key: 'start, page' },
  },
}

function start(session: MillraceSession, name: QueryName): Promise<StreamingQuery> {
  const { rows = (df) => df, mode, format, options } = OUTPUTS[name]
  return rows(counts(session))
    .writeStream.queryName(name)
    .outputMode(mode)
    .trigger(plan.drain ? Trigger.AvailableNow() : Trigger.ProcessingTime(0))
    .format(format)
    .options({ ...options, checkpointLocation: join(plan.work, `${name}.db`) })
    .start({ restart: { maxAttempts: 50, backoffMs: 50 } })
}

const sessions = QUERIES.map(sessionOf)
const queries = await Promise.all(QUERIES.map((name, i) => start(sessions[i]!, name)))
await Promise.all(queries.map((query) => query.awaitTermination()))
for (const session of sessions) await session.stop()
