import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { millrace, type MillraceSession, type StreamingQuery } from '../../src/index.ts'
import { freePort } from './free-port.ts'

let session: MillraceSession
let work: string
let port: number
beforeEach(async () => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
  work = mkdtempSync(join(tmpdir(), 'millrace-http-'))
  port = await freePort()
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})

const SCHEMA = 'id BIGINT, name STRING, at TIMESTAMP'
const listen = (options: Record<string, string | number | boolean> = {}, name = 'h'): Promise<StreamingQuery> =>
  session.readStream
    .format('http')
    .schema(SCHEMA)
    .name('pushed')
    .options({ port, path: '/rows', ...options })
    .load()
    .writeStream.format('memory')
    .queryName(name)
    .option('checkpointLocation', join(work, 'cp'))
    .start()

interface Answer {
  readonly status: number
  readonly body: {
    readonly accepted?: number
    readonly duplicate?: boolean
    readonly error?: { readonly code: string; readonly message: string }
  }
}
async function post(
  body: string | Buffer,
  headers: Record<string, string> = {},
  path = '/rows',
  method = 'POST',
): Promise<Answer> {
  const init = method === 'GET' ? {} : { body }
  const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...init })
  // A connection kept from before a restart is found closed: the next try makes a new one.
  const r = await ask().catch(ask)
  return { status: r.status, body: (await r.json()) as Answer['body'] }
}
const ids = async (name = 'h'): Promise<unknown[]> => (await session.table(name).collect()).map((r) => r['id'])

test('lines, arrays over many lines and gzip are rows', async () => {
  const query = await listen()
  expect(await post('{"id":1,"name":"a"}\n\n{"id":9007199254740993,"at":"2026-01-01T00:00:00Z"}\r\n')).toEqual({
    status: 200,
    body: { accepted: 2 },
  })
  expect(await post('[\n  {"id": 3},\n {"id": 4,\n "name": "x\\ny"}\n]')).toEqual({
    status: 200,
    body: { accepted: 2 },
  })
  expect(await post(gzipSync('{"id":5}'), { 'content-encoding': 'gzip' })).toEqual({
    status: 200,
    body: { accepted: 1 },
  })
  expect(await post('[]')).toEqual({ status: 200, body: { accepted: 0 } })
  expect(await post('')).toEqual({ status: 200, body: { accepted: 0 } })
  await query.processAllAvailable()
  expect(await ids()).toEqual([1n, 9007199254740993n, 3n, 4n, 5n])
  expect((await session.table('h').collect())[3]!['name']).toBe('x\ny')
})

test('what is no row is refused with the reason, and nothing of it is taken', async () => {
  const query = await listen({ maxBodyBytes: 200 })
  const refused = async (status: number, code: string, message: RegExp, answer: Promise<Answer>): Promise<void> => {
    const { status: s, body } = await answer
    expect([s, body.error?.code]).toEqual([status, code])
    expect(body.error?.message).toMatch(message)
  }
  await refused(400, 'BODY_NOT_JSON', /line 2 of the body/, post('{"id":1}\n{"id":2'))
  await refused(400, 'BODY_NOT_JSON', /the body is not JSON/, post('[{"id":1}'))
  await refused(400, 'BODY_NOT_ROWS', /array of objects/, post('[1]'))
  await refused(400, 'BODY_NOT_ROWS', /line 1 .* JSON object/, post('5'))
  await refused(
    400,
    'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION',
    /line 2 of the body/,
    post('{"id":1}\n{"id":"x"}'),
  )
  await refused(413, 'BODY_TOO_LARGE', /200 bytes/, post(`{"name":"${'x'.repeat(300)}"}`))
  await refused(
    413,
    'BODY_TOO_LARGE',
    /200 bytes/,
    post(gzipSync(`{"name":"${'x'.repeat(3000)}"}`), { 'content-encoding': 'gzip' }),
  )
  await refused(400, 'BODY_NOT_GZIP', /gzip/, post('{"id":1}', { 'content-encoding': 'gzip' }))
  await refused(415, 'ENCODING_UNKNOWN', /"br"/, post('x', { 'content-encoding': 'br' }))
  await refused(404, 'PATH_UNKNOWN', /\/rows/, post('{"id":1}', {}, '/other'))
  await refused(405, 'METHOD_UNKNOWN', /POST/, post('', {}, '/rows', 'GET'))
  await refused(400, 'KEY_TOO_LONG', /256/, post('{"id":1}', { 'idempotency-key': 'k'.repeat(300) }))
  await query.processAllAvailable()
  expect(await ids()).toEqual([])
})

test('a repeated key adds nothing, at once, later and after a restart', async () => {
  const query = await listen()
  const send = (): Promise<Answer> => post('{"id":1}', { 'idempotency-key': 'k1' })
  const both = await Promise.all([send(), send()])
  expect(both.map((a) => a.body).sort((a, b) => b.accepted! - a.accepted!)).toEqual([
    { accepted: 1 },
    { accepted: 0, duplicate: true },
  ])
  await query.processAllAvailable()
  await query.stop()
  const next = await listen({}, 'again')
  expect((await send()).body).toEqual({ accepted: 0, duplicate: true })
  expect((await post('{"id":2}', { 'idempotency-key': 'k2' })).body).toEqual({ accepted: 1 })
  await next.processAllAvailable()
  expect(await ids('again')).toEqual([2n])
})

test('a full buffer answers 503 until a batch has made room', async () => {
  let release: () => void = () => undefined
  const gate = new Promise<void>((r) => (release = r))
  const query = await session.readStream
    .format('http')
    .schema(SCHEMA)
    .options({ port, path: '/rows', bufferRows: 2 })
    .load()
    .writeStream.foreach(() => gate)
    .start()
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) {
    statuses.push((await post(`{"id":${i}}`)).status)
    await sleep(20)
  }
  expect(statuses.slice(0, 2)).toEqual([200, 200])
  expect(statuses.at(-1)).toBe(503)
  release()
  await query.processAllAvailable()
  expect((await post('{"id":9}')).status).toBe(200)
})

test('without wal rows are accepted, not promised', async () => {
  const query = await listen({ wal: false })
  expect(await post('{"id":1}')).toEqual({ status: 202, body: { accepted: 1 } })
  await query.processAllAvailable()
  expect(await ids()).toEqual([1n])
  expect(query.guarantees().sources).toEqual([{ name: 'pushed', format: 'http', replay: 'none' }])
})

test('a port that is taken, or none, fails the start', async () => {
  await listen()
  const other = session.readStream.format('http').schema(SCHEMA).options({ port }).load()
  await expect(other.writeStream.format('noop').start()).rejects.toThrow(/HTTP_SOURCE_LISTEN_FAILED.*EADDRINUSE/)
  const none = session.readStream.format('http').schema(SCHEMA).options({ port: 0 }).load()
  await expect(none.writeStream.format('noop').start()).rejects.toThrow(/OPTION_INVALID.*port/)
  expect(() => session.readStream.format('http').options({ port }).load()).toThrow(/UNABLE_TO_INFER_SCHEMA/)
})

// ------------------------------------------------------------ http-pull

interface Feed {
  readonly url: string
  readonly requests: http.IncomingHttpHeaders[]
  close(): Promise<void>
}
async function feed(
  answer: (n: number, request: http.IncomingMessage, response: http.ServerResponse) => void,
): Promise<Feed> {
  const requests: http.IncomingHttpHeaders[] = []
  const server = http.createServer((request, response) => {
    requests.push(request.headers)
    answer(requests.length, request, response)
  })
  await new Promise<void>((r) => server.listen(0, '127.0.0.1', r))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`,
    requests,
    close: () => {
      server.closeAllConnections()
      return new Promise((r) => server.close(() => r()))
    },
  }
}
const pull = (
  url: string,
  options: Record<string, string | number | boolean> = {},
  schema: string | null = 'id BIGINT',
  name = 'p',
): Promise<StreamingQuery> => {
  const reader = session.readStream
    .format('http-pull')
    .name('pulled')
    .options({ url, reconnectDelay: '10ms', ...options })
  if (schema !== null) reader.schema(schema)
  return reader
    .load()
    .writeStream.format('memory')
    .queryName(name)
    .option('checkpointLocation', join(work, 'pull'))
    .start()
}
async function until(query: StreamingQuery, n: number, name: string): Promise<unknown[]> {
  for (let i = 0; i < 300; i++) {
    await query.processAllAvailable()
    const rows = await session.table(name).collect()
    if (rows.length >= n) return rows.map((r) => ({ ...r }))
    await sleep(10)
  }
  throw new Error(`fewer than ${n} rows came`)
}

test('events come once over reconnections and restarts, by their ids', async () => {
  const f = await feed((n, request, response) => {
    if (n % 3 === 0) {
      response.writeHead(503).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const from = Number(request.headers['last-event-id'] ?? -1) + 1
    response.write(': hello\nretry: 5\n\n')
    for (let id = from; id < from + 4; id++) response.write(`id: ${id}\nevent: tick\ndata: {"id":\ndata: ${id}}\n\n`)
    response.end('id: 999\ndata: {"id": 999')
  })
  try {
    const query = await pull(f.url, { headers: '{"authorization":"Bearer x"}' })
    await until(query, 20, 'p')
    await query.stop()
    const first = (await session.table('p').collect()).map((r) => Number(r['id']))
    const again = await pull(f.url, {}, 'id BIGINT', 'p2')
    await until(again, 8, 'p2')
    await again.stop()
    const second = (await session.table('p2').collect()).map((r) => Number(r['id']))
    // What was logged and not yet shown when the query stopped comes first in its next life.
    const all = [...first, ...second]
    expect(all).toEqual(Array.from({ length: all.length }, (_, i) => i))
    expect(f.requests[0]!['authorization']).toBe('Bearer x')
  } finally {
    await f.close()
  }
})

test('without a schema the text of events comes as it is', async () => {
  const f = await feed((n, _request, response) => {
    if (n > 1) {
      response.writeHead(204).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('\uFEFFdata: one\ndata:two\n\nevent: e\nid: 7\ndata: x\n\nevent: nothing\n\n')
  })
  try {
    const query = await pull(f.url, {}, null)
    expect(await until(query, 2, 'p')).toEqual([
      { value: 'one\ntwo', event: 'message', id: null },
      { value: 'x', event: 'e', id: '7' },
    ])
  } finally {
    await f.close()
  }
})

test('lines that break off are taken up where they were', async () => {
  const f = await feed((n, _request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write('{"id":0}\n{"id":1}\n{"id":2}\n')
    if (n === 1) setTimeout(() => response.destroy(), 30)
    else response.end('{"id":3}')
  })
  try {
    const query = await pull(f.url)
    expect(await until(query, 4, 'p')).toEqual([0n, 1n, 2n, 3n].map((id) => ({ id })))
    expect(f.requests.length).toBe(2)
  } finally {
    await f.close()
  }
})

test('what cannot be had fails the query', async () => {
  const f = await feed((_n, _request, response) => void response.writeHead(404).end())
  const busy = await feed((_n, _request, response) => void response.writeHead(500).end())
  try {
    const gone = await pull(f.url, {}, 'id BIGINT', 'gone')
    await expect(gone.awaitTermination(5000)).rejects.toThrow(/HTTP_PULL_FAILED.*404/)
    // a refusal is final: it is not tried again
    expect(f.requests.length).toBe(1)
  } finally {
    await f.close()
  }
  const failing = await session.readStream
    .format('http-pull')
    .options({ url: busy.url, reconnectDelay: '1ms', maxRetries: 2 })
    .load()
    .writeStream.format('noop')
    .start()
  await expect(failing.awaitTermination(5000)).rejects.toThrow(/HTTP_PULL_FAILED.*500/)
  expect(busy.requests.length).toBe(3)
  await busy.close()
  const bad = session.readStream.format('http-pull').options({ url: 'ftp://x' }).load()
  await expect(bad.writeStream.format('noop').start()).rejects.toThrow(/OPTION_INVALID.*url/)
})
