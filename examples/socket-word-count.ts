// Counts words that arrive over TCP. In one terminal: `nc -lk 9999`; in another, after npm run build:
//   node dist/examples/socket-word-count.js localhost 9999
// Type lines into the first; each batch prints the whole table.
import { millrace } from '../src/index.ts'

const [host = 'localhost', port = '9999'] = process.argv.slice(2)
const session = millrace()

const lines = session.readStream.format('socket').option('host', host).option('port', port).load()
lines.createOrReplaceTempView('lines')
const counts = session.sql(`
  SELECT word AS value, count(*) AS count
  FROM (SELECT explode(split(value, ' ')) AS word FROM lines)
  GROUP BY word`)

const query = await counts.writeStream.outputMode('complete').format('console').start()
process.on('SIGINT', () => void query.stop())
await query.awaitTermination()
