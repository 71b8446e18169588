import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, type MillraceSession, window } from '../../src/index.ts'
import {
  add,
  expectError,
  expectNew,
  expectProgress,
  expectTable,
  restart,
  TestKit,
  testStream,
} from '../../src/testing/index.ts'
import { valueOf } from './plain.ts'

test('word count over a stream of lines, in every world', async () => {
  const kit = new TestKit()
  const lines = kit.stream('value STRING')
  const counts = lines.df
    .as<{ value: string }>()
    .flatMap((l) => l.split(' '))
    .groupBy('value')
    .count()
  const report = await testStream(
    kit,
    counts,
    { outputMode: 'update' },
    add(lines, ['a b a'], ['c']),
    expectNew(['a', 2], ['b', 1], ['c', 1]),
    add(lines, ['b']),
    expectNew(['b', 2]),
    expectTable(['a', 2], ['b', 2], ['c', 1]),
    expectProgress({ stateRows: 3 }),
  )
  expect(report.worlds.length).toBeGreaterThan(8)
})

test('map, filter and a projection over a stream, in every world', async () => {
  const kit = new TestKit()
  const clicks = kit.stream('user STRING, ms INT')
  const slow = clicks.df
    .as<{ user: string; ms: number }>()
    .filter((c) => c.ms > 10)
    .map((c) => ({ user: c.user.toUpperCase(), seconds: c.ms / 1000 }), 'user STRING, seconds DOUBLE')
    .where('seconds < 5')
  await testStream(
    kit,
    slow,
    { outputMode: 'append' },
    add(clicks, ['ann', 5], ['bob', 500]),
    expectNew(['BOB', 0.5]),
    add(clicks, ['cid', 50_000], ['dan', 1000]),
    expectNew(['DAN', 1]),
  )
})

test('a filter keeps the event time of its input', async () => {
  const kit = new TestKit()
  const clicks = kit.stream('ts TIMESTAMP, user STRING')
  const perWindow = clicks.df
    .withWatermark('ts', '10 seconds')
    .filter((c) => c['user'] !== 'bot')
    .groupBy(window('ts', '10 seconds'))
    .count()
    .select('count')
  await testStream(
    kit,
    perWindow,
    { outputMode: 'append' },
    add(clicks, ['2026-01-01T00:00:01Z', 'ann'], ['2026-01-01T00:00:02Z', 'bot'], ['2026-01-01T00:00:03Z', 'bob']),
    add(clicks, ['2026-01-01T00:01:00Z', 'ann']),
    expectNew([2]),
    expectProgress({ watermark: '2026-01-01T00:00:50' }),
  )
})

test('reduceGroups keeps the row so far as state, in every world', async () => {
  const kit = new TestKit()
  const bids = kit.stream('item STRING, bidder STRING, price INT')
  const best = bids.df
    .as<{ item: string; bidder: string; price: number }>()
    .groupByKey((b) => b.item, 'STRING')
    .reduceGroups((l, r) => (l.price >= r.price ? l : r))
    .selectExpr('key', 'value.bidder AS bidder', 'value.price AS price')
  await testStream(
    kit,
    best,
    { outputMode: 'update', key: ['key'] },
    add(bids, ['pen', 'ann', 3], ['pen', 'bob', 5], ['cup', 'ann', 1]),
    expectNew(['pen', 'bob', 5], ['cup', 'ann', 1]),
    restart(),
    add(bids, ['pen', 'cid', 4], ['cup', 'dan', 2]),
    expectTable(['pen', 'bob', 5], ['cup', 'dan', 2]),
  )
})

test('a function that throws fails the query, naming query, batch and row', async () => {
  const kit = new TestKit()
  const lines = kit.stream('value STRING')
  const typed = lines.df.as<{ value: string }>()
  const strict = typed.map((l) => JSON.parse(l) as string, 'STRING')
  await testStream(
    kit,
    strict,
    { outputMode: 'append' },
    add(lines, ['"ok"']),
    expectNew(['ok']),
    add(lines, ['{oops']),
    expectError('FAILED_EXECUTE_UDF'),
  )

  const session = kit.session
  const { stream, df } = session.memoryStream('value STRING')
  const query = await df
    .as<{ value: string }>()
    .map((l) => JSON.parse(l) as string, 'STRING')
    .writeStream.format('noop')
    .queryName('parse')
    .start()
  stream.addData(['"fine"'])
  await query.processAllAvailable()
  stream.addData(['{oops'])
  await expect(query.awaitTermination()).rejects.toMatchObject({
    code: 'FAILED_EXECUTE_UDF',
    params: { query: 'parse', batchId: 1, row: '"{oops"' },
  })
  expect(query.exception()!.message).toMatch(/map failed in batch 1 of query parse/)
})

test('over a stream a closure says what it gives, except strings made of strings', () => {
  const kit = new TestKit()
  const lines = kit.stream('value STRING').df.as<{ value: string }>()
  expect(lines.flatMap((l) => l.split(' ')).dtypes).toEqual([['value', 'string']])
  expect(lines.groupByKey((l) => l[0]).count().dtypes[0]).toEqual(['key', 'string'])
  expect(() => lines.map((l) => l.length)).toThrow(
    /CLOSURE_SCHEMA_REQUIRED.*hint: give it: map\(fn, 'a INT, b STRING'\)/s,
  )
  const rows = kit.stream('a INT, b INT').df
  expect(() => rows.flatMap((r) => [r['a']])).toThrow(/CLOSURE_SCHEMA_REQUIRED/)
  expect(() => rows.groupByKey((r) => r['a'])).toThrow(/CLOSURE_SCHEMA_REQUIRED/)
  expect(rows.flatMap((r) => [r['a']], 'INT').dtypes).toEqual([['value', 'int']])
})

test('strings were promised: another result fails with what to do', async () => {
  const kit = new TestKit()
  const lines = kit.stream('value STRING')
  const sizes = lines.df.as<{ value: string }>().flatMap((l) => [l.length])
  await testStream(kit, sizes, { outputMode: 'append' }, add(lines, ['abc']), expectError('FAILED_EXECUTE_UDF'))
})

test('groups with all of their rows are for bounded tables', async () => {
  const kit = new TestKit()
  const { df } = kit.session.memoryStream('value STRING NOT NULL')
  const groups = df.groupByKey((l) => l).mapGroups((k) => k, 'STRING')
  await expect(groups.writeStream.format('noop').start()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

const inDirectory = async (body: (dir: string) => Promise<void>): Promise<void> => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-closures-'))
  try {
    await body(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

test('over files the first results tell the columns when the query runs', () =>
  inDirectory(async (dir) => {
    writeFileSync(join(dir, 'a.txt'), 'one two\nthree\n')
    const session = millrace()
    const words = session.read.text(dir).flatMap((l) => l.split(' '))
    expect(() => words.schema).toThrow(/CLOSURE_SCHEMA_UNKNOWN/)
    expect(words.isStreaming).toBe(false)
    const sized = words.map((w) => ({ w, n: w.length })).where('n > 3')
    expect(await sized.collect()).toEqual([{ w: 'three', n: 5 }])
    expect(sized.dtypes).toEqual([
      ['w', 'string'],
      ['n', 'double'],
    ])
    expect(await words.groupBy('value').count().count()).toBe(3)
    const later = session.read.text(dir).map((l) => l.length)
    later.createOrReplaceTempView('lengths')
    expect(valueOf(await session.sql('SELECT max(value) AS longest FROM lengths').collect())).toEqual([{ longest: 7 }])
    await session.read
      .text(dir)
      .map((l) => ({ l }))
      .write.format('json')
      .save(join(dir, 'out'))
    expect(await session.read.schema('l STRING').json(join(dir, 'out')).count()).toBe(2)
  }))

const reduced = (session: MillraceSession, location: string, version: string, dir: string) =>
  session.readStream
    .text(dir)
    .groupByKey((l) => l[0])
    .reduceGroups((l, r) => (l > r ? l : r), { version })
    .writeStream.outputMode('update')
    .option('checkpointLocation', location)
    .format('noop')
    .trigger({ availableNow: true })
    .start()

test('a restart knows a closure by its version, not by its text', () =>
  inDirectory(async (dir) => {
    writeFileSync(join(dir, 'a.txt'), 'one\nonly\n')
    const location = join(dir, 'checkpoint')
    const run = async (version: string) =>
      (await reduced(millrace(), location, version, join(dir, '*.txt'))).awaitTermination()
    await run('1')
    await run('1')
    await expect(run('2')).rejects.toMatchObject({ code: 'CHECKPOINT_QUERY_CHANGED' })
  }))
