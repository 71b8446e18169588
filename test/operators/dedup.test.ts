import { describe, expect, test } from 'vitest'
import { field, INT, STRING, TIMESTAMP } from '../../src/types/data-type.ts'
import { columns, Harness, pick, type Row, SEEDS, seeded, text } from './harness.ts'

const INPUT = columns(TIMESTAMP, STRING, INT)
const randomRow = (random: () => number, t: number): Row => [
  random() < 0.05 ? null : BigInt(t * 3 + Math.floor(random() * 24) - 14),
  random() < 0.15 ? null : pick(random, ['a', 'b', 'ab', '']),
  Math.floor(random() * 1000),
]

describe.each(SEEDS)('seed %i', (seed) => {
  test('for ever: the first row of each key, NULL a key like any other', () => {
    const random = seeded(seed)
    const state = { name: 'seen', keys: [field('c1', STRING)], values: [], paned: false }
    const harness = new Harness(
      { op: 'dedup', keys: [1], time: null, expiry: 'never', delayUs: '0', schema: INPUT, state },
      [INPUT],
      random,
      true,
    )
    const seen = new Set<string>()
    for (let t = 0; t < 15; t++) {
      const rows = Array.from({ length: Math.floor(random() * 20) }, () => randomRow(random, t))
      const expected = rows.filter((r) => !seen.has(text([r[1]!])) && seen.add(text([r[1]!])))
      expect(harness.trigger([{ rows }]).map(text), `trigger ${t}`).toEqual(expected.map(text))
      expect(harness.metrics.get('numDroppedDuplicateRows') ?? 0).toBe(rows.length - expected.length)
      if (random() < 0.4) harness.restart()
    }
  })

  test('with the event time among the keys: until the watermark has reached it', () => {
    const random = seeded(seed)
    const state = { name: 'seen', keys: [field('c1', STRING), field('c0', TIMESTAMP)], values: [], paned: true }
    const harness = new Harness(
      {
        op: 'dedup',
        keys: [1, 0],
        time: { column: 0, kind: 'time' },
        expiry: 'time-key',
        delayUs: '0',
        schema: INPUT,
        state,
      },
      [INPUT],
      random,
      true,
    )
    let seen = new Map<string, bigint | null>()
    let watermark = 0n
    let late = 0n
    for (let t = 0; t < 30; t++) {
      const rows = Array.from({ length: Math.floor(random() * 25) }, () => randomRow(random, t))
      const expected: Row[] = []
      let dropped = 0
      for (const r of rows) {
        const at = r[0] as bigint | null
        if (at !== null && at <= late) {
          dropped++
          continue
        }
        const key = text([r[1]!, at])
        if (seen.has(key)) continue
        seen.set(key, at)
        expected.push(r)
      }
      expect(harness.trigger([{ rows }], { watermarkUs: watermark, lateUs: late }).map(text), `trigger ${t}`).toEqual(
        expected.map(text),
      )
      expect(harness.metrics.get('numRowsDroppedByWatermark') ?? 0).toBe(dropped)
      const kept = new Map([...seen].filter(([, at]) => at === null || at > watermark))
      expect(harness.metrics.get('numRowsRemoved') ?? 0).toBe(seen.size - kept.size)
      seen = kept
      late = watermark
      if (random() < 0.7) watermark += BigInt(Math.floor(random() * 8))
      if (random() < 0.3) harness.restart()
    }
  })

  test('within the watermark: until it reaches the first event time and the delay', () => {
    const random = seeded(seed)
    const delay = 7n
    const state = { name: 'seen', keys: [field('c1', STRING)], values: [field('expiresAt', TIMESTAMP)], paned: false }
    const harness = new Harness(
      {
        op: 'dedup',
        keys: [1],
        time: { column: 0, kind: 'time' },
        expiry: 'within-watermark',
        delayUs: String(delay),
        schema: INPUT,
        state,
      },
      [INPUT],
      random,
      true,
    )
    let seen = new Map<string, bigint>()
    let watermark = 0n
    let late = 0n
    for (let t = 0; t < 30; t++) {
      const rows = Array.from({ length: Math.floor(random() * 6) }, () => randomRow(random, t)).filter(
        (r) => r[0] !== null,
      )
      const expected: Row[] = []
      for (const r of rows) {
        const at = r[0] as bigint
        const key = text([r[1]!])
        if (at <= late || seen.has(key)) continue
        seen.set(key, at + delay)
        expected.push(r)
      }
      expect(harness.trigger([{ rows }], { watermarkUs: watermark, lateUs: late }).map(text), `trigger ${t}`).toEqual(
        expected.map(text),
      )
      seen = new Map([...seen].filter(([, until]) => until > watermark))
      late = watermark
      if (random() < 0.7) watermark += BigInt(Math.floor(random() * 8))
      if (random() < 0.3) harness.restart()
    }
  })
})
