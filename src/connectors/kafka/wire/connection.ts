import net from 'node:net'
import tls from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExecutionError, OptionError } from '../../../errors/errors.ts'
import type { ConnectionConfig } from '../connection-config.ts'
import { errorCode } from './error-codes.ts'
import { Reader } from './reader.ts'
import { ScramClient } from './scram.ts'
import { Writer } from './writer.ts'

/** One kind of request, in the one version this client speaks; `flexible` versions carry tagged fields. */
export interface Api<Request, Response> {
  readonly name: string
  readonly key: number
  readonly version: number
  readonly flexible?: boolean
  /** Nothing comes back (produce with acks=0): never used here, so every request has an answer. */
  write(request: Request, w: Writer): void
  read(r: Reader): Response
}

const API_VERSIONS: Api<
  null,
  { readonly code: number; readonly versions: ReadonlyMap<number, readonly [number, number]> }
> = {
  name: 'ApiVersions',
  key: 18,
  version: 0,
  write: () => undefined,
  read: (r) => ({
    code: r.int16(),
    versions: new Map(r.array(() => [r.int16(), [r.int16(), r.int16()]] as const)),
  }),
}
const SASL_HANDSHAKE: Api<string, { readonly code: number; readonly mechanisms: readonly string[] }> = {
  name: 'SaslHandshake',
  key: 17,
  version: 1,
  write: (mechanism, w) => void w.string(mechanism),
  read: (r) => ({ code: r.int16(), mechanisms: r.array(() => r.string()) }),
}
const SASL_AUTHENTICATE: Api<
  Buffer,
  { readonly code: number; readonly message: string | null; readonly bytes: Buffer }
> = {
  name: 'SaslAuthenticate',
  key: 36,
  version: 1,
  write: (bytes, w) => void w.bytes(bytes),
  read: (r) => ({ code: r.int16(), message: r.nullableString(), bytes: r.bytes() }),
}

interface Waiting {
  readonly flexible: boolean
  readonly resolve: (r: Reader) => void
  readonly reject: (error: unknown) => void
}

/** An address a broker is reached at. */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * One connection to one broker, authenticated. Requests may be many at once; answers find theirs by number. A request that
 * is not answered in time, and any fault of the socket, ends the connection and fails all that wait, marked transient.
 */
export class Connection {
  readonly address: Address
  readonly #config: ConnectionConfig
  readonly #socket: net.Socket
  readonly #waiting = new Map<number, Waiting>()
  #versions: ReadonlyMap<number, readonly [number, number]> = new Map()
  #nextId = 1
  #ended: ExecutionError | null = null
  /** Of the frame under way: its size and what has come of it. */
  readonly #sizeBytes = Buffer.alloc(4)
  #sizeRead = 0
  #frame: Buffer | null = null
  #frameRead = 0

  /** Connects, asks what the broker speaks, and logs in. */
  static async open(address: Address, config: ConnectionConfig, signal: AbortSignal): Promise<Connection> {
    const socket = await connect(address, config, signal)
    const connection = new Connection(address, config, socket)
    try {
      const { code, versions } = await connection.#send(API_VERSIONS, null, config.requestTimeoutMs)
      if (code !== 0) throw protocol(`${errorCode(code).name} from ApiVersions`)
      connection.#versions = versions
      if (config.sasl !== null) await connection.#logIn(config.sasl)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  private constructor(address: Address, config: ConnectionConfig, socket: net.Socket) {
    this.address = address
    this.#config = config
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#data(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(null))
  }

  get isOpen(): boolean {
    return this.#ended === null
  }

  close(): void {
    this.#end(null)
  }

  /** Sends one request; `timeoutMs` beyond the time the broker is told to wait. */
  async request<Q, A>(api: Api<Q, A>, request: Q, timeoutMs = this.#config.requestTimeoutMs): Promise<A> {
    const range = this.#versions.get(api.key)
    if (range === undefined || api.version < range[0] || api.version > range[1]) {
      const spoken = range === undefined ? 'none' : `${range[0]} to ${range[1]}`
      throw new ExecutionError(
        'KAFKA_PROTOCOL_FAILED',
        { message: `${at(this.address)} speaks versions ${spoken} of ${api.name}, ${api.version} is needed` },
        { hint: 'Kafka 2.8 or newer is needed' },
      )
    }
    return this.#send(api, request, timeoutMs)
  }

  async #send<Q, A>(api: Api<Q, A>, request: Q, timeoutMs: number): Promise<A> {
    if (this.#ended !== null) throw this.#ended
    const id = this.#nextId
    this.#nextId = (id % 0x7fffffff) + 1
    const w = new Writer()
    const size = w.reserve(4)
    w.int16(api.key).int16(api.version).int32(id).string(this.#config.clientId)
    if (api.flexible === true) w.tags()
    api.write(request, w)
    w.patchInt32(size, w.length - 4)
    const answered = new Promise<Reader>((resolve, reject) =>
      this.#waiting.set(id, { flexible: api.flexible === true, resolve, reject }),
    )
    const timer = setTimeout(
      () => this.#end(new KafkaTimeout(`${api.name} was not answered within ${timeoutMs} ms`)),
      Math.max(1, timeoutMs),
    )
    try {
      this.#socket.write(w.written)
      return api.read(await answered)
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  async #logIn(sasl: NonNullable<ConnectionConfig['sasl']>): Promise<void> {
    const { mechanism, username, password } = sasl
    const refused = (message: string): ExecutionError =>
      new ExecutionError(
        'KAFKA_AUTHENTICATION_FAILED',
        { server: at(this.address), username, mechanism, message },
        { hint: 'kafka.sasl.mechanism and kafka.sasl.jaas.config say how to log in' },
      )
    const timeoutMs = this.#config.requestTimeoutMs
    const { code, mechanisms } = await this.#send(SASL_HANDSHAKE, mechanism, timeoutMs)
    if (code !== 0) throw refused(`the broker takes ${mechanisms.join(', ') || errorCode(code).name}`)
    const say = async (bytes: Buffer): Promise<Buffer> => {
      const answer = await this.#send(SASL_AUTHENTICATE, bytes, timeoutMs)
      if (answer.code !== 0) throw refused(answer.message ?? errorCode(answer.code).name)
      return answer.bytes
    }
    if (mechanism === 'PLAIN') {
      await say(Buffer.from(`\0${username}\0${password}`))
      return
    }
    const scram = new ScramClient(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', username, password)
    const final = scram.final(await say(scram.first()))
    if (final === null) throw refused('the challenge of the broker is not for this login')
    if (!scram.verifies(await say(final))) throw refused('the broker does not know the password itself')
  }

  #data(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#frame === null) {
        const n = chunk.copy(this.#sizeBytes, this.#sizeRead, at, at + 4 - this.#sizeRead)
        at += n
        this.#sizeRead += n
        if (this.#sizeRead < 4) return
        this.#sizeRead = 0
        const size = this.#sizeBytes.readInt32BE(0)
        if (size < 4 || size > MAX_FRAME_BYTES) {
          this.#end(protocol(`an answer of ${size} bytes; is ${this.#config.securityProtocol} what the port speaks?`))
          return
        }
        // Columns may keep parts of it: it must not share memory with others.
        this.#frame = Buffer.allocUnsafeSlow(size)
        this.#frameRead = 0
      }
      const n = chunk.copy(this.#frame, this.#frameRead, at)
      at += n
      this.#frameRead += n
      if (this.#frameRead < this.#frame.length) return
      const frame = this.#frame
      this.#frame = null
      this.#answer(new Reader(frame))
    }
  }

  #answer(r: Reader): void {
    const waiting = this.#waiting.get(r.int32())
    if (waiting === undefined) return
    if (waiting.flexible) r.skipTags()
    waiting.resolve(r)
  }

  #end(cause: Error | null): void {
    if (this.#ended !== null) return
    this.#ended =
      cause instanceof ExecutionError
        ? cause
        : connectionFailed([this.address], cause ?? 'the broker closed the connection')
    this.#socket.destroy()
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}

/** No broker sends more in one answer than what was asked for and one batch; this is a sign of another protocol. */
const MAX_FRAME_BYTES = 1 << 30

/** An answer that did not come. */
export class KafkaTimeout extends ExecutionError {
  constructor(message: string) {
    super('KAFKA_CONNECTION_FAILED', { servers: 'the broker', message }, { transient: true })
  }
}

const at = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** None of these could be reached, or one of them not any more. */
export function connectionFailed(addresses: readonly Address[], cause: unknown): ExecutionError {
  const message = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new ExecutionError(
    'KAFKA_CONNECTION_FAILED',
    { servers: addresses.map(at).join(','), message },
    {
      transient: true,
      ...(cause instanceof Error ? { cause } : {}),
      hint: 'is the broker up, and does kafka.security.protocol name what its port speaks?',
    },
  )
}

const protocol = (message: string): ExecutionError => new ExecutionError('KAFKA_PROTOCOL_FAILED', { message })

/** Throws OptionError for certificates and keys that cannot be read: no broker has been asked yet. */
function secureSocket({ host, port }: Address, secure: tls.ConnectionOptions): net.Socket {
  try {
    return tls.connect({ ...secure, host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}) })
  } catch (cause) {
    const value = cause instanceof Error ? cause.message : String(cause)
    const isPassword = /decrypt|passphrase|mac verify/i.test(value)
    throw new OptionError(
      'OPTION_INVALID',
      {
        format: 'kafka',
        option: isPassword ? 'kafka.ssl.key.password' : 'kafka.ssl.keystore',
        value,
        expected: isPassword ? 'the password of the key' : 'certificates and a key',
      },
      { cause, hint: 'kafka.ssl.keystore.password is that of the key too where kafka.ssl.key.password is not given' },
    )
  }
}

async function connect(address: Address, config: ConnectionConfig, signal: AbortSignal): Promise<net.Socket> {
  const { host, port } = address
  const secure = config.tls
  const socket = secure === null ? net.connect({ host, port, noDelay: true }) : secureSocket(address, secure)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  const cancel = new AbortController()
  try {
    await Promise.race([
      new Promise<void>((resolve, reject) => {
        socket.once(secure === null ? 'connect' : 'secureConnect', resolve)
        socket.once('error', reject)
        socket.once('close', () => reject(connectionFailed([address], 'the broker closed the connection')))
        signal.addEventListener('abort', () => reject(connectionFailed([address], 'the query stops')), {
          once: true,
          signal: cancel.signal,
        })
      }),
      sleep(config.connectTimeoutMs, undefined, { signal: cancel.signal }).then(() => {
        throw connectionFailed([address], `no connection within ${config.connectTimeoutMs} ms`)
      }),
    ])
    socket.removeAllListeners('error').removeAllListeners('close')
    return socket
  } catch (error) {
    socket.removeAllListeners('error').on('error', () => undefined)
    socket.destroy()
    throw error instanceof ExecutionError ? error : connectionFailed([address], error)
  } finally {
    cancel.abort()
  }
}
