import { expect, test } from 'vitest'
import type { Expr } from '../../src/expr/bound.ts'
import type { OverBoundSpec, OverCallSpec, OverFrameSpec } from '../../src/planner/spec.ts'
import { arrayOf, BIGINT, type DataType, DOUBLE, field, INT, schemaOf } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { call, col, lit } from '../expr/build.ts'
import { columns, Harness, pick, type Row, seeded, SEEDS, text } from './harness.ts'

// Columns: partition, order, value, and the position in the input.
const INPUT = columns(INT, INT, INT, INT)
const [PART, ORDER, VALUE] = [col(0, INT), col(1, INT), col(2, INT)]

type Bound = number | 'unbounded' | 'current'
interface Frame {
  readonly unit: 'rows' | 'range'
  readonly start: Bound
  readonly end: Bound
}
interface Direction {
  readonly descending: boolean
  readonly nullsFirst: boolean
}
type Num = number | null

const num = (row: Row, c: number): Num => row[c] as Num

const byNumber = (a: Num, b: Num, { descending, nullsFirst }: Direction): number => {
  if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1
  return descending ? b - a : a - b
}

/** The rows of the frame of row `i` of a sorted partition, by the words of the definition. */
function frameOf(rows: readonly Row[], i: number, f: Frame, d: Direction): Row[] {
  const key = num(rows[i]!, 1)
  const moved = (n: number): Num => (key === null ? null : d.descending ? key - n : key + n)
  return rows.filter((row, j) => {
    const after = (b: Bound): boolean => {
      if (b === 'unbounded') return true
      if (f.unit === 'rows') return j >= i + (b === 'current' ? 0 : b)
      return byNumber(num(row, 1), b === 'current' ? key : moved(b), d) >= 0
    }
    const before = (b: Bound): boolean => {
      if (b === 'unbounded') return true
      if (f.unit === 'rows') return j <= i + (b === 'current' ? 0 : b)
      return byNumber(num(row, 1), b === 'current' ? key : moved(b), d) <= 0
    }
    return after(f.start) && before(f.end)
  })
}

function specOf(f: Frame, d: Direction): OverFrameSpec {
  const bound = (b: Bound): OverBoundSpec => {
    if (typeof b === 'string') return { kind: b }
    if (f.unit === 'rows') return { kind: 'rows', shift: b }
    return { kind: 'range', at: call(d.descending ? '-' : '+', ORDER, lit(b, INT)), key: ORDER }
  }
  return { unit: f.unit, start: bound(f.start), end: bound(f.end) }
}

interface Case {
  readonly fn: string
  readonly args: readonly Expr[]
  readonly type: DataType
  readonly constant?: number
  readonly ignoreNulls?: boolean
  readonly filter?: Expr
  /** What it should give for row `i` of a partition, whose frame is `frame`. */
  readonly model: (rows: readonly Row[], i: number, frame: readonly Row[], d: Direction) => Value
}

const values = (rows: readonly Row[]): number[] => rows.flatMap((r) => (r[2] === null ? [] : [num(r, 2)!]))
const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
const peers = (rows: readonly Row[], i: number): Row[] => rows.filter((r) => r[1] === rows[i]![1])

function shifted(rows: readonly Row[], i: number, shift: number, ignoreNulls: boolean): Value {
  if (!ignoreNulls) return i + shift in rows ? num(rows[i + shift]!, 2) : -99
  const side = shift < 0 ? rows.slice(0, i).reverse() : rows.slice(i + 1)
  return values(side)[Math.abs(shift) - 1] ?? -99
}

const CASES: readonly Case[] = [
  { fn: 'row_number', args: [], type: INT, model: (_, i) => i + 1 },
  { fn: 'rank', args: [], type: INT, model: (rows, i) => 1 + rows.indexOf(peers(rows, i)[0]!) },
  {
    fn: 'dense_rank',
    args: [],
    type: INT,
    model: (rows, i) => new Set(rows.slice(0, i + 1).map((r) => r[1])).size,
  },
  {
    fn: 'percent_rank',
    args: [],
    type: DOUBLE,
    model: (rows, i) => (rows.length === 1 ? 0 : rows.indexOf(peers(rows, i)[0]!) / (rows.length - 1)),
  },
  {
    fn: 'cume_dist',
    args: [],
    type: DOUBLE,
    model: (rows, i) => (rows.indexOf(peers(rows, i).at(-1)!) + 1) / rows.length,
  },
  {
    fn: 'ntile',
    args: [lit(3, INT)],
    constant: 3,
    type: INT,
    model: (rows, i) => {
      const sizes = [0, 1, 2].map((b) => Math.floor(rows.length / 3) + (b < rows.length % 3 ? 1 : 0))
      return i < sizes[0]! ? 1 : i < sizes[0]! + sizes[1]! ? 2 : 3
    },
  },
  ...[false, true].flatMap((ignoreNulls): Case[] => [
    {
      fn: 'lag',
      args: [VALUE, lit(2, INT), lit(-99, INT)],
      constant: 2,
      ignoreNulls,
      type: INT,
      model: (rows, i) => shifted(rows, i, -2, ignoreNulls),
    },
    {
      fn: 'lead',
      args: [VALUE, lit(1, INT), lit(-99, INT)],
      constant: 1,
      ignoreNulls,
      type: INT,
      model: (rows, i) => shifted(rows, i, 1, ignoreNulls),
    },
    {
      fn: 'nth_value',
      args: [VALUE, lit(2, INT)],
      constant: 2,
      ignoreNulls,
      type: INT,
      model: (_, _i, frame) => (ignoreNulls ? values(frame)[1] : (frame[1]?.[2] as Num | undefined)) ?? null,
    },
  ]),
  {
    fn: 'sum',
    args: [VALUE],
    type: BIGINT,
    model: (_, _i, frame) => (values(frame).length === 0 ? null : BigInt(total(values(frame)))),
  },
  { fn: 'count', args: [VALUE], type: BIGINT, model: (_, _i, frame) => BigInt(values(frame).length) },
  {
    fn: 'count',
    args: [VALUE],
    filter: call('>', VALUE, lit(3, INT)),
    type: BIGINT,
    model: (_, _i, frame) => BigInt(values(frame).filter((v) => v > 3).length),
  },
  {
    fn: 'avg',
    args: [VALUE],
    type: DOUBLE,
    model: (_, _i, frame) => (values(frame).length === 0 ? null : total(values(frame)) / values(frame).length),
  },
  {
    fn: 'max',
    args: [VALUE],
    type: INT,
    model: (_, _i, frame) => (values(frame).length === 0 ? null : Math.max(...values(frame))),
  },
  { fn: 'first', args: [VALUE], type: INT, model: (_, _i, frame) => frame[0]?.[2] ?? null },
  { fn: 'last', args: [VALUE], type: INT, model: (_, _i, frame) => frame.at(-1)?.[2] ?? null },
  { fn: 'collect_list', args: [VALUE], type: arrayOf(INT, false), model: (_, _i, frame) => values(frame) },
]

function randomFrame(random: () => number): Frame {
  const unit = pick(random, ['rows', 'range'] as const)
  const offset = (): number => Math.floor(random() * 7) - 3
  const start = pick(random, ['unbounded', 'current', offset()] as Bound[])
  const end = pick(random, ['unbounded', 'current', offset()] as Bound[])
  return { unit, start, end }
}

test.each(SEEDS)('every function over random frames is as its definition says (seed %i)', (seed) => {
  const random = seeded(seed)
  for (let round = 0; round < 12; round++) {
    const n = Math.floor(random() * (random() < 0.3 ? 300 : 30))
    const some = (limit: number): Num => (random() < 0.15 ? null : Math.floor(random() * limit))
    const rows: Row[] = Array.from({ length: n }, (_, i) => [some(3), some(12), some(10), i])
    const d: Direction = { descending: random() < 0.5, nullsFirst: random() < 0.5 }
    const frames = CASES.map(() => randomFrame(random))
    const calls = CASES.map((c, k): OverCallSpec => ({
      fn: c.fn,
      args: c.args,
      filter: c.filter ?? null,
      type: c.type,
      ignoreNulls: c.ignoreNulls ?? false,
      constant: c.constant ?? null,
      frame: specOf(frames[k]!, d),
    }))
    const schema = schemaOf(...INPUT.fields, ...CASES.map((c, k) => field(`r${k}`, c.type)))
    const harness = new Harness(
      { op: 'over', schema, partitionBy: [PART], orderBy: [{ expr: ORDER, ...d }], calls },
      [INPUT],
      random,
    )
    const got = harness.trigger([{ rows }])

    const want: Row[] = []
    for (const part of [null, 0, 1, 2]) {
      const own = rows.filter((r) => r[0] === part)
      own.sort((a, b) => byNumber(num(a, 1), num(b, 1), d) || num(a, 3)! - num(b, 3)!)
      own.forEach((row, i) =>
        want.push([...row, ...CASES.map((c, k) => c.model(own, i, frameOf(own, i, frames[k]!, d), d))]),
      )
    }
    expect(got.map(text)).toEqual(want.map(text))
  }
})

test('without PARTITION BY and ORDER BY all rows are one partition in the order they came', () => {
  const schema = schemaOf(...INPUT.fields, field('n', INT), field('s', BIGINT))
  const whole: OverFrameSpec = { unit: 'rows', start: { kind: 'unbounded' }, end: { kind: 'unbounded' } }
  const of = (fn: string, args: readonly Expr[], type: DataType): OverCallSpec => ({
    fn,
    args,
    filter: null,
    type,
    ignoreNulls: false,
    constant: null,
    frame: whole,
  })
  const calls = [of('row_number', [], INT), of('sum', [VALUE], BIGINT)]
  const harness = new Harness({ op: 'over', schema, partitionBy: [], orderBy: [], calls }, [INPUT], seeded(1))
  const got = harness.trigger([
    { rows: [[2, 1, 5, 0]] },
    {
      rows: [
        [1, 1, null, 1],
        [null, null, 6, 2],
      ],
    },
  ])
  expect(got).toEqual([
    [2, 1, 5, 0, 1, 11n],
    [1, 1, null, 1, 2, 11n],
    [null, null, 6, 2, 3, 11n],
  ])
})
