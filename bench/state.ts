/**
 * The state table against its goals: `node dist/bench/state.js`.
 *
 *   upsert    rows/s, 100 000 distinct string groups, hashing included (goal 5 M)
 *   commit    ms for 10 000 changed keys without fsync, change log and SQLite together (goal 1)
 *   memory    bytes a key, 1 M random BIGINT keys and a count, grown from empty (goal 120)
 *   restore   s for those 1 M keys
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommitRow, OffsetRow } from '../src/checkpoint/checkpoint.ts'
import { openCheckpoint } from '../src/checkpoint/open.ts'
import { Batch } from '../src/columns/batch.ts'
import { BytesVector, Int64Vector } from '../src/columns/vector.ts'
import { CheckpointedStateStore } from '../src/state/checkpointed-store.ts'
import { HashStateTable } from '../src/state/hash-state-table.ts'
import type { StateTableSpec } from '../src/state/table.ts'
import { BIGINT, field, schemaOf, STRING } from '../src/types/data-type.ts'

const ROWS = 8192
const count: StateTableSpec['values'] = [field('count', BIGINT, false)]
const stringSpec: StateTableSpec = { name: 'groups', keys: [field('url', STRING)], values: count, paned: false }
const longSpec: StateTableSpec = { name: 'keys', keys: [field('id', BIGINT)], values: count, paned: false }

let seed = 42
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return (seed >>> 0) / 0x1_0000_0000
}
const best = (runs: number, body: () => number): number => {
  let least = Infinity
  for (let i = 0; i < runs; i++) least = Math.min(least, body())
  return least
}
const ms = (body: () => void): number => {
  const start = performance.now()
  body()
  return performance.now() - start
}

const commitRow = (batchId: number): CommitRow => ({ batchId, nextBatchWatermarkMs: 0, streamWatermarksMs: {} })
const offsetRow = (batchId: number): OffsetRow => ({
  batchId,
  offsets: { keys: batchId },
  batchWatermarkMs: 0,
  lateWatermarkMs: 0,
  batchTimestampMs: 0,
  conf: {},
  extra: {},
})

function stringBatches(n: number): Batch[] {
  const schema = schemaOf(field('url', STRING))
  return Array.from({ length: n }, () => {
    const parts: string[] = []
    const starts = new Int32Array(ROWS)
    const ends = new Int32Array(ROWS)
    let at = 0
    for (let i = 0; i < ROWS; i++) {
      const s = `/page/${Math.floor(random() * 100_000)}`
      parts.push(s)
      starts[i] = at
      ends[i] = at += s.length
    }
    return new Batch(schema, [new BytesVector(STRING, Buffer.from(parts.join('')), starts, ends, null)], ROWS)
  })
}

function longBatch(next: (i: number) => bigint, n = ROWS): Batch {
  const values = new BigInt64Array(n)
  for (let i = 0; i < n; i++) values[i] = next(i)
  return new Batch(schemaOf(field('id', BIGINT)), [new Int64Vector(BIGINT, values, null)], n)
}
const randomId = (): bigint =>
  (BigInt(Math.floor(random() * 0x8000_0000)) << 32n) | BigInt(Math.floor(random() * 0x1_0000_0000))

function upserts(): void {
  const batches = stringBatches(64)
  const slots = new Int32Array(ROWS)
  const table = new HashStateTable(stringSpec)
  const pass = (): number =>
    ms(() => {
      for (const b of batches) table.upsert(b.columns, b, null, slots, null)
    })
  pass()
  const took = best(10, pass)
  console.log(`upsert   ${((batches.length * ROWS) / took / 1000).toFixed(1)} M rows/s, ${table.size} string groups`)
}

function commits(): void {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const checkpoint = openCheckpoint(dir, { durability: 'process' })
  const store = new CheckpointedStateStore(checkpoint)
  const table = store.table('0', longSpec)
  const slots = new Int32Array(10_000)
  const writes: number[] = []
  for (let batchId = 0; batchId < 60; batchId++) {
    const batch = longBatch(() => BigInt(Math.floor(random() * 100_000)), 10_000)
    table.upsert(batch.columns, batch, null, slots, null)
    const counts = table.columns[0]!
    for (const slot of slots) {
      ;(counts.values as BigInt64Array)[slot]!++
      counts.validity[slot] = 1
    }
    table.markChanged(slots, slots.length)
    checkpoint.writeOffsets(offsetRow(batchId))
    writes.push(ms(() => checkpoint.commit(commitRow(batchId), store.takeWrites(0))))
  }
  writes.sort((a, b) => a - b)
  console.log(
    `commit   ${writes[30]!.toFixed(2)} ms median, ${writes[0]!.toFixed(2)} ms least, 10 000 rows (about 9 500 keys), no fsync`,
  )
  checkpoint.close()
  rmSync(dir, { recursive: true })
}

function memoryAndRestore(): void {
  const gc = (globalThis as { gc?: () => void }).gc
  const keys = 1_000_000
  const batches = Array.from({ length: Math.ceil(keys / ROWS) }, (_, b) =>
    longBatch(randomId, Math.min(ROWS, keys - b * ROWS)),
  )
  gc?.()
  const before = process.memoryUsage()
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  let checkpoint = openCheckpoint(dir, { durability: 'process' })
  const store = new CheckpointedStateStore(checkpoint)
  const table = store.table('0', longSpec)
  const slots = new Int32Array(ROWS)
  let batchId = 0
  const grow = ms(() => {
    for (const batch of batches) {
      table.upsert(batch.columns, batch, null, slots, null)
      const counts = table.columns[0]!
      for (let i = 0; i < batch.length; i++) {
        ;(counts.values as BigInt64Array)[slots[i]!]!++
        counts.validity[slots[i]!] = 1
      }
      checkpoint.commit(commitRow(batchId), store.takeWrites(4 << 20), undefined, offsetRow(batchId++))
    }
  })
  gc?.()
  const after = process.memoryUsage()
  // the input stands in both measurements
  if (batches.length === 0) return
  const held = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed
  console.log(
    `memory   ${(table.memoryBytes / table.size).toFixed(1)} bytes a key counted, ${gc ? (held / table.size).toFixed(1) : '? (run with --expose-gc)'} measured; ${table.size} keys grown and committed in ${(grow / 1000).toFixed(2)} s`,
  )
  checkpoint.close()
  checkpoint = openCheckpoint(dir, { durability: 'process' })
  const restored = new CheckpointedStateStore(checkpoint)
  let size = 0
  const took = ms(() => {
    size = restored.table('0', longSpec).size
  })
  console.log(`restore  ${(took / 1000).toFixed(3)} s for ${size} keys`)
  checkpoint.close()
  rmSync(dir, { recursive: true })
}

console.log(`node ${process.version}, ${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}`)
// first, so that nobody's garbage is measured
memoryAndRestore()
upserts()
commits()
