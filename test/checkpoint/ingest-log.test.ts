import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { IngestLog } from '../../src/checkpoint/ingest-log.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { LoggedIntake } from '../../src/connectors/push/intake.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { parseSchema } from '../../src/types/ddl.ts'
import { valuesOf } from '../../src/testing/contexts.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-ingest-'))
  path = join(dir, 'c.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const lot = (text: string, rows = 1): { rows: number; content: Uint8Array } => ({ rows, content: Buffer.from(text) })
const texts = (log: IngestLog, from: number, to: number): string[] =>
  [...log.read(from, to)].map((l) => Buffer.from(l.content).toString())

test('lots are numbered without gaps, pruned with the next append, and never renumbered', () => {
  const db = openDatabase(path)
  const log = new IngestLog(db, 's', 'a INT')
  log.append([{ lots: [lot('1'), lot('2', 5)] }, { lots: [lot('3')], position: { at: 3 }, key: 'k' }])
  expect([log.first, log.last, log.rowsOf(2), log.position]).toEqual([1, 3, 5, { at: 3 }])
  expect(texts(log, 0, 3)).toEqual(['1', '2', '3'])
  log.prune(2)
  expect(texts(log, 0, 3)).toEqual(['1', '2', '3'])
  log.append([{ lots: [lot('4')] }])
  expect([log.first, log.rowsOf(2), log.rowsOf(4)]).toEqual([3, 0, 1])
  expect(() => texts(log, 0, 3)).toThrow(/INGEST_ROWS_GONE.*lot 1/)
  log.prune(4)
  log.settle()
  db.close()
  const again = openDatabase(path)
  const next = new IngestLog(again, 's', 'a INT')
  expect([next.first, next.last, next.position, next.has('k'), next.has('j')]).toEqual([5, 4, { at: 3 }, true, false])
  next.append([{ lots: [lot('5')] }])
  expect(texts(next, 4, 5)).toEqual(['5'])
  const other = new IngestLog(again, 'other', 'a INT')
  expect([other.last, other.has('k')]).toEqual([0, false])
  again.close()
})

test('a flipped byte is found', () => {
  const db = openDatabase(path)
  const log = new IngestLog(db, 's', 'a INT')
  log.append([{ lots: [lot('abc')] }])
  db.prepare('UPDATE millrace_ingest SET content = ?').run(Buffer.from('abd'))
  expect(() => texts(log, 0, 1)).toThrow(/CHECKPOINT_CORRUPT.*lot 1/)
  db.close()
})

test('what fails to be written is taken back and reported to each who waits', async () => {
  const db = openDatabase(path, { maxPageCount: 40 })
  const schema = parseSchema('s STRING')
  const intake = new LoggedIntake(db, 's', schema)
  const big = batchOf(schema, [['x'.repeat(400_000)]])
  await expect(Promise.all([intake.append([big]), intake.append([big])])).rejects.toThrow(/CHECKPOINT_STORAGE_FULL/)
  expect(intake.end).toBe(0)
  expect(await intake.append([batchOf(schema, [['y']])])).toBe(true)
  expect(valuesOf([...intake.read(0, 1)])).toEqual([['y']])
  db.close()
})

test('rows logged under another schema are read where columns were dropped, refused where they changed', async () => {
  const db = openDatabase(path)
  const wide = parseSchema('a INT, b STRING')
  const first = new LoggedIntake(db, 's', wide)
  await first.append([batchOf(wide, [[1, 'x']])])
  expect(valuesOf([...new LoggedIntake(db, 's', parseSchema('b STRING')).read(0, 1)])).toEqual([['x']])
  expect(() => [...new LoggedIntake(db, 's', parseSchema('a BIGINT')).read(0, 1)]).toThrow(
    /INGEST_SCHEMA_CHANGED.*a INT/,
  )
  db.close()
})
