// Hands records of one Kafka topic on to another, as they come. In one terminal: `npm run kafka`; in another, after npm run build:
//   node dist/examples/kafka-pass-through.js 127.0.0.1:9092 orders large-orders /data/checkpoint
// Records that are JSON with an amount over 100 are passed on, with their keys and headers. A batch begins as soon as there
// are records; to take them every so often instead, only the trigger changes:
//   .trigger(Trigger.ProcessingTime('10 seconds'))
import { millrace, Trigger } from '../src/index.ts'

const [servers = '127.0.0.1:9092', from = 'orders', to = 'large-orders', checkpoint = 'kafka-checkpoint'] =
  process.argv.slice(2)
const session = millrace()

const orders = session.readStream
  .format('kafka')
  .option('kafka.bootstrap.servers', servers)
  .option('subscribe', from)
  .option('startingOffsets', 'earliest')
  .option('includeHeaders', true)
  .option('kafka.isolation.level', 'read_committed')
  .load()

const query = await orders
  .where("CAST(get_json_object(CAST(value AS STRING), '$.amount') AS DOUBLE) > 100")
  .select('key', 'value', 'headers')
  .writeStream.trigger(Trigger.ProcessingTime(0))
  .option('checkpointLocation', checkpoint)
  .format('kafka')
  .option('kafka.bootstrap.servers', servers)
  .option('topic', to)
  .start()
console.log('passing on')
process.once('SIGINT', () => void query.stop({ graceful: true }))
await query.awaitTermination()
