import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MillraceSession } from '../../src/session.ts'
import { directory, kit } from './kit.ts'

test('definitions outlive the session; rows and temporary things do not', async () => {
  const dir = directory()
  const conf = { 'millrace.catalog': join(dir, 'catalog.db') }
  const first = kit(conf)
  await first.run(
    `CREATE TABLE log (ts TIMESTAMP, n INT DEFAULT 7, WATERMARK FOR ts AS ts - INTERVAL 5 MINUTES) USING json LOCATION '${join(dir, 'log')}' COMMENT 'kept'`,
    'CREATE TABLE here AS SELECT 1 AS a',
    'CREATE VIEW total(t) AS SELECT sum(n) FROM log',
    'CREATE FUNCTION plus(x INT, y INT DEFAULT 1) RETURNS INT RETURN x + y',
    'CREATE TEMP VIEW gone AS SELECT 1',
    'CREATE TEMPORARY FUNCTION gone() RETURN 1',
    "INSERT INTO log (ts) VALUES (TIMESTAMP '2026-01-01 00:00:00')",
  )
  await first.session.stop()
  const second = kit(conf)
  expect(await second.rows('SELECT t FROM total')).toEqual([[7]])
  expect(await second.rows('SELECT plus(4)')).toEqual([[5]])
  expect(await second.rows('SELECT * FROM here')).toEqual([])
  expect(await second.rows('SHOW TABLES')).toEqual([
    ['default', 'here', false],
    ['default', 'log', false],
    ['default', 'total', false],
  ])
  expect(new Map((await second.rows('DESCRIBE EXTENDED log')).map((r) => [r[0], r[1]])).get('Watermark')).toBe(
    'ts - INTERVAL 5 minute',
  )
  await second.run('DROP VIEW total', 'DROP TABLE here', 'DROP FUNCTION plus', 'INSERT INTO log (n) VALUES (3)')
  await second.session.stop()
  const third = kit(conf)
  expect(await third.rows('SHOW TABLES')).toEqual([['default', 'log', false]])
  expect(await third.rows('SELECT sum(n) FROM log')).toEqual([[10]])
  expect((await third.failure('SELECT plus(1)')).code).toBe('UNRESOLVED_ROUTINE')
})

test('sessions at the same time see what the other defines and drops', async () => {
  const conf = { 'millrace.catalog': join(directory(), 'catalog.db') }
  const one = kit(conf)
  const other = kit(conf)
  await one.run('CREATE VIEW v AS SELECT 1 AS a')
  expect(await other.rows('SELECT a FROM v')).toEqual([[1]])
  await other.run('CREATE OR REPLACE VIEW v AS SELECT 2 AS a')
  expect(await one.rows('SELECT a FROM v')).toEqual([[2]])
  await one.run('DROP VIEW v')
  expect((await other.failure('SELECT a FROM v')).code).toBe('TABLE_OR_VIEW_NOT_FOUND')
})

test('a file that is no catalog is refused', () => {
  const path = join(directory(), 'catalog.db')
  writeFileSync(path, 'this is no database, and long enough to be taken for one'.repeat(40))
  expect(() => new MillraceSession({ 'millrace.catalog': path })).toThrow('CHECKPOINT_CORRUPT')
})
