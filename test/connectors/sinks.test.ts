import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe } from 'vitest'
import { CONSOLE_WRITER, consoleSink } from '../../src/connectors/console/sink.ts'
import { jsonSink } from '../../src/connectors/files/sink.ts'
import { foreachBatchSink } from '../../src/connectors/foreach-batch/sink.ts'
import { MEMORY_TABLES, memorySink, MemoryTables } from '../../src/connectors/memory/sink.ts'
import { noopSink } from '../../src/connectors/noop/sink.ts'
import { SINKS } from '../../src/connectors/registry.ts'
import type { Batch } from '../../src/columns/batch.ts'
import type { Value } from '../../src/types/value.ts'
import { rowsOf } from './contexts.ts'
import { sinkContract, type SinkUnderTest } from './sink-contract.ts'

const makers: Record<string, () => Promise<SinkUnderTest>> = {
  json: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sink-'))
    return Promise.resolve({
      provider: jsonSink,
      options: { path: path.join(dir, 'out', 'deep'), fsync: 'false' },
      rows: () => {
        const out = path.join(dir, 'out', 'deep')
        const names = fs.readdirSync(out).filter((n) => !/^[._]/.test(n))
        const lines = names.flatMap((n) => fs.readFileSync(path.join(out, n), 'utf8').split('\n').slice(0, -1))
        return lines.map((l): Value[] => {
          const o = JSON.parse(l) as { k: string; n?: number }
          return [o.k, o.n === undefined ? null : BigInt(o.n)]
        })
      },
      close: () => fs.rmSync(dir, { recursive: true }),
    })
  },
  memory: () => {
    const tables = new MemoryTables()
    return Promise.resolve({
      provider: memorySink,
      options: {},
      context: { objects: new Map([[MEMORY_TABLES, tables]]) },
      rows: () => tables.get('q')!.rows(),
      close: () => {},
    })
  },
  console: () =>
    Promise.resolve({
      provider: consoleSink,
      options: {},
      context: { objects: new Map([[CONSOLE_WRITER, () => {}]]) },
      rows: () => null,
      close: () => {},
    }),
  foreachBatch: () => {
    const rows: Value[][] = []
    const fn = (batches: Batch[]): void => void rows.push(...rowsOf(batches))
    return Promise.resolve({
      provider: foreachBatchSink,
      options: { id: 'fn' },
      context: { objects: new Map([['fn', fn]]) },
      rows: () => rows,
      close: () => {},
    })
  },
  noop: () => Promise.resolve({ provider: noopSink, options: {}, rows: () => null, close: () => {} }),
}

for (const provider of SINKS) describe(`sink ${provider.format}`, () => sinkContract(makers[provider.format]!))
