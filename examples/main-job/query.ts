// The query of the main job: clicks per minute and page, over a directory of JSON files, to the console.
// node query.js CLICKS_DIR CHECKPOINT_DIR [--drain]
import { type DataFrame, millrace, type MillraceSession, Trigger, window } from '../../src/index.ts'
import { SCHEMA } from './clicks.ts'

/** The same chain for a stream and for a bounded table. */
export const clicksPerPage = (clicks: DataFrame): DataFrame =>
  clicks
    .withWatermark('ts', '30 seconds')
    .groupBy(window('ts', '1 minute'), 'page')
    .count()
    .selectExpr('window.start AS minute', 'page', 'count')

/** The session of both. */
export const openSession = (): MillraceSession => millrace({ 'spark.sql.session.timeZone': 'UTC' })

async function main(clicksDir: string, checkpointDir: string, drain: boolean): Promise<void> {
  const clicks = openSession().readStream.format('json').schema(SCHEMA).option('maxFilesPerTrigger', 2).load(clicksDir)
  const query = await clicksPerPage(clicks)
    .writeStream.queryName('clicks')
    .outputMode('update')
    .trigger(drain ? Trigger.AvailableNow() : Trigger.ProcessingTime(0))
    .option('checkpointLocation', checkpointDir)
    .option('truncate', false)
    .option('numRows', 1_000_000)
    .format('console')
    .start()
  await query.awaitTermination()
}

const [clicksDir, checkpointDir, flag] = process.argv.slice(2)
if (process.argv[1]?.endsWith('query.js') && clicksDir !== undefined && checkpointDir !== undefined)
  await main(clicksDir, checkpointDir, flag === '--drain')
