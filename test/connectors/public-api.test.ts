import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  batchesOf,
  defineSink,
  defineSource,
  millrace,
  type MillraceSession,
  parseSchema,
  receiver,
  rowsOf,
} from '../../src/index.ts'
import { sinkContract, sourceContract } from '../../src/testing/index.ts'

let session: MillraceSession
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC' })
})
afterEach(() => session.stop())

// A source as a program would write one: squares up to a limit that the program moves.
const squares = parseSchema('n INT, square BIGINT')
let limit = 0
const squareSource = defineSource({
  format: 'squares',
  doc: 'Squares, for tests.',
  options: { step: { type: 'int', default: 1, doc: 'Distance of two numbers.' } },
  replay: 'native',
  supports: ['stream', 'batch'],
  schema: () => squares,
  open: async (options, ctx) => {
    let frozen: number | null = null
    return {
      initialOffset: async () => 0,
      latestOffset: async () => frozen ?? limit,
      read: (from, to) => {
        const step = Number(options['step'])
        const rows = Array.from({ length: Number(to) - Number(from ?? 0) }, (_, i) => ({
          n: (Number(from ?? 0) + i) * step,
        }))
        return batchesOf(
          squares,
          rows.map(({ n }) => ({ n, square: n * n })),
          ctx,
        )
      },
      prepareAvailableNow: async () => void (frozen = limit),
      close: async () => undefined,
    }
  },
  describe: () => 'Squares',
})

const shelf = new Map<number, unknown[][]>()
const shelfSink = defineSink({
  format: 'shelf',
  doc: 'A map by batch id, for tests.',
  options: {},
  kind: 'idempotent',
  modes: ['append'],
  open: async () => {
    let id = -1
    let rows: unknown[][] = []
    return {
      begin: (batchId) => {
        id = batchId
        rows = []
      },
      add: (batch) => void rows.push(...[...rowsOf(batch)].map((r) => Object.values({ ...r }))),
      finish: () => void shelf.set(id, rows),
      close: async () => undefined,
    }
  },
  describe: () => 'Shelf',
})

describe('contracts on connectors of a program', () => {
  limit = 0
  const source = sourceContract(squareSource, () => {
    limit = 0
    return { options: {}, feed: () => void (limit += 10) }
  })
  for (const { name, run } of source) test(`source: ${name}`, run)
  const sink = sinkContract(shelfSink, () => {
    shelf.clear()
    return { options: {}, rows: () => [...shelf.values()].flat() as never }
  })
  for (const { name, run } of sink) test(`sink: ${name}`, run)

  test('a source that breaks a rule is found out', async () => {
    const broken = { ...squareSource, doc: 'no sentence' }
    const [first] = sourceContract(broken, () => ({ options: {}, feed: () => undefined }))
    await expect(first!.run()).rejects.toThrow(/doc is a sentence/)
    const forgetful = defineSink({
      ...shelfSink,
      open: async () => ({ begin() {}, add() {}, finish() {}, close: async () => undefined }),
    })
    const holds = sinkContract(forgetful, () => ({ options: {}, rows: () => [] }))[1]!
    await expect(holds.run()).rejects.toThrow()
  })
})

test('registered connectors are used by name, in this session only', async () => {
  session.registerSource(squareSource).registerSink(shelfSink)
  shelf.clear()
  limit = 4
  const df = session.readStream.format('SQUARES').option('step', 2).load().filter('n > 0').select('square')
  const query = await df.writeStream.format('shelf').start()
  await query.processAllAvailable()
  expect([...shelf.values()].flat()).toEqual([[4n], [16n], [36n]])
  expect(query.lastProgress?.sources[0]?.description).toBe('Squares')
  expect((await session.read.format('squares').load().collect()).length).toBe(4)
  expect(() => session.registerSource(squareSource)).toThrow(/CONNECTOR_ALREADY_EXISTS.*squares/)
  expect(() => session.registerSink({ ...shelfSink, format: 'Console' })).toThrow(/CONNECTOR_ALREADY_EXISTS/)
  expect(() => session.readStream.format('squares').option('stp', 1).load()).toThrow(
    /OPTION_UNKNOWN.*did you mean "step"/s,
  )
  expect(() => millrace().readStream.format('squares').load()).toThrow(/DATA_SOURCE_NOT_FOUND/)
})

test('a receiver starts, stores and stops', async () => {
  const life: string[] = []
  session.registerSource(
    receiver({
      format: 'ticker',
      options: { count: { type: 'int', default: 3, doc: 'How many.' } },
      schema: 'n INT',
      async start(store, signal, { options }) {
        life.push('start')
        signal.addEventListener('abort', () => life.push('abort'))
        for (let n = 0; n < Number(options['count']); n++) await store({ n })
        return () => void life.push('stop')
      },
    }),
  )
  const query = await session.readStream
    .format('ticker')
    .option('count', 5)
    .load()
    .writeStream.format('memory')
    .queryName('ticks')
    .start()
  for (let i = 0; i < 100 && (await session.table('ticks').collect()).length < 5; i++) {
    await query.processAllAvailable()
    await sleep(5)
  }
  expect((await session.table('ticks').collect()).map((r) => r['n'])).toEqual([0, 1, 2, 3, 4])
  await query.stop()
  expect(life).toEqual(['start', 'abort', 'stop'])
})

test('a receiver that fails, or stores what does not fit, says so', async () => {
  session.registerSource(
    receiver({ format: 'bad', schema: 'n INT', start: (store) => store({ n: 'x' }).then(() => undefined) }),
  )
  const query = await session.readStream.format('bad').load().writeStream.format('noop').start()
  await expect(query.awaitTermination(5000)).rejects.toThrow(/CANNOT_ACCEPT_OBJECT_IN_TYPE/)
  session.registerSource(
    receiver({
      format: 'worse',
      start: () => {
        throw new RangeError('no wire')
      },
    }),
  )
  const worse = await session.readStream.format('worse').schema('n INT').load().writeStream.format('noop').start()
  await expect(worse.awaitTermination(5000)).rejects.toThrow(/RECEIVER_FAILED.*no wire/)
  expect(() => session.readStream.format('worse').load()).toThrow(/UNABLE_TO_INFER_SCHEMA/)
  expect(() => session.readStream.format('bad').schema('n INT').load()).toThrow(/SCHEMA_NOT_TAKEN/)
})

test('rate-micro-batch gives the same rows in every batch', async () => {
  const df = session.readStream
    .format('rate-micro-batch')
    .options({ rowsPerBatch: 3, startTimestamp: 1000, advanceMillisPerBatch: 50 })
    .load()
  const batches: string[] = []
  const query = await df.writeStream
    .foreach({
      open: (_, epoch) => epoch < 2,
      process: (r) => void batches.push(`${(r['timestamp'] as Date).getTime()} ${String(r['value'])}`),
    })
    .start()
  while ((query.lastProgress?.batchId ?? -1) < 2) await sleep(2)
  await query.stop()
  expect(batches).toEqual(['1000 0', '1000 1', '1000 2', '1050 3', '1050 4', '1050 5'])
  await expect(
    session.readStream.format('rate-micro-batch').option('rowsPerBatch', 0).load().writeStream.format('noop').start(),
  ).rejects.toThrow(/OPTION_INVALID.*rowsPerBatch/)
})
