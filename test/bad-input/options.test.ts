import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { millrace, Trigger } from '../../src/index.ts'
import {
  batchRows,
  drain,
  type Expected,
  expectAlive,
  expectError,
  failure,
  InputDir,
  outputRows,
  tempDir,
} from './fixtures.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const option = (code: string, names: readonly string[]): Expected => ({ kind: 'OptionError', code, names })

test('readers are refused where they are made, by name and with the nearest one', async () => {
  const work = tempDir()
  const { dir } = new InputDir(work)
  const reader = () => session.readStream.schema('a INT')
  expectError(await failure(() => reader().format('jsn').load(dir)), {
    kind: 'AnalysisError',
    code: 'DATA_SOURCE_NOT_FOUND',
    names: ['source', 'jsn', '"json"'],
  })
  expectError(
    await failure(() => reader().option('maxFilesPerTriger', 1).json(dir)),
    option('OPTION_UNKNOWN', ['json', 'maxFilesPerTriger', '"maxFilesPerTrigger"']),
  )
  expectError(
    await failure(() => reader().option('maxFilesPerTrigger', 'many').json(dir)),
    option('OPTION_INVALID', ['json', 'maxFilesPerTrigger', '"many"', 'whole number']),
  )
  expectError(
    await failure(() => reader().option('mode', 'LOOSE').json(dir)),
    option('OPTION_INVALID', ['json', 'mode', '"LOOSE"', 'FAILFAST']),
  )
  expectError(await failure(() => reader().format('json').load()), option('OPTION_MISSING', ['json', 'path']))
  expectError(await failure(() => session.readStream.json(dir)), {
    kind: 'AnalysisError',
    code: 'UNABLE_TO_INFER_SCHEMA',
    names: ['json', 'schema('],
  })
  expectError(await failure(() => session.readStream.schema('a INT,').json(dir)), {
    kind: 'ParseError',
    code: 'PARSE_SYNTAX_ERROR',
    names: [],
  })
  expectError(await failure(() => session.readStream.schema('a INTEGR').json(dir)), {
    kind: 'ParseError',
    code: 'UNSUPPORTED_DATATYPE',
    names: ['INTEGR'],
  })
  expectError(await failure(() => reader().json(join(work, 'nowhere'))), {
    kind: 'AnalysisError',
    code: 'PATH_NOT_FOUND',
    names: [join(work, 'nowhere')],
  })
  expectError(await failure(() => session.readStream.schema('a INT, b INT').text(dir)), {
    kind: 'AnalysisError',
    code: 'SCHEMA_NOT_TAKEN',
    names: ['text'],
  })
  expectError(
    await failure(() => session.readStream.name('no spaces').schema('a INT').json(dir)),
    option('INVALID_SOURCE_NAME', ['no spaces']),
  )
  await expectAlive(session)
})

test('a limit below one is refused at load, naming the option', async () => {
  const work = tempDir()
  const { dir } = new InputDir(work)
  const load = () => session.readStream.schema('a INT').option('maxFilesPerTrigger', 0).json(dir)
  expectError(await failure(load), option('OPTION_INVALID', ['maxFilesPerTrigger', '"0"']))
})

test('writers are refused before anything is touched', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write([{ a: 1 }, { a: 2 }])
  const df = session.readStream.schema('a INT').json(input.dir)
  const writer = () => df.writeStream.queryName('w').option('checkpointLocation', join(work, 'checkpoint'))
  const out = join(work, 'output')
  expectError(await failure(() => writer().format('jsno').start(out)), {
    kind: 'AnalysisError',
    code: 'DATA_SOURCE_NOT_FOUND',
    names: ['sink', 'jsno', '"json"'],
  })
  expectError(await failure(() => writer().start(out)), option('SINK_FORMAT_MISSING', ['format(']))
  expectError(await failure(() => writer().format('json').start()), option('OPTION_MISSING', ['json', 'path']))
  expectError(
    await failure(() => writer().format('json').option('compresion', 'x').start(out)),
    option('OPTION_UNKNOWN', ['compresion']),
  )
  expectError(await failure(() => writer().format('json').outputMode('apend').start(out)), {
    kind: 'UnsupportedError',
    code: 'STREAMING_OUTPUT_MODE.INVALID',
    names: ['apend', 'append'],
  })
  expectError(await failure(() => writer().format('json').outputMode('update').start(out)), {
    kind: 'UnsupportedError',
    code: 'STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE',
    names: ['json', 'update', 'append'],
  })
  expectError(await failure(() => df.writeStream.format('memory').start()), option('MEMORY_SINK_WITHOUT_NAME', []))
  expectError(await failure(() => Trigger.ProcessingTime('10 parsecs')), {
    kind: 'AnalysisError',
    code: 'CANNOT_PARSE_INTERVAL',
    names: ['10 parsecs', '10 minutes'],
  })
  expectError(await failure(() => Trigger.ProcessingTime(-1)), {
    kind: 'OptionError',
    code: 'INVALID_TRIGGER_INTERVAL',
    names: ['-1'],
  })
  expectError(await failure(() => Trigger.ProcessingTime(Number.NaN)), {
    kind: 'OptionError',
    code: 'INVALID_TRIGGER_INTERVAL',
    names: ['NaN'],
  })
  expectError(
    await failure(() => writer().trigger({ once: true, availableNow: true })),
    option('ONLY_ALLOW_SINGLE_TRIGGER', []),
  )
  expectError(await failure(() => df.collect()), {
    kind: 'UnsupportedError',
    code: 'CALL_ON_STREAMING_DATASET_UNSUPPORTED',
    names: ['collect'],
  })
  expectError(await failure(() => session.range(3).writeStream), {
    kind: 'UnsupportedError',
    code: 'WRITE_STREAM_NOT_ALLOWED',
    names: [],
  })
  // Nothing of all that is in the way of the right call.
  await drain(df, work)
  expect(outputRows(work)).toEqual(['{"a":1}', '{"a":2}'])
})

test('a streaming refusal points at the clause', async () => {
  const work = tempDir()
  const { dir } = new InputDir(work)
  session.readStream.schema('ts TIMESTAMP, a INT').json(dir).createOrReplaceTempView('events')
  const start = (sql: string, mode: string) => () =>
    session.sql(sql).writeStream.outputMode(mode).format('noop').start()
  const refused = await failure(start('SELECT a, count(*) AS n\nFROM events\nGROUP BY a', 'append'))
  expectError(refused, {
    kind: 'UnsupportedError',
    code: 'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
    names: ['append'],
  })
  expect(refused.at).toBeDefined()
  expectError(await failure(start('SELECT a FROM events\nORDER BY a', 'append')), {
    kind: 'UnsupportedError',
    code: 'STREAMING_SORT',
    names: ['2 |'],
    carets: 'ORDER BY a',
  })
  session.conf.set('millrace.extensions', false)
  expectError(await failure(start('SELECT a, count(DISTINCT ts) AS n FROM events GROUP BY a', 'update')), {
    kind: 'UnsupportedError',
    code: 'STREAMING_DISTINCT_AGGREGATE',
    names: ['count'],
  })
  session.conf.unset('millrace.extensions')
  expect(session.streams.active).toEqual([])
})

test('bad settings are refused by key', async () => {
  expectError(
    await failure(() => millrace({ 'spark.sql.ansi.enabled': 'maybe' })),
    option('INVALID_CONF_VALUE.REQUIREMENT', ['spark.sql.ansi.enabled', 'maybe', 'true, false']),
  )
  expectError(
    await failure(() => millrace({ 'spark.sql.session.timeZone': 'Mars/Base' })),
    option('INVALID_CONF_VALUE.TIME_ZONE', ['spark.sql.session.timeZone', 'Mars/Base']),
  )
  // The session stays as it was.
  const zone = session.conf.get('spark.sql.session.timeZone')
  for (const set of [
    () => session.conf.set('spark.sql.session.timeZone', 'Mars/Base'),
    () => session.sql("SET spark.sql.session.timeZone = 'Mars/Base'").collect(),
  ])
    expectError(await failure(set), option('INVALID_CONF_VALUE.TIME_ZONE', ['spark.sql.session.timeZone', 'Mars/Base']))
  expect(session.conf.get('spark.sql.session.timeZone')).toBe(zone)
  expectError(
    await failure(() => millrace({ 'spark.sql.streaming.minBatchesToRetain': '0' })),
    option('INVALID_CONF_VALUE.REQUIREMENT', ['spark.sql.streaming.minBatchesToRetain', '0']),
  )
  expectError(
    await failure(() => millrace({ 'millrace.checkpoint.maxPages': 'few' })),
    option('INVALID_CONF_VALUE.REQUIREMENT', ['millrace.checkpoint.maxPages', 'few']),
  )
})

test('a limit or offset that is no number of rows is refused where it is written', async () => {
  for (const count of [-1, 1.5, Number.NaN, 2 ** 31])
    for (const take of [() => session.range(3).limit(count), () => session.range(3).offset(count)])
      expect((await failure(take)) as { code?: string }, String(count)).toMatchObject({
        code: expect.stringMatching(/^INVALID_LIMIT_LIKE_EXPRESSION\./),
      })
  expect(await session.range(3).limit(0).collect()).toEqual([])
  expect(await session.range(3).offset(2).collect()).toHaveLength(1)
})

test('two queries of one name, and two on one sink directory', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write([{ a: 1 }])
  const df = session.readStream.schema('a INT').json(input.dir)
  const start = (name: string, checkpoint: string, output: string) =>
    df.writeStream
      .queryName(name)
      .option('checkpointLocation', join(work, checkpoint))
      .format('json')
      .start(join(work, output))
  const first = await start('same', 'checkpoint', 'output')
  await first.processAllAvailable()
  expectError(await failure(() => start('same', 'other', 'elsewhere')), option('QUERY_ALREADY_ACTIVE', ['same']))
  expectError(await failure(() => start('second', 'other', 'output')), {
    kind: 'CheckpointError',
    code: 'SINK_DIRECTORY_IN_USE',
    names: [join(work, 'output')],
  })
  mkdirSync(join(work, 'elsewhere'))
  input.write([{ a: 2 }])
  await first.processAllAvailable()
  await first.stop()
  expect(outputRows(work)).toEqual(await batchRows(session.read.schema('a INT').json(input.dir)))
})
