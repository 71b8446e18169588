import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'vitest'
import { CONSOLE_WRITER } from '../../src/connectors/console/sink.ts'
import { MEMORY_TABLES, MemoryTables } from '../../src/connectors/memory/sink.ts'
import { SINKS } from '../../src/connectors/registry.ts'
import type { Batch } from '../../src/columns/batch.ts'
import type { Value } from '../../src/types/value.ts'
import { ForeachTarget } from '../../src/connectors/foreach/sink.ts'
import { sqliteSink } from '../../src/connectors/sqlite/sink.ts'
import { millrace } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { sinkContract, type SinkUnderTest } from '../../src/testing/sink-contract.ts'
import { rowsOf } from './contexts.ts'

const makers: Record<string, () => Promise<SinkUnderTest>> = {
  json: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sink-'))
    return Promise.resolve({
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
  csv: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sink-'))
    const out = path.join(dir, 'out')
    return Promise.resolve({
      options: {
        path: out,
        fsync: 'false',
        header: 'true',
        compression: 'gzip',
        ignoreTrailingWhiteSpace: 'false',
      },
      rows: async () =>
        (
          await millrace()
            .read.format('csv')
            .options({ header: true, multiLine: true })
            .schema('k STRING, n BIGINT')
            .load(out)
            .collect()
        ).map((r): Value[] => [r['k'] as string, r['n'] as bigint | null]),
      close: () => fs.rmSync(dir, { recursive: true }),
    })
  },
  arrow: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sink-'))
    const out = path.join(dir, 'out')
    return Promise.resolve({
      options: { path: out, fsync: 'false' },
      rows: async () =>
        (await millrace().read.format('arrow').schema('k STRING, n BIGINT').load(out).collect()).map((r): Value[] => [
          r['k'] as string,
          r['n'] as bigint | null,
        ]),
      close: () => fs.rmSync(dir, { recursive: true }),
    })
  },
  // The column n is a directory, the lines are k.
  text: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sink-'))
    const out = path.join(dir, 'out')
    return Promise.resolve({
      options: { path: out, fsync: 'false', lineSep: '|' },
      context: { partitionBy: ['n'] },
      rows: () =>
        fs
          .readdirSync(out)
          .filter((n) => n.startsWith('n='))
          .flatMap((part) =>
            fs
              .readdirSync(path.join(out, part))
              .filter((n) => !n.startsWith('.'))
              .flatMap((n) =>
                fs
                  .readFileSync(path.join(out, part, n), 'utf8')
                  .split('|')
                  .slice(0, -1),
              )
              .map((k): Value[] => [k, part === 'n=__HIVE_DEFAULT_PARTITION__' ? null : BigInt(part.slice(2))]),
          ),
      close: () => fs.rmSync(dir, { recursive: true }),
    })
  },
  memory: () => {
    const tables = new MemoryTables()
    return Promise.resolve({
      options: {},
      context: { objects: new Map([[MEMORY_TABLES, tables]]) },
      rows: () => tables.get('q')!.rows(),
      close: () => {},
    })
  },
  console: () =>
    Promise.resolve({
      options: {},
      context: { objects: new Map([[CONSOLE_WRITER, () => {}]]) },
      rows: () => null,
      close: () => {},
    }),
  foreachBatch: () => {
    const rows: Value[][] = []
    const fn = (batches: Batch[]): void => void rows.push(...rowsOf(batches))
    return Promise.resolve({
      options: { id: 'fn' },
      context: { objects: new Map([['fn', fn]]) },
      rows: () => rows,
      close: () => {},
    })
  },
  foreach: () => {
    const rows: Value[][] = []
    const target = new ForeachTarget({ process: (row) => void rows.push([row['k'] as string, row['n'] as bigint]) })
    return Promise.resolve({ options: { id: 'w' }, context: { objects: new Map([['w', target]]) }, rows: () => rows })
  },
  sqlite: () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sqlite-'))
    const file = path.join(dir, 'out.db')
    const database = openDatabase(path.join(dir, 'checkpoint.db'))
    return Promise.resolve({
      options: { path: file, table: 'out' },
      context: { database },
      rows: () => sqliteRows(file),
      close: () => {
        database.close()
        fs.rmSync(dir, { recursive: true })
      },
    })
  },
  noop: () => Promise.resolve({ options: {}, rows: () => null, close: () => {} }),
}

function sqliteRows(file: string): Value[][] {
  const db = openDatabase(file, { readonly: true })
  const rows = db.prepare('SELECT k, n FROM out', { bigints: true }).all()
  db.close()
  return rows.map((r) => [r['k'], r['n']] as Value[])
}

const atomic = (): SinkUnderTest => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-sqlite-'))
  const file = path.join(dir, 'checkpoint.db')
  const database = openDatabase(file)
  return {
    options: { table: 'out', atomic: 'true' },
    context: { database },
    rows: () => sqliteRows(file),
    close: () => {
      database.close()
      fs.rmSync(dir, { recursive: true })
    },
  }
}

// Those of kafka and postgres need a server: kafka/sink.test.ts and postgres/sink.test.ts run them.
for (const provider of SINKS.filter((p) => p.format !== 'kafka' && p.format !== 'postgres'))
  describe(`sink ${provider.format}`, () => {
    for (const { name, run } of sinkContract(provider, makers[provider.format]!)) test(name, run)
  })
describe('sink sqlite, atomic', () => {
  for (const { name, run } of sinkContract(sqliteSink, atomic)) test(name, run)
})
