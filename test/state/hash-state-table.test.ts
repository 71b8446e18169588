import { describe, expect, test } from 'vitest'
import { CheckpointError, InternalError } from '../../src/errors/errors.ts'
import { HashStateTable } from '../../src/state/hash-state-table.ts'
import type { StateTableSpec } from '../../src/state/table.ts'
import { BIGINT, BOOLEAN, DOUBLE, field, FLOAT, INT, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { SAMPLES } from '../columns/every-type.ts'
import { contents, find, keyBatch, randomOf, upsert, Versions } from './fixtures.ts'

const words: StateTableSpec = { name: 'words', keys: [field('w', STRING)], values: [field('n', BIGINT)], paned: false }
const windows: StateTableSpec = { ...words, name: 'windows', paned: true }

describe('upsert and find', () => {
  test('gives one slot a key and marks the row that made it', () => {
    const table = new HashStateTable(words)
    const { slots, isNew } = upsert(table, [['a'], ['b'], ['a'], [null], ['']])
    expect(slots[0]).toBe(slots[2])
    expect(new Set(slots).size).toBe(4)
    expect(isNew).toEqual([1, 1, 0, 1, 1])
    expect(upsert(table, [['b'], [null]]).isNew).toEqual([0, 0])
    expect(find(table, [['b'], ['c'], [null]])).toEqual([slots[1], -1, slots[3]])
    expect(table.size).toBe(4)
  })

  test('takes only the rows that count', () => {
    const table = new HashStateTable(words)
    const batch = keyBatch(table, [['a'], ['b'], ['c']], Int32Array.of(2, 0))
    const slots = new Int32Array(2)
    table.upsert(batch.columns, batch, null, slots, null)
    expect(table.keyVector(0, slots).get(0)).toBe('c')
    expect(find(table, [['b']])).toEqual([-1])
  })

  test.each(SAMPLES.map((s) => [s.name, s] as const))(
    'keys of type %s are told apart and come back',
    (_, { type, values }) => {
      const table = new HashStateTable({
        name: 't',
        keys: [field('k', type), field('i', INT)],
        values: [],
        paned: false,
      })
      const rows = [...values, null].map((v): Value[] => [v, 1])
      const { slots } = upsert(table, [...rows, ...rows])
      expect(table.size).toBe(rows.length)
      const keys = table.keyVector(0, slots)
      const plain = (v: Value): Value => (Buffer.isBuffer(v) ? Uint8Array.from(v) : v)
      expect(Array.from(slots, (__, i) => plain(keys.get(i)))).toEqual([...rows, ...rows].map((r) => r[0]))
    },
  )

  test('zeros are one key, NaNs are one key', () => {
    for (const type of [FLOAT, DOUBLE]) {
      const table = new HashStateTable({ name: 't', keys: [field('k', type)], values: [], paned: false })
      const { slots } = upsert(table, [[-0], [0], [NaN], [NaN]])
      expect([slots[0] === slots[1], slots[2] === slots[3], table.size]).toEqual([true, true, 2])
      expect(Object.is(table.keyVector(0, slots).get(0), 0)).toBe(true)
    }
  })

  test('a table without keys has one row', () => {
    const table = new HashStateTable({ name: 't', keys: [], values: [field('n', BIGINT)], paned: false })
    const slots = new Int32Array(3)
    const batch = keyBatch(table, [[], [], []])
    table.upsert([], batch, null, slots, null)
    expect([...slots, table.size]).toEqual([0, 0, 0, 1])
  })

  test('the same key in two panes is two rows; panes and their slots are listed in order', () => {
    const table = new HashStateTable(windows)
    const { slots } = upsert(table, [['a'], ['a'], ['b'], ['a']], [20n, -5n, 20n, 1n << 60n])
    expect(table.size).toBe(4)
    expect([...table.panes()]).toEqual([-5n, 20n, 1n << 60n])
    expect([...table.panesUpTo(20n)]).toEqual([-5n, 20n])
    expect([...table.panesUpTo(-6n)]).toEqual([])
    expect(new Set(table.slotsOfPane(20n))).toEqual(new Set([slots[0], slots[2]]))
    expect(table.paneOf(slots[3]!)).toBe(1n << 60n)
    expect(find(table, [['a'], ['b'], ['a']], [20n, -5n, 7n])).toEqual([slots[0], -1, -1])
    expect([...table.panes()]).toHaveLength(3)
    upsert(table, [['z'], ['z']], [0n, -9n])
    expect([...table.panes()]).toEqual([-9n, -5n, 0n, 20n, 1n << 60n])
  })

  test('panes must be given exactly where the table has them', () => {
    expect(() => upsert(new HashStateTable(windows), [['a']])).toThrow(InternalError)
    expect(() => upsert(new HashStateTable(words), [['a']], [1n])).toThrow(InternalError)
  })

  test('keys that arrive in the order of their hashes take linear time', () => {
    const source = new HashStateTable({ name: 's', keys: [field('k', BIGINT)], values: [], paned: false })
    const n = 100_000
    upsert(
      source,
      Array.from({ length: n }, (_, i) => [BigInt(i)]),
    )
    const ordered = source.keyVector(0, source.slots())
    const rows = Array.from({ length: n }, (_, i) => [ordered.get(i)])
    const target = new HashStateTable(source.spec)
    const start = performance.now()
    for (let at = 0; at < n; at += 1000) upsert(target, rows.slice(at, at + 1000))
    expect(target.size).toBe(n)
    // quadratic time took 5 s for a tenth of this
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

describe('marks, values and removal', () => {
  test('changed slots are listed once, in order of first change, until the commit', () => {
    const table = new HashStateTable(words)
    const { slots } = upsert(table, [['a'], ['b'], ['c']])
    expect([...table.changedSlots()]).toEqual([...slots])
    table.takeChangeLog()
    expect([...table.changedSlots()]).toEqual([])
    table.markChanged(Int32Array.of(slots[2]!, -1, slots[0]!, slots[2]!), 4)
    expect([...table.changedSlots()]).toEqual([slots[2], slots[0]])
    table.remove(slots[2]!)
    expect([...table.changedSlots()]).toEqual([slots[0]])
    table.setValue(slots[1]!, 0, 5n)
    expect([...table.changedSlots()]).toEqual([slots[0], slots[1]])
    expect(table.takeChangeLog()).not.toBeNull()
    expect(table.takeChangeLog()).toBeNull()
  })

  test('a removed slot is reused after the commit, not before, and starts afresh', () => {
    const table = new HashStateTable({
      ...words,
      values: [field('n', BIGINT), field('s', STRING), field('b', BOOLEAN)],
    })
    const { slots } = upsert(table, [['a']])
    table.setValue(slots[0]!, 0, 7n)
    table.setValue(slots[0]!, 1, 'seven')
    table.setValue(slots[0]!, 2, true)
    table.takeChangeLog()
    table.remove(slots[0]!)
    expect(table.isHeld(slots[0]!)).toBe(false)
    expect(table.keyVector(0, slots).get(0)).toBe('a')
    expect(upsert(table, [['b']]).slots[0]).not.toBe(slots[0])
    table.takeChangeLog()
    const again = upsert(table, [['c']]).slots[0]!
    expect(again).toBe(slots[0])
    expect([0, 1, 2].map((i) => table.getValue(again, i))).toEqual([null, null, null])
    expect((table.columns[0]!.values as BigInt64Array)[again]).toBe(0n)
    expect(() => table.remove(99)).toThrow(InternalError)
  })

  test('values of every type are kept by slot', () => {
    const table = new HashStateTable({
      name: 't',
      keys: [field('k', INT)],
      values: SAMPLES.map((s) => field(s.name, s.type)),
      paned: false,
    })
    const n = 40
    const { slots } = upsert(
      table,
      Array.from({ length: n }, (_, i) => [i]),
    )
    SAMPLES.forEach((s, v) => slots.forEach((slot, i) => table.setValue(slot, v, s.values[i] ?? null)))
    const before = contents(table)
    const copy = new HashStateTable(table.spec)
    copy.applyChangeLog(table.takeChangeLog()!, () => true)
    expect(contents(copy)).toEqual(before)
    SAMPLES.forEach((s, v) => expect(copy.valueVector(v, copy.slots()).type).toEqual(s.type))
  })

  test('a pane goes at once, and its removal is one entry of the change log', () => {
    const table = new HashStateTable(windows)
    const versions = new Versions()
    upsert(
      table,
      Array.from({ length: 2000 }, (_, i) => [`k${i}`]),
      Array.from({ length: 2000 }, (_, i) => BigInt(i % 2)),
    )
    versions.commit(table, 0)
    expect(table.removePane(0n)).toBe(1000)
    expect(table.removePane(0n)).toBe(0)
    expect([table.size, ...table.panes()]).toEqual([1000, 1n])
    upsert(table, [['again']], [0n])
    versions.commit(table, 0)
    expect(versions.logs[1]!.blob.length).toBeLessThan(100)
    const restored = versions.restoreInto(new HashStateTable(windows))
    expect(contents(restored)).toEqual(contents(table))
    expect(restored.size).toBe(1001)
  })

  test('a key removed one by one until its pane is empty is gone after a restore too', () => {
    const table = new HashStateTable(windows)
    const versions = new Versions()
    const { slots } = upsert(table, [['a'], ['b'], ['c']], [1n, 2n, 2n])
    versions.commit(table, 0)
    table.remove(slots[0]!)
    expect([...table.panes()]).toEqual([2n])
    upsert(table, [['x']], [9n])
    versions.commit(table, 0)
    expect(contents(versions.restoreInto(new HashStateTable(windows)))).toEqual(contents(table))
    expect([...table.panes()]).toEqual([2n, 9n])
  })

  test('string keys give back the memory of removed ones', () => {
    const table = new HashStateTable(words)
    let peak = 0
    for (let round = 0; round < 50; round++) {
      const { slots } = upsert(
        table,
        Array.from({ length: 1000 }, (_, i) => [`${'key'.repeat(20)}${round}-${i}`]),
      )
      table.takeChangeLog()
      if (round === 4) peak = table.memoryBytes
      slots.forEach((slot) => table.remove(slot))
      table.takeChangeLog()
    }
    expect(table.size).toBe(0)
    expect(table.memoryBytes).toBeLessThan(peak * 2)
  })

  test('BIGINT keys with a count stay within 120 bytes a key', () => {
    const table = new HashStateTable({
      name: 't',
      keys: [field('k', BIGINT)],
      values: [field('n', BIGINT)],
      paned: false,
    })
    for (let i = 0; i < 100; i++)
      upsert(
        table,
        Array.from({ length: 1000 }, (_, k) => [BigInt(i * 1000 + k) * 977n]),
      )
    expect(table.memoryBytes / table.size).toBeLessThan(120)
  })
})

describe('change logs and snapshots', () => {
  const filled = (): HashStateTable => {
    const table = new HashStateTable(words)
    upsert(
      table,
      Array.from({ length: 3000 }, (_, i) => [`k${i}`]),
    )
    return table
  }

  test('a flipped byte anywhere is found, naming the table', () => {
    const log = filled().takeChangeLog()!
    const random = randomOf(7)
    for (let i = 0; i < 200; i++) {
      const bad = log.slice()
      bad[Math.floor(random() * bad.length)]! ^= 1 << Math.floor(random() * 8)
      // the two zero bytes of the header mean nothing
      if (bad[2] !== 0 || bad[3] !== 0) continue
      expect(() => new HashStateTable(words).applyChangeLog(bad, () => true, 12)).toThrow(
        /CHECKPOINT_CORRUPT.*change log of state table words, version 12/,
      )
    }
    expect(() => new HashStateTable(words).applyChangeLog(log.subarray(0, 3), () => true)).toThrow(CheckpointError)
  })

  test('a damaged snapshot names table, version and shard; one of another shard is refused', () => {
    const table = filled()
    table.takeChangeLog()
    for (let i = 0; i < 200; i++) {
      table.markChanged(table.slots(), table.size)
      table.takeChangeLog()
    }
    const [first] = table.takeSnapshots(1 << 20)
    const bad = first!.blob.slice()
    bad[bad.length - 1]! ^= 1
    expect(() => new HashStateTable(words).loadSnapshot(first!.shard, bad, 3)).toThrow(
      new RegExp(`snapshot of state table words, version 3, shard ${first!.shard}`),
    )
    expect(() => new HashStateTable(words).loadSnapshot((first!.shard + 1) % 256, first!.blob)).toThrow(
      /it is of shard/,
    )
  })

  test('a log is applied to the shards wanted only', () => {
    const table = filled()
    const log = table.takeChangeLog()!
    const half = new HashStateTable(words)
    half.applyChangeLog(log, (shard) => shard < 128)
    const rest = new HashStateTable(words)
    rest.applyChangeLog(log, (shard) => shard >= 128)
    expect(half.size).toBeGreaterThan(1000)
    expect([...contents(half), ...contents(rest)].sort()).toEqual(contents(table))
    expect(half.changedSlots()).toHaveLength(0)
    half.applyChangeLog(log, (shard) => shard >= 128)
    expect(contents(half)).toEqual(contents(table))
  })

  test('snapshots come when logs outweigh them, within the budget, and bound the logs a restore needs', () => {
    const table = filled()
    const versions = new Versions()
    let most = 0
    for (let i = 0; i < 400; i++) {
      const slots = table.slots()
      table.markChanged(slots, 200)
      versions.commit(table, 4000)
      most = Math.max(most, versions.needed().length)
    }
    expect(versions.snapshots.size).toBeGreaterThan(0)
    expect(most).toBeLessThan(130)
    expect(table.takeSnapshots(0)).toEqual([])
    expect(contents(versions.restoreInto(new HashStateTable(words)))).toEqual(contents(table))
  })
})
