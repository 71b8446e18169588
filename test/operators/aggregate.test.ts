import { describe, expect, test } from 'vitest'
import { and } from '../expr/build.ts'
import {
  BIGINT,
  DOUBLE,
  field,
  INT,
  schemaOf,
  STRING,
  structOf,
  TIMESTAMP,
  type Field,
} from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { call, col, lit } from '../expr/build.ts'
import { aggregate, aggregates, bag, columns, Harness, pick, type Row, SEEDS, seeded, text } from './harness.ts'

const INPUT = columns(STRING, INT, BIGINT, DOUBLE)
const CALLS = [
  aggregate('count', [lit(1, INT)]),
  aggregate('count', [col(2, BIGINT)]),
  aggregate('sum', [col(2, BIGINT)]),
  aggregate('min', [col(0, STRING)]),
  aggregate('max', [col(3, DOUBLE)]),
  aggregate('avg', [col(2, BIGINT)]),
  aggregate('sum', [col(2, BIGINT)], { distinct: true }),
  aggregate('count', [col(2, BIGINT)], { distinct: true }),
  aggregate('count', [col(0, STRING), col(3, DOUBLE)], { distinct: true }),
  aggregate('count', [col(2, BIGINT)], { distinct: true, filter: call('>', col(2, BIGINT), lit(2n, BIGINT)) }),
  aggregate('count', [lit(1, INT)], { filter: call('>', col(2, BIGINT), lit(2n, BIGINT)) }),
]
const valueFields = aggregates(CALLS, []).calls.flatMap((c, i) => c.state.map((t, k) => field(`v${i}_${k}`, t)))
const outputOf = (keys: readonly Field[]) => schemaOf(...keys, ...CALLS.map((c, i) => field(`a${i}`, c.type)))

/** The aggregates of CALLS over rows, the plain way. */
function plain(rows: readonly Row[]): Value[] {
  const longs = rows.map((r) => r[2] as bigint | null).filter((v) => v !== null)
  const strings = rows
    .map((r) => r[0] as string | null)
    .filter((v) => v !== null)
    .sort()
  const doubles = rows.map((r) => r[3] as number | null).filter((v) => v !== null)
  const sum = (of: readonly bigint[]): bigint | null => (of.length === 0 ? null : of.reduce((a, b) => a + b, 0n))
  return [
    BigInt(rows.length),
    BigInt(longs.length),
    sum(longs),
    strings[0] ?? null,
    doubles.length === 0 ? null : Math.max(...doubles),
    longs.length === 0 ? null : Number(sum(longs)) / longs.length,
    sum([...new Set(longs)]),
    BigInt(new Set(longs).size),
    BigInt(new Set(rows.filter((r) => r[0] !== null && r[3] !== null).map((r) => text([r[0]!, r[3]!]))).size),
    BigInt(new Set(longs.filter((v) => v > 2n)).size),
    BigInt(longs.filter((v) => v > 2n).length),
  ]
}

function groups(rows: readonly Row[], key: (r: Row) => Row): Map<string, { readonly key: Row; readonly rows: Row[] }> {
  const out = new Map<string, { readonly key: Row; readonly rows: Row[] }>()
  for (const row of rows) {
    const k = key(row)
    const found = out.get(text(k))
    if (found) found.rows.push(row)
    else out.set(text(k), { key: k, rows: [row] })
  }
  return out
}

const randomRow = (random: () => number): Row => [
  random() < 0.15
    ? null
    : pick(random, ['', 'a', 'b', 'ß', '日本', 'a rather long key that does not fit anywhere small']),
  random() < 0.15 ? null : Math.floor(random() * 5) - 2,
  random() < 0.2 ? null : BigInt(Math.floor(random() * 8) - 2),
  random() < 0.2 ? null : Math.floor(random() * 100) / 4,
]

describe.each(SEEDS)('seed %i', (seed) => {
  test('batch: any keys, NULL a key like any other', () => {
    const random = seeded(seed)
    for (const keys of [[0, 1], [1], [0], [3, 1]]) {
      const keyFields = keys.map((k) => INPUT.fields[k]!)
      const node = {
        op: 'aggregate',
        keys,
        pane: null,
        ...aggregates(CALLS, keyFields, false, false),
        emit: 'batch',
        schema: outputOf(keyFields),
        state: { name: 'groups', keys: keyFields, values: valueFields, paned: false },
      } as const
      const rows = Array.from({ length: Math.floor(random() * 700) }, () => randomRow(random))
      const got = new Harness(node, [INPUT], random).trigger([{ rows }])
      expect(bag(got)).toEqual(
        bag([...groups(rows, (r) => keys.map((k) => r[k]!)).values()].map((g) => [...g.key, ...plain(g.rows)])),
      )
    }
  })

  test('batch: without keys there is one row, over nothing too', () => {
    const random = seeded(seed)
    const node = {
      op: 'aggregate',
      keys: [],
      pane: null,
      ...aggregates(CALLS, [], false, false),
      emit: 'batch',
      schema: outputOf([]),
      state: { name: 'groups', keys: [], values: valueFields, paned: false },
    } as const
    for (const n of [0, 1, 100]) {
      const rows = Array.from({ length: n }, () => randomRow(random))
      expect(bag(new Harness(node, [INPUT], random).trigger([{ rows }]))).toEqual(bag([plain(rows)]))
    }
  })

  test('DISTINCT: keys and no aggregates', () => {
    const random = seeded(seed)
    const keyFields = [INPUT.fields[0]!, INPUT.fields[1]!]
    const node = {
      op: 'aggregate',
      keys: [0, 1],
      pane: null,
      calls: [],
      distinct: [],
      emit: 'batch',
      schema: schemaOf(...keyFields),
      state: { name: 'groups', keys: keyFields, values: [], paned: false },
    } as const
    const rows = Array.from({ length: 300 }, () => randomRow(random))
    expect(bag(new Harness(node, [INPUT], random).trigger([{ rows }]))).toEqual(
      [...new Set(rows.map((r) => text(r.slice(0, 2))))].sort(),
    )
  })

  test('update and complete over triggers, with restarts: touched groups, or all of them', () => {
    for (const emit of ['update', 'complete'] as const) {
      const random = seeded(seed)
      const keyFields = [INPUT.fields[0]!, INPUT.fields[1]!]
      const node = {
        op: 'aggregate',
        keys: [0, 1],
        pane: null,
        ...aggregates(CALLS, keyFields),
        emit,
        schema: outputOf(keyFields),
        state: { name: 'groups', keys: keyFields, values: valueFields, paned: false },
      } as const
      const harness = new Harness(node, [INPUT], random, true)
      const all: Row[] = []
      for (let t = 0; t < 12; t++) {
        const rows = Array.from({ length: Math.floor(random() * 40) }, () => randomRow(random))
        all.push(...rows)
        const touched = groups(rows, (r) => r.slice(0, 2))
        const expected = [...groups(all, (r) => r.slice(0, 2))]
          .filter(([k]) => emit === 'complete' || touched.has(k))
          .map(([, g]) => [...g.key, ...plain(g.rows)])
        expect(bag(harness.trigger([{ rows }])), `trigger ${t}`).toEqual(bag(expected))
        if (random() < 0.4) harness.restart()
      }
    }
  })

  test.each(['append', 'update', 'complete'] as const)(
    'windows in %s mode: late groups dropped, ended ones released, restarts between',
    (emit) => {
      const random = seeded(seed * 31 + emit.length)
      const size = 10n
      const windowType = structOf([field('start', TIMESTAMP), field('end', TIMESTAMP)])
      const input = schemaOf(...INPUT.fields, field('window', windowType))
      const keyFields = [field('window', windowType), INPUT.fields[1]!]
      const node = {
        op: 'aggregate',
        keys: [4, 1],
        pane: { kind: 'window', index: 0, shape: { kind: 'fixed', sizeUs: String(size) }, expires: true },
        ...aggregates(CALLS, [INPUT.fields[1]!], true),
        emit,
        schema: outputOf(keyFields),
        state: { name: 'groups', keys: [INPUT.fields[1]!], values: valueFields, paned: true },
      } as const
      const harness = new Harness(node, [input], random, true)
      let watermark = 0n
      let late = 0n
      let held: Row[] = []
      for (let t = 0; t < 25; t++) {
        const rows = Array.from({ length: Math.floor(random() * 30) }, (): Row => {
          const start = ((BigInt(t * 6) + BigInt(Math.floor(random() * 60)) - 40n) / size) * size
          return [...randomRow(random), [start, start + size]]
        })
        const endOf = (r: Row): bigint => (r[4] as readonly bigint[])[1]!
        const dropped = emit === 'complete' ? [] : rows.filter((r) => endOf(r) <= late)
        const kept = rows.filter((r) => !dropped.includes(r))
        held.push(...kept)
        const keyOf = (r: Row): Row => [r[4]!, r[1]!]
        const now = groups(held, keyOf)
        const touched = groups(kept, keyOf)
        const ended = (g: { readonly key: Row }): boolean => (g.key[0] as readonly bigint[])[1]! <= watermark
        const wanted = [...now]
          .filter(([k, g]) => emit === 'complete' || (emit === 'update' ? touched.has(k) : ended(g)))
          .map(([, g]) => [...g.key, ...plain(g.rows)])
        expect(bag(harness.trigger([{ rows }], { watermarkUs: watermark, lateUs: late })), `trigger ${t}`).toEqual(
          bag(wanted),
        )
        // Late rows are counted by group, as Spark's progress shows them.
        expect(harness.metrics.get('numRowsDroppedByWatermark') ?? 0).toBe(groups(dropped, keyOf).size)
        if (emit !== 'complete') {
          expect(harness.metrics.get('numRowsRemoved') ?? 0).toBe([...now.values()].filter(ended).length)
          held = held.filter((r) => endOf(r) > watermark)
        }
        late = watermark
        if (random() < 0.7) watermark += BigInt(Math.floor(random() * 12))
        if (random() < 0.3) harness.restart()
      }
    },
  )

  test('the event time itself as key: it is its own end', () => {
    const random = seeded(seed)
    const input = columns(TIMESTAMP, INT)
    const keyFields = [field('c0', TIMESTAMP), field('c1', INT)]
    const { calls, distinct } = aggregates([aggregate('count', [lit(1, INT)])], [])
    const node = {
      op: 'aggregate',
      keys: [0, 1],
      pane: { kind: 'time', index: 0, shape: { kind: 'fixed', sizeUs: '0' }, expires: true },
      calls,
      distinct,
      emit: 'append',
      schema: schemaOf(...keyFields, field('n', BIGINT)),
      state: { name: 'groups', keys: keyFields, values: [field('n', calls[0]!.state[0]!)], paned: true },
    } as const
    const harness = new Harness(node, [input], random, true)
    let held: Row[] = []
    let watermark = 0n
    let late = 0n
    for (let t = 0; t < 20; t++) {
      // A NULL time is never late and never ends.
      const rows = Array.from({ length: Math.floor(random() * 20) }, (): Row => [
        random() < 0.1 ? null : BigInt(t * 3 + Math.floor(random() * 20) - 8),
        Math.floor(random() * 2),
      ])
      held.push(...rows.filter((r) => r[0] === null || (r[0] as bigint) > late))
      const ended = held.filter((r) => r[0] !== null && (r[0] as bigint) <= watermark)
      const got = harness.trigger([{ rows }], { watermarkUs: watermark, lateUs: late })
      expect(bag(got), `trigger ${t}`).toEqual(
        bag([...groups(ended, (r) => r).values()].map((g) => [...g.key, BigInt(g.rows.length)])),
      )
      held = held.filter((r) => !ended.includes(r))
      late = watermark
      watermark += BigInt(Math.floor(random() * 6))
      if (random() < 0.3) harness.restart()
    }
  })
})

test('many groups leave in pieces, each once', () => {
  const random = seeded(9)
  const keyFields = [field('c0', INT)]
  const positive = and(call('>=', col(0, INT), lit(0, INT)))
  const { calls, distinct } = aggregates([aggregate('count', [lit(1, INT)], { filter: positive })], [])
  const node = {
    op: 'aggregate',
    keys: [0],
    pane: null,
    calls,
    distinct,
    emit: 'batch',
    schema: schemaOf(...keyFields, field('n', BIGINT)),
    state: { name: 'groups', keys: keyFields, values: [field('n', calls[0]!.state[0]!)], paned: false },
  } as const
  const rows = Array.from({ length: 30_000 }, (_, i): Row => [i % 20_000])
  const got = new Harness(node, [columns(INT)], random).trigger([{ rows }])
  expect(got.length).toBe(20_000)
  expect(new Set(got.map((r) => r[0])).size).toBe(20_000)
  expect(got.every((r) => r[1] === ((r[0] as number) < 10_000 ? 2n : 1n))).toBe(true)
})
