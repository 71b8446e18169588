import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe } from 'vitest'
import { jsonSource, textSource } from '../../src/connectors/files/source.ts'
import { memorySource } from '../../src/connectors/memory/source.ts'
import { MemoryStream } from '../../src/connectors/memory/stream.ts'
import { rateSource } from '../../src/connectors/rate/source.ts'
import { SOURCES } from '../../src/connectors/registry.ts'
import { socketSource } from '../../src/connectors/socket/source.ts'
import { BIGINT, field, schemaOf, STRING } from '../../src/types/data-type.ts'
import { sourceContract, type SourceUnderTest } from './source-contract.ts'

const TWO = schemaOf(field('k', STRING), field('n', BIGINT))

function files(provider: typeof jsonSource, line: (i: number) => string): Promise<SourceUnderTest> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-source-'))
  let n = 0
  return Promise.resolve({
    provider,
    options: { path: dir },
    declared: provider === jsonSource ? TWO : null,
    feed: () => {
      const at = path.join(dir, `f${String(n++).padStart(3, '0')}`)
      fs.writeFileSync(at, Array.from({ length: 10 }, (_, i) => line(n * 10 + i)).join('\n'))
      fs.utimesSync(at, 1_700_000_000 + n, 1_700_000_000 + n)
      return Promise.resolve()
    },
    close: () => fs.rmSync(dir, { recursive: true }),
  })
}

const makers: Record<string, () => Promise<SourceUnderTest>> = {
  json: () => files(jsonSource, (i) => JSON.stringify({ n: i, k: `key ${i}` })),
  text: () => files(textSource, (i) => `line ${i}`),
  memory: () => {
    const stream = new MemoryStream(TWO)
    let n = 0
    return Promise.resolve({
      provider: memorySource,
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
      provider: rateSource,
      options: { rowsPerSecond: '9000', rampUpTime: '2s' },
      declared: null,
      context: { nowUs: () => nowUs },
      feed: () => Promise.resolve(void (nowUs += 2_500_000n)),
      close: () => {},
    })
  },
  socket: async () => {
    const clients: net.Socket[] = []
    const server = net.createServer((c) => clients.push(c))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    let n = 0
    return {
      provider: socketSource,
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

for (const provider of SOURCES) describe(`source ${provider.format}`, () => sourceContract(makers[provider.format]!))
