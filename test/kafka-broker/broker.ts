import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokerProcess, formatStorage, freePorts, lines, type Properties, runTool } from './broker-process.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

/** Who may log in at the SASL ports, by PLAIN and by SCRAM. */
export const USER = { name: 'alice', password: 'alice-secret' }

/** A running broker: one node of Apache Kafka in KRaft mode, on loopback only. */
export interface Broker {
  /** host:port without encryption and login. */
  readonly servers: string
  /** With `secure`: SASL without and with TLS, and TLS alone. */
  readonly saslServers: string
  readonly tlsServers: string
  readonly saslTlsServers: string
  /** TLS where a client has to show its certificate. */
  readonly mutualTlsServers: string
  readonly certificates: Certificates | null
  readonly pid: number
  /** SIGKILL; the data stay. */
  kill(): Promise<void>
  /** Starts a broker that was killed again, on the same data and ports, and waits until it takes requests. */
  restart(): Promise<void>
  /** Runs a main class of Kafka's own tools with its output as text; throws when it fails. */
  tool(mainClass: string, args: readonly string[], input?: string): string
  stop(): Promise<void>
}

export interface BrokerOptions {
  readonly port?: number
  /** Ports with TLS and with logins too. */
  readonly secure?: boolean
  /** More lines for server.properties. */
  readonly properties?: Properties
}

const HEAP_MB = 384

/** Formats a fresh data directory, starts a broker over it and waits until it takes requests. Data live until `stop`. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  const ports = await freePorts(6)
  if (options.port !== undefined) ports[0] = options.port
  const [plain, controller, sasl, tls, saslTls, mutualTls] = ports.map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const secure = options.secure === true
  const certificates = secure ? makeCertificates(dir) : null
  const listeners = [
    `PLAIN://${plain}`,
    ...(secure ? [`SASL://${sasl}`, `TLS://${tls}`, `SASLTLS://${saslTls}`, `MTLS://${mutualTls}`] : []),
  ]
  mkdirSync(join(dir, 'data'))
  const file = join(dir, 'server.properties')
  writeFileSync(
    file,
    lines({
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@${controller}`,
      'controller.listener.names': 'CONTROLLER',
      listeners: [...listeners, `CONTROLLER://${controller}`].join(','),
      'advertised.listeners': listeners.join(','),
      'inter.broker.listener.name': 'PLAIN',
      'listener.security.protocol.map':
        'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL,MTLS:SSL',
      'log.dirs': join(dir, 'data'),
      'num.partitions': 3,
      'offsets.topic.num.partitions': 2,
      'offsets.topic.replication.factor': 1,
      'transaction.state.log.num.partitions': 2,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'group.initial.rebalance.delay.ms': 0,
      ...(certificates === null ? {} : security(certificates)),
      ...options.properties,
    }),
  )
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => [
    '--add-scram',
    `${m}=[name=${USER.name},password=${USER.password}]`,
  ])
  formatStorage(file, secure ? scram : [])
  const node = new BrokerProcess(file, listeners, HEAP_MB)
  const stop = async (): Promise<void> => {
    await node.kill()
    rmSync(dir, { recursive: true, force: true })
  }
  const launch = async (): Promise<void> => {
    node.launch()
    await node.ready()
  }
  try {
    await launch()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    servers: plain,
    saslServers: sasl,
    tlsServers: tls,
    saslTlsServers: saslTls,
    mutualTlsServers: mutualTls,
    certificates,
    get pid() {
      return node.pid
    },
    kill: () => node.kill(),
    restart: launch,
    tool: runTool,
    stop,
  }
}

function security({ keyStore, password, client }: Certificates): Readonly<Record<string, string>> {
  const { name, password: secret } = USER
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${name}="${secret}";`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const out: Record<string, string> = {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keyStore,
    'ssl.keystore.password': password,
    'ssl.key.password': password,
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.mtls.ssl.truststore.type': 'PEM',
    'listener.name.mtls.ssl.truststore.location': client.certificatePem,
  }
  for (const listener of ['sasl', 'sasltls']) {
    out[`listener.name.${listener}.sasl.enabled.mechanisms`] = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'
    out[`listener.name.${listener}.plain.sasl.jaas.config`] = plain
    out[`listener.name.${listener}.scram-sha-256.sasl.jaas.config`] = scram
    out[`listener.name.${listener}.scram-sha-512.sasl.jaas.config`] = scram
  }
  return out
}
