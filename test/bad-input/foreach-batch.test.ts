import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type DataFrame, millrace, MillraceSession, Trigger } from '../../src/index.ts'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { batchRows, drain, expectError, failure, InputDir, outputRows, tempDir } from './fixtures.ts'

const session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
const SCHEMA = 'k STRING, n BIGINT'

/** Running totals by key through foreachBatch; `body` may throw. */
async function run(
  input: InputDir,
  work: string,
  body: (rows: readonly Record<string, unknown>[], batchId: number) => void,
  name: string | null = 'totals',
): Promise<void> {
  const writer = session.readStream
    .schema(SCHEMA)
    .option('maxFilesPerTrigger', 1)
    .json(input.dir)
    .groupBy('k')
    .sum('n')
    .writeStream.outputMode('update')
    .trigger(Trigger.AvailableNow())
    .option('checkpointLocation', join(work, 'checkpoint'))
    .foreachBatch(async (df: DataFrame, batchId: number) => body(await df.collect(), batchId))
  const query = await (name === null ? writer : writer.queryName(name)).start()
  await query.awaitTermination()
}

const logs = (work: string): { readonly offsets: number; readonly commits: number } => {
  const checkpoint = openCheckpoint(join(work, 'checkpoint'), { readonly: true })
  try {
    return { offsets: checkpoint.lastOffsets()?.batchId ?? -1, commits: checkpoint.lastCommit()?.batchId ?? -1 }
  } finally {
    checkpoint.close()
  }
}

test.each([
  ['an Error', new Error('the warehouse is closed'), 'the warehouse is closed'],
  ['a string', 'just a string', 'just a string'],
  ['nothing', undefined, 'undefined'],
] as const)(
  'a function that throws %s: query and batch are named, nothing is committed, and it is called again with the same batch',
  async (_, thrown, text) => {
    const work = tempDir()
    const input = new InputDir(work)
    input.write([{ k: 'a', n: 1 }])
    input.write([
      { k: 'a', n: 2 },
      { k: 'b', n: 5 },
    ])
    input.write([{ k: 'b', n: 7 }])
    const calls: { readonly batchId: number; readonly rows: string }[] = []
    const note = (rows: readonly Record<string, unknown>[], batchId: number): void =>
      void calls.push({
        batchId,
        rows: rows
          .map((r) => JSON.stringify(r))
          .sort()
          .join(),
      })
    const failing = () =>
      run(input, work, (rows, batchId) => {
        note(rows, batchId)
        if (batchId === 1) throw thrown
      })
    for (let life = 0; life < 2; life++) {
      const error = await failure(failing)
      expectError(error, {
        kind: 'ExecutionError',
        code: 'FOREACH_BATCH_USER_FUNCTION_ERROR',
        names: ['totals', 'batch 1', text],
      })
      expect(error.cause).toBe(thrown)
      expect(logs(work)).toEqual({ offsets: 1, commits: 0 })
    }
    await run(input, work, note)
    const second = '{"k":"a","sum(n)":3},{"k":"b","sum(n)":5}'
    expect(calls).toEqual([
      { batchId: 0, rows: '{"k":"a","sum(n)":1}' },
      { batchId: 1, rows: second },
      { batchId: 1, rows: second },
      { batchId: 1, rows: second },
      { batchId: 2, rows: '{"k":"b","sum(n)":12}' },
    ])
    expect(await batchRows(session.read.schema(SCHEMA).json(input.dir).groupBy('k').sum('n'))).toEqual([
      '{"k":"a","sum(n)":3}',
      '{"k":"b","sum(n)":12}',
    ])
  },
)

test('without a name the query is known by its id', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write([{ k: 'a', n: 1 }])
  const boom = (): never => {
    throw new TypeError('boom')
  }
  const error = await failure(() => run(input, work, boom, null))
  const checkpoint = openCheckpoint(join(work, 'checkpoint'), { readonly: true })
  const id = checkpoint.queryId
  checkpoint.close()
  expectError(error, {
    kind: 'ExecutionError',
    code: 'FOREACH_BATCH_USER_FUNCTION_ERROR',
    names: [id, 'batch 0', 'boom'],
  })
})

test('a failed query says so everywhere: exception, status, listener, awaitAnyTermination; others go on', async () => {
  const own = millrace({ 'spark.sql.session.timeZone': 'UTC' })
  const terminated: (string | null)[] = []
  own.streams.addListener({ onQueryTerminated: (e) => void terminated.push(e.errorClassOnException) })
  const { stream, df } = own.memoryStream('n INT')
  const healthy = own.memoryStream('n INT')
  const well = await healthy.df.writeStream.format('memory').queryName('well').start()
  const ill = await df.writeStream
    .queryName('ill')
    .foreachBatch(() => Promise.reject(new Error('no')))
    .start()
  stream.addValues([[1]])
  expect((await failure(() => own.streams.awaitAnyTermination())).code).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
  expect(ill.isActive).toBe(false)
  expect(ill.exception()?.code).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
  expect(ill.status.message).toContain('no')
  expect((await failure(() => ill.processAllAvailable())).code).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
  healthy.stream.addValues([[7]])
  await well.processAllAvailable()
  expect(JSON.stringify(await own.table('well').collect())).toBe('[{"n":7}]')
  await own.stop()
  expect(terminated.sort()).toEqual(['FOREACH_BATCH_USER_FUNCTION_ERROR', null])
})

test('a fault that is none of ours names query and batch too, and keeps its cause', async () => {
  const work = tempDir()
  const input = new InputDir(work)
  input.write([{ k: 'a', n: 1 }])
  input.write([{ k: 'a', n: 2 }])
  const fault = new RangeError('something quite unexpected')
  let broken = true
  const crash = (point: string, batchId: number): void => {
    if (broken && point === 'during-batch' && batchId === 1) throw fault
  }
  const own = new MillraceSession({ 'spark.sql.session.timeZone': 'UTC' }, { crash })
  const df = () => own.readStream.schema(SCHEMA).option('maxFilesPerTrigger', 1).json(input.dir)
  const error = await failure(() => drain(df(), work, 'unlucky'))
  expectError(error, {
    kind: 'ExecutionError',
    code: 'STREAM_FAILED',
    names: ['unlucky', 'batch 1', 'quite unexpected'],
  })
  expect(error.cause).toBe(fault)
  expect(outputRows(work)).toEqual(['{"k":"a","n":1}'])
  broken = false
  await drain(df(), work, 'unlucky')
  expect(outputRows(work)).toEqual(await batchRows(session.read.schema(SCHEMA).json(input.dir)))
})
