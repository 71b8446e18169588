// A service with a query inside: clicks come by POST, the counts are always at hand. After npm run build:
//   node dist/examples/live-service.js 8080
//   curl -d '[{"page":"/home"},{"page":"/cart"}]' localhost:8080/clicks
//   curl localhost:8080/counts
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { millrace, MillraceError, type Row } from '../src/index.ts'

const session = millrace()
const { stream, df } = session.memoryStream('page STRING NOT NULL')
const query = await df.groupBy('page').count().writeStream.outputMode('update').format('noop').start()
const counts = new Map<string, Row>()

/** Keeps the newest row of each page, until the query ends. */
async function follow(): Promise<void> {
  for await (const change of query.changes()) for (const row of change.rows) counts.set(String(row['page']), row)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const reply = (status: number, body: unknown): unknown =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
  if (request.method === 'GET' && request.url === '/counts') return void reply(200, [...counts.values()])
  if (request.method !== 'POST' || request.url !== '/clicks') return void reply(404, { error: 'no such page' })
  try {
    // A body that does not fit the schema adds nothing.
    const clicks: unknown = await json(request)
    if (!Array.isArray(clicks)) return void reply(400, { error: 'a JSON array of clicks is needed' })
    stream.addData(clicks)
    await query.processAllAvailable()
    reply(200, { ok: true })
  } catch (error) {
    reply(400, { error: error instanceof MillraceError ? error.code : 'a JSON array of clicks is needed' })
  }
}

const server = createServer((request, response) => void answer(request, response))
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1')
await once(server, 'listening')
console.log(`listening on ${(server.address() as AddressInfo).port}`)
process.once('SIGINT', () => void query.stop())
await follow()
server.close()
