import { describe, expect, test } from 'vitest'
import { call, col, lit } from '../expr/build.ts'
import type { Watermark } from '../../src/operators/watermark.ts'
import { INT, schemaOf, STRING, TIMESTAMP } from '../../src/types/data-type.ts'
import { bag, columns, Harness, type Row, SEEDS, seeded, text } from './harness.ts'

const INPUT = columns(STRING, TIMESTAMP)

describe.each(SEEDS)('seed %i', (seed) => {
  test('Watermark passes every row on and notes the ends of the event times of each trigger', () => {
    const random = seeded(seed)
    const harness = new Harness(
      { op: 'watermark', column: 1, delayUs: '10', stream: 'w', schema: INPUT },
      [INPUT],
      random,
    )
    for (let t = 0; t < 20; t++) {
      const wide = random() < 0.2
      const rows = Array.from({ length: Math.floor(random() * 50) }, (_, i): Row => [
        `r${i}`,
        random() < 0.2
          ? null
          : wide
            ? BigInt(Math.floor((random() - 0.5) * 2 ** 40)) * 2n ** 22n
            : BigInt(Math.floor((random() - 0.5) * 1e12)),
      ])
      expect(harness.trigger([{ rows }]).map(text)).toEqual(rows.map(text))
      const times = rows.map((r) => r[1] as bigint | null).filter((v) => v !== null)
      const stats = (harness.operator as Watermark).takeStats()
      if (times.length === 0) expect(stats).toBeNull()
      else {
        expect(stats!.maxUs).toBe(times.reduce((a, b) => (a > b ? a : b)))
        expect(stats!.minUs).toBe(times.reduce((a, b) => (a < b ? a : b)))
        expect(stats!.meanUs >= stats!.minUs - 2048n && stats!.meanUs <= stats!.maxUs + 2048n).toBe(true)
      }
      expect((harness.operator as Watermark).takeStats()).toBeNull()
    }
  })

  test('Watermark follows the partition that is behind, of the source that is ahead', () => {
    const spec = { op: 'watermark', column: 1, delayUs: '10', stream: 'w', schema: INPUT } as const
    const harness = new Harness(spec, [INPUT], seeded(seed))
    const operator = harness.operator as Watermark
    const at = (source: string, partition: string, ...times: readonly (bigint | null)[]): void => {
      operator.comesFrom(source, partition)
      harness.trigger([{ rows: times.map((t): Row => ['r', t]) }])
    }
    at('a', '0', 100n, 40n)
    at('a', '1', 70n, null)
    at('a', '0', 90n)
    at('a', '2', null)
    at('b', '', 60n, 50n)
    expect(operator.takeStats()).toMatchObject({ reachedUs: 70n, maxUs: 100n, minUs: 40n })
    // What a partition has reached stays, one without event times now holds nothing back.
    at('a', '0', 80n)
    at('b', '', 85n)
    expect(operator.takeStats()).toMatchObject({ reachedUs: 100n, maxUs: 85n })
    at('a', '1', 75n)
    at('a', '0', 80n)
    expect(operator.takeStats()).toMatchObject({ reachedUs: 75n })
    expect(operator.reached).toEqual({ a: { 0: 100n, 1: 75n } })

    const again = new Harness(spec, [INPUT], seeded(seed)).operator as Watermark
    again.restore(operator.reached)
    expect(again.reached).toEqual(operator.reached)
  })

  test('Fused filters by its condition alone: NULL is not true', () => {
    const random = seeded(seed)
    const input = columns(INT, INT)
    const filter = call('>', col(0, INT), col(1, INT))
    const items = [col(1, INT), call('+', col(0, INT), lit(1, INT))]
    const rows = Array.from({ length: 300 }, (): Row => [
      random() < 0.2 ? null : Math.floor(random() * 9),
      random() < 0.2 ? null : Math.floor(random() * 9),
    ])
    const passing = rows.filter((r) => r[0] !== null && r[1] !== null && (r[0] as number) > (r[1] as number))
    const schema = columns(INT, INT)
    expect(new Harness({ op: 'fused', filter, items, schema }, [input], random).trigger([{ rows }]).map(text)).toEqual(
      passing.map((r) => text([r[1]!, (r[0] as number) + 1])),
    )
    expect(
      new Harness({ op: 'fused', filter, items: null, schema }, [input], random).trigger([{ rows }]).map(text),
    ).toEqual(passing.map(text))
    expect(
      new Harness({ op: 'fused', filter: null, items: null, schema }, [input], random).trigger([{ rows }]).map(text),
    ).toEqual(rows.map(text))
  })

  test('Expand gives every row once a projection; Union the rows of every side', () => {
    const random = seeded(seed)
    const input = columns(INT, STRING)
    const rows = Array.from({ length: 100 }, (_, i): Row => [i % 7, random() < 0.3 ? null : `s${i % 5}`])
    const projections = [
      [col(0, INT), col(1, STRING), lit(0, INT)],
      [col(0, INT), lit(null, STRING), lit(1, INT)],
    ]
    const schema = schemaOf(...input.fields, columns(INT, INT, INT).fields[2]!)
    const got = new Harness({ op: 'expand', projections, schema }, [input], random).trigger([{ rows }])
    expect(bag(got)).toEqual(
      bag(
        rows.flatMap((r): Row[] => [
          [...r, 0],
          [r[0]!, null, 1],
        ]),
      ),
    )
    const union = new Harness({ op: 'union', schema: input }, [input, input, input], random)
    expect(
      bag(
        union.trigger([
          { port: 2, rows },
          { port: 0, rows: rows.slice(50) },
          { port: 1, rows },
        ]),
      ),
    ).toEqual(bag([...rows, ...rows.slice(50), ...rows]))
  })
})
