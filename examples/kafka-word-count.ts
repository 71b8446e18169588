// Counts words of one Kafka topic into another. In one terminal: `npm run kafka`; in another, after npm run build:
//   node dist/examples/kafka-word-count.js 127.0.0.1:9092 lines counts /data/checkpoint
// Each changed count is a record with the word as its key, written exactly once to readers of committed records. The topic
// of lines has to be there; that of the counts is made when the broker makes topics by itself.
import { millrace } from '../src/index.ts'

const [servers = '127.0.0.1:9092', from = 'lines', to = 'counts', checkpoint = 'kafka-checkpoint'] =
  process.argv.slice(2)
const session = millrace()

const lines = session.readStream
  .format('kafka')
  .option('kafka.bootstrap.servers', servers)
  .option('subscribe', from)
  .option('startingOffsets', 'earliest')
  .load()
lines.selectExpr('CAST(value AS STRING) AS value').createOrReplaceTempView('lines')
const counts = session.sql(`
  SELECT word AS key, CAST(count(*) AS STRING) AS value
  FROM (SELECT explode(split(value, ' ')) AS word FROM lines)
  GROUP BY word`)

const query = await counts.writeStream
  .outputMode('update')
  .option('checkpointLocation', checkpoint)
  .format('kafka')
  .option('kafka.bootstrap.servers', servers)
  .option('topic', to)
  .start()
console.log('counting')
process.once('SIGINT', () => void query.stop({ graceful: true }))
await query.awaitTermination()
