import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { csvSink, jsonSink } from '../../../src/connectors/files/sink.ts'
import { validateOptions } from '../../../src/connectors/options.ts'
import { batchOf } from '../../../src/columns/builder.ts'
import { millrace } from '../../../src/index.ts'
import { field, INT, schemaOf, STRING } from '../../../src/types/data-type.ts'
import { sinkContext, token } from '../contexts.ts'
import { putFile } from './lay.ts'

interface Written {
  readonly cases: readonly {
    readonly name: string
    readonly options: Readonly<Record<string, string>>
    readonly text: string
  }[]
  readonly directories: readonly string[]
}
const written = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'recorded/write.json'), 'utf8')) as Written

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-write-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

/** Data files below a directory, with their texts. */
function texts(at: string): Record<string, string> {
  const out: Record<string, string> = {}
  for (const entry of fs.readdirSync(at, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || /^[._]/.test(entry.name)) continue
    const full = path.join(entry.parentPath, entry.name)
    const bytes = fs.readFileSync(full)
    out[path.relative(at, full)] = (full.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString()
  }
  return out
}

// The rows of record.py.
const ROWS = `SELECT * FROM VALUES
 (1, 'plain', 1.5D, float(0.1), 1.50BD, true, date'2020-01-31', timestamp'2020-01-31 10:00:00.123456', timestamp_ntz'2020-01-31 10:00:00', 9007199254740993L),
 (2, 'a,b', double('NaN'), float('Infinity'), -0.01BD, false, null, null, null, null),
 (3, 'say "hi"', 1e300D, float('1e10'), null, null, null, null, null, -1L),
 (4, '', null, null, null, null, null, null, null, null), (5, null, null, null, null, null, null, null, null, null),
 (6, ' padded ', -0.0D, null, null, null, null, null, null, null), (7, 'line\\nbreak', 100000000D, null, null, null, null, null, null, null),
 (8, 'back\\\\slash "q', null, null, null, null, null, null, null, null), (9, '#hash', null, null, null, null, null, null, null, null), (10, '"q"', null, null, null, null, null, null, null, null), (11, "tab\\tx'y", null, null, null, null, null, null, null, null)
 AS t(id, s, d, f, m, b, dt, ts, tn, l)`

describe('CSV as a real Spark writes it', () => {
  for (const c of written.cases)
    it(c.name, async () => {
      const session = millrace({ 'spark.sql.session.timeZone': 'America/New_York' })
      await session.sql(ROWS).write.options(c.options).csv(path.join(dir, 'out'))
      expect(Object.values(texts(path.join(dir, 'out')))).toEqual([c.text])
    })

  it('partition directories', async () => {
    const rows =
      "SELECT * FROM VALUES (1, 'a/b', null, date'2020-01-31'), (2, 'x y', 1, null), (3, '', 2, date'2020-01-31'), (4, 'ä:=%', 3, date'2020-01-31') AS t(id, p, q, r)"
    const out = path.join(dir, 'out')
    const session = millrace()
    await session.sql(rows).write.partitionBy('p', 'q', 'r').csv(out)
    const names = Object.keys(texts(out)).map((n) => path.dirname(n))
    expect(names.sort()).toEqual([...written.directories].sort())
    const back = await session.read.schema('id INT, p STRING, q INT, r DATE').csv(out).collect()
    expect(back.map((r) => JSON.stringify(r)).sort()).toEqual([
      '{"id":1,"p":"a/b","q":null,"r":"2020-01-31"}',
      '{"id":2,"p":"x y","q":1,"r":null}',
      // An empty text becomes NULL, as a directory cannot tell them apart.
      '{"id":3,"p":null,"q":2,"r":"2020-01-31"}',
      '{"id":4,"p":"ä:=%","q":3,"r":"2020-01-31"}',
    ])
  })
})

describe('df.write', () => {
  const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
  const df = (n: number) => session.range(n).selectExpr('id', "concat('v', id) AS v")

  it('keeps to the save mode', async () => {
    const out = path.join(dir, 'out')
    const count = async (): Promise<number> =>
      (await session.read.schema('id BIGINT, v STRING').json(out).collect()).length
    await df(3).write.json(out)
    expect(fs.existsSync(path.join(out, '_SUCCESS'))).toBe(true)
    await expect(df(1).write.json(out)).rejects.toThrow(/PATH_ALREADY_EXISTS.*hint: call mode\('append'\)/s)
    await df(1).write.mode('ignore').json(out)
    expect(await count()).toBe(3)
    await df(2).write.mode('append').json(out)
    expect(await count()).toBe(5)
    putFile(out, 'p=1/other.json', '{"id":1}')
    await df(4).write.mode('overwrite').json(out)
    expect(await count()).toBe(4)
    expect(fs.readdirSync(out).filter((n) => n.includes('='))).toEqual([])
    expect(() => df(1).write.mode('replace')).toThrow(/OPTION_INVALID.*append, overwrite, error or ignore/)
  })

  it('may overwrite what it reads', async () => {
    const out = path.join(dir, 'out')
    await df(3).write.json(out)
    await session.read.schema('id BIGINT, v STRING').json(out).filter('id > 0').write.mode('overwrite').json(out)
    expect(Object.values(texts(out))).toEqual(['{"id":1,"v":"v1"}\n{"id":2,"v":"v2"}\n'])
  })

  it('does not overwrite what a query writes', async () => {
    const out = path.join(dir, 'out')
    putFile(dir, 'out/.millrace-query', 'id')
    await expect(df(1).write.mode('overwrite').json(out)).rejects.toThrow(/SINK_DIRECTORY_IN_USE/)
  })

  it('writes text, gzip, patterns and line separators', async () => {
    await df(2).select('v').write.text(path.join(dir, 'text'))
    expect(Object.values(texts(path.join(dir, 'text')))).toEqual(['v0\nv1\n'])
    await expect(df(2).write.text(path.join(dir, 'text2'))).rejects.toThrow(
      /UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE.*2 columns/,
    )
    await df(2).write.options({ compression: 'gzip', lineSep: '||' }).json(path.join(dir, 'gz'))
    const [[name, text]] = Object.entries(texts(path.join(dir, 'gz'))) as [[string, string]]
    expect(name).toMatch(/\.json\.gz$/)
    expect(text).toBe('{"id":0,"v":"v0"}||{"id":1,"v":"v1"}||')
    expect(
      (await session.read.option('lineSep', '||').schema('id BIGINT').json(path.join(dir, 'gz')).collect()).length,
    ).toBe(2)
    const times = session.sql(
      "SELECT date'2020-01-31' AS d, timestamp'2020-01-31 10:00:00' AS t, array(date'2020-02-01') AS a",
    )
    await times.write.options({ dateFormat: 'dd.MM.yyyy', timestampFormat: 'HH:mm' }).json(path.join(dir, 'times'))
    expect(Object.values(texts(path.join(dir, 'times')))).toEqual([
      '{"d":"31.01.2020","t":"10:00","a":["01.02.2020"]}\n',
    ])
    await expect(df(1).write.option('compression', 'zstd').json(path.join(dir, 'z'))).rejects.toThrow(
      /OPTION_INVALID.*none or gzip/,
    )
  })

  it('refuses partition columns that cannot be', async () => {
    const to = (): string => path.join(dir, 'p')
    await expect(df(1).write.partitionBy('x').json(to())).rejects.toThrow(
      /PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA.*"x".*id, v/,
    )
    await expect(df(1).write.partitionBy('id', 'v').json(to())).rejects.toThrow(/ALL_PARTITION_COLUMNS_NOT_ALLOWED/)
    await expect(session.sql('SELECT 1 AS a, array(1) AS b').write.partitionBy('b').json(to())).rejects.toThrow(
      /INVALID_PARTITION_COLUMN_DATA_TYPE/,
    )
    await expect(df(1).write.partitionBy('id').format('noop').save()).rejects.toThrow(/partitionBy on the noop sink/)
  })
})

describe('a stream into partition directories', () => {
  it('goes through, and a rerun replaces its files in every directory', async () => {
    const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
    const { stream, df } = session.memoryStream('k STRING, n INT')
    const out = path.join(dir, 'out')
    const query = await df.writeStream.format('csv').option('header', true).partitionBy('k').start(out)
    stream.addData([
      { k: 'a', n: 1 },
      { k: 'b', n: 2 },
      { k: 'a', n: 3 },
    ])
    await query.processAllAvailable()
    stream.addData([{ k: 'a', n: 4 }])
    await query.processAllAvailable()
    await query.stop()
    expect(texts(out)).toEqual({
      'k=a/part-00000-0.csv': 'n\n1\n3\n',
      'k=b/part-00000-0.csv': 'n\n2\n',
      'k=a/part-00001-0.csv': 'n\n4\n',
    })
  })

  const schema = schemaOf(field('k', STRING), field('n', INT))
  const open = (more: object = {}) =>
    jsonSink.open(
      validateOptions('json', jsonSink.options, { path: path.join(dir, 'out'), fsync: 'false' }),
      sinkContext(schema, { partitionBy: ['k'], ...more }),
    )

  it('removes on restart what came after the last commit, in every directory', async () => {
    const sink = await open()
    for (const id of [0, 1]) {
      await sink.begin(id, token(id))
      await sink.add(
        batchOf(schema, [
          ['a', id],
          [`only ${id}`, id],
        ]),
      )
      await sink.finish()
    }
    await sink.begin(2, token(2))
    await sink.add(
      batchOf(
        schema,
        Array.from({ length: 8192 }, (_, i) => [`p${i % 200}`, i]),
      ),
    )
    const again = await open({ lastCommittedBatch: 0 })
    expect(Object.keys(texts(path.join(dir, 'out'))).sort()).toEqual([
      'k=a/part-00000-0.json',
      'k=only 0/part-00000-0.json',
    ])
    await again.begin(1, token(1))
    await again.add(batchOf(schema, [['b', 1]]))
    await again.finish()
    await again.begin(1, token(1))
    await again.add(batchOf(schema, [['c', 1]]))
    await again.finish()
    expect(Object.keys(texts(path.join(dir, 'out'))).sort()).toEqual([
      'k=a/part-00000-0.json',
      'k=c/part-00001-0.json',
      'k=only 0/part-00000-0.json',
    ])
  })

  it('writes more directories than it holds files open', async () => {
    const sink = await open()
    await sink.begin(0, token(0))
    for (let round = 0; round < 3; round++)
      await sink.add(
        batchOf(
          schema,
          Array.from({ length: 8192 }, (_, i) => [`p${i % 300}`, i]),
        ),
      )
    await sink.finish()
    const found = texts(path.join(dir, 'out'))
    expect(Object.keys(found).length).toBe(300)
    expect(Object.values(found).reduce((n, t) => n + t.split('\n').length - 1, 0)).toBe(3 * 8192)
  })

  it('refuses types CSV does not hold', async () => {
    const bad = schemaOf(field('a', { kind: 'array', element: INT, containsNull: true }))
    await expect(async () =>
      csvSink.open(validateOptions('csv', csvSink.options, { path: dir }), sinkContext(bad)),
    ).rejects.toThrow(/UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE/)
  })
})
