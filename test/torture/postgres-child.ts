// One life of a query that writes into PostgreSQL: node postgres-child.js PLAN (JSON: PostgresPlan). It ends when its input is
// drained, or kills itself at the point the plan names.
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { MillraceSession, Trigger } from '../../src/index.ts'
import { SCHEMA } from './events.ts'

/** What one life is told. */
export interface PostgresPlan {
  readonly url: string
  readonly input: string
  readonly checkpoint: string
  /** Append every row to the table events, or upsert the sums per page into totals. */
  readonly query: 'append' | 'update'
  /** SIGKILL at the `nth` time this life comes to `point`; null: only the parent kills. */
  readonly kill: { readonly point: CrashPoint; readonly nth: number } | null
}

const plan = JSON.parse(process.argv[2]!) as PostgresPlan
let reached = 0
const crash = (point: CrashPoint): void => {
  if (plan.kill?.point === point && ++reached === plan.kill.nth) process.kill(process.pid, 'SIGKILL')
}

const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { crash, note: () => undefined })
const events = session.readStream.format('json').schema(SCHEMA).option('maxFilesPerTrigger', 1).load(plan.input)
const appends = plan.query === 'append'
events.createOrReplaceTempView('events')
const output = appends
  ? events
  : session.sql('SELECT page, count(*) AS n, sum(amount) AS amount FROM events GROUP BY page')
const query = await output.writeStream
  .outputMode(plan.query)
  .trigger(Trigger.AvailableNow())
  .format('postgres')
  .options({ url: plan.url, table: appends ? 'events' : 'totals', batchRows: 20, checkpointLocation: plan.checkpoint })
  .options(appends ? {} : { key: 'page' })
  .start()
process.stdout.write('started\n')
await query.awaitTermination()
await session.stop()
