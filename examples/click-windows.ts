// Counts clicks per minute and page over JSON files as they come into a directory. After npm run build:
//   node dist/examples/click-windows.js /data/clicks /data/checkpoint
// then move files of lines like {"ts":"2026-01-01T10:00:05Z","page":"/home"} into /data/clicks. A minute is printed once,
// when the newest click is more than a minute after its end. Stopped or killed, it goes on where it was.
import { mkdirSync } from 'node:fs'
import { millrace, window } from '../src/index.ts'

const [clicks = 'clicks', checkpoint = 'checkpoint'] = process.argv.slice(2)
mkdirSync(clicks, { recursive: true })
const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })

const counts = session.readStream
  .schema('ts TIMESTAMP, page STRING')
  .json(clicks)
  .withWatermark('ts', '1 minute')
  .groupBy(window('ts', '1 minute'), 'page')
  .count()
  .selectExpr('window.start AS minute', 'page', 'count')

const query = await counts.writeStream
  .outputMode('append')
  .option('checkpointLocation', checkpoint)
  .option('truncate', false)
  .format('console')
  .start()
process.once('SIGINT', () => void query.stop({ graceful: true }))
await query.awaitTermination()
