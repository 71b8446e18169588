// One life of the query under torture: node child.js PLAN (JSON: ChildPlan). Every crash point is noted in a file, by a
// write that has reached the kernel before anything else happens; at the point the plan names the process kills itself.
import { openSync, writeSync } from 'node:fs'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { MillraceSession, Trigger } from '../../src/index.ts'
import { SCHEMA } from './events.ts'
import { countsByProcessor, countsPerWindow } from './query.ts'

/** What one life is told. */
export interface ChildPlan {
  readonly input: string
  readonly output: string
  readonly checkpoint: string
  /** Where crash points are noted, a line each: point and batch id. */
  readonly notes: string
  /** SIGKILL at the `nth` time this life comes to `point`; null: only the parent kills. */
  readonly kill: { readonly point: CrashPoint; readonly nth: number } | null
  /** Process what is there and stop, instead of running until killed. */
  readonly drain: boolean
  /** What counts: an aggregation, or a processor with states and timers. */
  readonly query: 'aggregation' | 'processor'
}

const plan = JSON.parse(process.argv[2]!) as ChildPlan
const notes = openSync(plan.notes, 'a')
let reached = 0
const crash = (point: CrashPoint, batchId: number): void => {
  writeSync(notes, `${point} ${batchId}\n`)
  if (plan.kill?.point === point && ++reached === plan.kill.nth) process.kill(process.pid, 'SIGKILL')
}

const session = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { crash, note: () => undefined })
const events = session.readStream.format('json').schema(SCHEMA).option('maxFilesPerTrigger', 2).load(plan.input)
const counts = plan.query === 'processor' ? countsByProcessor : countsPerWindow
const query = await counts(events)
  .writeStream.queryName('torture')
  .outputMode('append')
  .trigger(plan.drain ? Trigger.AvailableNow() : Trigger.ProcessingTime(0))
  .option('checkpointLocation', plan.checkpoint)
  .format('json')
  .start(plan.output)
await query.awaitTermination()
