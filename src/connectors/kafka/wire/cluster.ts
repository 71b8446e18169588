import { setTimeout as sleep } from 'node:timers/promises'
import { ExecutionError } from '../../../errors/errors.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { type Address, type Api, Connection, connectionFailed } from './connection.ts'
import { type KafkaErrorCode, errorCode } from './error-codes.ts'
import { FIND_COORDINATOR } from './producer-requests.ts'
import { METADATA, type MetadataResponse, type TopicPartition } from './requests.ts'

/** How long something is tried again before the query's status says so. */
const WORTH_TELLING_MS = 100

/** The brokers of a cluster: who leads which partition, and a connection to each that is asked something. */
export class Cluster {
  readonly config: ConnectionConfig
  readonly #signal: AbortSignal
  readonly #closing = new AbortController()
  readonly #brokers = new Map<number, Address>()
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #leaders = new Map<string, number>()
  readonly #coordinators = new Map<string, number>()
  #reached = false
  /** Connections that were lost or given up. */
  reconnects = 0

  readonly #trouble: (text: string | null) => void

  /** `trouble` is told what is being tried again, and null when it has succeeded. When `signal` aborts, all that waits fails. */
  constructor(config: ConnectionConfig, signal: AbortSignal, trouble: (text: string | null) => void) {
    this.config = config
    this.#signal = signal
    this.#trouble = trouble
    signal.addEventListener('abort', () => void this.close(), { once: true, signal: this.#closing.signal })
  }

  /** Asks any broker about topics and remembers what it says of leaders. */
  async metadata(topics: readonly string[] | null, create = false): Promise<MetadataResponse> {
    const response = await this.#askAny(METADATA, { topics, create })
    for (const { id, host, port } of response.brokers) this.#brokers.set(id, { host, port })
    for (const topic of response.topics)
      for (const { partition, leader } of topic.partitions) this.#leaders.set(`${topic.name} ${partition}`, leader)
    return response
  }

  /** Sends one request to one broker. */
  async ask<Q, A>(node: number, api: Api<Q, A>, request: Q, timeoutMs?: number): Promise<A> {
    const address = this.#brokers.get(node)
    if (address === undefined) throw retriable('BROKER_NOT_AVAILABLE', api.name, `broker ${node}`)
    return (await this.#connection(address)).request(api, request, timeoutMs)
  }

  /** The partitions by the broker that leads them; looks up those not known. */
  async byLeader<P extends TopicPartition>(partitions: readonly P[]): Promise<ReadonlyMap<number, readonly P[]>> {
    const leaderOf = (p: P): number | undefined => this.#leaders.get(`${p.topic} ${p.partition}`)
    if (partitions.some((p) => (leaderOf(p) ?? -1) < 0))
      await this.metadata([...new Set(partitions.map((p) => p.topic))])
    const out = new Map<number, P[]>()
    for (const p of partitions) {
      const leader = leaderOf(p) ?? -1
      if (leader < 0) throw retriable('LEADER_NOT_AVAILABLE', 'Metadata', `${p.topic}-${p.partition}`)
      const list = out.get(leader)
      if (list === undefined) out.set(leader, [p])
      else list.push(p)
    }
    return out
  }

  /** Forgets who leads and keeps what, so that it is asked again. */
  forgetLeaders(): void {
    this.#leaders.clear()
    this.#coordinators.clear()
  }

  /** The broker that keeps the offsets of a group, or the transactions of an id. */
  async coordinator(key: string, type: 'group' | 'transaction'): Promise<number> {
    const known = this.#coordinators.get(`${type} ${key}`)
    if (known !== undefined) return known
    const { code, id, host, port } = await this.#askAny(FIND_COORDINATOR, { key, type })
    check(code, 'FindCoordinator', key)
    this.#brokers.set(id, { host, port })
    this.#coordinators.set(`${type} ${key}`, id)
    return id
  }

  /**
   * Runs `attempt` until it succeeds, fails for good, or `default.api.timeout.ms` is over; between tries it waits and forgets
   * leaders. Errors that are not transient are thrown at once; a cluster that was never reached is not waited for longer than a
   * connection is.
   */
  async retrying<T>(attempt: () => Promise<T>, firstWaitMs = this.config.retryBackoffMs): Promise<T> {
    const { apiTimeoutMs, connectTimeoutMs } = this.config
    const since = performance.now()
    const until = since + (this.#reached ? apiTimeoutMs : Math.min(apiTimeoutMs, connectTimeoutMs))
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(1000, waitMs * 2)) {
      try {
        const result = await attempt()
        if (waitMs > firstWaitMs) this.#trouble(null)
        return result
      } catch (error) {
        const mayHelp = error instanceof ExecutionError && error.transient && !this.#stopped
        if (!mayHelp || performance.now() + waitMs > until) throw error
        if (!isEnding(error)) this.forgetLeaders()
        const stalledMs = Math.round(performance.now() - since)
        // Markers of the transaction before, and leaders that change, are over sooner: nobody need hear of them.
        if (stalledMs >= WORTH_TELLING_MS)
          this.#trouble(`stalled for ${stalledMs} ms, trying again: ${firstLine(error)}`)
        await this.#pause(waitMs)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: AbortSignal.any([this.#signal, this.#closing.signal]) }).catch(() => {
      throw connectionFailed(this.config.bootstrap, 'the query stops')
    })
  }

  get #stopped(): boolean {
    return this.#signal.aborted || this.#closing.signal.aborted
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const open = [...this.#connections.values()]
    this.#connections.clear()
    for (const result of await Promise.allSettled(open)) if (result.status === 'fulfilled') result.value.close()
  }

  async #askAny<Q, A>(api: Api<Q, A>, request: Q): Promise<A> {
    let last: unknown
    // A broker that is connected answers at once; the bootstrap list is there for when all others are gone.
    const known = [...this.#brokers].map(([id, address]) => ({ id, address }))
    const bootstrap = this.config.bootstrap.map((address) => ({ id: null, address }))
    for (const { id, address } of [...known, ...bootstrap]) {
      if (this.#stopped) break
      try {
        return await (await this.#connection(address)).request(api, request)
      } catch (error) {
        if (!(error instanceof ExecutionError && error.transient)) throw error
        last = error
        // The last to be asked next time: one that does not even refuse costs a whole timeout.
        if (id !== null && this.#brokers.delete(id)) this.#brokers.set(id, address)
      }
    }
    throw last ?? connectionFailed(this.config.bootstrap, 'the query stops')
  }

  async #connection(address: Address): Promise<Connection> {
    const key = `${address.host} ${address.port}`
    const known = this.#connections.get(key)
    if (known !== undefined) {
      const connection = await known.catch(() => null)
      if (connection?.isOpen === true) return connection
      if (this.#connections.get(key) === known) {
        this.#connections.delete(key)
        this.reconnects++
      }
      return this.#connection(address)
    }
    const signal = AbortSignal.any([this.#signal, this.#closing.signal])
    if (signal.aborted) throw connectionFailed([address], 'the query stops')
    const opening = Connection.open(address, this.config, signal)
    this.#connections.set(key, opening)
    try {
      const connection = await opening
      this.#reached = true
      return connection
    } catch (error) {
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
      throw error
    }
  }
}

/** The coordinator is still at the transaction before: it is the right one to ask again. */
const isEnding = (error: ExecutionError): boolean => error.params['error'] === 'CONCURRENT_TRANSACTIONS'

const firstLine = (error: Error): string => error.message.split('\n')[0]!

const retriable = (error: string, request: string, what: string): ExecutionError =>
  new ExecutionError('KAFKA_REQUEST_FAILED', { error, request, what }, { transient: true })

/** Throws KAFKA_REQUEST_FAILED unless the code is 0; `hint` says what to do about some of them. */
export function check(code: number, request: string, what: string): void {
  if (code === 0) return
  throw requestFailed(errorCode(code), request, what)
}

/** The broker's answer as an error of ours. */
export function requestFailed(
  { name, retriable: transient }: KafkaErrorCode,
  request: string,
  what: string,
): ExecutionError {
  const hint = HINTS[name] ?? (name.endsWith('AUTHORIZATION_FAILED') ? 'the user needs an ACL for it' : undefined)
  return new ExecutionError('KAFKA_REQUEST_FAILED', { error: name, request, what }, { transient, hint })
}

const FENCED = 'another run of this query has taken over: two processes must not write from one checkpoint'
const HINTS: Readonly<Record<string, string>> = {
  INVALID_PRODUCER_EPOCH: FENCED,
  PRODUCER_FENCED: FENCED,
  INVALID_TRANSACTION_TIMEOUT: "kafka.transaction.timeout.ms is above the brokers' transaction.max.timeout.ms",
  UNKNOWN_TOPIC_OR_PARTITION: 'is the topic there, and spelled so?',
}
