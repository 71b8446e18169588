import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { type DataFrame, lit, type MillraceError, MillraceSession, Trigger } from '../../src/index.ts'

let work = ''
let session: MillraceSession
let notes: string[] = []
const SCHEMA = 'word STRING, n BIGINT, ts TIMESTAMP, ts2 TIMESTAMP'

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-changed-'))
  notes = []
  session = newSession()
  for (const name of ['a', 'b']) mkdirSync(join(work, name))
  write('a', '0', 'x', 'y', 'x')
})

const newSession = (conf: Readonly<Record<string, string | number | boolean>> = {}): MillraceSession =>
  new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process', ...conf },
    { note: (line) => void notes.push(line) },
  )

function write(dir: string, file: string, ...words: readonly string[]): void {
  const rows = words.map((word, i) =>
    JSON.stringify({ word, n: i + 1, ts: `2026-01-01T00:0${i}:00Z`, ts2: `2026-01-01T01:0${i}:00Z` }),
  )
  writeFileSync(join(work, dir, `${file}.json`), `${rows.join('\n')}\n`)
}

interface Options {
  readonly dir?: string
  readonly name?: string
  readonly schema?: string
  readonly maxFiles?: number
}
/** The stream of one directory as a view named after it. */
function stream({ dir = 'a', name, schema = SCHEMA, maxFiles }: Options = {}, of = session): DataFrame {
  const reader = of.readStream.schema(schema)
  if (maxFiles !== undefined) reader.option('maxFilesPerTrigger', maxFiles)
  if (name !== undefined) reader.name(name)
  const df = reader.json(join(work, dir))
  df.createOrReplaceTempView(dir)
  return df
}

interface RunOptions {
  readonly mode?: string
  readonly sink?: string
  readonly options?: Readonly<Record<string, string>>
  readonly trigger?: Parameters<ReturnType<DataFrame['writeStream']['outputMode']>['trigger']>[0]
}
/** Runs over all there is; gives the last output of each batch as text. */
async function run(
  df: DataFrame,
  { mode = 'update', sink = 'foreachBatch', options = {}, trigger = Trigger.AvailableNow() }: RunOptions = {},
): Promise<string[]> {
  const rows: string[] = []
  const writer = df.writeStream
    .outputMode(mode)
    .trigger(trigger)
    .option('checkpointLocation', join(work, 'checkpoint'))
    .options(options)
  if (sink === 'foreachBatch')
    writer.foreachBatch(async (batch) => {
      for (const row of await batch.collect()) rows.push(JSON.stringify(row))
    })
  else writer.format(sink)
  const query = await writer.start()
  await query.awaitTermination()
  return rows.sort()
}
const failure = async (body: () => Promise<unknown>): Promise<MillraceError> => {
  try {
    await body()
  } catch (error) {
    return error as MillraceError
  }
  throw new Error('nothing was refused')
}
const query = (text: string): DataFrame => {
  stream()
  return session.sql(text)
}

describe('another meaning of the state is refused, naming the node', () => {
  const base = 'SELECT word, count(*) AS c FROM a GROUP BY word'
  test.each([
    ['count(*) becomes max(7)', base, 'SELECT word, max(7) AS c FROM a GROUP BY word', 'aggregate-s0', 'max(7)'],
    [
      'another key',
      base,
      'SELECT upper(word), count(*) AS c FROM a GROUP BY upper(word)',
      'aggregate-s0',
      'upper(word',
    ],
    ['one more aggregate', base, 'SELECT word, count(*), sum(n) FROM a GROUP BY word', 'aggregate-s0', 'sum(n'],
    [
      'another type of the key',
      base,
      'SELECT CAST(word AS BINARY), count(*) FROM a GROUP BY CAST(word AS BINARY)',
      'aggregate-s0',
      'BINARY',
    ],
    [
      'another argument',
      'SELECT word, sum(n) FROM a GROUP BY word',
      'SELECT word, sum(n + 1) FROM a GROUP BY word',
      'aggregate-s0',
      'n',
    ],
    [
      'FILTER',
      'SELECT word, count(n) FROM a GROUP BY word',
      'SELECT word, count(n) FILTER (WHERE n > 1) FROM a GROUP BY word',
      'aggregate-s0',
      'FILTER',
    ],
    [
      'another window',
      "SELECT count(*) FROM a GROUP BY window(ts, '5 minutes')",
      "SELECT count(*) FROM a GROUP BY window(ts, '10 minutes')",
      'aggregate-s0',
      'window',
    ],
    [
      'another time',
      "SELECT count(*) FROM a GROUP BY window(ts, '5 minutes')",
      "SELECT count(*) FROM a GROUP BY window(ts2, '5 minutes')",
      'aggregate-s0',
      'window',
    ],
    [
      'a watermark on the time',
      "SELECT count(*) FROM a GROUP BY window(ts, '5 minutes')",
      "SELECT count(*) FROM a WATERMARK ts DELAY OF INTERVAL 1 MINUTE GROUP BY window(ts, '5 minutes')",
      'aggregate-s0',
      'window',
    ],
  ])('%s', async (_, before, after, node, names) => {
    await run(query(before))
    const error = await failure(() => run(query(after)))
    expect([error.name, error.code]).toEqual(['CheckpointError', 'CHECKPOINT_QUERY_CHANGED'])
    expect(error.message).toContain(node)
    expect(error.message).toContain(names)
    // The checkpoint is as it was.
    write('a', '1', 'x')
    expect((await run(query(before))).length).toBeGreaterThan(0)
  })

  test('another type of a key column, another set of stateful operators, none at all', async () => {
    await run(query(base))
    stream({ schema: 'word BINARY, n BIGINT' })
    expect((await failure(() => run(session.sql(base)))).code).toBe('CHECKPOINT_QUERY_CHANGED')
    const deduplicated = stream().dropDuplicates(['word', 'n'])
    deduplicated.createOrReplaceTempView('a')
    expect((await failure(() => run(session.sql(base)))).code).toBe(
      'STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA',
    )
    const stateless = await failure(() => run(stream().select('word')))
    expect(stateless.code).toBe('STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA')
    expect(stateless.message).toContain('count(1)')
  })

  test('to mode complete, where the checkpoint has released groups', async () => {
    const windows =
      "SELECT window.start AS s, count(*) AS c FROM a WATERMARK ts DELAY OF INTERVAL 1 MINUTE GROUP BY window(ts, '5 minutes')"
    await run(query(windows))
    const error = await failure(() => run(query(windows), { mode: 'complete' }))
    expect(error.code).toBe('CHECKPOINT_QUERY_CHANGED')
    expect(error.message).toContain('the output mode was update, now it is complete')
    write('a', '1', 'x')
    await run(query(windows), { mode: 'append' })
  })
})

describe('what does not change the state goes through, and the state is there', () => {
  const base = 'SELECT word, count(*) AS c, sum(n) AS s FROM a GROUP BY word'
  const again = { x: '{"word":"x","c":3,"s":5}' }
  test.each([
    ['as it was', base, again.x],
    [
      'columns renamed and in another order',
      'SELECT sum(n) AS total, word AS w, count(*) AS howMany FROM a GROUP BY word',
      '{"total":5,"w":"x","howMany":3}',
    ],
    [
      'a projection and a filter above',
      'SELECT word, c * 10 AS tens FROM (SELECT sum(n) AS s, count(*) AS c, word FROM a GROUP BY word) WHERE s < 100',
      '{"word":"x","tens":30}',
    ],
    [
      'a filter and a projection below',
      'SELECT w AS word, count(*) AS c, sum(m) AS s FROM (SELECT word AS w, n AS m, upper(word) AS u FROM a WHERE n < 100) GROUP BY w',
      again.x,
    ],
    [
      'keys and aggregates that are not shown',
      'SELECT count(*) AS c FROM a GROUP BY word HAVING sum(n) > 0',
      '{"c":3}',
    ],
  ])('%s', async (_, after, row) => {
    await run(query(base))
    write('a', '1', 'x')
    expect(await run(query(after))).toEqual([row])
  })

  test('rate limits, trigger, sink options, conf that does not pin', async () => {
    await run(query(base))
    write('a', '1', 'x')
    write('a', '2', 'x')
    stream({ maxFiles: 1 })
    session.conf.set('spark.sql.streaming.minBatchesToRetain', 2)
    const rows = await run(session.sql(base), { trigger: Trigger.AvailableNow() })
    expect(rows).toEqual([again.x, '{"word":"x","c":4,"s":6}'])
    write('a', '3', 'x')
    stream()
    expect(await run(session.sql(base), { trigger: Trigger.Once() })).toEqual(['{"word":"x","c":5,"s":7}'])
  })

  test('the time zone of the first start is in force for ever', async () => {
    const days =
      "SELECT date_format(ts, 'yyyy-MM-dd HH') AS hour, count(*) AS c FROM a GROUP BY date_format(ts, 'yyyy-MM-dd HH')"
    expect(await run(query(days))).toEqual(['{"hour":"2026-01-01 00","c":3}'])
    write('a', '1', 'x')
    session = newSession({ 'spark.sql.session.timeZone': 'Asia/Tokyo' })
    expect(await run(query(days))).toEqual(['{"hour":"2026-01-01 00","c":4}'])
  })

  test('sink options change, another sink is refused unless that is allowed', async () => {
    const df = (): DataFrame => stream().select('word')
    const out = { path: join(work, 'out') }
    await run(df(), { mode: 'append', sink: 'json', options: out })
    write('a', '1', 'z')
    const moved = await failure(() =>
      run(df(), { mode: 'append', sink: 'json', options: { path: join(work, 'elsewhere') } }),
    )
    expect(moved.code).toBe('CHECKPOINT_SINK_CHANGED')
    expect(moved.message).toContain(join(work, 'elsewhere'))
    expect((await failure(() => run(df(), { mode: 'append' }))).code).toBe('CHECKPOINT_SINK_CHANGED')
    session.conf.set('millrace.checkpoint.allowSinkChange', true)
    expect(await run(df(), { mode: 'append' })).toEqual(['{"word":"z"}'])
    expect(notes.join('\n')).toContain('the sink was json(path=')
  })
})

describe('streams are found again by name, or by what they read', () => {
  beforeEach(() => write('b', '0', 'p', 'q'))
  const united = (first: Options, second: Options): DataFrame =>
    stream(first).select('word').unionByName(stream(second).select('word')).groupBy('word').count()

  test.each([
    [
      'named, in another order',
      { dir: 'a', name: 'one' },
      { dir: 'b', name: 'two' },
      { dir: 'b', name: 'two' },
      { dir: 'a', name: 'one' },
    ],
    ['not named, in another order', { dir: 'a' }, { dir: 'b' }, { dir: 'b' }, { dir: 'a' }],
    ['given names', { dir: 'a' }, { dir: 'b' }, { dir: 'b', name: 'two' }, { dir: 'a', name: 'one' }],
    [
      'given other names',
      { dir: 'a', name: 'one' },
      { dir: 'b', name: 'two' },
      { dir: 'a', name: 'first' },
      { dir: 'b', name: 'second' },
    ],
  ])('%s', async (_, a1, b1, a2, b2) => {
    expect(await run(united(a1, b1))).toEqual([
      '{"word":"p","count":1}',
      '{"word":"q","count":1}',
      '{"word":"x","count":2}',
      '{"word":"y","count":1}',
    ])
    write('a', '1', 'x')
    write('b', '1', 'p')
    expect(await run(united(a2, b2))).toEqual(['{"word":"p","count":2}', '{"word":"x","count":3}'])
  })

  test('a named stream may move; one without a name may not', async () => {
    const counts = (options: Options): DataFrame => stream(options).groupBy('word').count()
    await run(counts({ dir: 'a', name: 'words' }))
    expect(await run(counts({ dir: 'b', name: 'words' }))).toEqual(['{"word":"p","count":1}', '{"word":"q","count":1}'])
    expect(notes.join('\n')).toContain('the stream words was json(path=')
  })

  test('another query on the checkpoint of a query without state is refused', async () => {
    await run(stream().select('word'), { mode: 'append' })
    const other = await failure(() => run(stream({ dir: 'b' }).select('word'), { mode: 'append' }))
    expect([other.name, other.code]).toEqual(['CheckpointError', 'CHECKPOINT_SOURCES_CHANGED'])
    for (const part of [join(work, 'a'), join(work, 'b'), join(work, 'checkpoint')])
      expect(other.message).toContain(part)
    const fewer = await failure(() => run(session.readStream.format('rate').load().select('value'), { mode: 'append' }))
    expect(fewer.code).toBe('CHECKPOINT_SOURCES_CHANGED')
  })

  test('a further stream begins at its beginning; one that goes is refused', async () => {
    const one = (): DataFrame => stream({ name: 'one' }).select('word')
    const two = (): DataFrame => stream({ dir: 'b', name: 'two' }).select('word')
    await run(one(), { mode: 'append' })
    expect(await run(one().union(two()), { mode: 'append' })).toEqual(['{"word":"p"}', '{"word":"q"}'])
    expect(notes.join('\n')).toContain('the stream two is new')
    expect((await failure(() => run(one(), { mode: 'append' }))).message).toContain('"two"')
  })

  test('one name for two streams is refused; one stream read twice is read twice', async () => {
    const error = await failure(() =>
      run(stream({ name: 'same' }).union(stream({ dir: 'b', name: 'same' })), { mode: 'append' }),
    )
    expect(error.code).toBe('STREAMING_SOURCE_NAME_TAKEN')
    const df = stream({ name: 'same' }).select('word')
    expect(await run(df.union(df), { mode: 'append' })).toEqual([
      '{"word":"x"}',
      '{"word":"x"}',
      '{"word":"x"}',
      '{"word":"x"}',
      '{"word":"y"}',
      '{"word":"y"}',
    ])
    write('a', '1', 'z')
    expect(await run(df.union(df), { mode: 'append' })).toEqual(['{"word":"z"}', '{"word":"z"}'])
  })

  test('two stateful branches that change places keep their state', async () => {
    const branch = (options: Options): DataFrame => stream(options).dropDuplicates(['word']).select('word')
    const [a, b] = [
      { dir: 'a', name: 'one' },
      { dir: 'b', name: 'two' },
    ]
    await run(branch(a).union(branch(b)), { mode: 'append' })
    write('a', '1', 'x', 'p')
    write('b', '1', 'p', 'x')
    expect(await run(branch(b).union(branch(a)), { mode: 'append' })).toEqual(['{"word":"p"}', '{"word":"x"}'])
  })
})

test('a table of files beside the stream is read whole at every start, whatever it is called', async () => {
  write('b', '0', 'x')
  const joined = (): DataFrame =>
    stream()
      .select('word')
      .join(session.read.schema(SCHEMA).json(join(work, 'b')).selectExpr('word', 'n AS known'), 'word')
  expect(await run(joined(), { mode: 'append' })).toEqual(['{"word":"x","known":1}', '{"word":"x","known":1}'])
  write('a', '1', 'x', 'z')
  write('b', '1', 'z')
  expect(await run(joined(), { mode: 'append' })).toEqual(['{"word":"x","known":1}', '{"word":"z","known":1}'])
  write('a', '2', 'x', 'z')
  expect(await run(joined(), { mode: 'append' })).toEqual(['{"word":"x","known":1}', '{"word":"z","known":1}'])
})

test('watermark and state survive stateless nodes that come before them', async () => {
  const windows = (from: string): string =>
    `SELECT window.start AS s, count(*) AS c FROM ${from} GROUP BY window(ts, '1 minute')`
  stream().withWatermark('ts', '0 seconds').createOrReplaceTempView('w')
  await run(session.sql(windows('w')), { mode: 'append' })
  stream()
    .filter('n > 0')
    .select('ts', 'n', 'word')
    .withColumn('more', lit(1))
    .withWatermark('ts', '0 seconds')
    .filter('more = 1')
    .createOrReplaceTempView('w')
  write('a', '1', 'late', 'late', 'late', 'new')
  // Rows of minutes 0 to 1 are late by the watermark of the run before.
  const rows = await run(session.sql(windows('w')), { mode: 'append' })
  expect(rows).toEqual(['{"s":"2026-01-01T00:02:00.000Z","c":2}'])
})

test('a checkpoint knows its query: sources, sink and mode', async () => {
  await run(stream({ name: 'words' }).groupBy('word').count())
  const checkpoint = openCheckpoint(join(work, 'checkpoint'), { readonly: true })
  expect(checkpoint.metadata('query')).toEqual({
    sources: [{ name: 'words', alias: 'words', format: 'json', what: { path: join(work, 'a') } }],
    sink: { format: 'foreachbatch', what: {} },
    mode: 'update',
  })
  checkpoint.close()
})
