import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  chmodSync,
  chownSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { CheckpointError, MillraceSession, type StreamingQuery, Trigger } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'

let work = ''
let notes: string[] = []
let files = 0
let table = new Map<string, number>()
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'millrace-damage-'))
  notes = []
  files = 0
  table = new Map()
  mkdirSync(join(work, 'in'))
})
const at = (...path: readonly string[]): string => join(work, ...path)
const db = (): string => at('checkpoint', 'checkpoint.db')

/** Sums by key that every file adds to. */
function write(count: number, keyLength = 0): void {
  for (let i = 0; i < count; i++) {
    const f = files++
    const rows = Array.from({ length: 20 }, (_, k) =>
      JSON.stringify({ k: `key ${(f * 7 + k) % 40}`.padEnd(keyLength, '.'), n: k }),
    )
    writeFileSync(at('in', `${String(f).padStart(4, '0')}.json`), `${rows.join('\n')}\n`)
  }
}

const session = new MillraceSession(
  { 'millrace.durability': 'process', 'millrace.int64': 'number', 'spark.sql.streaming.minBatchesToRetain': 4 },
  { note: (line) => void notes.push(line) },
)
function start(trigger = Trigger.AvailableNow()): Promise<StreamingQuery> {
  return session.readStream
    .schema('k STRING, n BIGINT')
    .option('maxFilesPerTrigger', 1)
    .json(at('in'))
    .groupBy('k')
    .sum('n')
    .writeStream.outputMode('update')
    .trigger(trigger)
    .option('checkpointLocation', at('checkpoint'))
    .foreachBatch(async (df) => {
      for (const row of await df.collect()) table.set(String(row['k']), Number(row['sum(n)']))
    })
    .start()
}
const run = async (): Promise<void> => void (await (await start()).awaitTermination())
const contents = (): string => JSON.stringify([...table].sort())
const expected = async (): Promise<string> => {
  const rows = await session.read.schema('k STRING, n BIGINT').json(at('in')).groupBy('k').sum('n').collect()
  return JSON.stringify(rows.map((r) => [r['k'], r['sum(n)']]).sort())
}
const refused = async (body: () => unknown = run): Promise<CheckpointError> => {
  try {
    await body()
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return error as CheckpointError
  }
  throw new Error('nothing was refused')
}
const sql = (text: string): void => {
  const database = openDatabase(db())
  database.exec(text)
  database.close()
}
const count = (text: string): number => {
  const database = openDatabase(db())
  const n = Number(database.prepare(text).get()!['n'])
  database.close()
  return n
}

/**
 * Whatever byte of the file is wrong: the query goes on with the right rows, or is refused with an error of ours.
 * A stride over the whole file that differs from run to run; MILLRACE_SEED repeats one.
 */
test('a flipped byte anywhere: the right rows or a CheckpointError', async () => {
  write(6)
  await run()
  cpSync(at('checkpoint'), at('good'), { recursive: true })
  const before = new Map(table)
  write(2)
  await run()
  const right = contents()
  expect(right).toBe(await expected())
  const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 1000))
  const good = readFileSync(at('good', 'checkpoint.db'))
  const outcomes = new Map<string, number>()
  const wrong: string[] = []
  const flip = async (file: string, from: Buffer, byte: number): Promise<void> => {
    rmSync(at('checkpoint'), { recursive: true })
    cpSync(at('good'), at('checkpoint'), { recursive: true })
    const bytes = Buffer.from(from)
    bytes[byte] = bytes[byte]! ^ (1 << ((seed + byte) % 8))
    writeFileSync(at('checkpoint', file), bytes)
    table = new Map(before)
    let outcome = 'right'
    try {
      await run()
      if (contents() !== right) outcome = 'wrong rows'
    } catch (error) {
      outcome = error instanceof CheckpointError ? error.code : `${(error as Error).name}: ${(error as Error).message}`
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (outcome !== 'right' && !outcome.startsWith('CHECKPOINT_')) wrong.push(`${file} byte ${byte}: ${outcome}`)
  }
  const filled = [...good.keys()].filter((i) => good[i] !== 0 || i % 97 === 0)
  for (let i = seed % 41; i < filled.length; i += 41) await flip('checkpoint.db', good, filled[i]!)
  const marker = readFileSync(at('good', 'metadata'))
  for (let i = 0; i < marker.length; i += 7) await flip('metadata', marker, i)
  expect(wrong, `seed ${seed}`).toEqual([])
  expect(outcomes.get('right')).toBeGreaterThan(10)
  expect(outcomes.get('CHECKPOINT_CORRUPT')).toBeGreaterThan(100)
  console.log(`flipped bytes: seed ${seed}, ${JSON.stringify(Object.fromEntries(outcomes))}`)
})

test('a file cut short anywhere, emptied or gone', async () => {
  write(6)
  await run()
  cpSync(at('checkpoint'), at('good'), { recursive: true })
  const before = new Map(table)
  const { size } = statSync(at('good', 'checkpoint.db'))
  write(1)
  const right = await expected()
  const outcomes: string[] = []
  for (const part of [0, 1, 100, 4096, 5000, size / 2, size - 4096, size - 600, size - 1]) {
    rmSync(at('checkpoint'), { recursive: true })
    cpSync(at('good'), at('checkpoint'), { recursive: true })
    truncateSync(db(), Math.floor(part))
    table = new Map(before)
    try {
      await run()
      // The last page may hold nothing.
      outcomes.push(contents() === right ? 'right' : 'wrong rows')
    } catch (error) {
      outcomes.push((error as CheckpointError).code)
    }
  }
  expect(outcomes.slice(0, 7)).toEqual(Array<string>(7).fill('CHECKPOINT_CORRUPT'))
  for (const outcome of outcomes.slice(7)) expect(['right', 'CHECKPOINT_CORRUPT']).toContain(outcome)
  rmSync(at('checkpoint'), { recursive: true })
  cpSync(at('good'), at('checkpoint'), { recursive: true })
  table = new Map(before)
  rmSync(db())
  expect((await refused()).message).toContain('missing or empty')
  // Given back, it goes on.
  cpSync(at('good', 'checkpoint.db'), db())
  await run()
  expect(contents()).toBe(await expected())
})

describe('snapshots', () => {
  /** State large enough that shards get a second snapshot. */
  async function withSnapshots(): Promise<void> {
    session.conf.set('spark.sql.streaming.minBatchesToRetain', 1000)
    write(40, 2000)
    await run()
    const twice = count(
      'SELECT count(*) AS n FROM (SELECT shard FROM millrace_state_snapshots GROUP BY shard HAVING count(*) > 1)',
    )
    expect(twice, 'shards with an older snapshot').toBeGreaterThan(0)
    write(1, 2000)
  }
  const newest =
    'SELECT s.id FROM millrace_state_snapshots s WHERE s.version = (SELECT max(version) FROM millrace_state_snapshots o WHERE o.shard = s.shard) AND (SELECT count(*) FROM millrace_state_snapshots o WHERE o.shard = s.shard) > 1 LIMIT 1'

  test('a damaged one: an older one and the change logs since, and it says so', async () => {
    await withSnapshots()
    sql(`UPDATE millrace_state_snapshots SET content = zeroblob(length(content)) WHERE id = (${newest})`)
    await run()
    expect(contents()).toBe(await expected())
    expect(notes.filter((n) => n.includes('taking an older'))).toHaveLength(1)
    write(1)
    await run()
    expect(contents()).toBe(await expected())
  })

  test('a missing one: the same', async () => {
    await withSnapshots()
    sql(`DELETE FROM millrace_state_snapshots WHERE id = (${newest})`)
    await run()
    expect(contents()).toBe(await expected())
    expect(notes.join('\n')).toContain('a snapshot of groups of aggregate-s0 is missing: taking an older one')
  })

  test('all of them, when the change logs do not reach back: refused', async () => {
    session.conf.set('spark.sql.streaming.minBatchesToRetain', 4)
    write(40)
    await run()
    write(1)
    sql('DELETE FROM millrace_state_snapshots')
    if (count('SELECT max(purged_to) AS n FROM millrace_state_tables') >= 0)
      expect((await refused()).code).toBe('CHECKPOINT_CORRUPT')
    else {
      await run()
      expect(contents()).toBe(await expected())
    }
  })
})

test.each([
  ['a change log in the middle', 'DELETE FROM millrace_state_changes WHERE version = 4'],
  ['the last change log', 'DELETE FROM millrace_state_changes WHERE version = 5'],
  ['the state of a table', 'DELETE FROM millrace_state_tables'],
  [
    'an entry of a source log',
    'DELETE FROM millrace_source_log WHERE position = (SELECT max(position) FROM millrace_source_log)',
  ],
  ['the fingerprints', 'DELETE FROM millrace_fingerprints'],
  ['a change log that says less is needed', 'UPDATE millrace_state_changes SET logs_from = 5'],
  ['the last commit', 'DELETE FROM millrace_commits WHERE batch_id = 5'],
  ['the last offsets', 'DELETE FROM millrace_offsets WHERE batch_id = 5'],
  ['a log under another name', "UPDATE millrace_source_log SET name = 'other'"],
  ['another query id', "UPDATE millrace_checkpoint SET value = 'other' WHERE key = 'query_id'"],
])('%s is gone or changed: refused', async (_, change) => {
  write(6)
  await run()
  sql(change)
  write(1)
  const error = await refused()
  expect(error.code).toMatch(/^(CHECKPOINT_|STREAMING_STATEFUL)/)
  expect(error.message).toContain('checkpoint')
})

test('the checkpoint of another run, put in its place', async () => {
  write(2)
  await run()
  cpSync(db(), at('other.db'))
  rmSync(at('checkpoint'), { recursive: true })
  table.clear()
  await run()
  cpSync(at('other.db'), db())
  write(1)
  expect((await refused()).message).toMatch(/it is of query .*, the directory of query/)
})

test('taken away while the query runs: it fails and says so', async () => {
  write(2)
  const query = await start({ kind: 'default' })
  await query.processAllAvailable()
  rmSync(at('checkpoint'), { recursive: true })
  write(1)
  const error = await refused(() => query.awaitTermination({ timeout: 20_000 }))
  expect(error.code).toBe('CHECKPOINT_IO')
  expect(error.message).toContain('deleted or replaced while the query was running')
})

test('a directory that cannot be written to', async () => {
  write(1)
  mkdirSync(at('checkpoint'))
  chmodSync(at('checkpoint'), 0o555)
  chmodSync(work, 0o755)
  // Root may write anywhere: be nobody for the while.
  const root = process.geteuid?.() === 0
  if (root) {
    chownSync(at('in'), 65534, 65534)
    process.seteuid!(65534)
  }
  try {
    const error = await refused()
    expect(error.code).toMatch(/^CHECKPOINT_(IO|READ_ONLY)$/)
    expect(error.message).toContain(at('checkpoint'))
  } finally {
    if (root) process.seteuid!(0)
  }
})

test('a reader sees a checkpoint in use, and does not mind the marker', async () => {
  write(1)
  const query = await start({ kind: 'default' })
  await query.processAllAvailable()
  const reader = openCheckpoint(at('checkpoint'), { readonly: true })
  expect(reader.queryId).toBe(query.id)
  reader.close()
  await query.stop()
})
