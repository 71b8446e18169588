import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type DataFrame,
  millrace,
  type MillraceSession,
  MillraceError,
  type StreamingQuery,
  Trigger,
} from '../../src/index.ts'

let session: MillraceSession
let work: string
beforeEach(() => {
  session = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
  work = mkdtempSync(join(tmpdir(), 'millrace-live-'))
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})

const into = (df: DataFrame, name: string, options: Record<string, string> = {}): Promise<StreamingQuery> =>
  df.writeStream.format('memory').queryName(name).options(options).start()
const values = async (name: string): Promise<unknown[]> =>
  (await session.table(name).collect()).map((r) => Object.values({ ...r })[0])

/** Processes until the table has `n` rows. */
async function until(query: StreamingQuery, name: string, n: number): Promise<unknown[]> {
  for (let i = 0; i < 300; i++) {
    await query.processAllAvailable()
    const rows = await values(name)
    if (rows.length >= n) return rows
    await sleep(10)
  }
  return values(name)
}

async function* numbers(from: number, to: number): AsyncGenerator<{ n: number }> {
  for (let n = from; n < to; n++) yield { n }
}

test('an async iterable is a stream, in order, beyond the buffer', async () => {
  const df = session.readStream.from(numbers(0, 20_000), { schema: 'n INT', bufferRows: 3000, maxRowsPerTrigger: 5000 })
  const query = await into(df, 'n')
  const rows = await until(query, 'n', 20_000)
  expect(rows).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
  for (const p of query.recentProgress) expect(p.numInputRows).toBeLessThanOrEqual(8192)
})

test('availableNow takes what an iterable has, and stops', async () => {
  const query = await session.readStream
    .from([1, 2, 3], { schema: 'n INT' })
    .writeStream.format('memory')
    .queryName('now')
    .trigger(Trigger.AvailableNow())
    .start()
  await query.awaitTermination()
  expect(await values('now')).toEqual([1, 2, 3])
})

test('bytes are lines: text for one string column, JSON for others', async () => {
  const chunks = ['{"n":1}\n{"n"', ':2}\r\n{"n":3}'].map((s) => Buffer.from(s))
  const text = await into(session.readStream.from(Readable.from(chunks, { objectMode: false })), 'text')
  expect(await until(text, 'text', 3)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
  const json = await into(session.readStream.from(new Blob(chunks).stream(), { schema: 'n BIGINT' }), 'json')
  expect(await until(json, 'json', 3)).toEqual([1n, 2n, 3n])
})

test('object streams and web streams of objects are rows', async () => {
  const node = await into(session.readStream.from(Readable.from([{ a: 1 }, { a: 2 }]), { schema: 'a INT' }), 'node')
  expect(await until(node, 'node', 2)).toEqual([1, 2])
  const web = new ReadableStream({
    start(c) {
      c.enqueue({ a: 'x' })
      c.enqueue({ a: 'y' })
      c.close()
    },
  })
  const query = await into(session.readStream.from(web, { schema: 'a STRING' }), 'web')
  expect(await until(query, 'web', 2)).toEqual(['x', 'y'])
})

test('a query that stops and starts again in the session goes on where it was, and commits count once', async () => {
  let sent = 0
  const origin = (async function* () {
    for (;;) {
      yield { n: sent++ }
      await sleep(1)
    }
  })()
  const df = session.readStream.from(origin, { schema: 'n INT' })
  const seen: number[] = []
  const start = (): Promise<StreamingQuery> =>
    df.writeStream
      .foreach((row) => void seen.push(row['n'] as number))
      .option('checkpointLocation', join(work, 'cp'))
      .start()
  for (let i = 0; i < 4; i++) {
    const query = await start()
    await sleep(40)
    await query.stop()
    expect(query.exception()).toBeNull()
  }
  const distinct = [...new Set(seen)]
  expect(distinct).toEqual(Array.from({ length: distinct.length }, (_, i) => i))
  expect(distinct.length).toBeGreaterThan(10)
})

test('two queries cannot read one input', async () => {
  const df = session.readStream.from(numbers(0, 3), { schema: 'n INT', name: 'shared' })
  await into(df, 'one')
  await expect(into(df, 'two')).rejects.toThrow(/LIVE_INPUT_IN_USE.*shared/)
})

test('an input that fails fails the query after what came before', async () => {
  const origin = (async function* () {
    yield 1
    yield 2
    throw new RangeError('the wire is cut')
  })()
  const query = await into(session.readStream.from(origin, { schema: 'n INT' }), 'cut')
  await expect(query.awaitTermination(5000)).rejects.toThrow(/RECEIVER_FAILED.*the wire is cut/)
  expect(await values('cut')).toEqual([1, 2])
})

test('a row that does not fit names its column', async () => {
  const query = await into(session.readStream.from([{ n: 'x' }], { schema: 'n INT' }), 'bad')
  await expect(query.awaitTermination(5000)).rejects.toThrow(/CANNOT_ACCEPT_OBJECT_IN_TYPE.*n/)
})

test('what is no input is refused where it is made', () => {
  expect(() => session.readStream.from(5 as never)).toThrow(/LIVE_INPUT_UNKNOWN.*number/)
  expect(() => session.readStream.from({} as never)).toThrow(MillraceError)
  expect(() => session.read.from([1], { schema: 'n INT' })).toThrow(/UNSUPPORTED_DATA_SOURCE_READ/)
})

test('an emitter overflows by its policy', async () => {
  const flood = async (overflow: 'drop' | 'error'): Promise<StreamingQuery> => {
    const emitter = new EventEmitter()
    const df = session.readStream.from(emitter, {
      schema: 'n INT',
      event: 'tick',
      bufferRows: 100,
      overflow,
      name: overflow,
    })
    const query = await into(df, overflow)
    for (let i = 0; i < 10_000; i++) emitter.emit('tick', i)
    return query
  }
  const dropping = await flood('drop')
  const rows = await until(dropping, 'drop', 100)
  expect(rows.length).toBeGreaterThanOrEqual(100)
  expect(rows.length).toBeLessThan(1000)
  expect(rows).toEqual(Array.from({ length: rows.length }, (_, i) => i))
  const failing = await flood('error')
  await expect(failing.awaitTermination(5000)).rejects.toThrow(/LIVE_INPUT_OVERFLOW.*100/)
})

test('an emitter that can pause is held back; one that cannot is refused', async () => {
  class Source extends EventEmitter {
    sent = 0
    paused = false
    pauses = 0
    pause(): void {
      this.paused = true
      this.pauses++
    }
    resume(): void {
      this.paused = false
    }
    burst(to: number): void {
      while (this.sent < to && !this.paused) this.emit('data', this.sent++)
    }
  }
  const source = new Source()
  const query = await into(
    session.readStream.from(source, { schema: 'n INT', bufferRows: 50, overflow: 'backpressure' }),
    'held',
  )
  for (let i = 0; i < 500 && source.sent < 1000; i++) {
    source.burst(1000)
    await sleep(1)
  }
  expect(source.pauses).toBeGreaterThan(0)
  expect(await until(query, 'held', 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  const plain = session.readStream.from(new EventEmitter(), { schema: 'n INT', overflow: 'backpressure' })
  await expect(into(plain, 'refused')).rejects.toThrow(/OPTION_INVALID.*overflow.*\n?.*pause\(\)/s)
})

test('with wal a factory is told where to go on, and acknowledgements follow the log', async () => {
  const location = join(work, 'cp')
  const out: number[] = []
  const resumes: unknown[] = []
  let acknowledged = 0
  const life = async (count: number): Promise<void> => {
    const own = millrace({ 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process' })
    const df = own.readStream.from(
      ({ position }) => {
        resumes.push(position)
        const from = position === null ? 0 : Number(position) + 1
        return numbers(from, from + count)
      },
      {
        schema: 'n INT',
        wal: true,
        name: 'numbers',
        position: (item) => (item as { n: number }).n,
        onKept: (n) => (acknowledged += n),
      },
    )
    const query = await df.writeStream
      .foreach((row) => void out.push(row['n'] as number))
      .option('checkpointLocation', location)
      .start()
    while (out.length < resumes.length * count) {
      await query.processAllAvailable()
      await sleep(5)
    }
    expect(query.guarantees()).toMatchObject({ sources: [{ name: 'numbers', replay: 'logged' }] })
    await own.stop()
  }
  for (let i = 0; i < 3; i++) await life(100)
  expect(resumes).toEqual([null, 99, 199])
  expect(out).toEqual(Array.from({ length: 300 }, (_, i) => i))
  expect(acknowledged).toBe(300)
})
