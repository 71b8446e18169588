import { describe, expect, test } from 'vitest'
import { HashStateTable } from '../../src/state/hash-state-table.ts'
import { TimeIndex } from '../../src/state/time-index.ts'
import { field, INT, STRING, TIMESTAMP } from '../../src/types/data-type.ts'
import { randomOf, upsert } from './fixtures.ts'

const make = (): HashStateTable =>
  new HashStateTable({ name: 't', keys: [field('k', INT)], values: [field('expiresAtUs', TIMESTAMP)], paned: false })

describe('TimeIndex', () => {
  test('gives slots whose time has come, earliest first, bound included', () => {
    const table = make()
    const { slots } = upsert(table, [[1], [2], [3], [4]])
    const times = [30n, 10n, -(1n << 50n), 1n << 60n]
    slots.forEach((slot, i) => table.setValue(slot, 0, times[i]!))
    const index = new TimeIndex(table, 0)
    expect(index.earliestUs()).toBe(-(1n << 50n))
    expect([...index.takeUpTo(9n)]).toEqual([slots[2]])
    expect([...index.takeUpTo(30n)]).toEqual([slots[1], slots[0]])
    expect([...index.takeUpTo(30n)]).toEqual([])
    expect(index.earliestUs()).toBe(1n << 60n)
  })

  test('skips slots that were removed, moved, reused, or have no time', () => {
    const table = make()
    const index = new TimeIndex(table, 0)
    const { slots } = upsert(table, [[1], [2], [3], [4]])
    for (const slot of slots.subarray(0, 3)) table.setValue(slot, 0, 10n)
    index.push(slots, 4)
    table.remove(slots[0]!)
    table.setValue(slots[1]!, 0, 20n)
    index.push(slots.subarray(1, 2), 1)
    index.push(slots.subarray(2, 3), 1)
    expect([...index.takeUpTo(15n)]).toEqual([slots[2]])
    table.takeChangeLog()
    const again = upsert(table, [[5]]).slots
    table.setValue(again[0]!, 0, 99n)
    index.push(again, 1)
    expect([...index.takeUpTo(20n)]).toEqual([slots[1]])
    expect([...index.takeUpTo(1000n)]).toEqual([again[0]])
    expect(index.earliestUs()).toBeNull()
  })

  test('takes at most max at a time', () => {
    const table = make()
    const { slots } = upsert(
      table,
      Array.from({ length: 100 }, (_, i) => [i]),
    )
    slots.forEach((slot, i) => table.setValue(slot, 0, BigInt(i % 10)))
    const index = new TimeIndex(table, 0)
    const taken: number[] = []
    for (let some = index.takeUpTo(9n, 7); some.length > 0; some = index.takeUpTo(9n, 7)) {
      expect(some.length).toBeLessThanOrEqual(7)
      taken.push(...some)
    }
    expect(new Set(taken).size).toBe(100)
    expect(taken.map((s) => table.getValue(s, 0))).toEqual(
      taken.map((s) => table.getValue(s, 0) as bigint).sort((a, b) => Number(a - b)),
    )
  })

  test('agrees with sorting, over random moves, and does not grow with them', () => {
    const random = randomOf(3)
    const table = make()
    const index = new TimeIndex(table, 0)
    const times = new Map<number, bigint>()
    for (let round = 0; round < 200; round++) {
      const keys = Array.from({ length: 50 }, () => Math.floor(random() * 300))
      const { slots } = upsert(
        table,
        keys.map((k) => [k]),
      )
      slots.forEach((slot, i) => {
        const time = BigInt(round * 10 + Math.floor(random() * 500))
        table.setValue(slot, 0, time)
        times.set(keys[i]!, time)
      })
      index.push(slots, slots.length)
      expect(index.length).toBeLessThan(64 + 4 * 300 + 50)
      const bound = BigInt(round * 10)
      const due = [...times].filter(([, t]) => t <= bound).map(([k]) => k)
      const taken = index.takeUpTo(bound)
      const keysTaken = table.keyVector(0, taken)
      expect(Array.from(taken, (_, i) => keysTaken.get(i)).sort()).toEqual(due.sort())
      taken.forEach((slot) => table.remove(slot))
      for (const k of due) times.delete(k)
      if (round % 3 === 0) table.takeChangeLog()
    }
  })

  test('needs a column of int64', () => {
    const table = new HashStateTable({ name: 't', keys: [], values: [field('s', STRING)], paned: false })
    expect(() => new TimeIndex(table, 0)).toThrow(/BIGINT or TIMESTAMP/)
  })
})
