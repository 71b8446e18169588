import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directory, kit } from './kit.ts'

const CLICKS = "CREATE TABLE clicks (ts TIMESTAMP, user STRING, WATERMARK FOR ts AS ts - INTERVAL '10' SECONDS)"
const at = (second: number, user: string): string =>
  `(TIMESTAMP '2026-01-01 10:00:00' + make_dt_interval(0, 0, 0, ${second}), '${user}')`

test('INSERT from a stream starts a query with the watermark of the table, which stops, and goes on where it stopped', async () => {
  const dir = directory()
  const { session, rows, run, failure } = kit()
  await run(
    CLICKS,
    'CREATE TABLE counts (w TIMESTAMP, n BIGINT)',
    `INSERT INTO clicks VALUES ${at(1, 'a')}, ${at(65, 'b')}, ${at(130, 'c')}`,
  )
  const insert = `INSERT INTO counts SELECT window.start, count(*) FROM STREAM clicks GROUP BY window(ts, '1 minute') WITH (queryName = 'q', checkpointLocation = '${join(dir, 'cp')}')`
  const [started] = await rows(insert)
  expect(started![2]).toBe('q')
  const [query] = session.streams.active
  expect(query!.id).toBe(started![0])
  await query!.processAllAvailable()
  const counted = 'SELECT date_format(w, "HH:mm"), n FROM counts ORDER BY w'
  expect(await rows(counted)).toEqual([
    ['10:00', 1],
    ['10:01', 1],
  ])
  expect((await rows('SHOW QUERIES'))[0]!.slice(0, 3)).toEqual(['q', started![0], started![1]])
  expect((await failure(insert.replace('cp', 'cp2'))).code).toBe('QUERY_ALREADY_ACTIVE')
  await run('STOP QUERY q')
  expect(session.streams.active).toEqual([])
  expect(await failure('STOP QUERY q')).toEqual({ code: 'QUERY_NOT_FOUND', carets: 'STOP QUERY q' })
  await run(`INSERT INTO clicks VALUES ${at(200, 'd')}`, insert)
  await session.streams.active[0]!.processAllAvailable()
  expect(await rows(counted)).toEqual([
    ['10:00', 1],
    ['10:01', 1],
    ['10:02', 1],
  ])
})

test('complete mode replaces the rows, update mode adds the groups that changed', async () => {
  const { session, rows, run } = kit()
  await run(
    'CREATE TABLE s (k STRING)',
    'CREATE TABLE whole (k STRING, n BIGINT)',
    'CREATE TABLE changes (k STRING, n BIGINT)',
  )
  await run(
    "INSERT INTO whole SELECT k, count(*) FROM STREAM s GROUP BY k WITH (outputMode = 'complete')",
    "INSERT INTO changes SELECT k, count(*) FROM STREAM s GROUP BY k WITH (outputMode = 'update')",
  )
  const settle = () => Promise.all(session.streams.active.map((q) => q.processAllAvailable()))
  await run("INSERT INTO s VALUES ('a'), ('b')")
  await settle()
  await run("INSERT INTO s VALUES ('a')")
  await settle()
  expect(await rows('SELECT * FROM whole ORDER BY k')).toEqual([
    ['a', 2],
    ['b', 1],
  ])
  expect(await rows('SELECT * FROM changes ORDER BY k, n')).toEqual([
    ['a', 1],
    ['a', 2],
    ['b', 1],
  ])
})

test('the last WITH of an INSERT is its own; options of the source stand before it', async () => {
  const { session, rows, run, failure } = kit()
  await run('CREATE TABLE s (a INT)', 'INSERT INTO s VALUES (1)', 'INSERT INTO s VALUES (2)', 'CREATE TABLE t (a INT)')
  await run(
    "INSERT INTO t SELECT a FROM STREAM s WITH (maxAddsPerBatch = 1) WITH (trigger = 'availableNow', queryName = 'n')",
  )
  const [query] = session.streams.active
  await query!.awaitTermination()
  expect(query!.recentProgress.filter((p) => p.numInputRows > 0)).toHaveLength(2)
  expect(await rows('SELECT * FROM t ORDER BY a')).toEqual([[1], [2]])
  expect((await failure("INSERT INTO t SELECT a FROM STREAM s WITH (trigger = 'now and then')")).code).not.toBe(
    'nothing',
  )
  expect((await failure("INSERT INTO t SELECT a FROM STREAM s WITH (outputMode = 'sometimes')")).code).toBe(
    'STREAMING_OUTPUT_MODE.INVALID',
  )
  expect((await failure("INSERT INTO t SELECT a FROM STREAM s WITH (colour = 'red')")).code).toBe('OPTION_UNKNOWN')
  expect((await failure('INSERT INTO s SELECT a FROM STREAM s')).code).toBe('INSERT_SELF_STREAM')
  expect((await failure('INSERT OVERWRITE t SELECT a FROM STREAM s')).code).toBe('OVERWRITE_BY_STREAM')
})

test('a table over files is the sink of one query and the source of another', async () => {
  const dir = directory()
  const { session, rows, run } = kit()
  await run(
    `CREATE TABLE f (a INT) USING json LOCATION '${join(dir, 'f')}'`,
    'CREATE TABLE s (a INT)',
    'INSERT INTO s VALUES (1), (2)',
    'CREATE TABLE t (a INT)',
  )
  const all = async (): Promise<void> => {
    for (const q of session.streams.active) await q.awaitTermination()
  }
  await run(
    `INSERT INTO f SELECT a * 10 FROM STREAM s WITH (trigger = 'availableNow', checkpointLocation = '${join(dir, 'cp')}')`,
  )
  await all()
  await run('INSERT INTO f VALUES (7)', "INSERT INTO t SELECT a + 1 FROM STREAM f WITH (trigger = 'availableNow')")
  await all()
  expect(await rows('SELECT * FROM t ORDER BY a')).toEqual([[8], [11], [21]])
})
