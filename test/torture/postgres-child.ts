// One life of a query that adds the rows of files to a table of PostgreSQL: node postgres-child.js PLAN (JSON: PostgresPlan).
// It ends when its input is drained, or kills itself at the point the plan names.
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { MillraceSession, Trigger } from '../../src/index.ts'
import { SCHEMA } from './events.ts'

/** What one life is told. */
export interface PostgresPlan {
  readonly url: string
  readonly input: string
  readonly checkpoint: string
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
const query = await events.writeStream
  .trigger(Trigger.AvailableNow())
  .format('postgres')
  .options({ url: plan.url, table: 'events', batchRows: 20, checkpointLocation: plan.checkpoint })
  .start()
process.stdout.write('started\n')
await query.awaitTermination()
await session.stop()
