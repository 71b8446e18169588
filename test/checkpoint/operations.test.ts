import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  backupCheckpoint,
  CheckpointError,
  type DataFrame,
  inspectCheckpoint,
  MillraceSession,
  rollbackCheckpoint,
  type StreamingQuery,
  Trigger,
  verifyCheckpoint,
} from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'

const SCHEMA = 'k STRING, n BIGINT'
let work = ''
let files = 0
let session: MillraceSession
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-operations-'))
  mkdirSync(join(work, 'in'))
  files = 0
  session = new MillraceSession(
    { 'millrace.durability': 'process', 'millrace.int64': 'number', 'spark.sql.session.timeZone': 'UTC' },
    { note: () => undefined },
  )
})
afterEach(async () => {
  await session.stop()
  rmSync(work, { recursive: true, force: true })
})
const at = (...path: readonly string[]): string => join(work, ...path)

function write(count: number, keyLength = 0): void {
  for (let i = 0; i < count; i++) {
    const f = files++
    const rows = Array.from({ length: 20 }, (_, k) =>
      JSON.stringify({ k: `key ${(f * 7 + k) % 40}`.padEnd(keyLength, '.'), n: f + k }),
    )
    writeFileSync(at('in', `${String(f).padStart(4, '0')}.json`), `${rows.join('\n')}\n`)
  }
}

const events = (options: Readonly<Record<string, string>> = {}): DataFrame =>
  session.readStream.schema(SCHEMA).option('maxFilesPerTrigger', 1).options(options).json(at('in'))
const sums = (of: DataFrame): DataFrame => of.groupBy('k').agg({ n: 'sum' }).withColumnRenamed('sum(n)', 'total')
const right = async (): Promise<unknown[][]> => rows(await sums(session.read.schema(SCHEMA).json(at('in'))).collect())
const rows = (of: readonly Readonly<Record<string, unknown>>[]): unknown[][] =>
  of.map((r) => [r['k'], Number(r['total'])]).sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))

/** Sums by key into a table of a SQLite file of its own: a tokened sink. */
const start = (location: string, trigger = Trigger.AvailableNow(), out = at('out.db')): Promise<StreamingQuery> =>
  sums(events())
    .writeStream.outputMode('update')
    .trigger(trigger)
    .option('checkpointLocation', location)
    .format('sqlite')
    .option('table', 'totals')
    .option('key', 'k')
    .start(out)
const run = async (location: string, out?: string): Promise<void> =>
  void (await (await start(location, Trigger.AvailableNow(), out)).awaitTermination())
const table = (out = at('out.db')): unknown[][] => {
  const db = openDatabase(out, { readonly: true })
  try {
    return rows(db.prepare('SELECT k, total FROM totals').all())
  } finally {
    db.close()
  }
}
const until = async (done: () => boolean): Promise<void> => {
  for (const end = performance.now() + 20_000; !done();) {
    if (performance.now() > end) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const refusal = async (body: () => unknown): Promise<CheckpointError> => {
  try {
    await body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return error as CheckpointError
  }
  throw new Error('nothing was refused')
}

/** A directory, and a file with tables of the user: [name, location, the SQLite file]. */
const KINDS = [
  ['a directory', 'ck', 'ck/checkpoint.db'],
  ['a SQLite file with other tables', 'app.db', 'app.db'],
] as const

describe.each(KINDS)('on %s', (_, place, file) => {
  beforeEach(() => {
    if (place === file) {
      const db = openDatabase(at(place))
      db.exec("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('ann')")
      db.close()
    }
  })

  test('inspect: while the query runs, and after', async () => {
    write(3)
    const query = await start(at(place), { kind: 'default' })
    await query.processAllAvailable()
    const found = inspectCheckpoint(at(place))
    expect(found).toMatchObject({
      path: at(file),
      queryId: query.id,
      formatVersion: 2,
      heldBy: `this process (${process.pid})`,
      held: { first: 0, last: 2 },
      watermarkMs: 0,
      sources: [{ name: 'json-0', reads: `json(path=${at('in')})`, offset: { logOffset: 2 } }],
      sink: { writes: `sqlite(path=${at('out.db')}, table=totals)`, outputMode: 'update' },
      operators: [{ operatorId: 'aggregate-s0', tables: [{ rows: 34 }] }],
      batches: [{ batchId: 2, committed: true }, { batchId: 1 }, { batchId: 0 }],
    })
    expect(found.sink!.token).toEqual(found.sink!.expected)
    expect(found.operators[0]!.tables[0]!.storedBytes).toBeGreaterThan(100)
    expect(found.settings).toHaveProperty(['spark.sql.session.timeZone'], 'UTC')
    await query.stop()
    expect(inspectCheckpoint(at(place), { batches: 1 })).toMatchObject({ heldBy: null, batches: [{ batchId: 2 }] })
  })

  test('backup: of a query that goes on writing; a query on the copy goes on from its batch', async () => {
    write(12)
    const query = await start(at(place), { kind: 'default' })
    await until(() => (query.lastProgress?.batchId ?? -1) >= 1)
    const made = await backupCheckpoint(at(place), at('copy', place))
    write(2)
    await query.processAllAvailable()
    await query.stop()
    expect(made).toMatchObject({ queryId: query.id, path: at('copy', file) })
    expect(made.batchId).toBeGreaterThan(0)
    expect(made.batchId).toBeLessThan(13)
    expect(verifyCheckpoint(at('copy', place)).damages).toEqual([])
    // Complete mode shows the whole result: a copy that lost or doubled a batch would show it.
    let shown: unknown[][] = []
    const complete = (): Promise<StreamingQuery> =>
      sums(events())
        .writeStream.outputMode('complete')
        .trigger(Trigger.AvailableNow())
        .option('checkpointLocation', at('copy', place))
        .foreachBatch(async (df) => {
          shown = rows(await df.collect())
        })
        .start()
    expect((await refusal(complete)).code).toBe('CHECKPOINT_SINK_CHANGED')
    session.conf.set('millrace.checkpoint.allowSinkChange', true)
    const allowed = await complete()
    await allowed.awaitTermination()
    expect(allowed.id).toBe(query.id)
    expect(shown).toEqual(await right())
    expect(table()).toEqual(await right())
    if (place === file) {
      const db = openDatabase(at('copy', place), { readonly: true })
      expect(db.prepare('SELECT name FROM users').all()).toEqual([{ name: 'ann' }])
      db.close()
    }
    expect((await refusal(() => backupCheckpoint(at(place), at('copy', place)))).code).toBe('CHECKPOINT_TARGET_EXISTS')
  })

  test('rollback: refused while a query runs; the sink refuses until it is brought back; then the rows are right', async () => {
    write(4)
    await run(at(place))
    cpSync(at('out.db'), at('out-at-3.db'))
    write(4)
    const query = await start(at(place), { kind: 'default' })
    await query.processAllAvailable()
    const locked = await refusal(() => rollbackCheckpoint(at(place), { toBatch: 3 }))
    expect(locked.code).toBe('CHECKPOINT_LOCKED')
    await query.stop()

    const done = await rollbackCheckpoint(at(place), { toBatch: 3 })
    expect(done).toMatchObject({ path: at(file), fromBatch: 7, toBatch: 3 })
    expect(done.sink).toContain('the token')
    expect(inspectCheckpoint(at(place))).toMatchObject({
      queryId: query.id,
      held: { first: 0, last: 3 },
      sources: [{ offset: { logOffset: 3 } }],
    })
    expect(verifyCheckpoint(at(place)).damages).toEqual([])
    expect((await refusal(() => run(at(place)))).code).toBe('CHECKPOINT_SINK_AHEAD')
    cpSync(at('out-at-3.db'), at('out.db'))
    for (const end of ['-wal', '-shm']) rmSync(at(`out.db${end}`), { force: true })
    await run(at(place))
    expect(table()).toEqual(await right())

    // What it was is kept, whole, and fits the sink as it was.
    expect(inspectCheckpoint(done.backup!)).toMatchObject({ queryId: query.id, held: { last: 7 } })
    expect(verifyCheckpoint(done.backup!).damages).toEqual([])
  })

  test('rollback: to a batch that is not held, to the last one, without a copy', async () => {
    session.conf.set('spark.sql.streaming.minBatchesToRetain', 3)
    write(8)
    await run(at(place))
    const gone = await refusal(() => rollbackCheckpoint(at(place), { toBatch: 2 }))
    expect(gone.code).toBe('CHECKPOINT_BATCH_GONE')
    expect(gone.hint).toContain('batches 5 to 7 are held')
    const before = readdirSync(work)
    expect(await rollbackCheckpoint(at(place), { toBatch: 7 })).toMatchObject({ fromBatch: 7, backup: null })
    expect(await rollbackCheckpoint(at(place), { toBatch: 5, backup: false })).toMatchObject({ backup: null })
    expect(readdirSync(work).filter((name) => !before.includes(name) && !/-(wal|shm)$/.test(name))).toEqual([])
  })
})

test('nothing is made where there is no checkpoint', async () => {
  for (const place of ['none', 'none.db']) {
    for (const act of [
      () => inspectCheckpoint(at(place)),
      () => verifyCheckpoint(at(place)),
      () => backupCheckpoint(at(place), at('copy')),
      () => rollbackCheckpoint(at(place), { toBatch: 0 }),
    ])
      expect((await refusal(act)).code).toBe('CHECKPOINT_NOT_FOUND')
    expect(existsSync(at(place))).toBe(false)
  }
})

test('of an older format: it is not changed by looking, and it is said what brings it up', async () => {
  cpSync(join(import.meta.dirname, '../checkpoints/v1'), at('v1'), { recursive: true })
  const [place] = readdirSync(at('v1'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('checkpoint.db'))
  const before = readFileSync(at('v1', place!))
  for (const act of [inspectCheckpoint, verifyCheckpoint]) {
    const error = await refusal(() => act(at('v1', place!)))
    expect(error.code).toBe('CHECKPOINT_READ_ONLY')
    expect(error.hint).toContain('a start of its query brings it to version 2')
  }
  expect(readFileSync(at('v1', place!)).equals(before)).toBe(true)
})

describe('rollback and what is around the checkpoint', () => {
  test('a file sink removes what it has of later batches by itself', async () => {
    write(6)
    const copy = async (): Promise<void> => {
      const query = await events()
        .writeStream.trigger(Trigger.AvailableNow())
        .option('checkpointLocation', at('ck'))
        .format('json')
        .start(at('out'))
      await query.awaitTermination()
    }
    await copy()
    const done = await rollbackCheckpoint(at('ck'), { toBatch: 2 })
    expect(done.sink).toContain('removes what it has of batches 3 to 5')
    // Other files than the first time: the rerun batches are other batches.
    write(2)
    await copy()
    const lines = (dir: string): string[] =>
      readdirSync(at(dir))
        .filter((f) => f.endsWith('.json') && !f.startsWith('.'))
        .flatMap((f) => readFileSync(at(dir, f), 'utf8').trim().split('\n'))
        .sort()
    expect(lines('out')).toEqual(lines('in'))
  })

  test('a joining sink keeps its rows: it is said', async () => {
    write(3)
    const query = await sums(events())
      .writeStream.outputMode('update')
      .trigger(Trigger.AvailableNow())
      .option('checkpointLocation', at('ck'))
      .format('sqlite')
      .options({ table: 'totals', key: 'k', atomic: 'true' })
      .start()
    await query.awaitTermination()
    const { sink } = await rollbackCheckpoint(at('ck'), { toBatch: 1 })
    expect(sink).toContain("in the checkpoint's own file and still has the rows of batch 2")
  })

  test('rows that were pruned, files that were cleaned up: refused', async () => {
    const pushed = session.readStream.from(
      (async function* () {
        for (let i = 0; i < 5; i++) {
          yield { k: 'a', n: i }
          await new Promise((done) => setTimeout(done, 40))
        }
      })(),
      { schema: SCHEMA, wal: true, bufferRows: 1 },
    )
    const query = await pushed.writeStream.option('checkpointLocation', at('pushed')).format('noop').start()
    await until(() => (query.lastProgress?.batchId ?? -1) >= 2)
    await query.stop()
    const last = inspectCheckpoint(at('pushed')).held!.last
    expect(last).toBeGreaterThan(1)
    expect((await refusal(() => rollbackCheckpoint(at('pushed'), { toBatch: 0 }))).code).toBe('INGEST_ROWS_GONE')
    expect(inspectCheckpoint(at('pushed')).held!.last).toBe(last)

    write(4)
    const cleaning = await events({ cleanSource: 'delete' })
      .writeStream.trigger(Trigger.AvailableNow())
      .option('checkpointLocation', at('cleaned'))
      .format('noop')
      .start()
    await cleaning.awaitTermination()
    expect(readdirSync(at('in')).length).toBeLessThan(4)
    const gone = await refusal(() => rollbackCheckpoint(at('cleaned'), { toBatch: 0 }))
    expect(gone.code).toBe('CHECKPOINT_INPUT_GONE')
    expect(gone.message).toContain('cleanSource')
  })
})

/**
 * What verify says must come true: nothing found, or something the query can do without: it goes on with the right rows;
 * a damage it cannot do without: it refuses.
 */
test('verify foretells what a start does, whatever row is damaged or missing', async () => {
  session.conf.set('spark.sql.streaming.minBatchesToRetain', 5)
  // Long keys: state that is large enough for shards to be snapshot more than once.
  write(16, 2000)
  await run(at('ck'))
  write(1, 2000)
  const wanted = await right()
  cpSync(at('ck'), at('good'), { recursive: true })
  cpSync(at('out.db'), at('good-out.db'))
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 1000))
  const open = (): ReturnType<typeof openDatabase> => openDatabase(at('ck', 'checkpoint.db'))
  const db = open()
  const changes: string[] = []
  for (const [name, key] of [
    ['millrace_offsets', 'batch_id'],
    ['millrace_commits', 'batch_id'],
    ['millrace_metadata', 'key'],
    ['millrace_fingerprints', 'node'],
    ['millrace_source_log', 'position'],
    ['millrace_state_changes', 'id'],
    ['millrace_state_snapshots', 'id'],
    ['millrace_state_tables', 'id'],
  ] as const)
    for (const row of db.prepare(`SELECT ${key} AS id FROM ${name} ORDER BY ${key}`).all()) {
      const where = `WHERE ${key} = '${String(row['id'])}'`
      changes.push(`UPDATE ${name} SET crc = crc + 1 ${where}`, `DELETE FROM ${name} ${where}`)
    }
  db.close()
  const outcomes = new Map<string, number>()
  const wrong: string[] = []
  const tried = changes.filter((_, i) => (i + seed) % 7 === 0 || !changes[i]!.includes('snapshots'))
  for (const change of tried) {
    for (const [from, to] of [
      ['good', 'ck'],
      ['good-out.db', 'out.db'],
    ] as const) {
      for (const end of ['', '-wal', '-shm']) rmSync(at(`${to}${end}`), { recursive: true, force: true })
      cpSync(at(from), at(to), { recursive: true })
    }
    const changed = open()
    changed.exec(change)
    changed.close()
    const { damages } = verifyCheckpoint(at('ck'))
    const fatal = damages.some((d) => d.meaning.startsWith('the query does not start'))
    let outcome: string
    try {
      await run(at('ck'))
      outcome = JSON.stringify(table()) === JSON.stringify(wanted) ? 'right' : 'wrong rows'
    } catch (error) {
      outcome = error instanceof CheckpointError ? 'refused' : String(error)
    }
    const foretold = damages.length === 0 ? 'nothing' : fatal ? 'refusal' : 'goes on'
    outcomes.set(`${foretold}: ${outcome}`, (outcomes.get(`${foretold}: ${outcome}`) ?? 0) + 1)
    if (outcome !== (fatal ? 'refused' : 'right'))
      wrong.push(`${change}: foretold ${foretold} (${damages.map((d) => d.what).join('; ')}), then ${outcome}`)
  }
  console.log(`verify: seed ${seed}, ${JSON.stringify(Object.fromEntries(outcomes))}`)
  expect(wrong, `seed ${seed}`).toEqual([])
  expect(outcomes.get('goes on: right')).toBeGreaterThan(3)
  expect(outcomes.get('refusal: refused')).toBeGreaterThan(10)
})
