import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { EventEmitter } from 'node:events'
import http from 'node:http'
import * as arrow from 'apache-arrow'
import { describe, test } from 'vitest'
import { arrowSource, csvSource, jsonSource, textSource } from '../../src/connectors/files/source.ts'
import { LiveInput } from '../../src/connectors/live/input.ts'
import { liveSource } from '../../src/connectors/live/source.ts'
import { MemoryStream } from '../../src/connectors/memory/stream.ts'
import { receiver, type ReceiverStore } from '../../src/connectors/push/receiver.ts'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { SOURCES } from '../../src/connectors/registry.ts'
import { BIGINT, field, schemaOf, STRING } from '../../src/types/data-type.ts'
import { sourceContract, type SourceUnderTest } from '../../src/testing/source-contract.ts'
import { freePort } from './free-port.ts'

const TWO = schemaOf(field('k', STRING), field('n', BIGINT))

const ipc = (from: number): Uint8Array =>
  arrow.tableToIPC(
    arrow.tableFromArrays({
      n: BigInt64Array.from({ length: 10 }, (_, i) => BigInt(from + i)),
      k: Array.from({ length: 10 }, (_, i) => `key ${from + i}`),
    }),
    from % 20 === 0 ? 'file' : 'stream',
  )

function files(provider: typeof jsonSource, line: (i: number) => string): Promise<SourceUnderTest> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-source-'))
  let n = 0
  return Promise.resolve({
    options: { path: dir },
    declared: provider === textSource ? null : TWO,
    feed: () => {
      const at = path.join(dir, `f${String(n++).padStart(3, '0')}`)
      if (provider === arrowSource) fs.writeFileSync(at, ipc(n * 10))
      else fs.writeFileSync(at, Array.from({ length: 10 }, (_, i) => line(n * 10 + i)).join('\n'))
      fs.utimesSync(at, 1_700_000_000 + n, 1_700_000_000 + n)
      return Promise.resolve()
    },
    close: () => fs.rmSync(dir, { recursive: true }),
  })
}

function live(wal: boolean): SourceUnderTest {
  const emitter = new EventEmitter()
  const input = new LiveInput(emitter, TWO)
  let n = 0
  return {
    options: { id: 'in', wal: String(wal) },
    declared: TWO,
    context: { objects: new Map([['in', input]]) },
    feed: async (source) => {
      const before = JSON.stringify(await source.latestOffset(null))
      for (let i = 0; i < 3; i++) emitter.emit('data', { k: `key ${n}`, n: n++ })
      // A frozen source sees nothing new.
      for (let i = 0; i < 100 && JSON.stringify(await source.latestOffset(null)) === before; i++)
        await new Promise((r) => setTimeout(r, 2))
    },
    close: () => input.close(),
  }
}

/** A checkpoint with a state table, and a batch more with a key more at each `feed`. */
function storedState(): { path: string; feed: () => void; close: () => void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-statestore-'))
  const checkpoint = openCheckpoint(dir, { durability: 'process' })
  const store = new CheckpointedStateStore(checkpoint)
  const [keys, values] = [[field('k', STRING)], [field('n', BIGINT)]]
  const table = store.table('aggregate-s0', { name: 'groups', keys, values, paned: false })
  let batchId = 0
  const feed = (): void => {
    const times = { batchWatermarkMs: 0, lateWatermarkMs: 0, batchTimestampMs: 0 }
    checkpoint.writeOffsets({ batchId, offsets: {}, ...times, conf: {}, extra: {} })
    const slot = new Int32Array(1)
    const batch = batchOf({ fields: keys }, [[`key ${batchId}`]])
    table.upsert(batch.columns, batch, null, slot, null)
    table.setValue(slot[0]!, 0, BigInt(batchId))
    checkpoint.commit({ batchId, nextBatchWatermarkMs: 0, streamWatermarksMs: {} }, store.takeWrites(1 << 20))
    batchId++
  }
  feed()
  return {
    path: dir,
    feed,
    close: () => {
      checkpoint.close()
      fs.rmSync(dir, { recursive: true })
    },
  }
}

const makers: Record<string, () => Promise<SourceUnderTest>> = {
  json: () => files(jsonSource, (i) => JSON.stringify({ n: i, k: `key ${i}` })),
  csv: () => files(csvSource, (i) => `key ${i},${i}`),
  text: () => files(textSource, (i) => `line ${i}`),
  arrow: () => files(arrowSource, String),
  'arrow-table': () => {
    const record = arrow.tableFromArrays({ k: ['a', 'b'], n: BigInt64Array.of(1n, 2n) }).batches[0]!
    const table = { schema: record.schema, batches: [record] }
    return Promise.resolve({
      options: { id: 't' },
      declared: TWO,
      bounded: true,
      context: { objects: new Map([['t', table]]) },
      feed: () => void table.batches.push(record),
    })
  },
  memory: () => {
    const stream = new MemoryStream(TWO)
    let n = 0
    return Promise.resolve({
      options: { id: 's' },
      declared: TWO,
      context: { objects: new Map([['s', stream]]) },
      feed: () => Promise.resolve(void stream.addData([{ k: `key ${n}`, n: n++ }])),
      close: () => {},
    })
  },
  rate: () => {
    let nowUs = 1_767_225_600_000_000n
    return Promise.resolve({
      options: { rowsPerSecond: '9000', rampUpTime: '2s' },
      declared: null,
      context: { nowUs: () => nowUs },
      feed: () => Promise.resolve(void (nowUs += 2_500_000n)),
      close: () => {},
    })
  },
  'rate-micro-batch': () =>
    Promise.resolve({ options: { rowsPerBatch: '9000', startTimestamp: '1000' }, endless: true, feed: () => {} }),
  live: () => Promise.resolve(live(false)),
  http: async () => {
    const port = await freePort()
    let n = 0
    return {
      options: { port: String(port), path: '/rows' },
      declared: TWO,
      feed: async () => {
        const body = `${JSON.stringify({ k: `key ${n}`, n: n++ })}\n${JSON.stringify({ n: n++ })}\n`
        const answer = await fetch(`http://127.0.0.1:${port}/rows`, { method: 'POST', body })
        if (answer.status !== 200) throw new Error(await answer.text())
      },
    }
  },
  'http-pull': async () => {
    const events: string[] = []
    const clients = new Set<http.ServerResponse>()
    const server = http.createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      const last = request.headers['last-event-id']
      for (const e of events.slice(last === undefined ? 0 : Number(last) + 1)) response.write(e)
      clients.add(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      options: { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`, reconnectDelay: '20ms' },
      declared: TWO,
      feed: async (source) => {
        const before = JSON.stringify(await source.latestOffset(null))
        const n = events.length
        const event = `id: ${n}\ndata: {"k": "key",\ndata:  "n": ${n}}\n\n`
        events.push(event)
        for (const c of clients) c.write(event)
        for (let i = 0; i < 100 && JSON.stringify(await source.latestOffset(null)) === before; i++)
          await new Promise((r) => setTimeout(r, 2))
      },
      close: () => {
        server.closeAllConnections()
        return new Promise((resolve) => server.close(() => resolve()))
      },
    }
  },
  sqlite: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sqlite-'))
    const file = path.join(dir, 'in.db')
    const db = openDatabase(file)
    db.exec('CREATE TABLE t (k TEXT, n BIGINT)')
    let n = 0
    return Promise.resolve({
      options: { path: file, table: 'T' },
      bounded: true,
      feed: () => void db.prepare('INSERT INTO t VALUES (?, ?)').run(`key ${n}`, n++),
      close: () => {
        db.close()
        fs.rmSync(dir, { recursive: true })
      },
    })
  },
  statestore: () => {
    const { path, feed, close } = storedState()
    return Promise.resolve({ options: { path }, bounded: true, feed, close })
  },
  'state-metadata': () => {
    const { path, feed, close } = storedState()
    return Promise.resolve({ options: { path }, bounded: true, feed, close })
  },
  socket: async () => {
    const clients: net.Socket[] = []
    const server = net.createServer((c) => clients.push(c))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    let n = 0
    return {
      options: {
        host: '127.0.0.1',
        port: String((server.address() as net.AddressInfo).port),
        includeTimestamp: 'true',
      },
      declared: null,
      feed: async (source) => {
        while (clients.length === 0) await new Promise((r) => setTimeout(r, 2))
        // The frozen source sees nothing new: then give the line time to arrive all the same.
        const before = JSON.stringify(await source.latestOffset(null))
        clients[0]!.write(`line ${n++}\r\npart`)
        clients[0]!.write(` of line ${n++}\n`)
        for (let i = 0; i < 50 && JSON.stringify(await source.latestOffset(null)) === before; i++)
          await new Promise((r) => setTimeout(r, 2))
        await new Promise((r) => setTimeout(r, 10))
      },
      close: () => {
        for (const c of clients) c.destroy()
        return new Promise((resolve) => server.close(() => resolve()))
      },
    }
  },
}

// Those of kafka and postgres need a server: kafka/source.test.ts and postgres/source.test.ts run them.
for (const provider of SOURCES.filter((p) => p.format !== 'kafka' && p.format !== 'postgres'))
  describe(`source ${provider.format}`, () => {
    for (const { name, run } of sourceContract(provider, makers[provider.format]!)) test(name, run)
  })
describe('source live, logged', () => {
  for (const { name, run } of sourceContract(liveSource, () => live(true))) test(name, run)
})
describe('a receiver', () => {
  let store: ReceiverStore
  const ticks = receiver({
    format: 'ticks',
    doc: 'Numbers of a test.',
    schema: 'n BIGINT, k STRING',
    start: (s) => {
      store = s
    },
  })
  let n = 0
  const make = (): SourceUnderTest => ({
    options: {},
    feed: async () => {
      for (let i = 0; i < 3; i++) await store({ n: n++, k: `k${n}` })
    },
  })
  for (const { name, run } of sourceContract(ticks, make)) test(name, run)
})
