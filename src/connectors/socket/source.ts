/**
 * socket: lines of text from a TCP server.
 *
 *   offset   number of lines read
 *   replay   none: lines live in memory until they are committed; after a restart earlier ones are gone
 */
import net from 'node:net'
import type { Batch } from '../../columns/batch.ts'
import { MAX_BATCH_ROWS } from '../../columns/batch.ts'
import { batchOf } from '../../columns/builder.ts'
import { ExecutionError, OptionError } from '../../errors/errors.ts'
import { field, schemaOf, STRING, TIMESTAMP, type Schema } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { projection } from '../project.ts'
import { defineSource, type Options, type Source, type SourceContext } from '../provider.ts'
import { refuseSchema } from '../refuse-schema.ts'

const VALUE = schemaOf(field('value', STRING))
const VALUE_AND_TIME = schemaOf(field('value', STRING), field('timestamp', TIMESTAMP))
const schemaFor = (options: Options): Schema => (options['includeTimestamp'] === true ? VALUE_AND_TIME : VALUE)

export const socketSource = defineSource({
  format: 'socket',
  doc: 'Lines of UTF-8 text from a TCP server; for trying things out, as nothing can be read again.',
  options: {
    host: { type: 'string', doc: 'Host to connect to.', required: true },
    port: { type: 'int', doc: 'Port to connect to.', required: true },
    includeTimestamp: { type: 'boolean', default: false, doc: 'Adds the column timestamp: when the line arrived.' },
  },
  replay: 'none',
  supports: ['stream'],
  schema: (options, declared) => refuseSchema('socket', schemaFor(options), declared),
  open: (options, ctx) => SocketSource.connect(options, ctx),
  describe: (options) => `TextSocketV2[host: ${String(options['host'])}, port: ${String(options['port'])}]`,
})

class SocketSource implements Source<number> {
  readonly #ctx: SourceContext
  readonly #schema: Schema
  readonly #where: { readonly host: string; readonly port: number }
  readonly #project: (batch: Batch) => Batch
  readonly #socket: net.Socket
  /** Lines not committed yet; the first is line `#base` (from 0). */
  #lines: Value[][] = []
  #base = 0
  #begun: Buffer[] = []
  #failure: ExecutionError | null = null
  #frozen: number | null = null
  #started = false

  static connect(options: Options, ctx: SourceContext): Promise<SocketSource> {
    const where = { host: String(options['host']), port: Number(options['port']) }
    if (where.port < 1 || where.port > 65535)
      throw new OptionError('OPTION_INVALID', {
        format: 'socket',
        option: 'port',
        value: where.port,
        expected: 'a port from 1 to 65535',
      })
    const socket = net.connect(where)
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error): void => reject(connectionFailed(where, cause))
      socket.once('error', refuse)
      socket.once('connect', () => {
        socket.off('error', refuse)
        resolve(new SocketSource(options, ctx, where, socket))
      })
    })
  }

  constructor(options: Options, ctx: SourceContext, where: { host: string; port: number }, socket: net.Socket) {
    this.#ctx = ctx
    this.#where = where
    this.#schema = schemaFor(options)
    this.#project = projection(this.#schema, ctx.schema)
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#data(bytes))
    socket.on('error', (cause) => this.#fail(cause))
    socket.on('end', () => this.#end())
  }

  #data(bytes: Buffer): void {
    let p = 0
    for (let e = bytes.indexOf(10); e >= 0; e = bytes.indexOf(10, p)) {
      this.#line(Buffer.concat([...this.#begun, bytes.subarray(p, e)]))
      this.#begun = []
      p = e + 1
    }
    if (p < bytes.length) this.#begun.push(bytes.subarray(p))
    if (p > 0) this.#ctx.wake()
  }

  #line(bytes: Buffer): void {
    const text = bytes.toString('utf8', 0, bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length)
    // Spark stamps lines in whole milliseconds.
    const now = (this.#ctx.nowUs() / 1000n) * 1000n
    this.#lines.push(this.#schema.fields.length === 1 ? [text] : [text, now])
  }

  /** The server is done: what it sent stays readable; a last line without newline counts. */
  #end(): void {
    if (this.#begun.length > 0) this.#line(Buffer.concat(this.#begun))
    this.#begun = []
    this.#ctx.wake()
  }

  #fail(cause: Error): void {
    this.#failure = connectionFailed(this.#where, cause)
    this.#ctx.wake()
  }

  /** Lines are numbered from 0; the offset is the number of the last one read. */
  initialOffset(): Promise<number> {
    return Promise.resolve(-1)
  }

  latestOffset(from: number | null): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const at = from ?? -1
    // After a restart numbering goes on where the checkpoint stopped.
    if (!this.#started) this.#base = at + 1
    this.#started = true
    return Promise.resolve(Math.max(at, this.#frozen ?? this.#base + this.#lines.length - 1))
  }

  *read(from: number | null, to: number): Generator<Batch> {
    const first = Math.max(0, (from ?? -1) + 1 - this.#base)
    const end = to + 1 - this.#base
    for (let i = first; i < end; i += MAX_BATCH_ROWS) {
      const rows = this.#lines.slice(i, Math.min(end, i + MAX_BATCH_ROWS))
      if (rows.length > 0) yield this.#project(batchOf(this.#schema, rows))
    }
  }

  commit(to: number): void {
    const n = to + 1 - this.#base
    if (n <= 0) return
    this.#lines.splice(0, n)
    this.#base += n
  }

  prepareAvailableNow(): Promise<void> {
    this.#frozen = this.#base + this.#lines.length - 1
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#socket.destroy()
    return Promise.resolve()
  }
}

function connectionFailed(where: { readonly host: string; readonly port: number }, cause: Error): ExecutionError {
  const hint = 'start the server first, for instance: nc -lk 9999'
  return new ExecutionError(
    'SOCKET_CONNECTION_FAILED',
    { ...where, message: cause.message || cause.name },
    { cause, hint, transient: true },
  )
}
