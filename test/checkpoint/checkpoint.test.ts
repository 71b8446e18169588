import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Checkpoint, StateWrite } from '../../src/checkpoint/checkpoint.ts'
import { checkpointPaths, memoryCheckpoint, openCheckpoint, openCheckpointWhenFree } from '../../src/checkpoint/open.ts'
import { hashOffsetRow } from '../../src/checkpoint/recovery.ts'
import { CheckpointError } from '../../src/errors/errors.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { BIGINT, field, INT, STRING } from '../../src/types/data-type.ts'
import { commitRow, offsetRow } from './fixtures.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-checkpoint-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const spec = { name: 't', keys: [field('k', STRING)], values: [field('n', BIGINT)], paned: false }
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const write = (changeLog: string | null, snapshots: Record<number, string> = {}, logsNeeded?: number): StateWrite => ({
  operatorId: '0',
  table: 't',
  changeLog: changeLog === null ? null : bytes(changeLog),
  snapshots: Object.entries(snapshots).map(([shard, blob]) => ({ shard: Number(shard), blob: bytes(blob) })),
  ...(logsNeeded === undefined ? {} : { logsNeeded }),
})
const batch = (cp: Checkpoint, batchId: number, ...state: StateWrite[]): void => {
  cp.writeOffsets(offsetRow(batchId))
  cp.commit(commitRow(batchId), state)
}
const restored = (cp: Checkpoint, upTo?: number): unknown => {
  const r = cp.restoreState('0', 't', spec, upTo)
  const text = (b: Uint8Array): string => Buffer.from(b).toString()
  return r === null
    ? null
    : {
        snapshots: r.snapshots.map((s) => `${s.shard}@${s.version} ${text(s.blob)}`),
        logs: [...r.changeLogs].map((l) => `${l.version} ${text(l.blob)}`),
      }
}
const codeOf = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return (error as CheckpointError).code
  }
  return 'nothing thrown'
}

describe('where a checkpoint lies', () => {
  test('a directory, a database file, a URL', () => {
    writeFileSync(join(dir, 'orders'), '')
    mkdirSync(join(dir, 'odd.db'))
    expect(checkpointPaths(join(dir, 'cp')).database).toBe(join(dir, 'cp', 'checkpoint.db'))
    expect(checkpointPaths(join(dir, 'app.sqlite'))).toEqual({
      database: join(dir, 'app.sqlite'),
      lock: join(dir, 'app.sqlite.lock'),
      marker: null,
    })
    expect(checkpointPaths(join(dir, 'orders')).database).toBe(join(dir, 'orders'))
    expect(checkpointPaths(join(dir, 'odd.db')).database).toBe(join(dir, 'odd.db', 'checkpoint.db'))
    expect(checkpointPaths(pathToFileURL(join(dir, 'cp')).href).database).toBe(join(dir, 'cp', 'checkpoint.db'))
  })

  test('a file of the user is shared, ours are prefixed', () => {
    const path = join(dir, 'app.db')
    const own = openDatabase(path)
    own.exec('CREATE TABLE offsets (a); INSERT INTO offsets VALUES (1)')
    own.close()
    const cp = openCheckpoint(path)
    batch(cp, 0)
    const tables = cp.database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((r) => String(r['name']))
    expect(tables.filter((t) => !t.startsWith('millrace_') && !t.startsWith('sqlite_'))).toEqual(['offsets'])
    cp.close()
  })

  test('one at a time, readers welcome, and free again after close', async () => {
    const cp = openCheckpoint(dir)
    batch(cp, 0)
    expect(codeOf(() => openCheckpoint(dir))).toBe('CHECKPOINT_LOCKED')
    const reader = openCheckpoint(dir, { readonly: true })
    expect(reader.lastCommit()).toEqual(commitRow(0))
    expect(codeOf(() => reader.writeOffsets(offsetRow(1)))).toBe('CHECKPOINT_READ_ONLY')
    reader.close()
    setTimeout(() => cp.close(), 80)
    const next = await openCheckpointWhenFree(dir, { lockTimeoutMs: 5000 })
    expect(next.queryId).toBe(cp.queryId)
    next.close()
    next.close()
    expect(codeOf(() => openCheckpoint(join(dir, 'nothing.db'), { readonly: true }))).toBe('CHECKPOINT_IO')
  })
})

describe('logs and recovery', () => {
  test('what was written comes back after every kind of end', () => {
    let cp = openCheckpoint(dir)
    expect(cp.recover()).toEqual({ kind: 'fresh' })
    const id = cp.queryId
    cp.writeOffsets(offsetRow(0))
    cp.close()

    cp = openCheckpoint(dir)
    expect(cp.queryId).toBe(id)
    expect(cp.recover()).toEqual({ kind: 'rerun', row: offsetRow(0), previous: null, lastCommit: null })
    cp.commit(commitRow(0), [])
    cp.writeOffsets(offsetRow(1))
    cp.close()

    cp = openCheckpoint(dir)
    expect(cp.recover({ queryId: id, batchId: 1, offsetHash: hashOffsetRow(offsetRow(1)) })).toMatchObject({
      kind: 'rerun',
      previous: offsetRow(0),
    })
    expect(codeOf(() => cp.recover({ queryId: id, batchId: 2, offsetHash: '' }))).toBe('CHECKPOINT_SINK_AHEAD')
    cp.commit(commitRow(1), [])
    expect(cp.recover()).toEqual({ kind: 'continue', last: offsetRow(1), lastCommit: commitRow(1) })
    expect([cp.lastOffsets(), cp.lastCommit(), cp.batches()]).toEqual([
      offsetRow(1),
      commitRow(1),
      { offsets: [0, 1], commits: [0, 1] },
    ])
    cp.close()
  })

  test('a batch commits once, after its offsets', () => {
    const cp = memoryCheckpoint()
    expect(() => cp.commit(commitRow(0), [])).toThrow(/without its offset row/)
    expect(() => cp.writeOffsets(offsetRow(1))).toThrow(/follows/)
    batch(cp, 0)
    expect(codeOf(() => cp.commit(commitRow(0), []))).toBe('CHECKPOINT_CONSTRAINT')
    cp.close()
  })

  test('a joining sink writes in the transaction of the commit, offsets and all, or not at all', () => {
    const cp = openCheckpoint(join(dir, 'app.db'))
    cp.database.exec('CREATE TABLE out (a)')
    const put = cp.database.prepare('INSERT INTO out VALUES (?)')
    cp.restoreState('0', 't', spec)
    const fail = (): void => {
      put.run('lost')
      throw new RangeError('sink')
    }
    expect(() => cp.commit(commitRow(0), [write('log')], fail, offsetRow(0))).toThrow(RangeError)
    expect([cp.recover(), restored(cp), cp.database.prepare('SELECT * FROM out').all()]).toEqual([
      { kind: 'fresh' },
      null,
      [],
    ])
    cp.commit(commitRow(0), [write('log')], () => put.run('kept'), offsetRow(0))
    cp.close()
    const again = openCheckpoint(join(dir, 'app.db'))
    expect(again.recover().kind).toBe('continue')
    expect(restored(again)).toEqual({ snapshots: [], logs: ['0 log'] })
    expect(again.database.prepare('SELECT * FROM out').all()).toEqual([{ a: 'kept' }])
    again.close()
  })

  test('metadata, source logs and fingerprints become durable with the next row, not before', () => {
    let cp = openCheckpoint(dir)
    const meaning = { '3': { fingerprint: 'f', describe: 'count(*) by word' } }
    const remember = (c: Checkpoint): void => {
      c.setMetadata('schema', { a: [1, null] })
      c.sourceLog('files').append(0, ['a.csv', { path: 'b.csv' }])
      c.checkFingerprints(meaning)
    }
    remember(cp)
    expect(cp.metadata('schema')).toEqual({ a: [1, null] })
    expect([cp.sourceLog('files').last(), cp.sourceLog('files').read(-1, 0)]).toEqual([0, ['a.csv', { path: 'b.csv' }]])
    cp.close()

    cp = openCheckpoint(dir)
    expect([cp.metadata('schema'), cp.sourceLog('files').last()]).toEqual([undefined, -1])
    remember(cp)
    cp.writeOffsets(offsetRow(0))
    cp.sourceLog('files').append(0, ['late.csv'])
    cp.sourceLog('files').append(2, ['c.csv'])
    cp.setMetadata('schema', 'new')
    cp.commit(commitRow(0), [])
    cp.close()

    cp = openCheckpoint(dir)
    const log = cp.sourceLog('files')
    expect([cp.metadata('schema'), cp.metadata('other')]).toEqual(['new', undefined])
    expect([...log.all()].map((e) => `${e.offset} ${JSON.stringify(e.entry)}`)).toEqual([
      '0 "a.csv"',
      '0 {"path":"b.csv"}',
      '0 "late.csv"',
      '2 "c.csv"',
    ])
    expect([log.read(0, 2), log.read(-1, 1).length, log.read(2, 9), log.last()]).toEqual([['c.csv'], 3, [], 2])
    expect(() => log.append(1, ['back'])).toThrow(/goes back/)
    log.append(3, ['d.csv'])
    log.truncate(0)
    expect([log.last(), [...log.all()].length]).toEqual([0, 3])
    cp.checkFingerprints(meaning)
    cp.close()
  })

  test('another query on the checkpoint is refused, naming the node', () => {
    const cp = memoryCheckpoint()
    const count = { fingerprint: 'a', describe: 'count(*) by word' }
    cp.checkFingerprints({ '3': count })
    batch(cp, 0)
    expect(() => cp.checkFingerprints({ '3': { fingerprint: 'b', describe: 'max(7) by word' } })).toThrow(
      /CHECKPOINT_QUERY_CHANGED.*3 was count\(\*\) by word, now it is max\(7\) by word/,
    )
    expect(codeOf(() => cp.checkFingerprints({ '3': count, '4': count }))).toBe(
      'STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA',
    )
    expect(codeOf(() => cp.checkFingerprints({}))).toBe('STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA')
    const stateless = memoryCheckpoint()
    stateless.checkFingerprints({})
    batch(stateless, 0)
    stateless.checkFingerprints({})
    expect(codeOf(() => stateless.checkFingerprints({ '3': count }))).toBe(
      'STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA',
    )
  })
})

describe('state versions', () => {
  test('a restore gives the newest snapshot of each shard and the logs the writer needs', () => {
    const cp = memoryCheckpoint()
    expect(restored(cp)).toBeNull()
    batch(cp, 0, write('l0', {}, 1))
    batch(cp, 1, write('l1', { 7: 's7' }, 2))
    batch(cp, 2, write(null))
    batch(cp, 3, write('l3', { 7: 's7b', 9: 's9' }, 2))
    expect(restored(cp)).toEqual({ snapshots: ['7@3 s7b', '9@3 s9'], logs: ['1 l1', '3 l3'] })
    expect(restored(cp, 1)).toEqual({ snapshots: ['7@1 s7'], logs: ['0 l0', '1 l1'] })
    expect(restored(cp, 2)).toEqual({ snapshots: ['7@1 s7'], logs: ['0 l0', '1 l1'] })
    batch(cp, 4, write(null, { 8: 's8' }, 0))
    expect(restored(cp)).toEqual({ snapshots: ['7@3 s7b', '8@4 s8', '9@3 s9'], logs: [] })
    expect(cp.stateTables()).toEqual([{ operatorId: '0', table: 't', spec }])
  })

  test('another schema is refused: keys, windows, values; names and nullability may differ', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    batch(cp, 0, write('l'))
    const with_ =
      (change: object): (() => unknown) =>
      () =>
        cp.restoreState('0', 't', { ...spec, ...change })
    expect(codeOf(with_({ keys: [field('k', INT)] }))).toBe('STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE')
    expect(codeOf(with_({ paned: true }))).toBe('STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE')
    expect(codeOf(with_({ values: [] }))).toBe('STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE')
    expect(codeOf(with_({ keys: [field('other', STRING, false)] }))).toBe('nothing thrown')
  })

  test('purging keeps what any retained version needs', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    for (let b = 0; b < 40; b++) batch(cp, b, write(`l${b}`, { [b % 4]: `s${b}` }, 4))
    const before = [30, 35, 39].map((v) => restored(cp, v))
    cp.purge(10)
    expect([30, 35, 39].map((v) => restored(cp, v))).toEqual(before)
    expect(cp.batches().offsets[0]).toBe(30)
    const count = (table: string): unknown => cp.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!['n']
    expect([count('millrace_state_changes'), count('millrace_state_snapshots')]).toEqual([13, 13])
    expect(codeOf(() => restored(cp, 20))).toBe('CHECKPOINT_BATCH_GONE')
    batch(cp, 40, write('l40', {}, 5))
    expect(restored(cp)).toMatchObject({ logs: ['36 l36', '37 l37', '38 l38', '39 l39', '40 l40'] })
  })

  test('a purge within a commit is part of it, and counts its batch', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    for (let b = 0; b < 5; b++) batch(cp, b, write(`l${b}`, { 0: `s${b}` }, 1))
    cp.writeOffsets(offsetRow(5))
    const purge = (fails: boolean) => (): void => {
      cp.purge(2)
      if (fails) throw new RangeError('after the purge')
    }
    expect(() => cp.commit(commitRow(5), [write('l5', { 0: 's5' }, 1)], purge(true))).toThrow(RangeError)
    expect(cp.batches()).toEqual({ offsets: [0, 1, 2, 3, 4, 5], commits: [0, 1, 2, 3, 4] })
    cp.commit(commitRow(5), [write('l5', { 0: 's5' }, 1)], purge(false))
    expect(cp.batches()).toEqual({ offsets: [4, 5], commits: [4, 5] })
    expect(restored(cp, 4)).toEqual({ snapshots: ['0@4 s4'], logs: ['4 l4'] })
  })

  test('rolling back forgets every later batch', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    for (let b = 0; b < 5; b++) batch(cp, b, write(`l${b}`, { 1: `s${b}` }, 2))
    cp.writeOffsets(offsetRow(5))
    const then = restored(cp, 2)
    cp.rollback(2)
    expect([restored(cp), cp.recover().kind, cp.lastCommit()]).toEqual([then, 'continue', commitRow(2)])
    batch(cp, 3, write('again', {}, 2))
    expect(restored(cp)).toMatchObject({ logs: ['2 l2', '3 again'] })
    expect(codeOf(() => cp.rollback(9))).toBe('CHECKPOINT_BATCH_GONE')
  })

  test('a damaged snapshot falls back to an older one and the logs since, and says so', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    for (let b = 0; b < 6; b++) batch(cp, b, write(`l${b}`, b % 2 === 0 ? { 7: `s${b}` } : {}, 2))
    cp.database.exec("UPDATE millrace_state_snapshots SET content = CAST('sX' AS BLOB) WHERE version = 4")
    expect(restored(cp)).toEqual({ snapshots: ['7@2 s2'], logs: ['3 l3', '4 l4', '5 l5'] })
    expect(cp.warnings.join()).toMatch(/snapshot of state table t of 0, batch 4, shard 7/)
    cp.database.exec("UPDATE millrace_state_snapshots SET content = CAST('sX' AS BLOB)")
    expect(restored(cp)).toEqual({ snapshots: [], logs: ['0 l0', '1 l1', '2 l2', '3 l3', '4 l4', '5 l5'] })
  })

  test('… and refuses where the logs since are gone', () => {
    const cp = memoryCheckpoint()
    cp.restoreState('0', 't', spec)
    for (let b = 0; b < 12; b++) batch(cp, b, write(`l${b}`, { 7: `s${b}` }, 1))
    cp.purge(2)
    cp.database.exec("UPDATE millrace_state_snapshots SET content = CAST('sX' AS BLOB)")
    expect(() => restored(cp)).toThrow(/CHECKPOINT_CORRUPT.*state table t of 0, batch 11, shard 7/)
  })
})

describe('damage', () => {
  test.each([
    ['millrace_offsets', 'the offset row of batch 2'],
    ['millrace_commits', 'the commit row of batch 2'],
    ['millrace_state_changes', 'the change log of state table t of 0, batch 2'],
    ['millrace_metadata', 'the metadata schema'],
    ['millrace_source_log', 'entry 0 of offset 2 in the log of source files'],
    ['millrace_fingerprints', 'the fingerprint of 3'],
  ])('a flipped byte in %s is found and named', (table, where) => {
    const path = join(dir, 'checkpoint.db')
    let cp = openCheckpoint(dir)
    cp.restoreState('0', 't', spec)
    cp.checkFingerprints({ '3': { fingerprint: 'f', describe: 'd' } })
    cp.setMetadata('schema', 'some schema')
    for (let b = 0; b < 3; b++) {
      cp.sourceLog('files').append(b, ['some file'])
      batch(cp, b, write(`log ${b}`))
    }
    cp.close()
    const db = openDatabase(path)
    const last = `rowid = (SELECT max(rowid) FROM ${table})`
    const one =
      table === 'millrace_source_log'
        ? "name = 'files' AND position = 2"
        : /metadata|fingerprints/.test(table)
          ? 'true'
          : last
    const row = db.prepare(`SELECT content FROM ${table} WHERE ${one}`).get()!
    const content =
      typeof row['content'] === 'string' ? Buffer.from(row['content']) : Buffer.from(row['content'] as Uint8Array)
    content[content.length - 3]! ^= 1
    db.prepare(`UPDATE ${table} SET content = ? WHERE ${one}`).run(
      typeof row['content'] === 'string' ? content.toString() : content,
    )
    db.close()
    const use = (): void => {
      cp = openCheckpoint(dir)
      try {
        cp.recover()
        restored(cp)
        cp.metadata('schema')
        cp.sourceLog('files').read(-1, 9)
        cp.checkFingerprints({ '3': { fingerprint: 'f', describe: 'd' } })
      } finally {
        cp.close()
      }
    }
    expect(use).toThrow(new RegExp(`CHECKPOINT_CORRUPT.*${where}`))
    // the failed open gave the lock back
    expect(use).toThrow(/CHECKPOINT_CORRUPT/)
  })

  test('rows that traded places are found', () => {
    const cp = memoryCheckpoint()
    for (let b = 0; b < 2; b++) batch(cp, b)
    cp.database.exec(
      `UPDATE millrace_offsets SET (content, crc) = (SELECT content, crc FROM millrace_offsets WHERE batch_id = 0) WHERE batch_id = 1`,
    )
    expect(() => cp.offsetRow(1)).toThrow(/CHECKPOINT_CORRUPT/)
  })

  test('a newer format is refused, naming both versions', () => {
    openCheckpoint(dir).close()
    const db = openDatabase(join(dir, 'checkpoint.db'))
    db.exec("UPDATE millrace_checkpoint SET value = '7' WHERE key = 'format_version'")
    db.close()
    expect(() => openCheckpoint(dir)).toThrow(/CHECKPOINT_FORMAT_TOO_NEW.*format version 7.*up to 2/)
  })

  test('a full disk leaves the last commit and nothing half written', () => {
    const cp = openCheckpoint(dir, { maxPageCount: 60 })
    cp.restoreState('0', 't', spec)
    batch(cp, 0, write('log 0'))
    cp.setMetadata('k', 'v')
    cp.writeOffsets(offsetRow(1))
    cp.restoreState('0', 'u', { ...spec, name: 'u' })
    const huge: StateWrite = { ...write('x'), table: 'u', changeLog: new Uint8Array(1 << 20) }
    expect(codeOf(() => cp.commit(commitRow(1), [write('log 1'), huge]))).toBe('CHECKPOINT_STORAGE_FULL')
    expect(restored(cp)).toEqual({ snapshots: [], logs: ['0 log 0'] })
    cp.close()
    const again = openCheckpoint(dir)
    expect(again.recover()).toMatchObject({ kind: 'rerun', row: { batchId: 1 }, lastCommit: commitRow(0) })
    expect(restored(again)).toEqual({ snapshots: [], logs: ['0 log 0'] })
    again.commit(commitRow(1), [write('log 1')])
    expect(restored(again)).toEqual({ snapshots: [], logs: ['0 log 0', '1 log 1'] })
    again.close()
  })

  test('a copy of the file as kill -9 leaves it opens at the last commit', () => {
    const cp = openCheckpoint(dir, { durability: 'process' })
    batch(cp, 0)
    cp.writeOffsets(offsetRow(1))
    const copy = join(dir, 'copy')
    mkdirSync(copy)
    for (const name of ['checkpoint.db', 'checkpoint.db-wal']) copyFileSync(join(dir, name), join(copy, name))
    const other = openCheckpoint(copy)
    expect(other.recover()).toMatchObject({ kind: 'rerun', row: offsetRow(1) })
    other.close()
    cp.close()
    expect(existsSync(join(dir, 'lock.db.pid'))).toBe(false)
  })

  test('another process on the same checkpoint is refused by its lock', () => {
    const cp = openCheckpoint(dir)
    const driver = createRequire(import.meta.url).resolve('better-sqlite3')
    const script = `
      const Database = require(${JSON.stringify(driver)})
      const db = new Database(${JSON.stringify(join(dir, 'lock.db'))}, { timeout: 0 })
      try { db.exec('BEGIN EXCLUSIVE'); console.log('taken') } catch (e) { console.log(e.code) }`
    expect(spawnSync(process.execPath, ['-e', script]).stdout.toString().trim()).toBe('SQLITE_BUSY')
    expect(readFileSync(join(dir, 'lock.db.pid'), 'utf8').trim()).toBe(String(process.pid))
    cp.close()
    expect(spawnSync(process.execPath, ['-e', script]).stdout.toString().trim()).toBe('taken')
  })
})
