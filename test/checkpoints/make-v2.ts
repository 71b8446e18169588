/**
 * Made test/checkpoints/v2 once, with the millrace of format 2. The fixture is kept for ever: this script refuses to
 * write over it. To make that of a new format, copy the script, and run it built: `node dist/test/checkpoints/make-v<n>.js`.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import type { StateTableSpec } from '../../src/state/table.ts'
import { BIGINT, field, INT, STRING } from '../../src/types/data-type.ts'
import { commitRow, offsetRow } from '../checkpoint/fixtures.ts'
import { SAMPLES } from '../columns/every-type.ts'
import { contents, upsert } from '../state/fixtures.ts'

const target = join(process.argv[2] ?? 'test/checkpoints', 'v2')
if (existsSync(join(target, 'checkpoint.db'))) {
  console.error(`${target} exists and is kept as it is`)
  process.exit(1)
}
mkdirSync(target, { recursive: true })

const types: StateTableSpec = {
  name: 'types',
  keys: SAMPLES.map((s) => field(`k_${s.name}`, s.type)),
  values: SAMPLES.map((s) => field(`v_${s.name}`, s.type)),
  paned: false,
}
const windows: StateTableSpec = {
  name: 'windows',
  keys: [field('word', STRING), field('n', INT)],
  values: [field('count', BIGINT), field('text', STRING)],
  paned: true,
}

const checkpoint = openCheckpoint(target)
const store = new CheckpointedStateStore(checkpoint)
const typed = store.table('0', types)
const windowed = store.table('3', windows)
checkpoint.checkFingerprints({
  '0': { fingerprint: 'f0', describe: 'dropDuplicates' },
  '3': { fingerprint: 'f3', describe: 'count(*) by word, n, window' },
})
checkpoint.setMetadata('schema', { words: 'word STRING, n INT' })
for (let batch = 0; batch < 8; batch++) {
  checkpoint.sourceLog('words').append(batch, [{ path: `in/${batch}.csv`, size: batch * 100 }])
  checkpoint.writeOffsets(offsetRow(batch))
  const { slots } = upsert(
    typed,
    [0, 1].map((i) => SAMPLES.map((s) => s.values[batch + i] ?? null)),
  )
  for (const slot of slots) SAMPLES.forEach((s, v) => typed.setValue(slot, v, s.values[(batch + v) % 7] ?? null))
  const panes = Array.from({ length: 40 }, (_, i) => BigInt(Math.floor(i / 10) + batch) * 10_000_000n)
  const made = upsert(
    windowed,
    panes.map((_, i) => [i % 9 === 8 ? null : `word-${i % 6}`, i % 3]),
    panes,
  ).slots
  for (const slot of made) {
    windowed.setValue(slot, 0, ((windowed.getValue(slot, 0) as bigint | null) ?? 0n) + 1n)
    windowed.setValue(slot, 1, slot % 4 === 0 ? null : 'long text '.repeat(80))
  }
  if (batch > 2) windowed.removePane(BigInt(batch - 2) * 10_000_000n)
  windowed.remove(windowed.slots()[batch]!)
  checkpoint.commit(commitRow(batch), store.takeWrites(20_000))
}
checkpoint.purge(5)
checkpoint.setMetadata('late', [1, 'two', null])
checkpoint.writeOffsets(offsetRow(8))

const expected = {
  queryId: checkpoint.queryId,
  batches: checkpoint.batches(),
  offsets: offsetRow(8),
  previous: offsetRow(7),
  commit: commitRow(7),
  metadata: { schema: checkpoint.metadata('schema'), late: checkpoint.metadata('late') },
  sourceLog: [...checkpoint.sourceLog('words').all()],
  snapshots: Number(checkpoint.database.prepare('SELECT count(*) AS n FROM millrace_state_snapshots').get()?.['n']),
  types: contents(typed),
  windows: contents(windowed),
}
checkpoint.close()
rmSync(join(target, 'lock.db'), { force: true })
writeFileSync(join(target, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`)
console.log(`${target}: ${expected.types.length} + ${expected.windows.length} rows, ${expected.snapshots} snapshots`)
