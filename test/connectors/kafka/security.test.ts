import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { millrace } from '../../../src/index.ts'
import { USER } from '../../kafka-broker/broker.ts'
import { Cluster, numbered } from './cluster.ts'

let cluster: Cluster
let topic: string
beforeAll(async () => {
  cluster = await Cluster.start({ secure: true })
  topic = await cluster.topic(1)
  await cluster.send(topic, numbered(3))
}, 180_000)
afterAll(() => cluster?.stop())

const jaas = (password: string): string =>
  `org.apache.kafka.common.security.scram.ScramLoginModule required username="${USER.name}" password="${password}";`

/** Reads the topic, and writes to it. */
async function count(options: Readonly<Record<string, string>>): Promise<number> {
  await using session = millrace()
  const kafka = Object.fromEntries(Object.entries(options).map(([key, value]) => [`kafka.${key}`, value]))
  await session
    .sql("SELECT 'x' AS value")
    .write.format('kafka')
    .options({ ...kafka, topic })
    .save()
  const df = session.read
    .format('kafka')
    .options({ ...kafka, subscribe: topic })
    .load()
  return df.count()
}

test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('logs in by %s', async (mechanism) => {
  const options = {
    'bootstrap.servers': cluster.broker.saslServers,
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': mechanism,
  }
  expect(await count({ ...options, 'sasl.jaas.config': jaas(USER.password) })).toBeGreaterThan(3)
  const refused = await count({ ...options, 'sasl.jaas.config': jaas('not-the-password') }).catch((e: unknown) => e)
  expect(refused).toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED', params: { username: USER.name, mechanism } })
  expect(String((refused as Error).stack)).not.toContain('not-the-password')
})

test('encrypts, with a certificate that is trusted', async () => {
  const { trustPem } = cluster.broker.certificates!
  const options = { 'bootstrap.servers': cluster.broker.tlsServers, 'security.protocol': 'SSL' }
  const file = { 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': trustPem }
  expect(await count({ ...options, ...file })).toBeGreaterThan(3)
  expect(await count({ ...options, 'ssl.truststore.certificates': readFileSync(trustPem, 'utf8') })).toBeGreaterThan(3)
  await expect(count({ ...options, 'default.api.timeout.ms': '500' })).rejects.toMatchObject({
    code: 'KAFKA_CONNECTION_FAILED',
  })
})

test('shows its own certificate where the broker wants one', async () => {
  const { trustPem, client, stranger, password } = cluster.broker.certificates!
  const options = {
    'bootstrap.servers': cluster.broker.mutualTlsServers,
    'security.protocol': 'SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': trustPem,
  }
  const stores: Readonly<Record<string, string>>[] = [
    { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': client.pem, 'ssl.key.password': password },
    {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.certificate.chain': readFileSync(client.certificatePem, 'utf8'),
      'ssl.keystore.key': readFileSync(client.keyPem, 'utf8'),
      'ssl.key.password': password,
    },
    { 'ssl.keystore.type': 'PKCS12', 'ssl.keystore.location': client.pkcs12, 'ssl.keystore.password': password },
  ]
  for (const store of stores) expect(await count({ ...options, ...store })).toBeGreaterThan(3)
  const unknown = { ...stores[0]!, 'ssl.keystore.location': stranger.pem }
  for (const store of [{}, unknown]) {
    const refused = await count({ ...options, ...store, 'default.api.timeout.ms': '500' }).catch((e: unknown) => e)
    expect(refused).toMatchObject({
      code: 'KAFKA_CONNECTION_FAILED',
      message: expect.stringMatching(/certificate/) as string,
    })
  }
  const wrong = { ...stores[0]!, 'ssl.key.password': 'not-the-password' }
  const unread = await count({ ...options, ...wrong }).catch((e: unknown) => e)
  expect(unread).toMatchObject({ code: 'OPTION_INVALID', params: { option: 'kafka.ssl.key.password' } })
  expect(String((unread as Error).stack)).not.toContain('not-the-password')
})

test('does both at once', async () => {
  const { trustPem } = cluster.broker.certificates!
  expect(
    await count({
      'bootstrap.servers': cluster.broker.saslTlsServers,
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.jaas.config': jaas(USER.password),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': trustPem,
    }),
  ).toBeGreaterThan(3)
})

test('says what it may be when the port speaks another protocol', async () => {
  const error = await count({
    'bootstrap.servers': cluster.broker.tlsServers,
    'default.api.timeout.ms': '500',
  }).catch((e: unknown) => e)
  expect((error as Error).message).toMatch(/kafka\.security\.protocol|PLAINTEXT/)
})

test('shows no secrets in listings, plans, progress and errors', async () => {
  await using session = millrace()
  const secret = 'hunter2-secret'
  const options = `'kafka.bootstrap.servers' '${cluster.broker.servers}', subscribe '${topic}', 'kafka.sasl.jaas.config' '${jaas(secret).replaceAll('"', '\\"')}'`
  await session.sql(`CREATE TABLE logins USING kafka OPTIONS (${options})`).collect()
  const texts = await Promise.all(
    ['DESCRIBE EXTENDED logins', 'SHOW CREATE TABLE logins', 'EXPLAIN EXTENDED SELECT * FROM logins'].map(async (sql) =>
      JSON.stringify(await session.sql(sql).collect()),
    ),
  )
  const query = await session
    .sql('SELECT * FROM STREAM logins')
    .writeStream.format('noop')
    .option('checkpointLocation', ':memory:')
    .start()
  await query.processAllAvailable()
  texts.push(query.explainString(true), JSON.stringify(query.lastProgress), JSON.stringify(query.status))
  for (const text of texts) expect(text).not.toContain(secret)
  expect(texts.slice(0, 2).join()).toContain('redacted')
})
