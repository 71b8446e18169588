import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { type DataFrame, defineSink, type MillraceSession, Trigger } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { jsonOf, put, quiet, workDirectory } from './kit.ts'

const POINTS: readonly CrashPoint[] = [
  'before-offsets',
  'after-offsets',
  'during-batch',
  'after-sink',
  'before-commit',
  'after-commit',
]

/** Files of one batch each: decode errors and casts that do not fit. */
function files(at: (...parts: string[]) => string): void {
  for (let b = 0; b < 4; b++) {
    const file = at('in', `${b}.json`)
    put(file, `{"s":"${b}"}\nbroken ${b}\n{"s":"x${b}"}\n{"s":"1${b}"}\n`)
    fs.utimesSync(file, 1000 + b, 1000 + b)
  }
}

const input = (session: MillraceSession, dir: string): DataFrame =>
  session.readStream
    .schema('s STRING')
    .options({ badRecords: 'sink', maxFilesPerTrigger: 1 })
    .json(dir)
    .selectExpr('CAST(s AS INT) AS n') as unknown as DataFrame

interface Kind {
  readonly options: (at: (...parts: string[]) => string) => Readonly<Record<string, string>>
  readonly format: string
  /** The letters there, as `batchId source text`, sorted. */
  readonly found: (at: (...parts: string[]) => string) => Promise<string[]>
}

function tableOf(file: string): string[] {
  const db = openDatabase(file)
  try {
    return db
      .prepare('SELECT "batchId", source, raw FROM letters')
      .all()
      .map((r) => `${String(r['batchId'])} ${String(r['source'])} ${Buffer.from(r['raw'] as Uint8Array).toString()}`)
      .sort()
  } finally {
    db.close()
  }
}

const KINDS: Readonly<Record<string, Kind>> = {
  'json files (idempotent)': {
    format: 'json',
    options: (at) => ({ path: at('bad') }),
    found: async (at) => {
      await using session = quiet()
      const schema = 'batchId BIGINT, source STRING, raw BINARY'
      const rows = (await session.read.schema(schema).json(at('bad')).collect()) as unknown as {
        batchId: number
        source: string
        raw: Uint8Array
      }[]
      return rows.map((r) => `${r.batchId} ${r.source} ${Buffer.from(r.raw).toString()}`).sort()
    },
  },
  'a SQLite table of its own (tokened)': {
    format: 'sqlite',
    options: (at) => ({ path: at('bad.db'), table: 'letters' }),
    found: (at) => Promise.resolve(tableOf(at('bad.db'))),
  },
  "a table in the checkpoint's file (joining)": {
    format: 'sqlite',
    options: () => ({ atomic: 'true', table: 'letters' }),
    found: (at) => Promise.resolve(tableOf(at('cp', 'checkpoint.db'))),
  },
}

describe.each(Object.entries(KINDS))('bad records in %s', (_name, kind) => {
  test.each(POINTS)('a crash %s of each batch doubles and loses none', async (point) => {
    using work = workDirectory()
    files(work.at)
    let crashAt = 0
    const crash = (at: CrashPoint, batchId: number): void => {
      if (at === point && batchId === crashAt) throw new Error('crash')
    }
    for (let done = false; !done; crashAt++) {
      await using session = quiet(crash)
      const query = await input(session, work.at('in'))
        .writeStream.format('json')
        .option('path', work.at('out'))
        .option('checkpointLocation', work.at('cp'))
        .badRecords(kind.format, kind.options(work.at))
        .trigger(Trigger.AvailableNow())
        .start()
      done = await query.awaitTermination().then(
        () => true,
        () => false,
      )
      expect(crashAt).toBeLessThan(10)
    }
    expect(crashAt).toBeGreaterThan(4)
    await using session = quiet()
    expect(await jsonOf(session.read.schema('n INT').json(work.at('out')))).toEqual(
      [0, 1, 2, 3, 10, 11, 12, 13].map((n) => `{"n":${n}}`).sort(),
    )
    expect(await kind.found(work.at)).toEqual(
      [0, 1, 2, 3].flatMap((b) => [`${b} fused-1 {"s":"x${b}"}`, `${b} json-0 broken ${b}`]),
    )
  })
})

test('letters are there before the rows of their batch', async () => {
  await using session = quiet()
  const told: string[] = []
  const teller = (format: string) =>
    defineSink({
      format,
      doc: 'Tells when it is called.',
      options: {},
      kind: 'idempotent',
      modes: ['append'],
      open: () =>
        Promise.resolve({
          begin: (batchId) => void told.push(`${format} begins ${batchId}`),
          add: () => undefined,
          finish: () => void told.push(`${format} has it`),
          close: () => Promise.resolve(),
        }),
      describe: () => format,
    })
  session.registerSink(teller('rows'))
  session.registerSink(teller('letters'))
  const { stream, df } = session.memoryStream('s STRING', { maxAddsPerBatch: 1 })
  stream.addData([{ s: '1' }, { s: 'x' }])
  stream.addData([{ s: '2' }])
  const query = await df.selectExpr('CAST(s AS INT) AS n').writeStream.format('rows').badRecords('letters').start()
  await query.processAllAvailable()
  expect(told).toEqual([
    'rows begins 0',
    'letters begins 0',
    'letters has it',
    'rows has it',
    'rows begins 1',
    'rows has it',
  ])
  expect(query.guarantees().badRecords).toEqual({ format: 'letters', kind: 'idempotent', delivery: 'exactly-once' })
  expect(query.explainString()).toContain('bad records to letters: exactly-once (idempotent)')
  await query.stop()
})

test.each(['add', 'finish'])(
  'a sink of bad records that fails in %s fails the batch, which comes again',
  async (where) => {
    using work = workDirectory()
    files(work.at)
    let fails = true
    const kept = new Map<number, number>()
    const run = async (): Promise<void> => {
      await using session = quiet()
      const may = (at: string): void => {
        if (fails && at === where) throw new Error('the disk is full')
      }
      session.registerSink({
        format: 'fragile',
        doc: 'Fails when told.',
        options: {},
        kind: 'idempotent',
        modes: ['append'],
        open: () => {
          let batch = 0
          let rows = 0
          return Promise.resolve({
            begin: (batchId) => {
              batch = batchId
              rows = 0
            },
            add: (b) => {
              may('add')
              rows += b.rowCount
            },
            finish: () => {
              may('finish')
              kept.set(batch, rows)
            },
            close: () => Promise.resolve(),
          })
        },
        describe: () => 'fragile',
      })
      const query = await input(session, work.at('in'))
        .writeStream.format('json')
        .options({ path: work.at('out'), checkpointLocation: work.at('cp') })
        .badRecords('fragile')
        .trigger(Trigger.AvailableNow())
        .start()
      await query.awaitTermination()
    }
    await expect(run()).rejects.toThrow('the disk is full')
    expect(fs.readdirSync(work.at('out')).filter((f) => f.startsWith('part-'))).toEqual([])
    fails = false
    await run()
    expect([...kept]).toEqual([0, 1, 2, 3].map((b) => [b, 2]))
  },
)

test('a batch that failed goes on under another policy: a restart with drop', async () => {
  using work = workDirectory()
  put(work.at('in', 'a.json'), '{"s":"1"}\n{"s":"x"}\n')
  await using session = quiet()
  const start = async (policy: string): Promise<unknown> => {
    const query = await session.readStream
      .schema('s STRING')
      .json(work.at('in'))
      .selectExpr('count(DISTINCT CAST(s AS INT)) AS n', 'sum(CAST(s AS INT)) AS total')
      .writeStream.format('memory')
      .queryName('out')
      .outputMode('complete')
      .options({ checkpointLocation: work.at('cp'), badRecords: policy })
      .trigger(Trigger.AvailableNow())
      .start()
    return query.awaitTermination()
  }
  await expect(start('fail')).rejects.toMatchObject({ code: 'CAST_INVALID_INPUT' })
  await start('drop')
  expect(await jsonOf(session.table('out'))).toEqual(['{"n":1,"total":1}'])
  put(work.at('in', 'b.json'), '{"s":"2"}\n')
  await start('fail')
  expect(await jsonOf(session.table('out'))).toEqual(['{"n":2,"total":3}'])
})

test('SQL says it with options', async () => {
  using work = workDirectory()
  put(work.at('in', 'a.json'), '{"s":"1"}\nbroken\n{"s":"x"}\n')
  await using session = quiet()
  session.sql(`CREATE TABLE clicks (s STRING) USING json OPTIONS (path '${work.at('in')}', badRecords 'sink')`)
  session.sql(`CREATE TABLE numbers (n INT) USING json OPTIONS (path '${work.at('out')}')`)
  await session.execute(`INSERT INTO numbers SELECT CAST(s AS INT) FROM STREAM clicks
    WITH (trigger = 'availableNow', checkpointLocation = '${work.at('cp')}',
      badRecords.format = 'json', badRecords.path = '${work.at('bad')}')`)
  for (const query of session.streams.active) await query.awaitTermination()
  expect(await jsonOf(session.table('numbers'))).toEqual(['{"n":1}'])
  const letters = session.read.schema('source STRING, reason STRING').json(work.at('bad'))
  expect(await letters.count()).toBe(2)
})
