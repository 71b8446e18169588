import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expr, millrace, Trigger } from '../../../src/index.ts'
import type { DataFrame } from '../../../src/dataframe/data-frame.ts'
import { putFile } from './lay.ts'

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-files-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

const put = (name: string, text: string): void => putFile(path.join(dir, 'in'), name, text)
const input = (): string => path.join(dir, 'in')
const json = async (df: DataFrame<never> | DataFrame): Promise<string[]> =>
  ((await df.collect()) as object[]).map((r) => JSON.stringify(r)).sort()
const session = (conf: Record<string, string> = {}) => millrace({ 'spark.sql.session.timeZone': 'UTC', ...conf })

/** Runs a stream over what is there, into the table `out` of the session. */
async function drain(df: DataFrame<never> | DataFrame, name: string, checkpoint?: string): Promise<void> {
  const writer = df.writeStream.format('memory').queryName(name).trigger(Trigger.AvailableNow())
  if (checkpoint !== undefined) writer.option('checkpointLocation', checkpoint)
  const query = await writer.start()
  await query.awaitTermination()
}

describe('_metadata', () => {
  it('is there when it is named, and only then', async () => {
    put('a.csv', '1\n2\n')
    put('b.csv', '3\n')
    const s = session()
    const df = s.read.schema('n INT').csv(input())
    expect(df.schema.fields.map((f) => f.name)).toEqual(['n'])
    expect(await json(df)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    expect(await json(df.selectExpr('n', '_metadata.file_name'))).toEqual([
      '{"n":1,"file_name":"a.csv"}',
      '{"n":2,"file_name":"a.csv"}',
      '{"n":3,"file_name":"b.csv"}',
    ])
    const [row] = await json(df.filter('n = 3').selectExpr('_metadata'))
    expect(JSON.parse(row!)._metadata).toEqual({
      file_path: `file://${input()}/b.csv`,
      file_name: 'b.csv',
      file_size: 2,
      file_block_start: 0,
      file_block_length: 2,
      file_modification_time: fs.statSync(path.join(input(), 'b.csv')).mtime.toISOString(),
    })
    df.createOrReplaceTempView('t')
    expect(await json(s.sql('SELECT x._metadata.file_size AS size, count(*) AS n FROM t AS x GROUP BY 1'))).toEqual([
      '{"size":2,"n":1}',
      '{"size":4,"n":2}',
    ])
    expect(await json(s.sql("SELECT x.* FROM t AS x WHERE _metadata.file_name LIKE 'b%'"))).toEqual(['{"n":3}'])
    expect(await json(df.withColumn('f', expr('_metadata.file_name')))).toEqual([
      '{"n":1,"f":"a.csv"}',
      '{"n":2,"f":"a.csv"}',
      '{"n":3,"f":"b.csv"}',
    ])
    expect(() => s.sql('SELECT _metadata FROM (SELECT n FROM t)').schema).toThrow(/UNRESOLVED_COLUMN/)
    expect(() => s.sql('SELECT _metadata.file FROM t').schema).toThrow(/FIELD_NOT_FOUND.*file_/s)
    expect(await json(df.union(df).distinct())).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    expect(await json(df.join(s.read.schema('n INT').csv(input()), 'n'))).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
  })

  it('comes with streams, JSON and text, and counting needs no columns', async () => {
    put('a.json', '{"n":1}\n{"n":2}\n')
    const s = session()
    const stream = s.readStream.schema('n INT').json(input())
    await drain(stream.selectExpr('_metadata.file_name', 'n'), 'out')
    expect(await json(s.table('out'))).toEqual(['{"file_name":"a.json","n":1}', '{"file_name":"a.json","n":2}'])
    expect(await json(s.read.text(input()).selectExpr('_metadata.file_size'))).toEqual([
      '{"file_size":16}',
      '{"file_size":16}',
    ])
    expect(await s.read.schema('n INT').json(input()).count()).toBe(2)
    // A column of that name in the data hides it.
    expect(await json(s.read.schema('n INT, _metadata STRING').json(input()).select('_metadata'))).toEqual([
      '{"_metadata":null}',
      '{"_metadata":null}',
    ])
  })
})

describe('partition columns', () => {
  it('stand behind the others, are typed, and rule files out', async () => {
    put('day=2020-01-01/n=1/a.json', '{"x":1}\n')
    put('day=2020-01-02/n=2/a.json', '{"x":2}\n')
    put('day=2020-01-02/n=3/broken.json', 'not json\n')
    const s = session()
    const df = s.read.schema('x INT').json(input())
    expect(df.schema.fields.map((f) => `${f.name} ${f.type.kind}`)).toEqual(['x int', 'day date', 'n int'])
    // The broken file is not opened.
    expect(await json(df.filter("n < 3 AND day >= DATE'2020-01-02'"))).toEqual(['{"x":2,"day":"2020-01-02","n":2}'])
    expect(await json(df.filter('n = 1').selectExpr('day'))).toEqual(['{"day":"2020-01-01"}'])
    await expect(json(df)).rejects.toThrow(/MALFORMED_RECORD.*broken\.json/)
    expect(
      s.read
        .schema('n STRING, x INT')
        .json(input())
        .schema.fields.map((f) => `${f.name} ${f.type.kind}`),
    ).toEqual(['x int', 'day date', 'n string'])
  })

  it('of a stream may appear later, when they are declared', async () => {
    put('early.csv', '1\n')
    const s = session()
    const checkpoint = path.join(dir, 'checkpoint')
    const stream = () => s.readStream.schema('x INT, p STRING').csv(input())
    put('p=a/one.csv', '2\n')
    await drain(stream().filter('x > 1'), 'first', checkpoint)
    put('p=b/two.csv', '3\n')
    await drain(stream().filter('x > 1'), 'first', checkpoint)
    expect(await json(s.table('first'))).toEqual(['{"x":2,"p":"a"}', '{"x":3,"p":"b"}'])
  })
})

describe('schema inference', () => {
  it('of a stream wants its setting, and holds from the first start', async () => {
    put('a.json', '{"a":1}\n')
    expect(() => session().readStream.json(input())).toThrow(
      /UNABLE_TO_INFER_SCHEMA.*spark\.sql\.streaming\.schemaInference/s,
    )
    const conf = { 'spark.sql.streaming.schemaInference': 'true' }
    const checkpoint = path.join(dir, 'checkpoint')
    const first = session(conf)
    const out = path.join(dir, 'out')
    const run = async (s: ReturnType<typeof session>): Promise<void> => {
      const query = await s.readStream
        .json(input())
        .writeStream.format('json')
        .option('checkpointLocation', checkpoint)
        .trigger(Trigger.AvailableNow())
        .start(out)
      await query.awaitTermination()
    }
    await run(first)
    put('b.json', '{"a":2,"b":"new"}\n')
    // Another session infers both columns; the query goes on with the one it began with.
    const second = session(conf)
    expect(second.readStream.json(input()).schema.fields.map((f) => f.name)).toEqual(['a', 'b'])
    await run(second)
    expect(await json(second.read.schema('a INT, b STRING').json(out))).toEqual([
      '{"a":1,"b":null}',
      '{"a":2,"b":null}',
    ])
  })

  it('of bounded reads needs none, but files', async () => {
    const s = session()
    fs.mkdirSync(input())
    expect(() => s.read.json(input())).toThrow(/UNABLE_TO_INFER_SCHEMA/)
    put('a.csv', 'n,when\n1,2020-01-01 10:00:00\n')
    const df = s.read.options({ header: true, inferSchema: true }).csv(input())
    expect(df.schema.fields.map((f) => `${f.name} ${f.type.kind}`)).toEqual(['n int', 'when timestamp'])
    expect(await json(df)).toEqual(['{"n":1,"when":"2020-01-01T10:00:00.000Z"}'])
    putFile(path.join(dir, 'gz'), 'x.json.gz', '{"z":1}\n')
    expect(await json(s.read.json(path.join(dir, 'gz')))).toEqual(['{"z":1}'])
    const sampled = Array.from({ length: 100 }, (_, i) => `{"c${i % 10}":1}`).join('\n')
    putFile(path.join(dir, 'many'), 'x.json', sampled)
    expect(s.read.option('samplingRatio', '0.05').json(path.join(dir, 'many')).schema.fields.length).toBeLessThan(3)
  })
})

describe('modes without being told', () => {
  it('fail on a bad record, unless the schema has a column for it', async () => {
    put('a.csv', '1\nx\n')
    const s = session()
    await expect(json(s.read.schema('n INT').csv(input()))).rejects.toThrow(/MALFORMED_RECORD.*a\.csv, line 2/)
    const kept = s.read.schema('n INT, _corrupt_record STRING').csv(input())
    expect(await json(kept)).toEqual(['{"n":1,"_corrupt_record":null}', '{"n":null,"_corrupt_record":"x"}'])
    // Named alone too, and by a filter.
    expect(await json(kept.filter('_corrupt_record IS NOT NULL').select('_corrupt_record'))).toEqual([
      '{"_corrupt_record":"x"}',
    ])
    await drain(s.readStream.schema('n INT, _corrupt_record STRING').csv(input()), 'out')
    expect((await json(s.table('out'))).length).toBe(2)
  })

  it('limits of a batch do not cut bounded reads', async () => {
    for (let i = 0; i < 5; i++) put(`f${i}.csv`, `${i}\n`)
    expect(await session().read.schema('n INT').option('maxFilesPerTrigger', 1).csv(input()).count()).toBe(5)
  })
})
