/**
 * What a query finds after a power cut, by this model of the disk (SQLite's own, sqlite.org/wal.html):
 *
 *   - the file itself is synced whenever SQLite has copied the write-ahead log into it; between commits, where all cuts
 *     here are, it is as last synced
 *   - durability 'power' (synchronous FULL): the log is synced at every commit, so that all of it is on the disk; behind
 *     it there may be blocks of anything
 *   - durability 'process' (NORMAL): the log is synced with each offset row, and before it is copied. Of what was written
 *     since, any block of 4 KB may be on the disk or not; where it is not, there is what was there at the last sync
 *   - the shared-memory file is gone
 *   - the sink, a SQLite file of its own, syncs every transaction in either mode
 *
 * Copies are taken at every crash point of every batch while the query runs, damaged by the model with seeded chance, and
 * put back; the query then starts on them.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CheckpointError, MillraceSession, Trigger, verifyCheckpoint } from '../../src/index.ts'
import { openDatabase } from '../../src/storage/sqlite.ts'
import { randomNumbers } from '../torture/events.ts'

const FILES = 8
const ROWS = 150
/** Blocks that a disk writes whole or not at all. */
const BLOCK = 4096
const FRESH_LOG = 32

let work = ''
interface Cut {
  readonly place: string
  /** The log as last synced; null before the first offset row. */
  readonly synced: Buffer | null
}
let cuts: Cut[] = []
/** A store with a token, or files named by batch. */
let sink: 'sqlite' | 'json' = 'sqlite'
beforeEach(() => {
  sink = 'sqlite'
  work = mkdtempSync(join(tmpdir(), 'millrace-power-'))
  cuts = []
  mkdirSync(join(work, 'in'))
  for (let f = 0; f < FILES; f++) {
    // Each file has rows of the one before: the state tells which to leave out.
    const rows = Array.from({ length: ROWS }, (_, i) =>
      JSON.stringify({ id: (f * 0.8 * ROWS + i) | 0, text: 'x'.repeat(900) }),
    )
    writeFileSync(at('in', `${f}.json`), `${rows.join('\n')}\n`)
  }
})
afterEach(() => rmSync(work, { recursive: true, force: true }))
const at = (...path: readonly string[]): string => join(work, ...path)

/** Everything on the disk but shared memory, as it is now. */
function copy(from: string, to: string): void {
  mkdirSync(join(to, 'ck'), { recursive: true })
  for (const file of ['ck/checkpoint.db', 'ck/checkpoint.db-wal', 'ck/metadata', 'out.db', 'out.db-wal', 'out'])
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file), { recursive: true })
}

async function run(durability: 'power' | 'process', crash?: (point: string, batchId: number) => void): Promise<void> {
  const session = new MillraceSession({ 'millrace.durability': durability }, { note: () => undefined, crash })
  try {
    const query = await session.readStream
      .schema('id BIGINT, text STRING')
      .option('maxFilesPerTrigger', 1)
      .json(at('in'))
      .dropDuplicates(['id', 'text'])
      .select('id')
      .writeStream.trigger(Trigger.AvailableNow())
      .option('checkpointLocation', at('ck'))
      .format(sink)
      .options(sink === 'sqlite' ? { table: 'seen' } : {})
      .start(at(sink === 'sqlite' ? 'out.db' : 'out'))
    await query.awaitTermination()
  } finally {
    await session.stop()
  }
}

function seen(): number[] {
  if (sink === 'json')
    return readdirSync(at('out'))
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .flatMap((name) => readFileSync(at('out', name), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { readonly id: number }).id)
      .sort((a, b) => a - b)
  const db = openDatabase(at('out.db'), { readonly: true })
  try {
    return db
      .prepare('SELECT id FROM seen ORDER BY id')
      .all()
      .map((r) => Number(r['id']))
  } finally {
    db.close()
  }
}
const wanted = (): number[] => Array.from({ length: Math.floor((FILES - 1) * 0.8 * ROWS) + ROWS }, (_, i) => i)

/** Runs the query once and keeps what a cut at any crash point would find. */
async function takeCuts(durability: 'power' | 'process'): Promise<void> {
  let synced: Buffer | null = null
  await run(durability, (point, batchId) => {
    const place = at('cuts', `${String(cuts.length).padStart(2, '0')}-batch-${batchId}-${point}`)
    copy(work, place)
    if (point === 'after-offsets') synced = readFileSync(join(place, 'ck/checkpoint.db-wal'))
    cuts.push({ place, synced })
  })
  expect(cuts.length).toBeGreaterThan(FILES * 5)
  expect(seen()).toEqual(wanted())
}

/** Puts a cut back with its write-ahead log as `damage` leaves it, and starts the query; says how that ended. */
async function restart(
  { place }: Cut,
  durability: 'power' | 'process',
  damage: (log: Buffer) => Buffer,
): Promise<string> {
  for (const old of ['ck', 'out', 'out.db', 'out.db-wal', 'out.db-shm'])
    rmSync(at(old), { recursive: true, force: true })
  copy(place, work)
  const log = at('ck/checkpoint.db-wal')
  if (existsSync(log)) writeFileSync(log, damage(readFileSync(log)))
  try {
    await run(durability)
  } catch (error) {
    return error instanceof CheckpointError ? error.code : String(error)
  }
  expect(verifyCheckpoint(at('ck')).damages).toEqual([])
  return JSON.stringify(seen()) === JSON.stringify(wanted()) ? 'right' : 'wrong rows'
}

const seedOf = (): number => Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe('a power cut', () => {
  test("durability 'power': whenever it comes, the query goes on and nothing is lost or doubled", async () => {
    await takeCuts('power')
    const seed = seedOf()
    const random = randomNumbers(seed)
    const wrong: string[] = []
    // Half of the cuts: what is forced to the disk takes its time.
    for (const cut of cuts.filter((_, i) => i % 2 === seed % 2)) {
      const behind = Buffer.from(
        Array.from({ length: Math.floor(random() * 3 * BLOCK) }, () => Math.floor(random() * 256)),
      )
      const outcome = await restart(cut, 'power', (log) => Buffer.concat([log, behind]))
      if (outcome !== 'right') wrong.push(`${cut.place}: ${outcome}`)
    }
    expect(wrong, `seed ${seed}`).toEqual([])
  })

  /** Restarts from every cut with blocks of the log as they were; how often each outcome was, behind the first offset row. */
  async function outcomesOf(seed: number): Promise<ReadonlyMap<string, number>> {
    await takeCuts('process')
    const random = randomNumbers(seed)
    const outcomes = new Map<string, number>()
    let lost = 0
    for (const cut of cuts) {
      const outcome = await restart(cut, 'process', (log) => {
        const kept = Buffer.from(log)
        // The header is synced when the log begins anew.
        for (let at = FRESH_LOG; at < log.length; at += BLOCK) {
          const end = Math.min(at + BLOCK, log.length)
          const old = Buffer.alloc(end - at)
          cut.synced?.subarray(at, end).copy(old)
          if (old.equals(log.subarray(at, end)) || random() < 0.5) continue
          old.copy(kept, at)
          lost++
        }
        return kept
      })
      // All of a new checkpoint may be lost, but for the file that tells there was one.
      if (cut.synced === null) expect(outcome, `seed ${seed}`).toMatch(/^right$|^CHECKPOINT_CORRUPT$/)
      else outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(lost, 'blocks that were not on the disk').toBeGreaterThan(cuts.length)
    console.log(`power cut, durability process: seed ${seed}, ${sink}, ${JSON.stringify(Object.fromEntries(outcomes))}`)
    return outcomes
  }

  test("durability 'process', a sink with a token: lost commits run again, and the sink has them already", async () => {
    const seed = seedOf()
    expect([...(await outcomesOf(seed)).keys()], `seed ${seed}`).toEqual(['right'])
  })

  test("durability 'process', files: the lost batches are written again", async () => {
    sink = 'json'
    const seed = seedOf()
    expect([...(await outcomesOf(seed)).keys()], `seed ${seed}`).toEqual(['right'])
  })
})

/** kill -9 leaves the log as it is, whole. SQLite ends reading at the first frame whose checksum does not fit. */
test('a flipped byte in the write-ahead log left by kill -9: the right rows, or refused because the sink is ahead', async () => {
  await takeCuts('power')
  const seed = seedOf()
  const random = randomNumbers(seed)
  const outcomes = new Map<string, number>()
  for (const cut of cuts) {
    const size = statSync(join(cut.place, 'ck/checkpoint.db-wal'), { throwIfNoEntry: false })?.size ?? 0
    if (size <= FRESH_LOG) continue
    const outcome = await restart(cut, 'power', (log) => {
      const byte = Math.floor(random() * log.length)
      log[byte] = log[byte]! ^ (1 << Math.floor(random() * 8))
      return log
    })
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  console.log(`flipped byte in the log: seed ${seed}, ${JSON.stringify(Object.fromEntries(outcomes))}`)
  for (const outcome of outcomes.keys())
    expect(outcome, `seed ${seed}`).toMatch(/^right$|^CHECKPOINT_(SINK_AHEAD|SINK_MISMATCH|CORRUPT)$/)
  expect(outcomes.get('CHECKPOINT_SINK_AHEAD'), `seed ${seed}`).toBeGreaterThan(0)
})
