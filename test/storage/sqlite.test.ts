import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CheckpointError, InternalError } from '../../src/errors/errors.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-storage-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const codeOf = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return (error as CheckpointError).code
  }
  return 'nothing thrown'
}

describe('openDatabase', () => {
  test('is in WAL mode, and a reader sees what was committed while a transaction is open', () => {
    const path = join(dir, 'a.db')
    const db = openDatabase(path)
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    db.exec('CREATE TABLE t (a)')
    const reader = openDatabase(path, { readonly: true })
    db.transaction(() => {
      db.prepare('INSERT INTO t VALUES (?)').run(1)
      expect(reader.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 })
    })
    expect(reader.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 1 })
    expect(codeOf(() => reader.exec('INSERT INTO t VALUES (2)'))).toBe('CHECKPOINT_READ_ONLY')
    reader.close()
    db.close()
  })

  test('durability is a switch of synchronous', () => {
    const db = openDatabase(join(dir, 'a.db'))
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    db.setDurability('process')
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 1 })
    db.close()
  })

  test('values come back as they went in; bigints where asked for', () => {
    const db = openDatabase(':memory:')
    db.exec('CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB)')
    db.prepare('INSERT INTO t VALUES (?, ?, ?, ?)').run(9223372036854775807n, 0.5, 'ä', new Uint8Array([1, 0, 2]))
    db.prepare('INSERT INTO t VALUES (?, ?, ?, ?)').run(7, null, null, null)
    const exact = db.prepare('SELECT i FROM t ORDER BY i DESC', { bigints: true })
    expect(exact.all()).toEqual([{ i: 9223372036854775807n }, { i: 7n }])
    const row = db.prepare('SELECT r, s, b FROM t WHERE i > 7').get()!
    expect([row['r'], row['s'], [...(row['b'] as Uint8Array)]]).toEqual([0.5, 'ä', [1, 0, 2]])
    expect([...db.prepare('SELECT i FROM t WHERE i = ?').iterate(7)]).toEqual([{ i: 7 }])
    expect(db.prepare('SELECT i, i + 1 AS j FROM t').columns()).toEqual([
      { name: 'i', declaredType: 'INTEGER' },
      { name: 'j', declaredType: null },
    ])
    db.close()
  })

  test('a transaction that throws leaves nothing, and the next one works', () => {
    const db = openDatabase(join(dir, 'a.db'))
    db.exec('CREATE TABLE t (a UNIQUE)')
    const put = db.prepare('INSERT INTO t VALUES (?)')
    expect(() =>
      db.transaction(() => {
        put.run(1)
        throw new RangeError('stop')
      }),
    ).toThrow(RangeError)
    db.transaction(() => put.run(2))
    expect(db.prepare('SELECT a FROM t').all()).toEqual([{ a: 2 }])
    expect(codeOf(() => put.run(2))).toBe('CHECKPOINT_CONSTRAINT')
    expect(() => db.transaction(() => db.transaction(() => 1))).toThrow(InternalError)
    db.close()
  })

  test('faults of SQLite arrive as conditions of ours', () => {
    expect(codeOf(() => openDatabase(join(dir, 'none', 'a.db')))).toBe('CHECKPOINT_IO')
    expect(codeOf(() => openDatabase(join(dir, 'missing.db'), { readonly: true }))).toBe('CHECKPOINT_IO')
    writeFileSync(join(dir, 'text.db'), 'this is a text file, not a database; it only has the wrong name.'.repeat(20))
    expect(codeOf(() => openDatabase(join(dir, 'text.db')))).toBe('CHECKPOINT_CORRUPT')
    const db = openDatabase(join(dir, 'a.db'), { busyTimeoutMs: 0 })
    expect(codeOf(() => db.prepare('SELEC 1'))).toBe('CHECKPOINT_SQL')
    db.exec('CREATE TABLE t (a)')
    const other = openDatabase(join(dir, 'a.db'), { busyTimeoutMs: 0 })
    db.transaction(() => {
      expect(codeOf(() => other.exec('INSERT INTO t VALUES (1)'))).toBe('CHECKPOINT_LOCKED')
    })
    other.close()
    db.close()
  })

  test('a full disk is a condition of its own and rolls back', () => {
    const db = openDatabase(join(dir, 'a.db'), { maxPageCount: 12 })
    db.exec('CREATE TABLE t (a)')
    db.transaction(() => db.prepare('INSERT INTO t VALUES (?)').run('kept'))
    const fill = (): void =>
      db.transaction(() => {
        db.prepare('INSERT INTO t VALUES (?)').run('lost')
        db.prepare('INSERT INTO t VALUES (?)').run(new Uint8Array(200_000))
      })
    expect(codeOf(fill)).toBe('CHECKPOINT_STORAGE_FULL')
    expect(db.prepare('SELECT a FROM t').all()).toEqual([{ a: 'kept' }])
    db.transaction(() => db.prepare('INSERT INTO t VALUES (?)').run('after'))
    db.close()
    expect(readFileSync(join(dir, 'a.db')).includes('after')).toBe(true)
  })
})
