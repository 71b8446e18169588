import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  BAD_RECORDS,
  badRecordsOf,
  batchesOf,
  type DataFrame,
  defineSource,
  type MillraceSession,
  Trigger,
} from '../../src/index.ts'
import { drain, jsonOf, letters, put, quiet, workDirectory } from './kit.ts'

const MALFORMED = 'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION'

/** A file with several bad records, what reads of it, and what is wrong with each bad line. */
interface Case {
  readonly content: string | Buffer
  readonly options?: Readonly<Record<string, string>>
  readonly schema: string
  /** The rows that are well, as JSON. */
  readonly good: readonly string[]
  /** The rows that policy null makes of the bad ones. */
  readonly nulls: readonly string[]
  /** line, reason, bytes */
  readonly bad: readonly (readonly [number, string, string])[]
}

const invalid = Buffer.from([0x61, 0xff, 0x62])
const bytes = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : p)))

const CASES: Readonly<Record<string, readonly ['json' | 'csv' | 'text', Case]>> = {
  'json lines': [
    'json',
    {
      content: bytes(
        '{"n":1,"s":"a"}\n{"n":2,\n{"n":"x","s":"\\u0062"}\r\n\n{"n":3,"s":"c"}\n{"n":4,"s":"',
        invalid,
        '"}\nnothing\n{"n":5,"s":"e"}\n',
      ),
      schema: 'n INT, s STRING',
      good: ['{"n":1,"s":"a"}', '{"n":3,"s":"c"}', '{"n":5,"s":"e"}'],
      nulls: ['{"n":null,"s":"b"}', '{"n":null,"s":null}', '{"n":null,"s":null}', '{"n":null,"s":null}'],
      bad: [
        [2, expect.any(String) as string, '{"n":2,'],
        [3, expect.stringContaining('INT') as string, '{"n":"x","s":"\\u0062"}'],
        [6, 'it is not UTF-8', '{"n":4,"s":"a\xffb"}'],
        [7, expect.any(String) as string, 'nothing'],
      ],
    },
  ],
  'json documents': [
    'json',
    {
      content: '[{"n":1},\n{"n":}]',
      options: { multiLine: 'true' },
      schema: 'n INT',
      good: [],
      nulls: ['{"n":null}'],
      bad: [[1, expect.any(String) as string, '[{"n":1},\n{"n":}]']],
    },
  ],
  'json with a separator': [
    'json',
    {
      content: '{"n":1};{"n":x};{"n":3}',
      options: { lineSep: ';' },
      schema: 'n INT',
      good: ['{"n":1}', '{"n":3}'],
      nulls: ['{"n":null}'],
      bad: [[2, expect.any(String) as string, '{"n":x}']],
    },
  ],
  csv: [
    'csv',
    {
      content: bytes('n,s\n1,a\nx,b\n2\n3,"c"\n4,', invalid, '\n5,e,f\n6,g\n'),
      options: { header: 'true' },
      schema: 'n INT, s STRING',
      good: ['{"n":1,"s":"a"}', '{"n":3,"s":"c"}', '{"n":6,"s":"g"}'],
      nulls: ['{"n":2,"s":null}', '{"n":5,"s":"e"}', '{"n":null,"s":"b"}', '{"n":null,"s":null}'],
      bad: [
        [3, '"x" is not of type INT', 'x,b'],
        [4, 'it has 1 values, 2 are expected', '2'],
        [6, 'it is not UTF-8', '4,a\xffb'],
        [7, 'it has 3 values, 2 are expected', '5,e,f'],
      ],
    },
  ],
  'csv over several lines': [
    'csv',
    {
      content: '1,"a\nb"\nx,"c\nd"\n2,e\n',
      options: { multiLine: 'true' },
      schema: 'n INT, s STRING',
      good: ['{"n":1,"s":"a\\nb"}', '{"n":2,"s":"e"}'],
      nulls: ['{"n":null,"s":"c\\nd"}'],
      bad: [[4, '"x" is not of type INT', 'x,"c\nd"']],
    },
  ],
  'csv over a limit': [
    'csv',
    {
      content: '1,a\n2,b,c,d\n3,e\n',
      options: { maxColumns: '3' },
      schema: 'n INT, s STRING',
      good: ['{"n":1,"s":"a"}', '{"n":3,"s":"e"}'],
      nulls: ['{"n":null,"s":null}'],
      bad: [[2, 'it has more than maxColumns = 3 values', '2,b,c,d']],
    },
  ],
  text: [
    'text',
    {
      content: bytes('one\n', invalid, '\r\ntwo\n', invalid),
      schema: 'value STRING',
      good: ['{"value":"one"}', '{"value":"two"}'],
      nulls: ['{"value":null}', '{"value":null}'],
      bad: [
        [2, 'it is not UTF-8', 'a\xffb'],
        [4, 'it is not UTF-8', 'a\xffb'],
      ],
    },
  ],
}

type Reader = MillraceSession['read']
const reader = (of: Reader, format: string, c: Case, policy: string): Reader =>
  of
    .format(format)
    .schema(c.schema)
    .options({ ...c.options, badRecords: policy }) as unknown as Reader

describe.each(Object.entries(CASES))('%s', (_name, [format, c]) => {
  const rows = (policy: string): string[] => [...c.good, ...(policy === 'null' ? c.nulls : [])].sort()

  test.each(['null', 'drop'])(
    '%s: a bounded read and a stream give the same rows, the stream counts',
    async (policy) => {
      using work = workDirectory()
      put(work.at('in', 'a.txt'), c.content)
      await using session = quiet()
      expect(await jsonOf(reader(session.read, format, c, policy).load(work.at('in')))).toEqual(rows(policy))
      const query = await drain(reader(session.readStream as Reader, format, c, policy).load(work.at('in')))
      expect(await jsonOf(session.table('out'))).toEqual(rows(policy))
      expect(query.lastProgress).toMatchObject({
        badRecords: c.bad.length,
        sources: [{ badRecords: c.bad.length }],
      })
    },
  )

  test('sink: each bad record once, with reason, place and bytes', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.txt'), c.content)
    await using session = quiet()
    const df = reader(session.readStream as Reader, format, c, 'sink').load(work.at('in'))
    const query = await drain(df, {}, 'bad')
    expect(await jsonOf(session.table('out'))).toEqual(rows('sink'))
    expect(await letters(session, 'bad')).toEqual(
      c.bad.map(([line, reason, raw]) => ({
        reason,
        condition: MALFORMED,
        source: `${format}-0`,
        position: `${work.at('in', 'a.txt')}:${line}`,
        raw,
        batchId: 0,
      })),
    )
    expect(query.lastProgress!.badRecords).toBe(c.bad.length)
  })

  test('fail: names file and line, bounded and streaming', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.txt'), c.content)
    await using session = quiet()
    const place = `${work.at('in', 'a.txt')}, line ${c.bad[0]![0]}`
    const failure = expect.objectContaining({ code: MALFORMED, params: expect.objectContaining({ place }) })
    await expect(reader(session.read, format, c, 'fail').load(work.at('in')).collect()).rejects.toEqual(failure)
    const df = reader(session.readStream as Reader, format, c, 'fail').load(work.at('in'))
    await expect(drain(df)).rejects.toEqual(failure)
  })
})

describe('settings', () => {
  const json = (session: MillraceSession, dir: string, options: Readonly<Record<string, string>>): DataFrame =>
    session.readStream.schema('n INT, _corrupt_record STRING').options(options).json(dir) as unknown as DataFrame

  test.each([
    [{ badRecords: 'drop', mode: 'PERMISSIVE' }, 'badRecords drop contradicts mode PERMISSIVE'],
    [{ badRecords: 'null', mode: 'failfast' }, 'badRecords null contradicts mode FAILFAST'],
    [{ badRecords: 'sink' }, 'badRecords sink contradicts column _corrupt_record'],
    [{ badRecords: 'perhaps' }, 'fail, null, drop or sink is needed'],
  ])('%j is refused when the table is named', (options, message) => {
    using work = workDirectory()
    put(work.at('in', 'a.json'), '{"n":1}\n')
    const session = quiet()
    expect(() => json(session, work.at('in'), options)).toThrow(message)
  })

  test('the same said twice is taken; null fills the column for corrupt records', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.json'), '{"n":1}\n{"n":x}\n')
    await using session = quiet()
    await drain(json(session, work.at('in'), { badRecords: 'null', mode: 'PERMISSIVE' }))
    expect(await jsonOf(session.table('out'))).toEqual([
      '{"n":1,"_corrupt_record":null}',
      '{"n":null,"_corrupt_record":"{\\"n\\":x}"}',
    ])
  })

  test('mode counts too', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.json'), '{"n":1}\n{"n":x}\n')
    await using session = quiet()
    const query = await drain(session.readStream.schema('n INT').option('mode', 'DROPMALFORMED').json(work.at('in')))
    expect(query.lastProgress).toMatchObject({ badRecords: 1, sources: [{ badRecords: 1 }] })
  })

  test('formats that decode nothing record by record do not know the option', () => {
    const session = quiet()
    expect(() => session.read.option('badRecords', 'drop').arrow('/nowhere')).toThrow(/OPTION_UNKNOWN/)
    expect(() => session.readStream.format('rate').option('badRecords', 'drop').load()).toThrow(/OPTION_UNKNOWN/)
  })

  test('sink needs a sink, and a sink needs something that goes there', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.json'), '{"n":1}\n')
    await using session = quiet()
    const sink = session.readStream.schema('n INT').option('badRecords', 'sink').json(work.at('in'))
    await expect(drain(sink)).rejects.toMatchObject({ code: 'BAD_RECORDS_WITHOUT_SINK' })
    const drop = session.readStream.schema('n INT').option('badRecords', 'drop').json(work.at('in'))
    await expect(drain(drop, { badRecords: 'sink' })).rejects.toMatchObject({ code: 'BAD_RECORDS_WITHOUT_SINK' })
    await expect(drain(drop, { badRecords: 'drop' }, 'bad')).rejects.toMatchObject({ code: 'BAD_RECORDS_SINK_UNUSED' })
    await expect(drain(drop, { 'badRecords.path': '/tmp' })).rejects.toMatchObject({ code: 'OPTION_MISSING' })
    await expect(drain(drop, { badRecordsMax: 'many' })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(
      session.read.schema('n INT').option('badRecords', 'sink').json(work.at('in')).collect(),
    ).rejects.toMatchObject({ code: 'BAD_RECORDS_WITHOUT_SINK' })
    const same = sink.writeStream.format('json').badRecords('json', { path: work.at('out') })
    await expect(same.start(work.at('out'))).rejects.toMatchObject({ code: 'BAD_RECORDS_SINK_UNUSED' })
    expect(fs.existsSync(work.at('out'))).toBe(false)
    const table = sink.writeStream.format('memory').queryName('out').badRecords('memory', { queryName: 'OUT' })
    await expect(table.start()).rejects.toMatchObject({ code: 'BAD_RECORDS_SINK_UNUSED' })
  })

  test('badRecordsMax fails the batch; the batch comes again under a higher limit', async () => {
    using work = workDirectory()
    put(work.at('in', 'a.json'), '{"n":1}\nx\ny\nz\n{"n":2}\n')
    await using session = quiet()
    const df = session.readStream.schema('n INT').option('badRecords', 'drop').json(work.at('in'))
    const checkpointLocation = work.at('cp')
    await expect(drain(df, { badRecordsMax: 2, checkpointLocation })).rejects.toMatchObject({
      code: 'BAD_RECORDS_LIMIT',
      params: { limit: 2, batchId: 0, source: 'json-0' },
    })
    const query = await drain(df, { badRecordsMax: 3, checkpointLocation })
    expect(query.lastProgress).toMatchObject({ batchId: 0, badRecords: 3 })
  })

  test('a file of bad records alone goes to the sink block by block', async () => {
    using work = workDirectory()
    const line = `${'x'.repeat(99)}\n`
    put(work.at('in', 'a.json'), line.repeat(60_000))
    await using session = quiet()
    const added: number[] = []
    session.registerSink({
      format: 'counting',
      doc: 'Counts the rows of each call.',
      options: {},
      kind: 'idempotent',
      modes: ['append'],
      open: () =>
        Promise.resolve({
          begin: () => undefined,
          add: (batch) => void added.push(batch.rowCount),
          finish: () => undefined,
          close: () => Promise.resolve(),
        }),
      describe: () => 'counting',
    })
    const df = session.readStream.schema('n INT').option('badRecords', 'sink').json(work.at('in'))
    const query = await df.writeStream.format('noop').badRecords('counting').start()
    await query.processAllAvailable()
    expect(added.length).toBeGreaterThan(2)
    expect(added.reduce((a, b) => a + b, 0)).toBe(60_000)
    await query.stop()
  })
})

test('a source of the program tells of its bad records, which come again with their offsets', async () => {
  using work = workDirectory()
  const schema = { fields: [{ name: 'n', type: { kind: 'int' }, nullable: true }] } as const
  const log = ['1', 'x', '3', 'y']
  const numbers = defineSource({
    format: 'numbers',
    doc: 'Reads numbers of a log.',
    options: { badRecords: BAD_RECORDS },
    replay: 'native',
    supports: ['stream'],
    schema: () => schema,
    open: (options, ctx) => {
      const policy = badRecordsOf('numbers', options)
      return Promise.resolve({
        initialOffset: () => Promise.resolve(0),
        latestOffset: (from) => Promise.resolve(Math.min(log.length, Number(from ?? 0) + 2)),
        read: function* (from, to) {
          const rows: { n: number }[] = []
          for (let at = Number(from ?? 0); at < Number(to); at++) {
            const text = log[at]!
            if (/^\d+$/.test(text)) rows.push({ n: Number(text) })
            else if (policy === 'sink')
              ctx.bad!.send({
                condition: 'NOT_A_NUMBER',
                reason: text,
                position: `log-0/${at}`,
                raw: Buffer.from(text),
              })
            else ctx.bad!.count()
          }
          yield* batchesOf(schema, rows, ctx)
        },
        close: () => Promise.resolve(),
      })
    },
    describe: () => 'Numbers',
  })
  let crashes = 1
  const run = async (): Promise<void> => {
    await using session = quiet((at, batchId) => {
      if (at === 'before-commit' && batchId === 1 && crashes-- > 0) throw new Error('crash')
    })
    session.registerSource(numbers)
    const df = session.readStream.format('numbers').option('badRecords', 'sink').load()
    const query = await df.writeStream
      .format('json')
      .options({ path: work.at('out'), checkpointLocation: work.at('cp') })
      .badRecords('json', { path: work.at('bad') })
      .trigger(Trigger.ProcessingTime(0))
      .start()
    await query.processAllAvailable()
  }
  await expect(run()).rejects.toThrow('crash')
  await run()
  await using session = quiet()
  expect(await jsonOf(session.read.schema('n INT').json(work.at('out')))).toEqual(['{"n":1}', '{"n":3}'])
  expect(await jsonOf(session.read.schema('position STRING, batchId BIGINT').json(work.at('bad')))).toEqual([
    '{"position":"log-0/1","batchId":0}',
    '{"position":"log-0/3","batchId":1}',
  ])
})
