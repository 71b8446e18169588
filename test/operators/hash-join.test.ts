import { describe, expect, test } from 'vitest'
import { call, col } from '../expr/build.ts'
import type { JoinNode } from '../../src/planner/spec.ts'
import { BIGINT, INT, type Schema, schemaOf, STRING } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { bag, columns, Harness, pick, type Row, SEEDS, seeded, text } from './harness.ts'

const LEFT = columns(INT, STRING, BIGINT)
const RIGHT = columns(INT, STRING, BIGINT)
const TYPES = ['inner', 'left', 'right', 'full', 'semi', 'anti', 'cross'] as const
type JoinType = JoinNode['type']

/** left c2 > right c2: NULL is not true. */
const RESIDUAL = call('>', col(2, BIGINT), col(5, BIGINT))
const residual = (l: Row, r: Row): boolean => l[2] !== null && r[2] !== null && (l[2] as bigint) > (r[2] as bigint)

const outputOf = (type: JoinType): Schema =>
  type === 'semi' || type === 'anti' ? LEFT : schemaOf(...LEFT.fields, ...RIGHT.fields)

/** The join by two nested loops. */
function nested(
  type: JoinType,
  left: readonly Row[],
  right: readonly Row[],
  matches: (l: Row, r: Row) => boolean,
): Row[] {
  const out: Row[] = []
  const nulls: Value[] = [null, null, null]
  const matchedRight = new Set<Row>()
  for (const l of left) {
    const found = right.filter((r) => matches(l, r))
    for (const r of found) matchedRight.add(r)
    if (type === 'semi') out.push(...(found.length > 0 ? [l] : []))
    else if (type === 'anti') out.push(...(found.length === 0 ? [l] : []))
    else {
      for (const r of found) out.push([...l, ...r])
      if (found.length === 0 && (type === 'left' || type === 'full')) out.push([...l, ...nulls])
    }
  }
  if (type === 'right' || type === 'full') for (const r of right) if (!matchedRight.has(r)) out.push([...nulls, ...r])
  return out
}

const randomRow = (random: () => number): Row => [
  random() < 0.2 ? null : Math.floor(random() * 6),
  random() < 0.2 ? null : pick(random, ['x', 'y', 'some longer key of text']),
  random() < 0.2 ? null : BigInt(Math.floor(random() * 5)),
]
const some = (random: () => number, most: number): Row[] =>
  Array.from({ length: random() < 0.15 ? 0 : Math.floor(random() * most) }, () => randomRow(random))

describe.each(TYPES)('%s', (type) => {
  describe.each(SEEDS)('seed %i', (seed) => {
    test.each([
      ['one key', [0], [false]],
      ['two keys', [0, 1], [false, false]],
      ['a NULL-safe key', [1], [true]],
      ['a plain and a NULL-safe key', [0, 1], [false, true]],
      ['no key', [], []],
    ] as const)('%s', (_, keys, nullSafe) => {
      const random = seeded(seed * 7 + keys.length)
      for (const withResidual of [false, true]) {
        const node = {
          op: 'join',
          type,
          leftKeys: keys,
          rightKeys: keys,
          nullSafe,
          residual: withResidual ? RESIDUAL : null,
          schema: outputOf(type),
        } as const
        const left = some(random, 120)
        const right = some(random, 60)
        const matches = (l: Row, r: Row): boolean =>
          keys.every((k, i) =>
            l[k] === null || r[k] === null ? nullSafe[i] === true && l[k] === r[k] : l[k] === r[k],
          ) &&
          (!withResidual || residual(l, r))
        const got = new Harness(node, [LEFT, RIGHT], random).trigger([
          { port: 1, rows: right },
          { port: 0, rows: left },
        ])
        expect(bag(got)).toEqual(bag(nested(type, left, right, matches)))
      }
    })
  })
})

describe.each(SEEDS)('NOT IN, seed %i', (seed) => {
  test.each([true, false])('with NULL among the values of the table: %s', (holed) => {
    const random = seeded(seed * 11)
    const node = {
      op: 'join',
      type: 'anti',
      leftKeys: [0],
      rightKeys: [0],
      nullSafe: [false],
      nullAware: true,
      residual: null,
      schema: LEFT,
    } as const
    const left = some(random, 60)
    const right = some(random, 6).filter((r) => holed || r[0] !== null)
    // A comparison with NULL is unknown, and NOT IN then gives no row.
    const matches = (l: Row, r: Row): boolean => l[0] === null || r[0] === null || l[0] === r[0]
    const got = new Harness(node, [LEFT, RIGHT], random).trigger([
      { port: 1, rows: right },
      { port: 0, rows: left },
    ])
    expect(bag(got)).toEqual(bag(nested('anti', left, right, matches)))
  })
})

test('a static build side serves every trigger; the probe side keeps its order', () => {
  const random = seeded(5)
  const node = {
    op: 'join',
    type: 'left',
    leftKeys: [0],
    rightKeys: [0],
    nullSafe: [false],
    residual: null,
    schema: outputOf('left'),
  } as const
  const harness = new Harness(node, [LEFT, RIGHT], random)
  const right = some(random, 60)
  harness.trigger([{ port: 1, rows: right }])
  for (let t = 0; t < 5; t++) {
    const left = some(random, 60)
    const got = harness.trigger([{ port: 0, rows: left }])
    expect(bag(got)).toEqual(bag(nested('left', left, right, (l, r) => l[0] !== null && l[0] === r[0])))
  }
  const inner = new Harness({ ...node, type: 'inner' }, [LEFT, RIGHT], random)
  const left = Array.from({ length: 200 }, (_, i): Row => [i % 4, 'x', BigInt(i)])
  const table = Array.from({ length: 8 }, (_, i): Row => [i % 4, 'y', BigInt(i)])
  const got = inner.trigger([
    { port: 1, rows: table },
    { port: 0, rows: left },
  ])
  expect(got.map(text)).toEqual(nested('inner', left, table, (l, r) => l[0] === r[0]).map(text))
})

test('one probe row may have more matches than fit a batch', () => {
  const random = seeded(6)
  const right = Array.from({ length: 20_000 }, (_, i): Row => [1, 'r', BigInt(i)])
  const node = {
    op: 'join',
    type: 'full',
    leftKeys: [0],
    rightKeys: [0],
    nullSafe: [false],
    residual: null,
    schema: outputOf('full'),
  } as const
  const got = new Harness(node, [LEFT, RIGHT], random).trigger([
    { port: 1, rows: right },
    {
      port: 0,
      rows: [
        [1, 'l', 0n],
        [2, 'l', 0n],
      ],
    },
  ])
  expect(got.length).toBe(20_001)
  expect(new Set(got.map((r) => r[5])).size).toBe(20_001)
})
