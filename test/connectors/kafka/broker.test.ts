import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WireClient } from '../../../src/connectors/kafka/wire/wire-client.ts'
import { connectionConfig } from '../../../src/connectors/kafka/connection-config.ts'
import { KafkaSettings } from '../../../src/connectors/kafka/settings.ts'
import { freePort } from '../free-port.ts'

const RUN = 'dist/test/kafka-broker/run.js'

test('npm run kafka starts a broker and ends it', async () => {
  const port = await freePort()
  const child = spawn(process.execPath, [RUN, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect(String(line)).toBe(`Kafka is up at 127.0.0.1:${port}; Ctrl-C ends it\n`)
    const settings = new KafkaSettings({ 'kafka.bootstrap.servers': `127.0.0.1:${port}` }, {})
    const client = new WireClient(connectionConfig(settings), new AbortController().signal)
    expect((await client.topics(['made-by-asking'], true))[0]!.partitions).toEqual([0, 1, 2])
    await client.close()
  } finally {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  }
}, 120_000)

test('npm run kafka says what is missing', () => {
  const { status, stderr } = spawnSync(process.execPath, [RUN], { env: { PATH: '' }, encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toMatch(/missing: Java 17 or newer .*, Maven/)
})
