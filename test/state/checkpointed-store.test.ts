import { expect, test } from 'vitest'
import { memoryCheckpoint } from '../../src/checkpoint/open.ts'
import { InternalError } from '../../src/errors/errors.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import type { StateTableSpec } from '../../src/state/table.ts'
import { BIGINT, field, STRING } from '../../src/types/data-type.ts'
import { commitRow, offsetRow } from '../checkpoint/fixtures.ts'
import { contents, upsert } from './fixtures.ts'

const spec: StateTableSpec = { name: 'counts', keys: [field('w', STRING)], values: [field('n', BIGINT)], paned: false }

test('a table is the same object each time; another spec under its name is refused', () => {
  const store = new CheckpointedStateStore(null)
  expect(store.table('0', spec)).toBe(store.table('0', { ...spec }))
  expect(store.table('1', spec)).not.toBe(store.table('0', spec))
  expect(store.tables()).toHaveLength(2)
  expect(() => store.table('0', { ...spec, values: [] })).toThrow(InternalError)
})

test('nothing changed is nothing written', () => {
  const store = new CheckpointedStateStore(null)
  upsert(store.table('0', spec), [['a']])
  store.table('1', spec)
  expect(store.takeWrites(0).map((w) => [w.operatorId, w.table, w.logsNeeded])).toEqual([['0', 'counts', 1]])
  expect(store.takeWrites(0)).toEqual([])
})

test('tables come back from the checkpoint as of the last commit, through snapshots and logs, after purges too', () => {
  const checkpoint = memoryCheckpoint()
  const store = new CheckpointedStateStore(checkpoint)
  const tables = ['0', '1'].map((id) => store.table(id, spec))
  for (let batch = 0; batch < 400; batch++) {
    checkpoint.writeOffsets(offsetRow(batch))
    const table = tables[batch % 3 === 0 ? 1 : 0]!
    const { slots } = upsert(
      table,
      Array.from({ length: 30 }, (_, i) => [`k${(batch * 7 + i * i) % 500}`]),
    )
    for (const slot of slots) table.setValue(slot, 0, BigInt(batch))
    if (batch % 5 === 0) table.remove(slots[0]!)
    checkpoint.commit(commitRow(batch), store.takeWrites(3000))
    checkpoint.purge(5)
  }
  upsert(tables[0]!, [['never committed']])
  const again = new CheckpointedStateStore(checkpoint)
  expect(again.table('1', spec).size).toBeGreaterThan(300)
  expect(contents(again.table('1', spec))).toEqual(contents(tables[1]!))
  const before = contents(tables[0]!).filter((row) => !row.includes('never committed'))
  expect(contents(again.table('0', spec))).toEqual(before)
  const logs = checkpoint.database.prepare('SELECT count(*) AS n FROM millrace_state_changes').get()!['n']
  expect(logs).toBeLessThan(350)
  checkpoint.close()
})
