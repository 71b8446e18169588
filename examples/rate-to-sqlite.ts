// Keeps one row a bucket of a generated stream in a SQLite table. After npm run build:
//   node dist/examples/rate-to-sqlite.js /data/totals.db /data/checkpoint
// Kill it as often as you like: the values are 0, 1, 2 …, so that sum(n) = max(newest) + 1 shows that not one was lost
// or counted twice.
import { millrace, Trigger } from '../src/index.ts'

const [file = 'totals.db', checkpoint = 'checkpoint'] = process.argv.slice(2)
const session = millrace()

session.readStream.format('rate').option('rowsPerSecond', 1000).load().createOrReplaceTempView('ticks')
const totals = session.sql(`
  SELECT value % 10 AS bucket, count(*) AS n, max(value) AS newest
  FROM ticks
  GROUP BY value % 10`)

const query = await totals.writeStream
  .outputMode('update')
  .trigger(Trigger.ProcessingTime('200 milliseconds'))
  .option('checkpointLocation', checkpoint)
  .format('sqlite')
  .option('path', file)
  .option('table', 'totals')
  .option('key', 'bucket')
  .start()
process.once('SIGINT', () => void query.stop({ graceful: true }))
await query.awaitTermination()
