import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/open.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import type { StateTableSpec } from '../../src/state/table.ts'
import type { StateTable } from '../../src/state/table.ts'
import { commitRow, offsetRow } from '../checkpoint/fixtures.ts'
import { contents, upsert } from '../state/fixtures.ts'

interface Expected {
  readonly queryId: string
  readonly batches: unknown
  readonly offsets: unknown
  readonly previous: unknown
  readonly commit: unknown
  readonly metadata: Readonly<Record<string, unknown>>
  readonly sourceLog: unknown
  readonly snapshots: number
  readonly types: readonly string[]
  readonly windows: readonly string[]
}

/** The tables with the specs they were written with. */
function tablesOf(checkpoint: ReturnType<typeof openCheckpoint>): {
  readonly store: CheckpointedStateStore
  get(name: string): StateTable
} {
  const store = new CheckpointedStateStore(checkpoint)
  const all = checkpoint.stateTables()
  return {
    store,
    get(name) {
      const found = all.find((t) => t.table === name)!
      return store.table(found.operatorId, found.spec as unknown as StateTableSpec)
    },
  }
}

/** The tests of a fixture, for every format alike: it reads back whole, and is carried on. */
export function opensForEver(version: string): void {
  const fixture = join(import.meta.dirname, version)
  const expected = JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8')) as Expected
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), `millrace-${version}-`))
    copyFileSync(join(fixture, 'checkpoint.db'), join(dir, 'checkpoint.db'))
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  test('a checkpoint reads back whole', () => {
    const checkpoint = openCheckpoint(dir)
    expect(checkpoint.queryId).toBe(expected.queryId)
    expect(checkpoint.recover()).toEqual({
      kind: 'rerun',
      row: expected.offsets,
      previous: expected.previous,
      lastCommit: expected.commit,
    })
    expect(checkpoint.batches()).toEqual(expected.batches)
    for (const [key, value] of Object.entries(expected.metadata)) expect(checkpoint.metadata(key)).toEqual(value)
    expect([...checkpoint.sourceLog('words').all()]).toEqual(expected.sourceLog)
    checkpoint.checkFingerprints({
      '0': { fingerprint: 'f0', describe: 'dropDuplicates' },
      '3': { fingerprint: 'f3', describe: 'count(*) by word, n, window' },
    })
    expect(expected.snapshots).toBeGreaterThan(0)
    const { get } = tablesOf(checkpoint)
    expect(contents(get('types'))).toEqual(expected.types)
    expect(contents(get('windows'))).toEqual(expected.windows)
    expect(checkpoint.warnings).toEqual([])
    checkpoint.close()
  })

  test('a checkpoint is carried on', () => {
    let checkpoint = openCheckpoint(dir)
    const { store, get } = tablesOf(checkpoint)
    const windows = get('windows')
    const { slots } = upsert(
      windows,
      [
        ['word-1', 1],
        ['fresh', 2],
      ],
      [90_000_000n, 990_000_000n],
    )
    for (const slot of slots) windows.setValue(slot, 0, 77n)
    const types = get('types')
    types.remove(types.slots()[0]!)
    const now = [contents(types), contents(windows)]
    checkpoint.commit(commitRow(8), store.takeWrites(1 << 20))
    checkpoint.writeOffsets(offsetRow(9))
    checkpoint.commit(commitRow(9), store.takeWrites(1 << 20))
    checkpoint.close()
    checkpoint = openCheckpoint(dir)
    expect(checkpoint.recover().kind).toBe('continue')
    const again = tablesOf(checkpoint)
    expect([contents(again.get('types')), contents(again.get('windows'))]).toEqual(now)
    checkpoint.close()
  })
}
