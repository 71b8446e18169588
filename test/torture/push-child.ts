// One life of two queries over logged push sources: node push-child.js PLAN (JSON: PushPlan). The first takes POSTs and
// writes a SQLite file of its own; the second takes numbers of this program and writes into its own checkpoint file. At
// the point the plan names the process kills itself; a line on stdin ends it in order, with everything processed.
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { MillraceSession } from '../../src/index.ts'

/** What one life is told. */
export interface PushPlan {
  readonly port: number
  readonly work: string
  /** SIGKILL at the `nth` time this life comes to `point`, whichever query it is; null: only the parent kills. */
  readonly kill: { readonly point: CrashPoint; readonly nth: number } | null
}

const plan = JSON.parse(process.argv[2]!) as PushPlan
let reached = 0
const crash = (point: CrashPoint): void => {
  if (plan.kill?.point === point && ++reached === plan.kill.nth) process.kill(process.pid, 'SIGKILL')
}
let ending = false

async function* numbers(from: number): AsyncGenerator<{ n: number }> {
  for (let n = from; !ending; n++) {
    yield { n }
    if (n % 7 === 0) await new Promise((r) => setTimeout(r, 1))
  }
}

const session = new MillraceSession(
  { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' },
  { crash, note: () => undefined },
)
const posted = session.readStream.format('http').schema('id BIGINT').name('posted').option('port', plan.port).load()
const toFile = await posted.writeStream
  .format('sqlite')
  .options({ path: `${plan.work}/out.db`, table: 'posted', checkpointLocation: `${plan.work}/posted` })
  .start()
const counted = session.readStream.from(({ position }) => numbers(position === null ? 0 : Number(position) + 1), {
  schema: 'n BIGINT',
  name: 'counted',
  wal: true,
  position: (item) => (item as { n: number }).n,
})
const toCheckpoint = await counted.writeStream
  .format('sqlite')
  .options({ table: 'counted', atomic: true, checkpointLocation: `${plan.work}/counted.db` })
  .start()

process.stdin.once('data', () => {
  ending = true
  void (async () => {
    await new Promise((r) => setTimeout(r, 50))
    await toFile.processAllAvailable()
    await toCheckpoint.processAllAvailable()
    await session.stop()
    process.exit(0)
  })()
})
await Promise.all([toFile.awaitTermination(), toCheckpoint.awaitTermination()])
