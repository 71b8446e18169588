import { describe, expect, test } from 'vitest'
import { col } from '../expr/build.ts'
import { field, INT, schemaOf, structOf, TIMESTAMP } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { bag, columns, Harness, pick, type Row, SEEDS, seeded } from './harness.ts'

const INPUT = columns(TIMESTAMP, INT)
const OUTPUT = schemaOf(
  ...INPUT.fields,
  field('window', structOf([field('start', TIMESTAMP), field('end', TIMESTAMP)])),
)

/** Every window [start, start + size) with start = offset + k·slide that holds t, tried one by one. */
function windowsOf(t: bigint, size: bigint, slide: bigint, offset: bigint): Value[] {
  const out: Value[] = []
  const floor = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n)
  for (let k = floor(t - size - offset, slide) - 1n; k <= floor(t - offset, slide) + 1n; k++) {
    const start = offset + k * slide
    if (start <= t && t < start + size) out.push([start, start + size])
  }
  return out
}

const node = (sizeUs: bigint, slideUs: bigint, startUs: bigint, keepsOrder = false) =>
  ({
    op: 'window',
    time: col(0, TIMESTAMP),
    sizeUs: String(sizeUs),
    slideUs: String(slideUs),
    startUs: String(startUs),
    keepsOrder,
    schema: OUTPUT,
  }) as const

const first = (row: Row): bigint => (row[2] as readonly bigint[])[0]!
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

const HUGE = [
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 53n - 2n ** 32n,
  2n ** 53n - 2n ** 32n - 1n,
  2n ** 62n,
  -(2n ** 53n),
  -(2n ** 53n) - 1n,
  -(2n ** 62n),
  253_402_300_799_999_999n,
  -62_135_596_800_000_000n,
]

describe.each(SEEDS)('seed %i', (seed) => {
  test('tumbling and sliding windows, with an offset, before and after the epoch, to the ends of time', () => {
    const random = seeded(seed)
    for (let round = 0; round < 25; round++) {
      const unit = pick(random, [1n, 7n, 1000n, 1_000_000n, 3_600_000_000n])
      const size = unit * BigInt(1 + Math.floor(random() * 20))
      const slide = random() < 0.4 ? size : unit * BigInt(1 + Math.floor(random() * Number(size / unit)))
      const offset = random() < 0.5 ? 0n : (unit * BigInt(Math.floor(random() * 2000) - 1000)) / 7n
      const near = (): bigint => BigInt(Math.floor((random() - 0.5) * 200)) * (unit / 3n + 1n)
      const rows = Array.from({ length: 60 }, (_, i): Row => {
        const kind = random()
        if (kind < 0.1) return [null, i]
        if (kind < 0.2) return [pick(random, HUGE) + BigInt(Math.floor(random() * 5)), i]
        // On a boundary, one before it, one after it.
        if (kind < 0.5)
          return [offset + slide * BigInt(Math.floor((random() - 0.5) * 40)) + BigInt(Math.floor(random() * 3) - 1), i]
        if (kind < 0.7) return [1_767_225_600_000_000n + near(), i]
        return [near(), i]
      })
      const expected = rows.flatMap((r) =>
        r[0] === null ? [] : windowsOf(r[0] as bigint, size, slide, offset).map((w): Row => [...r, w]),
      )
      const got = new Harness(node(size, slide, offset), [INPUT], random).trigger([{ rows }])
      expect(bag(got), `size ${size} slide ${slide} offset ${offset}`).toEqual(bag(expected))
      // The stable sort by window leaves the rows of each as they came.
      const byWindow = (all: readonly Row[]): Row[] => all.toSorted((a, b) => compare(first(a), first(b)))
      const inOrder = new Harness(node(size, slide, offset, true), [INPUT], random).trigger([{ rows }])
      expect(byWindow(inOrder)).toEqual(byWindow(expected))
    }
  })
})

test('just below the times that are no longer exact as doubles, each microsecond falls into its window', () => {
  const random = seeded(3)
  for (const slide of [1n, 3n, 1000n, 999_983n, 86_400_000_000n]) {
    const top = 2n ** 53n - 2n ** 32n
    const edge = (top / slide) * slide
    const rows = [-2n, -1n, 0n, 1n, slide - 1n].flatMap(
      (d) =>
        [
          [edge + d - slide, 0],
          [-(edge + d), 1],
        ] satisfies Row[],
    )
    const expected = rows.flatMap((r) => windowsOf(r[0] as bigint, slide, slide, 0n).map((w): Row => [...r, w]))
    expect(bag(new Harness(node(slide, slide, 0n), [INPUT], random).trigger([{ rows }])), String(slide)).toEqual(
      bag(expected),
    )
  }
})

describe('windows of other shapes, beyond the times that are exact as doubles', () => {
  const floor = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n)

  test('growing windows: every step up to the size', () => {
    const random = seeded(9)
    for (const [size, step, offset] of [
      [20n, 5n, 0n],
      [12n, 12n, 7n],
      [9n, 1n, -4n],
      [86_400_000_000n, 21_600_000_000n, 3_600_000_000n],
    ] as const) {
      const rows = Array.from({ length: 80 }, (_, i): Row => {
        if (i % 13 === 5) return [null, i]
        if (i % 7 === 0) return [pick(random, HUGE) / 2n + BigInt(i), i]
        return [BigInt(Math.floor((random() - 0.5) * 200)) * step + BigInt(i % 3) - 1n, i]
      })
      const expected = rows.flatMap((r): Row[] => {
        if (r[0] === null) return []
        const t = r[0] as bigint
        const start = floor(t - offset, size) * size + offset
        return Array.from({ length: Number(size / step) }, (_, k) => start + step * BigInt(k + 1))
          .filter((end) => t < end)
          .map((end): Row => [...r, [start, end]])
      })
      const grow = {
        op: 'cumulate-window',
        time: col(0, TIMESTAMP),
        sizeUs: String(size),
        stepUs: String(step),
        startUs: String(offset),
        schema: OUTPUT,
      } as const
      expect(bag(new Harness(grow, [INPUT], random).trigger([{ rows }]))).toEqual(bag(expected))
    }
  })

  test('days of the calendar, half an hour from UTC', () => {
    const random = seeded(10)
    const [day, shift] = [86_400_000_000n, 19_800_000_000n]
    const near = [0n, day, 104_249n * day, 104_250n * day, -719_162n * day, 2_932_896n * day]
    const rows = near.flatMap((d) => [-1n, 0n, 1n, day / 2n].map((x, i): Row => [d - shift + x, i]))
    const expected = rows.map((r): Row => {
      const start = floor((r[0] as bigint) + shift, day) * day - shift
      return [...r, [start, start + day]]
    })
    const days = {
      op: 'calendar-window',
      time: col(0, TIMESTAMP),
      calendar: { unit: 'day', count: 1, zone: '+05:30', weekStart: 0 },
      schema: OUTPUT,
    } as const
    expect(bag(new Harness(days, [INPUT], random).trigger([{ rows: [...rows, [null, 0]] }]))).toEqual(bag(expected))
  })
})
