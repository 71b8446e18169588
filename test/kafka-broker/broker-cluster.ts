import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokerProcess, formatStorage, freePorts, lines, type Properties, runTool } from './broker-process.ts'

/** Three nodes of Apache Kafka, each broker and controller, so that any one of them may die. */
export interface BrokerCluster {
  /** host:port of each, with commas. */
  readonly servers: string
  /** host:port by node id; ids count from 1. */
  readonly addresses: ReadonlyMap<number, string>
  kill(node: number): Promise<void>
  /** Starts a node that was killed again, on its data and ports, and waits until it takes requests. */
  restart(node: number): Promise<void>
  /** Runs a main class of Kafka's own tools with its output as text; throws when it fails. */
  tool(mainClass: string, args: readonly string[], input?: string): string
  stop(): Promise<void>
}

const NODES = [1, 2, 3]
/** A node takes about 0.4 GB with this. */
const HEAP_MB = 256

/** Starts the cluster: everything is kept by three nodes, written when two have it, and a dead node is noticed within two seconds. */
export async function startBrokerCluster(more: Properties = {}): Promise<BrokerCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-kafka-cluster-'))
  const ports = await freePorts(2 * NODES.length)
  const addresses = new Map(NODES.map((id, i) => [id, `127.0.0.1:${ports[i]}`]))
  const controllers = new Map(NODES.map((id, i) => [id, `127.0.0.1:${ports[NODES.length + i]}`]))
  const nodes = new Map(
    NODES.map((id) => {
      const data = join(dir, `data-${id}`)
      const file = join(dir, `server-${id}.properties`)
      const plain = `PLAIN://${addresses.get(id)}`
      mkdirSync(data)
      const own = {
        'node.id': id,
        listeners: `${plain},CONTROLLER://${controllers.get(id)}`,
        'advertised.listeners': plain,
        'controller.quorum.voters': [...controllers].map(([voter, at]) => `${voter}@${at}`).join(','),
        'log.dirs': data,
      }
      writeFileSync(file, lines({ ...own, ...SHARED, ...more }))
      return [id, new BrokerProcess(file, [plain], HEAP_MB)] as const
    }),
  )
  const stop = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((node) => node.kill()))
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    for (const id of NODES) formatStorage(join(dir, `server-${id}.properties`))
    for (const node of nodes.values()) node.launch()
    for (const node of nodes.values()) await node.ready()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    servers: [...addresses.values()].join(','),
    addresses,
    kill: (id) => nodes.get(id)!.kill(),
    restart: async (id) => {
      nodes.get(id)!.launch()
      await nodes.get(id)!.ready()
    },
    tool: runTool,
    stop,
  }
}

const SHARED: Properties = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAIN',
  'listener.security.protocol.map': 'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
  'offsets.topic.num.partitions': 3,
  'offsets.topic.replication.factor': 3,
  'transaction.state.log.num.partitions': 3,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
  'group.initial.rebalance.delay.ms': 0,
  'broker.heartbeat.interval.ms': 300,
  'broker.session.timeout.ms': 2000,
  'replica.lag.time.max.ms': 2000,
  'controller.quorum.fetch.timeout.ms': 1000,
  'controller.quorum.election.timeout.ms': 500,
}
