// `npm run kafka [port]`: install, build what is not built, and run a Kafka broker on loopback until Ctrl-C (test/kafka-broker).
import { build, install, isFile, run } from './steps.mjs'

const broker = 'dist/test/kafka-broker/run.js'
install()
if (!isFile(broker)) build()
process.exitCode = run('node', [broker, ...process.argv.slice(2)])
