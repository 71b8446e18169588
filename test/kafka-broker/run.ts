/** `npm run kafka [port]`: a broker for trying things out, until Ctrl-C. Its data are gone then. */
import { startBroker } from './broker.ts'
import { missingForBroker } from './jars.ts'

const missing = missingForBroker()
if (missing.length > 0) {
  console.error(`a Kafka broker cannot be started; missing: ${missing.join(', ')}`)
  process.exit(1)
}
const broker = await startBroker({ port: Number(process.argv[2] ?? 9092) })
console.log(`Kafka is up at ${broker.servers}; Ctrl-C ends it`)
const stay = setInterval(() => undefined, 1 << 30)
const end = (): void => {
  clearInterval(stay)
  void broker.stop()
}
process.once('SIGINT', end)
process.once('SIGTERM', end)
