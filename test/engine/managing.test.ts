import { spawn } from 'node:child_process'
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  type DataFrame,
  ExecutionError,
  millrace,
  type MillraceError,
  MillraceSession,
  type StreamingQuery,
  Trigger,
} from '../../src/index.ts'
import { acquireLock } from '../../src/storage/lock.ts'
import { TestKit } from '../../src/testing/index.ts'
import { bundleFolder } from '../shell/bundled.ts'

const quiet = (conf: Readonly<Record<string, string | number | boolean>> = {}): MillraceSession =>
  new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.durability': 'process', ...conf },
    { note: () => undefined },
  )
const tempDir = (): string => mkdtempSync(join(tmpdir(), 'millrace-manage-'))
const codeOf = async (body: () => Promise<unknown>): Promise<string> => {
  try {
    await body()
  } catch (error) {
    return (error as MillraceError).code
  }
  return 'nothing thrown'
}
const rate = (session: MillraceSession): DataFrame =>
  session.readStream.format('rate').option('rowsPerSecond', 100).load()
const into = (df: DataFrame, dir: string): Promise<StreamingQuery> =>
  df.writeStream.format('noop').option('checkpointLocation', dir).start()

describe('session.streams', () => {
  test('active, get, and the same name once', async () => {
    const session = quiet()
    const { df } = session.memoryStream('n INT')
    const start = (name: string): Promise<StreamingQuery> => df.writeStream.format('memory').queryName(name).start()
    const one = await start('one')
    const two = await start('two')
    expect(session.streams.active).toEqual([one, two])
    expect(session.streams.get(one.id)).toBe(one)
    expect(session.streams.get('nobody')).toBeUndefined()
    expect(await codeOf(() => start('one'))).toBe('QUERY_ALREADY_ACTIVE')
    await one.stop()
    expect(session.streams.active).toEqual([two])
    expect(session.streams.get(one.id)).toBeUndefined()
    // Two starts of one name at the same time: one of them.
    const both = await Promise.allSettled([start('three'), start('three')])
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected'])
    // A start that failed leaves its name free.
    expect(await codeOf(() => df.writeStream.format('nowhere').queryName('four').start())).not.toBe('nothing thrown')
    await (await start('four')).stop()
    await session.stop()
    expect(session.streams.active).toEqual([])
  })

  test('awaitAnyTermination waits, times out, rejects with a failure, is reset, and takes a signal', async () => {
    const session = quiet()
    const { stream, df } = session.memoryStream('n INT')
    const well = await df.writeStream.format('noop').start()
    expect(await session.streams.awaitAnyTermination(20)).toBe(false)
    const waiting = session.streams.awaitAnyTermination({ timeout: 10_000 })
    await well.stop()
    expect(await waiting).toBe(true)
    expect(await session.streams.awaitAnyTermination()).toBe(true)
    session.streams.resetTerminated()
    expect(await session.streams.awaitAnyTermination(20)).toBe(false)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 10)
    expect(await codeOf(() => session.streams.awaitAnyTermination({ signal: abort.signal }))).toBe('OPERATION_CANCELED')
    await df.writeStream.foreachBatch(() => Promise.reject(new Error('no'))).start()
    const other = await session.memoryStream('n INT').df.writeStream.format('noop').start()
    stream.addValues([[1]])
    expect(await codeOf(() => session.streams.awaitAnyTermination())).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
    // One that ends well after one that failed does not hide it.
    await other.stop()
    expect(await codeOf(() => session.streams.awaitAnyTermination())).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
    session.streams.resetTerminated()
    expect(await session.streams.awaitAnyTermination(10)).toBe(false)
    await session.stop()
  })

  test('a start that fails is no termination', async () => {
    const session = quiet()
    const heard: string[] = []
    session.streams.addListener({
      onQueryStarted: () => void heard.push('started'),
      onQueryTerminated: () => void heard.push('terminated'),
    })
    const file = join(tempDir(), 'a file')
    writeFileSync(file, '')
    expect(await codeOf(() => session.memoryStream('n INT').df.writeStream.format('json').start(file))).toBe(
      'TASK_WRITE_FAILED',
    )
    expect(await session.streams.awaitAnyTermination(10)).toBe(false)
    expect(heard).toEqual([])
    expect(session.streams.active).toEqual([])
  })

  test('listeners hear of start, progress, idleness and end, in order; one that throws or rejects harms nobody', async () => {
    const session = quiet()
    const { stream, df } = session.memoryStream('n INT')
    const heard: string[] = []
    const warnings: string[] = []
    const onWarning = (w: Error): void => void warnings.push(w.message)
    process.on('warning', onWarning)
    const bad = {
      onQueryStarted: () => {
        throw new Error('bad listener')
      },
      onQueryProgress: async () => Promise.reject(new Error('bad async listener')),
    }
    session.streams.addListener(bad)
    const good = {
      onQueryStarted: (e: { readonly name: string | null }) => void heard.push(`started ${e.name}`),
      onQueryProgress: (e: { readonly progress: { readonly numInputRows: number } }) =>
        void heard.push(`progress ${e.progress.numInputRows}`),
      onQueryIdle: () => void heard.push('idle'),
      onQueryTerminated: (e: { readonly exception: string | null }) => void heard.push(`terminated ${e.exception}`),
    }
    session.streams.addListener(good)
    stream.addValues([[1], [2]])
    const query = await df.writeStream.format('memory').queryName('heard').start()
    expect(heard[0]).toBe('started heard')
    await query.processAllAvailable()
    await query.stop()
    expect(heard).toEqual(['started heard', 'progress 2', 'idle', 'terminated null'])
    session.streams.removeListener(good)
    await (await df.writeStream.format('noop').start()).stop()
    expect(heard).toHaveLength(4)
    await sleep(20)
    process.off('warning', onWarning)
    expect(warnings.join('\n')).toContain('bad listener')
    expect(warnings.join('\n')).toContain('bad async listener')
  })
})

describe('one query on a checkpoint', () => {
  test('a second start stops the first, also through a link and from another session', async () => {
    const dir = tempDir()
    const session = quiet()
    const first = await into(rate(session), dir)
    const second = await into(rate(session), dir)
    expect([first.isActive, second.isActive, first.id === second.id, first.runId === second.runId]).toEqual([
      false,
      true,
      true,
      false,
    ])
    expect(first.exception()).toBeNull()
    const link = join(tempDir(), 'link')
    symlinkSync(dir, link)
    const other = quiet()
    const third = await into(rate(other), link)
    expect([second.isActive, third.isActive]).toEqual([false, true])
    await other.stop()
  })

  test('is refused when spark.sql.streaming.stopActiveRunOnRestart is false', async () => {
    const dir = tempDir()
    const conf = { 'spark.sql.streaming.stopActiveRunOnRestart': false }
    const [session, other] = [quiet(conf), quiet(conf)]
    const first = await into(rate(session), dir)
    expect(await codeOf(() => into(rate(session), dir))).toBe('CONCURRENT_QUERY')
    expect(await codeOf(() => into(rate(other), dir))).toBe('CONCURRENT_QUERY')
    expect(first.isActive).toBe(true)
    await first.stop()
    await (await into(rate(other), dir)).stop()
  })

  test('many starts at once leave one running', async () => {
    const dir = tempDir()
    const session = quiet()
    const queries = await Promise.all([1, 2, 3, 4].map(() => into(rate(session), dir)))
    expect(queries.filter((q) => q.isActive)).toHaveLength(1)
    await session.stop()
  })

  test('a lock of another process is waited for without holding the event loop', async () => {
    const dir = tempDir()
    const program = `
      const Database = require(${JSON.stringify(join(process.cwd(), 'node_modules/better-sqlite3'))})
      const db = new Database(${JSON.stringify(join(dir, 'lock.db'))})
      db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      console.log('held')
      setTimeout(() => process.exit(0), 400)`
    const holder = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    expect(await codeOf(() => into(rate(quiet()), dir))).toBe('CHECKPOINT_LOCKED')
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    const query = await into(rate(quiet({ 'millrace.lockTimeoutMs': 20_000 })), dir)
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)
    await query.stop()
    // Free again: the lock can be taken.
    acquireLock(join(dir, 'lock.db'), 0, dir).release()
  })
})

describe('stopping and pausing', () => {
  test('pause lets the batch in flight commit and begins no other; resume goes on', async () => {
    const session = quiet()
    const { stream, df } = session.memoryStream('n INT')
    let release!: () => void
    const entered = new Promise<void>((begun) => {
      const held = new Promise<void>((resolve) => (release = resolve))
      stream.addValues([[1]])
      void df.writeStream
        .queryName('paused')
        .foreachBatch(async (_, batchId) => {
          if (batchId > 0) return
          begun()
          await held
        })
        .start()
    })
    await entered
    const query = session.streams.active[0]!
    let paused = false
    const pausing = query.pause().then(() => (paused = true))
    await sleep(20)
    expect([paused, query.isPaused]).toEqual([false, true])
    release()
    await pausing
    expect(query.lastProgress?.batchId).toBe(0)
    expect(query.status.message).toBe('Paused')
    stream.addValues([[2]])
    await sleep(50)
    expect(query.lastProgress?.batchId).toBe(0)
    await query.pause()
    query.resume()
    await query.processAllAvailable()
    expect([query.lastProgress?.batchId, query.isPaused]).toEqual([1, false])
    await query.pause()
    await query.stop()
    expect(query.exception()).toBeNull()
    await query.pause()
  })

  test('pause under a processing-time trigger, on a manual clock', async () => {
    const kit = new TestKit()
    const { stream, df } = kit.session.memoryStream('n INT')
    const query = await df.writeStream.format('noop').trigger(Trigger.ProcessingTime('1 second')).start()
    await sleep(20)
    await query.pause()
    stream.addValues([[1]])
    await kit.clock.advance(5_000)
    await sleep(20)
    expect(query.lastProgress).toBeNull()
    query.resume()
    await sleep(20)
    expect(query.lastProgress?.batchId).toBe(0)
    await query.stop()
  })

  test('a graceful stop commits the batch in flight, a plain one leaves it to the restart', async () => {
    for (const graceful of [true, false]) {
      const session = quiet()
      const dir = tempDir()
      const { stream, df } = session.memoryStream('id BIGINT')
      session.range(400).createOrReplaceTempView('other')
      df.createOrReplaceTempView('numbers')
      const start = (): Promise<StreamingQuery> =>
        session
          .sql('SELECT count(*) AS n FROM numbers CROSS JOIN other')
          .writeStream.outputMode('complete')
          .option('checkpointLocation', dir)
          .format('memory')
          .queryName('large')
          .start()
      const query = await start()
      stream.addValues(Array.from({ length: 8000 }, (_, i) => [BigInt(i)]))
      while (query.status.message !== 'Getting offsets') await sleep(1)
      await sleep(15)
      expect(query.lastProgress).toBeNull()
      const from = performance.now()
      await query.stop({ graceful })
      if (graceful) expect(query.lastProgress?.batchId).toBe(0)
      else {
        expect(query.lastProgress).toBeNull()
        // The bound is 50 ms on a quiet machine; a loaded one gets room for its scheduler.
        expect(performance.now() - from).toBeLessThan(500)
      }
      expect(query.exception()).toBeNull()
      const again = await start()
      await again.processAllAvailable()
      expect(JSON.stringify(await session.table('large').collect())).toBe('[{"n":3200000}]')
      await session.stop()
    }
  })

  test('a user function that holds on makes stop() give up after spark.sql.streaming.stopTimeout; the query ends later', async () => {
    const session = quiet({ 'spark.sql.streaming.stopTimeout': 50 })
    const { stream, df } = session.memoryStream('n INT')
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    let entered!: () => void
    const inside = new Promise<void>((resolve) => (entered = resolve))
    const query = await df.writeStream.foreachBatch(() => (entered(), held)).start()
    stream.addValues([[1]])
    await inside
    expect(await codeOf(() => query.stop())).toBe('QUERY_STOP_TIMEOUT')
    expect(query.isActive).toBe(true)
    release()
    await query.stop()
    expect(query.isActive).toBe(false)
  })

  test('an AbortSignal stops the query, or refuses the start; asyncDispose stops it', async () => {
    const session = quiet()
    const { df } = session.memoryStream('n INT')
    const abort = new AbortController()
    const query = await df.writeStream.format('noop').start({ signal: abort.signal })
    abort.abort()
    expect(await query.awaitTermination()).toBe(true)
    expect(query.exception()).toBeNull()
    expect(await codeOf(() => df.writeStream.format('noop').start({ signal: abort.signal }))).toBe('OPERATION_CANCELED')
    expect(session.streams.active).toEqual([])
    const disposed = await df.writeStream.format('noop').start()
    await disposed[Symbol.asyncDispose]()
    expect(disposed.isActive).toBe(false)
  })
})

describe('failures', () => {
  test('name query, batch and offsets, and keep their class and condition', async () => {
    const session = quiet()
    const { stream, df } = session.memoryStream('s STRING')
    df.createOrReplaceTempView('texts')
    const query = await session
      .sql('SELECT CAST(s AS INT) AS n FROM texts')
      .writeStream.format('noop')
      .queryName('casts')
      .start()
    stream.addValues([['1']])
    await query.processAllAvailable()
    stream.addValues([['x']])
    expect(await codeOf(() => query.awaitTermination())).toBe('CAST_INVALID_INPUT')
    const failure = query.exception()!
    expect(failure).toBeInstanceOf(ExecutionError)
    expect(failure.query).toMatchObject({ id: query.id, runId: query.runId, name: 'casts', batchId: 1 })
    expect(failure.query!.startOffsets).not.toEqual(failure.query!.endOffsets)
    expect(failure.message).toContain(`query: casts (${query.id}), batch 1 from `)
  })

  test('what is not ours is STREAM_FAILED with its cause', async () => {
    const kit = new TestKit()
    const { stream, df } = kit.session.memoryStream('n INT')
    const query = await df.writeStream.format('noop').queryName('foreign').start()
    const cause = new TypeError('a bug of somebody')
    kit.crash = () => {
      throw cause
    }
    stream.addValues([[1]])
    expect(await codeOf(() => query.awaitTermination())).toBe('STREAM_FAILED')
    expect(query.exception()!.cause).toBe(cause)
    expect(query.exception()!.message).toContain('query foreign failed in batch 0: a bug of somebody')
    expect(query.exception()!.query?.batchId).toBe(0)
  })
})

describe('restart policy', () => {
  const transient = (message: string): Error => Object.assign(new Error(message), { transient: true })

  test('a transient error reruns the same batch; rows are counted once', async () => {
    const notes: string[] = []
    const session = new MillraceSession({}, { note: (line) => void notes.push(line) })
    const { stream, df } = session.memoryStream('k STRING')
    const seen: string[] = []
    let failures = 3
    const query = await df
      .groupBy('k')
      .count()
      .writeStream.outputMode('update')
      .foreachBatch(async (rows, batchId) => {
        seen.push(`${batchId} ${JSON.stringify(await rows.collect())}`)
        if (batchId === 1 && failures-- > 0) throw transient('the warehouse is away')
      })
      .start({ restart: { maxAttempts: 3, backoffMs: 1 } })
    stream.addValues([['a']])
    await query.processAllAvailable()
    stream.addValues([['a']])
    await query.processAllAvailable()
    stream.addValues([['a']])
    await query.processAllAvailable()
    expect(seen).toEqual([
      '0 [{"k":"a","count":1}]',
      ...Array<string>(4).fill('1 [{"k":"a","count":2}]'),
      '2 [{"k":"a","count":3}]',
    ])
    expect(notes.filter((n) => n.startsWith('restart ')).map((n) => n.slice(0, 22))).toEqual([
      'restart 1 of 3 in 1 ms',
      'restart 2 of 3 in 2 ms',
      'restart 3 of 3 in 4 ms',
    ])
    await session.stop()
  })

  test('gives up after maxAttempts, at once for other errors, and on a checkpoint on disk goes on where it was', async () => {
    const session = quiet()
    const { stream, df } = session.memoryStream('n INT')
    let calls = 0
    const failing = (error: Error) => df.writeStream.foreachBatch(() => (calls++, Promise.reject(error)))
    stream.addValues([[1]])
    let query = await failing(transient('away')).start({ restart: { maxAttempts: 2, backoffMs: 1 } })
    expect(await codeOf(() => query.awaitTermination())).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
    expect(calls).toBe(3)
    query = await failing(new Error('broken'))
      .option('checkpointLocation', tempDir())
      .start({ restart: { maxAttempts: 2, backoffMs: 1 } })
    expect(await codeOf(() => query.awaitTermination())).toBe('FOREACH_BATCH_USER_FUNCTION_ERROR')
    expect(calls).toBe(4)
    expect(await codeOf(() => failing(new Error('x')).start({ restart: { maxAttempts: -1 } }))).toBe('OPTION_INVALID')
  })
})

test('guarantees() and explain say what the query has', async () => {
  const session = quiet()
  const { df } = session.memoryStream('n INT')
  const volatile = await df.writeStream.format('console').start()
  expect(volatile.guarantees()).toMatchObject({
    endToEnd: 'at-most-once',
    state: 'none',
    durability: 'none',
    sink: { format: 'console', delivery: 'at-least-once' },
  })
  const kept = await rate(session).writeStream.format('json').option('checkpointLocation', tempDir()).start(tempDir())
  expect(kept.guarantees()).toEqual({
    endToEnd: 'exactly-once',
    state: 'exactly-once',
    durability: 'process',
    sink: { format: 'json', kind: 'idempotent', delivery: 'exactly-once' },
    sources: [{ name: 'rate-0', format: 'rate', replay: 'native' }],
  })
  expect(kept.explainString()).toContain('== Guarantees ==\nend to end: exactly-once\n')
  await session.stop()
})

test('a failure nobody waits for is noted, with its cause', async () => {
  const notes: string[] = []
  const session = new MillraceSession({}, { note: (line) => void notes.push(line) })
  const { stream, df } = session.memoryStream('n INT')
  const query = await df.writeStream.foreachBatch(() => Promise.reject(new Error('no room'))).start()
  stream.addValues([[1]])
  while (query.isActive) await sleep(5)
  expect(notes).toHaveLength(1)
  expect(notes[0]).toMatch(/^failed: .*FOREACH_BATCH_USER_FUNCTION_ERROR.*batch 0.*no room/)
  const stopped = await df.writeStream.format('noop').start()
  await stopped.stop()
  expect(notes).toHaveLength(1)
  await session.stop()
})

test('a process ends by itself when its idle query was unref()ed, and stays otherwise', async () => {
  const program = (rest: string): string => `
    import { millrace } from '${join(bundleFolder(), 'index.js')}'
    const session = millrace()
    const query = await session.readStream.schema('n INT').json('${tempDir()}').writeStream.format('noop').start()
    await query.processAllAvailable()
    ${rest}`
  const ended = (rest: string): Promise<boolean> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program(rest)], { stdio: 'inherit' })
      const late = setTimeout(() => resolve(!child.kill('SIGKILL')), 4000)
      child.once('exit', () => (clearTimeout(late), resolve(true)))
    })
  expect(await ended('query.unref()')).toBe(true)
  expect(await ended('')).toBe(false)
}, 60_000)

test('every progress has all phases Spark names', async () => {
  const session = quiet()
  const { stream, df } = session.memoryStream('n INT')
  const query = await df.writeStream.format('noop').start()
  stream.addValues([[1]])
  await query.processAllAvailable()
  expect(Object.keys(query.lastProgress!.durationMs).sort()).toEqual([
    'addBatch',
    'commitOffsets',
    'getBatch',
    'latestOffset',
    'queryPlanning',
    'triggerExecution',
    'walCommit',
  ])
  await session.stop()
})

test('a session of defaults works as documented', () => {
  expect(millrace().conf.get('spark.sql.streaming.stopActiveRunOnRestart')).toBe('true')
  expect(millrace().conf.get('spark.sql.streaming.stopTimeout')).toBe('0')
})
