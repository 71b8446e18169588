/**
 * http: rows that clients POST to a server of ours, as JSON lines or a JSON array of objects.
 *
 *   answers  200 once the rows are logged (202 without `wal`, once they are in memory); 400 a body that is no rows,
 *            413 too large, 503 the buffer is full: try again; bodies are JSON
 *   repeats  a request with the Idempotency-Key of an earlier one is answered 200 and adds nothing
 *   offset   number of the last lot taken, see push/push-source.ts
 *   replay   logged with `wal`, the default
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { ExecutionError, MillraceError, OptionError } from '../../errors/errors.ts'
import { defineSource, type Options, type SourceContext } from '../provider.ts'
import { declaredSchema } from '../declared-schema.ts'
import { PushSource, pushOptions, pushReplay } from '../push/push-source.ts'
import { BodyReader, readBody, Refusal } from './body.ts'

const MAX_KEY = 256

export const httpSource = defineSource({
  format: 'http',
  doc: 'Rows POSTed over HTTP as JSON lines or a JSON array, acknowledged once they are logged. The header Idempotency-Key makes a repeated request harmless.',
  options: {
    host: { type: 'string', default: '127.0.0.1', doc: 'Address to listen on.' },
    port: { type: 'int', required: true, doc: 'Port to listen on.' },
    path: { type: 'string', default: '/', doc: 'Path that takes rows.' },
    maxBodyBytes: { type: 'bytes', default: 8 << 20, doc: 'Largest body, before and after unpacking.' },
    ...pushOptions(true),
  },
  replay: 'logged',
  replayOf: pushReplay,
  supports: ['stream'],
  schema: (_options, declared) => declaredSchema('http', declared),
  open: (options, ctx) => openServer(options, ctx),
  describe: (options) =>
    `HttpSource[http://${String(options['host'])}:${String(options['port'])}${String(options['path'])}]`,
})

async function openServer(options: Options, ctx: SourceContext): Promise<PushSource> {
  const port = Number(options['port'])
  if (port < 1 || port > 65535)
    throw new OptionError('OPTION_INVALID', {
      format: 'http',
      option: 'port',
      value: port,
      expected: 'a port from 1 to 65535',
    })
  const source = new PushSource(ctx, ctx.declared ?? ctx.schema, options)
  const rows = new BodyReader(source.schema, ctx.timeZone)
  // Loaded when it is used: programs without it start sooner.
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    answer(request, source, rows, options)
      .then((done) => reply(request, response, done.status, done.body))
      .catch((error: unknown) => refuse(request, response, error))
  })
  source.onClose = () => closed(server)
  await listening(server, String(options['host']), port)
  server.on('error', (error) => source.fail(ctx.name, error))
  return source
}

async function answer(
  request: IncomingMessage,
  source: PushSource,
  rows: BodyReader,
  options: Options,
): Promise<{ readonly status: number; readonly body: object }> {
  const path = (request.url ?? '/').replace(/\?.*$/s, '')
  if (path !== options['path']) throw new Refusal(404, 'PATH_UNKNOWN', `rows are taken at ${String(options['path'])}`)
  if (request.method !== 'POST') throw new Refusal(405, 'METHOD_UNKNOWN', 'rows are taken by POST', { allow: 'POST' })
  const key = request.headers['idempotency-key']
  if (typeof key === 'string' && (key.length > MAX_KEY || key === ''))
    throw new Refusal(400, 'KEY_TOO_LONG', `the Idempotency-Key must have 1 to ${MAX_KEY} characters`)
  if (source.isFull) throw full()
  const batches = rows.read(await readBody(request, Number(options['maxBodyBytes'])))
  // Others may have come meanwhile; nothing is awaited from here to `take`.
  if (source.isFull) throw full()
  const accepted = batches.reduce((n, b) => n + b.rowCount, 0)
  const isNew = await source.take(batches, typeof key === 'string' ? { key } : {})
  const status = options['wal'] === true ? 200 : 202
  return { status, body: isNew ? { accepted } : { accepted: 0, duplicate: true } }
}

const full = (): Refusal =>
  new Refusal(503, 'BUFFER_FULL', 'too many rows wait for a batch: send again in a moment', { 'retry-after': '1' })

function reply(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  // What is left of a refused body is not waited for.
  const close = request.complete ? {} : { connection: 'close' }
  response.writeHead(status, { 'content-type': 'application/json', ...headers, ...close })
  response.end(`${JSON.stringify(body)}\n`)
  if (request.complete) return
  request.resume()
  setTimeout(() => request.destroy(), 1000).unref()
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return
  if (error instanceof Refusal) {
    reply(request, response, error.status, { error: { code: error.code, message: error.message } }, error.headers)
    return
  }
  // The log could not be written, or the query stops: nothing was taken.
  const code = error instanceof MillraceError ? error.code : 'INTERNAL_ERROR'
  const message = error instanceof Error ? error.message : String(error)
  reply(request, response, 503, { error: { code, message } }, { 'retry-after': '1' })
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(
        new ExecutionError(
          'HTTP_SOURCE_LISTEN_FAILED',
          { host, port, message: cause.message },
          { cause, transient: true, hint: 'choose a port that is free; each http source of a program needs its own' },
        ),
      )
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // Requests under way have a moment to get their answer.
    setTimeout(() => server.closeAllConnections(), 200).unref()
  })
}
