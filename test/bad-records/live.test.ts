import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { CrashPoint } from '../../src/engine/micro-batch.ts'
import { type DataFrame, type MillraceSession, receiver, Trigger } from '../../src/index.ts'
import { drain, jsonOf, letters, quiet, workDirectory } from './kit.ts'

const LINES = ['{"n":1}', 'broken', '{"n":"x"}', '{"n":2}']
const text = (): Readable =>
  Readable.from(
    LINES.map((l) => Buffer.from(`${l}\n`)),
    { objectMode: false },
  )

const live = (session: MillraceSession, policy: string): DataFrame =>
  session.readStream.option('badRecords', policy).from(text(), { schema: 'n INT' }) as unknown as DataFrame

test.each([
  ['drop', ['{"n":1}', '{"n":2}']],
  ['null', ['{"n":1}', '{"n":2}', '{"n":null}', '{"n":null}']],
])('lines of a stream of the program: %s', async (policy, rows) => {
  await using session = quiet()
  const query = await drain(live(session, policy))
  expect(await jsonOf(session.table('out'))).toEqual(rows)
  const bad = query.recentProgress.map((p) => [p.badRecords ?? 0, p.sources[0]!.badRecords ?? 0])
  expect(bad.reduce((sum, [n, ofSource]) => [sum[0]! + n!, sum[1]! + ofSource!], [0, 0])).toEqual([2, 2])
})

test('sink keeps the text', async () => {
  await using session = quiet()
  await drain(live(session, 'sink'), {}, 'bad')
  expect(await jsonOf(session.table('out'))).toEqual(['{"n":1}', '{"n":2}'])
  expect(await letters(session, 'bad')).toMatchObject([
    { condition: 'MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION', source: 'live-0', raw: 'broken' },
    { source: 'live-0', raw: '{"n":"x"}' },
  ])
})

test('fail, and no option at all, fail the query', async () => {
  await using session = quiet()
  await expect(drain(live(session, 'fail'))).rejects.toThrow(/broken/)
  await expect(drain(session.readStream.from(text(), { schema: 'n INT' }))).rejects.toThrow(/broken/)
})

const feed = (rows: readonly unknown[]) =>
  receiver({
    format: 'feed',
    schema: 'n INT',
    async start(store, _signal, ctx) {
      const done = typeof ctx.position === 'number' ? ctx.position : 0
      for (const [i, row] of rows.entries()) if (i >= done) await store(row, i + 1)
      ctx.end()
    },
  })

test.each(['after-offsets', 'after-sink', 'before-commit', 'after-commit'] as const)(
  'a logged source gives its bad records again after a crash %s, each once in the sink',
  async (point) => {
    using work = workDirectory()
    let crashed = false
    const crash = (at: CrashPoint): void => {
      if (crashed || at !== point) return
      crashed = true
      throw new Error('crash')
    }
    const run = async (): Promise<void> => {
      await using session = quiet(crash)
      session.registerSource(feed([{ n: 1 }, { n: 'x' }, 'no row', { n: 2 }]))
      const query = await session.readStream
        .format('feed')
        .option('badRecords', 'sink')
        .load()
        .writeStream.format('json')
        .options({ path: work.at('out'), checkpointLocation: work.at('cp') })
        .badRecords('json', { path: work.at('bad') })
        .trigger(Trigger.AvailableNow())
        .start()
      await query.awaitTermination()
    }
    await expect(run()).rejects.toThrow('crash')
    await run()
    await using session = quiet()
    expect(await jsonOf(session.read.schema('n INT').json(work.at('out')))).toEqual(['{"n":1}', '{"n":2}'])
    const found = session.read.schema('position STRING, source STRING').json(work.at('bad'))
    expect(await jsonOf(found)).toEqual(['{"position":"2","source":"feed-0"}', '{"position":"3","source":"feed-0"}'])
  },
)

test('the policy may change between starts; lots that hold bad records want one', async () => {
  using work = workDirectory()
  const start = async (policy: string | null, crash: boolean): Promise<string[]> => {
    await using session = quiet((at) => {
      if (crash && at === 'after-offsets') throw new Error('crash')
    })
    session.registerSource(feed([{ n: 1 }, { n: 'x' }]))
    const reader = session.readStream.format('feed')
    if (policy !== null) reader.option('badRecords', policy)
    await drain(reader.load(), { checkpointLocation: work.at('cp') })
    return jsonOf(session.table('out'))
  }
  await expect(start('drop', true)).rejects.toThrow('crash')
  await expect(start(null, false)).rejects.toMatchObject({ code: 'INGEST_SCHEMA_CHANGED' })
  expect(await start('null', false)).toEqual(['{"n":1}', '{"n":null}'])
})

test('rows logged before the option was set are read with it', async () => {
  using work = workDirectory()
  const start = async (policy: string | null, crash: boolean): Promise<string[]> => {
    await using session = quiet((at) => {
      if (crash && at === 'after-offsets') throw new Error('crash')
    })
    session.registerSource(feed([{ n: 1 }, { n: 2 }]))
    const reader = session.readStream.format('feed')
    if (policy !== null) reader.option('badRecords', policy)
    await drain(reader.load(), { checkpointLocation: work.at('cp') })
    return jsonOf(session.table('out'))
  }
  await expect(start(null, true)).rejects.toThrow('crash')
  expect(await start('drop', false)).toEqual(['{"n":1}', '{"n":2}'])
})

test('http-pull: lines of a URL', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(`${LINES.join('\n')}\n`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await using session = quiet()
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const df = session.readStream.format('http-pull').schema('n INT').options({ url, badRecords: 'sink' }).load()
    const writer = df.writeStream.format('memory').queryName('out').badRecords('memory', { queryName: 'bad' })
    const query = await writer.start()
    // The answer comes when it comes: a trigger that takes what is there at once may find nothing.
    while ((await session.table('out').count()) < 2) await query.processAllAvailable()
    expect(await jsonOf(session.table('out'))).toEqual(['{"n":1}', '{"n":2}'])
    expect((await letters(session, 'bad')).map((l) => [l.position, l.raw])).toEqual([
      ['{"lines":2}', 'broken'],
      ['{"lines":3}', '{"n":"x"}'],
    ])
  } finally {
    server.close()
  }
})
