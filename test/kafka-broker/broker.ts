import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Certificates, makeCertificates } from './certificates.ts'
import { brokerClassPath } from './jars.ts'

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
  readonly properties?: Readonly<Record<string, string | number>>
}

/** Little memory and a quick start count for more than speed here. */
const JVM = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

/** Formats a fresh data directory, starts a broker over it and waits until it takes requests. Data live until `stop`. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const classPath = brokerClassPath()
  const dir = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  const ports = await freePorts(5)
  if (options.port !== undefined) ports[0] = options.port
  const [plain, controller, sasl, tls, saslTls] = ports.map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const secure = options.secure === true
  const certificates = secure ? makeCertificates(dir) : null
  const listeners = [`PLAIN://${plain}`, ...(secure ? [`SASL://${sasl}`, `TLS://${tls}`, `SASLTLS://${saslTls}`] : [])]
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
        'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL',
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
  const java = [...JVM, '-cp', classPath]
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => [
    '--add-scram',
    `${m}=[name=${USER.name},password=${USER.password}]`,
  ])
  const format = ['kafka.tools.StorageTool', 'format', '-t', 'bWlsbHJhY2UtdGVzdC0wMQ', '-c', file]
  run(java, [...format, ...(secure ? scram : [])])
  const launch = (): { readonly child: ChildProcess; readonly output: readonly string[] } => {
    const child = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => output.push(String(text)))
    return { child, output }
  }
  let running = launch()
  const killNow = (): void => void running.child.kill('SIGKILL')
  process.once('exit', killNow)
  const kill = async (): Promise<void> => {
    killNow()
    await ended(running.child)
  }
  const stop = async (): Promise<void> => {
    process.off('exit', killNow)
    await kill()
    rmSync(dir, { recursive: true, force: true })
  }
  const ready = async (): Promise<void> => {
    for (const address of listeners) await listening(address, running.child, running.output)
  }
  try {
    await ready()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    servers: plain,
    saslServers: sasl,
    tlsServers: tls,
    saslTlsServers: saslTls,
    certificates,
    get pid() {
      return running.child.pid!
    },
    kill,
    restart: async () => {
      running = launch()
      await ready()
    },
    tool: (mainClass, args, input) => run(java, [mainClass, ...args], input),
    stop,
  }
}

function security({ keyStore, password }: Certificates): Readonly<Record<string, string>> {
  const { name, password: secret } = USER
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${name}="${secret}";`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const out: Record<string, string> = {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keyStore,
    'ssl.keystore.password': password,
    'ssl.key.password': password,
  }
  for (const listener of ['sasl', 'sasltls']) {
    out[`listener.name.${listener}.sasl.enabled.mechanisms`] = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'
    out[`listener.name.${listener}.plain.sasl.jaas.config`] = plain
    out[`listener.name.${listener}.scram-sha-256.sasl.jaas.config`] = scram
    out[`listener.name.${listener}.scram-sha-512.sasl.jaas.config`] = scram
  }
  return out
}

const lines = (properties: Readonly<Record<string, string | number>>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')

function run(java: readonly string[], args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('java', [...java, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`${args[0]} failed:\n${stdout}${stderr}`)
  return stdout
}

/** Waits until a port is open. */
async function listening(listener: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  const port = Number(listener.split(':').at(-1))
  for (const until = performance.now() + 60_000; performance.now() < until; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`the broker ended at once:\n${output.join('')}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
  }
  throw new Error(`the broker does not listen at ${listener}:\n${output.join('')}`)
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()))

/** Ports that nobody uses; held all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve, reject) => {
          const server = net.createServer()
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((s) => (s.address() as net.AddressInfo).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports
}
