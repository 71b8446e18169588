import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokerClassPath } from './jars.ts'

/** Little memory and a quick start count for more than speed here. */
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

let found: string | null = null
const classPath = (): string => (found ??= brokerClassPath())

/** Settings of a node, as lines of server.properties. */
export type Properties = Readonly<Record<string, string | number>>

export const lines = (properties: Properties): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')

/** Runs a main class of Kafka's own tools with its output as text; throws when it fails. */
export function runTool(mainClass: string, args: readonly string[], input = ''): string {
  const java = ['-Xmx256m', ...JVM, '-cp', classPath()]
  const { status, stdout, stderr } = spawnSync('java', [...java, mainClass, ...args], {
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`${mainClass} failed:\n${stdout}${stderr}`)
  return stdout
}

/** Every node formatted with it is of one cluster. */
const CLUSTER_ID = 'bWlsbHJhY2UtdGVzdC0wMQ'

/** Prepares the data directories a file of settings names. */
export const formatStorage = (file: string, more: readonly string[] = []): string =>
  runTool('kafka.tools.StorageTool', ['format', '-t', CLUSTER_ID, '-c', file, ...more])

/** The process of one node. It is killed with the process that started it. */
export class BrokerProcess {
  readonly #file: string
  readonly #listeners: readonly string[]
  readonly #heapMb: number
  #child: ChildProcess | null = null
  #output: string[] = []
  readonly #killNow = (): void => void this.#child?.kill('SIGKILL')

  /** `listeners` as name://host:port: it is up when they are open. */
  constructor(file: string, listeners: readonly string[], heapMb: number) {
    this.#file = file
    this.#listeners = listeners
    this.#heapMb = heapMb
  }

  get pid(): number {
    return this.#child!.pid!
  }

  launch(): void {
    const java = [`-Xmx${this.#heapMb}m`, ...JVM, '-cp', classPath()]
    this.#output = []
    this.#child = spawn('java', [...java, 'kafka.Kafka', this.#file], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (text: Buffer) => this.#output.push(String(text)))
    process.off('exit', this.#killNow)
    process.once('exit', this.#killNow)
  }

  /** Waits until all ports are open. */
  async ready(): Promise<void> {
    for (const listener of this.#listeners) await this.#listening(listener)
  }

  /** SIGKILL; the data stay. */
  async kill(): Promise<void> {
    process.off('exit', this.#killNow)
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGKILL')
    await ended
  }

  async #listening(listener: string): Promise<void> {
    const port = Number(listener.split(':').at(-1))
    for (const until = performance.now() + 60_000; performance.now() < until; await sleep(50)) {
      if (this.#child!.exitCode !== null) throw new Error(`the broker ended at once:\n${this.#output.join('')}`)
      const open = await new Promise<boolean>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(true))
        socket.on('error', () => resolve(false))
        socket.on('connect', () => socket.destroy())
      })
      if (open) return
    }
    throw new Error(`the broker does not listen at ${listener}:\n${this.#output.join('')}`)
  }
}

/** Ports that nobody uses; held all at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
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
