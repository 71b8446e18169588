import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import * as arrow from 'apache-arrow'
import { afterAll, expect, test } from 'vitest'
import { type MillraceSession, millrace, Trigger } from '../../src/index.ts'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-arrow-'))
afterAll(() => fs.rmSync(root, { recursive: true }))

let count = 0
const fresh = (): string => path.join(root, String(count++))

const session = (): MillraceSession => millrace({ 'spark.sql.session.timeZone': 'Europe/Berlin' })

const filesIn = (dir: string): string[] =>
  fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((n) => path.basename(n).startsWith('part-'))
    .sort()

const EVERY_TYPE = `
  SELECT id, CAST(id AS TINYINT) AS t, CAST(id AS SMALLINT) AS s, CAST(id AS INT) AS i, id % 2 = 0 AS b,
    CAST(id AS FLOAT) / 3 AS d, CAST(id AS FLOAT) AS f, CAST(id AS DECIMAL(10, 2)) AS p, CAST(id AS DECIMAL(38, 4)) AS w,
    concat('text ', id) AS c, encode(concat('bytes ', id), 'UTF-8') AS y, DATE'2024-01-01' + CAST(id AS INT) AS day,
    timestamp_micros(id * 1000001) AS ts, CAST(timestamp_micros(id) AS TIMESTAMP_NTZ) AS ntz,
    INTERVAL '1 02:03' DAY TO MINUTE * id AS dt, INTERVAL '1-2' YEAR TO MONTH * id AS ym, make_interval(1, 2, 0, id) AS cal,
    array(id, NULL) AS l, map(concat('k', id), array(id)) AS m, named_struct('a', id, 'b', array(named_struct('c', id))) AS st,
    NULL AS v, IF(id % 3 = 0, NULL, concat('maybe ', id)) AS n
  FROM range(100)`

test.each(['file', 'stream'])('a table of every type is written as a %s and read back', async (ipc) => {
  const out = fresh()
  const s = session()
  const df = s.sql(EVERY_TYPE)
  await df.write.format('arrow').option('ipc', ipc).save(out)
  const [name] = filesIn(out)
  expect(path.extname(name!)).toBe(ipc === 'file' ? '.arrow' : '.arrows')
  const back = s.read.format('arrow').load(out)
  expect(back.schema.fields.map((f) => [f.name, f.type.kind])).toEqual(
    df.schema.fields.map((f) => [f.name, f.type.kind]),
  )
  expect(await back.collect()).toEqual(await df.collect())
  // Other programs read it too.
  const bytes = fs.readFileSync(path.join(out, name!))
  expect(bytes.subarray(0, 6).toString('latin1') === 'ARROW1').toBe(ipc === 'file')
  expect(arrow.tableFromIPC(bytes).numRows).toBe(100)
  expect((await arrow.tableFromIPC(fs.createReadStream(path.join(out, name!)))).numRows).toBe(100)
})

test('columns wanted only, conditions, and files by name', async () => {
  const out = fresh()
  const s = session()
  await s.sql('SELECT id, id * 2 AS twice, concat("n", id) AS name FROM range(20000)').write.arrow(out)
  const file = path.join(out, filesIn(out)[0]!)
  s.read.arrow(file).createOrReplaceTempView('t')
  expect(await s.sql('SELECT name, twice FROM t WHERE id = 19999').collect()).toEqual([
    { name: 'n19999', twice: 39998n },
  ])
  expect(await s.sql('SELECT count(*) AS c, sum(twice) AS s FROM t').collect()).toEqual([{ c: 20000n, s: 399980000n }])
})

test('a bounded result without rows still tells its columns', async () => {
  const out = fresh()
  const s = session()
  await s.sql('SELECT id, "a" AS a FROM range(0)').write.arrow(out)
  const back = s.read.arrow(out)
  expect(back.columns).toEqual(['id', 'a'])
  expect(await back.collect()).toEqual([])
})

test('partition directories, each file whole by itself, compressed or not', async () => {
  for (const compression of ['none', 'gzip']) {
    const out = fresh()
    const s = session()
    const df = s.sql('SELECT id, id % 3 AS part, concat("n", id) AS name FROM range(30000)')
    await df.write.format('arrow').option('compression', compression).partitionBy('part').save(out)
    const names = filesIn(out)
    expect(names.map((n) => path.dirname(n))).toEqual(['part=0', 'part=1', 'part=2'])
    for (const name of names) {
      const bytes = fs.readFileSync(path.join(out, name))
      expect(arrow.tableFromIPC(compression === 'gzip' ? zlib.gunzipSync(bytes) : bytes).numRows).toBe(10000)
    }
    const back = s.read.arrow(out)
    expect(back.columns).toEqual(['id', 'name', 'part'])
    expect(await back.groupBy('part').count().orderBy('part').collect()).toEqual(
      [0, 1, 2].map((part) => ({ part, count: 10000n })),
    )
    expect(await back.where('id = 29999').collect()).toEqual([{ id: 29999n, name: 'n29999', part: 2 }])
  }
})

test('a stream of Arrow files to Arrow files goes on after a restart', async () => {
  const [dir, out, checkpoint] = [fresh(), fresh(), fresh()]
  fs.mkdirSync(dir)
  const put = (name: string, values: number[], kind: 'file' | 'stream'): void => {
    const table = arrow.tableFromArrays({ n: Int32Array.from(values), k: values.map((v) => `k${v}`) })
    fs.writeFileSync(path.join(dir, name), arrow.tableToIPC(table, kind))
  }
  const run = async (): Promise<void> => {
    const s = session()
    const query = await s.readStream
      .format('arrow')
      .schema('k STRING, n INT')
      .load(dir)
      .where('n <> 3')
      .writeStream.format('arrow')
      .option('path', out)
      .option('checkpointLocation', checkpoint)
      .trigger(Trigger.AvailableNow())
      .start()
    await query.awaitTermination()
    await s.stop()
  }
  put('a.arrow', [1, 2, 3], 'file')
  await run()
  put('b.arrows', [4, 3, 5], 'stream')
  await run()
  await run()
  expect(filesIn(out)).toEqual(['part-00000-0.arrow', 'part-00001-0.arrow'])
  expect(await session().read.arrow(out).orderBy('n').collect()).toEqual([1, 2, 4, 5].map((n) => ({ k: `k${n}`, n })))
})

test('a stream finds its columns where inference is on', async () => {
  const dir = fresh()
  fs.mkdirSync(dir)
  fs.writeFileSync(path.join(dir, 'a.arrow'), arrow.tableToIPC(arrow.tableFromArrays({ n: Int32Array.of(1, 2) })))
  const s = session()
  s.conf.set('spark.sql.streaming.schemaInference', 'true')
  const query = await s.readStream
    .arrow(dir)
    .writeStream.format('memory')
    .queryName('found')
    .trigger(Trigger.AvailableNow())
    .start()
  await query.awaitTermination()
  expect(await s.table('found').collect()).toEqual([{ n: 1 }, { n: 2 }])
})

test('what cannot be read is refused with the name of the file', async () => {
  const dir = fresh()
  fs.mkdirSync(dir)
  const s = session()
  const file = path.join(dir, 'x.arrow')
  fs.writeFileSync(file, 'a,b\n1,2\n')
  expect(() => s.read.arrow(dir)).toThrow(file)
  await expect(s.read.format('arrow').schema('a INT').load(dir).collect()).rejects.toThrow(file)
  const whole = arrow.tableToIPC(arrow.tableFromArrays({ a: Int32Array.from({ length: 5000 }, (_, i) => i) }), 'file')
  fs.writeFileSync(file, whole.subarray(0, whole.length - 1000))
  await expect(s.read.format('arrow').schema('a INT').load(dir).collect()).rejects.toThrow(file)
  fs.writeFileSync(file, whole)
  await expect(s.read.format('arrow').schema('a STRING').load(dir).collect()).rejects.toThrow(
    'column "a" is int, not string',
  )
  expect(() => s.readStream.format('arrow').load(dir)).toThrow('schema')
  await expect(s.range(1).write.format('arrow').option('ipc', 'disk').save(fresh())).rejects.toThrow('file or stream')
  await expect(s.range(1).write.format('arrow').option('compression', 'lz4').save(fresh())).rejects.toThrow('gzip')
})
