/** Gets the jars of the broker ahead of the tests, so that they do not all ask for them at once. */
import { brokerClassPath, missingForBroker } from './jars.ts'

const missing = missingForBroker()
if (missing.length > 0) {
  console.error(`the tests of Kafka need a broker; missing: ${missing.join(', ')}`)
  process.exit(1)
}
brokerClassPath()
