import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { millrace, type MillraceSession, type StreamingQuery } from '../../src/index.ts'

let session: MillraceSession
let work: string
let checkpoint: string
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
  work = mkdtempSync(join(tmpdir(), 'millrace-statestore-'))
  checkpoint = join(work, 'cp')
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})

const state = (options: Record<string, string | number | boolean> = {}) =>
  session.read.format('statestore').options(options).load(checkpoint)

async function counting(): Promise<{ query: StreamingQuery; add: (...words: string[]) => Promise<void> }> {
  const { stream, df } = session.memoryStream('word STRING')
  const query = await df
    .groupBy('word')
    .count()
    .writeStream.format('noop')
    .outputMode('update')
    .option('checkpointLocation', checkpoint)
    .start()
  return {
    query,
    add: async (...words) => {
      stream.addData(words.map((word) => ({ word })))
      await query.processAllAvailable()
    },
  }
}

/** `word count`, sorted. */
async function counts(options: Record<string, string | number | boolean> = {}): Promise<string[]> {
  const rows = await state(options).collect()
  return rows
    .map((r) => {
      const { key, value } = r as unknown as { key: { word: string }; value: Record<string, bigint> }
      return `${key.word} ${Object.values(value).join(' ')}`
    })
    .sort()
}

test('the state of a running query is read as of its last batch, and of any batch held', async () => {
  const { query, add } = await counting()
  await add('a', 'b', 'a')
  expect(await counts()).toEqual(['a 2', 'b 1'])
  await add('a', 'c')
  expect(query.isActive).toBe(true)
  expect(await counts()).toEqual(['a 3', 'b 1', 'c 1'])
  expect(await counts({ batchId: 0 })).toEqual(['a 2', 'b 1'])
  const df = state()
  expect(df.schema.fields.map((f) => `${f.name} ${f.type.kind}`)).toEqual([
    'key struct',
    'value struct',
    'partition_id int',
  ])
  const [first] = (await df
    .selectExpr('min(partition_id) AS low', 'max(partition_id) AS high')
    .collect()) as unknown as {
    low: number
    high: number
  }[]
  expect(first!.low).toBeGreaterThanOrEqual(0)
  expect(first!.high).toBeLessThan(256)
  await query.stop()
  expect(await counts()).toEqual(['a 3', 'b 1', 'c 1'])
  await expect(state({ batchId: 9 }).collect()).rejects.toMatchObject({ code: 'CHECKPOINT_BATCH_GONE' })
})

test('a reader that has begun does not see what is committed meanwhile', async () => {
  const { add } = await counting()
  await add('a')
  const early = openCheckpoint(checkpoint, { readonly: true, snapshot: true })
  await add('b')
  expect(early.batches().commits).toEqual([0])
  early.close()
  expect(await counts()).toEqual(['a 1', 'b 1'])
})

test('the changes of a range of batches', async () => {
  const { add } = await counting()
  await add('a', 'b')
  await add('b')
  await add('c')
  const rows = await state({ readChangeFeed: true, changeStartBatchId: 1 })
    .selectExpr('batch_id', 'change_type', 'key.word AS word')
    .collect()
  expect(rows.map((r) => ({ ...r }))).toEqual([
    { batch_id: 1n, change_type: 'update', word: 'b' },
    { batch_id: 2n, change_type: 'update', word: 'c' },
  ])
  const from0 = await state({ readChangeFeed: true, changeStartBatchId: 0, changeEndBatchId: 0 }).collect()
  expect(from0.length).toBe(2)
})

test('windows that are released come as deletes, and the key has the window', async () => {
  const { stream, df } = session.memoryStream('at TIMESTAMP, word STRING')
  df.createOrReplaceTempView('words')
  const query = await session
    .sql(
      `SELECT window(at, '10 seconds') AS w, word, count(*) AS n FROM words WATERMARK at DELAY OF INTERVAL 0 SECONDS GROUP BY 1, 2`,
    )
    .writeStream.format('noop')
    .outputMode('append')
    .option('checkpointLocation', checkpoint)
    .start()
  const add = async (at: string): Promise<void> => {
    stream.addData([{ at: new Date(at), word: 'a' }])
    await query.processAllAvailable()
  }
  await add('2026-01-01T00:00:01Z')
  await add('2026-01-01T00:00:25Z')
  const panes = await state().selectExpr('CAST(key.window.start AS STRING) AS pane').collect()
  expect(panes.map((r) => r['pane'])).toEqual(['2026-01-01 00:00:20'])
  const changes = await state({ readChangeFeed: true, changeStartBatchId: 0 })
    .selectExpr('change_type', 'CAST(key.window.start AS STRING) AS pane', 'value IS NULL AS gone')
    .collect()
  expect(changes.map((r) => Object.values(r).join(' '))).toEqual([
    'update 2026-01-01 00:00:00 false',
    'update 2026-01-01 00:00:20 false',
    'delete 2026-01-01 00:00:00 true',
  ])
})

test.each([
  ["calendar_window(at, 'month', 'Europe/Berlin')", ['2025-12-31 23:00:00 2026-01-31 23:00:00']],
  [
    "window(at, '1 minute', '30 seconds')",
    ['2025-12-31 23:59:30 2026-01-01 00:00:30', '2026-01-01 00:00:00 2026-01-01 00:01:00'],
  ],
])('the key has both bounds of %s', async (window, bounds) => {
  const { stream, df } = session.memoryStream('at TIMESTAMP, word STRING')
  df.createOrReplaceTempView('words')
  const query = await session
    .sql(`SELECT ${window} AS w, count(*) AS n FROM words WATERMARK at DELAY OF INTERVAL 0 SECONDS GROUP BY 1`)
    .writeStream.format('noop')
    .outputMode('append')
    .option('checkpointLocation', checkpoint)
    .start()
  stream.addData([{ at: new Date('2026-01-01T00:00:01Z'), word: 'a' }])
  await query.processAllAvailable()
  const keys = await state().selectExpr("concat_ws(' ', key.window.start, key.window.end) AS k").orderBy('k').collect()
  expect(keys.map((r) => r['k'])).toEqual(bounds)
})

test('both sides of a join', async () => {
  const left = session.memoryStream('id INT, a STRING')
  const right = session.memoryStream('id INT, b STRING')
  left.df.createOrReplaceTempView('l')
  right.df.createOrReplaceTempView('r')
  const query = await session
    .sql('SELECT l.id, a, b FROM l JOIN r ON l.id = r.id')
    .writeStream.format('noop')
    .option('checkpointLocation', checkpoint)
    .start()
  left.stream.addData([{ id: 1, a: 'x' }])
  right.stream.addData([
    { id: 1, b: 'y' },
    { id: 2, b: 'z' },
  ])
  await query.processAllAvailable()
  const rows = async (joinSide: string): Promise<unknown[]> =>
    (await state({ joinSide }).selectExpr('value.id AS id').orderBy('id').collect()).map((r) => r['id'])
  expect(await rows('left')).toEqual([1])
  expect(await rows('right')).toEqual([1, 2])
  expect(() => state()).toThrow(/left, right/)
  const meta = await session.read.format('state-metadata').load(checkpoint).collect()
  expect(meta.map((r) => [r['operatorId'], r['operatorName'], r['stateStoreName'], r['minBatchId']])).toEqual([
    [0n, 'join', 'left', 0n],
    [0n, 'join', 'right', 0n],
  ])
  expect(JSON.parse(String(meta[0]!['operatorProperties']))).toMatchObject({ name: 'join-s0', key: 'row bigint' })
})

test('bad options say what is needed', async () => {
  const { add } = await counting()
  await add('a')
  const refused = (options: Record<string, string | number | boolean>, code: string, text: RegExp): void => {
    let error: unknown
    try {
      state(options)
    } catch (e) {
      error = e
    }
    expect(error).toMatchObject({ code })
    expect(String((error as Error).message)).toMatch(text)
  }
  refused({ operatorId: 3 }, 'OPTION_INVALID', /0 \(aggregate-s0\)/)
  refused({ joinSide: 'up' }, 'OPTION_INVALID', /left, right or none/)
  refused({ joinSide: 'left' }, 'OPTION_INVALID', /groups/)
  refused({ storeName: 'x' }, 'OPTION_INVALID', /groups/)
  refused({ readChangeFeed: true }, 'OPTION_MISSING', /changeStartBatchId/)
  refused({ changeStartBatchId: 0 }, 'OPTION_INVALID', /readChangeFeed/)
  refused({ readChangeFeed: true, batchId: 0, changeStartBatchId: 0 }, 'OPTION_INVALID', /changeStartBatchId/)
  refused({ readChangeFeed: true, changeStartBatchId: 2, changeEndBatchId: 1 }, 'OPTION_INVALID', /from 2/)
  refused({ batchId: -1 }, 'OPTION_INVALID', /from 0/)
  expect(() => session.read.format('statestore').load(join(work, 'nothing'))).toThrow(/nothing/)
  expect(() => session.readStream.format('statestore').load(checkpoint)).toThrow(/batch/)
  expect(await state({ operatorId: 'aggregate-s0', storeName: 'default' }).count()).toBe(1)
})
