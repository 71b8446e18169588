import { describe, expect, test } from 'vitest'
import type { NodeSpec } from '../../src/planner/spec.ts'
import type { Visits } from '../../src/state/visits.ts'
import { BIGINT, BOOLEAN, field, INT, schemaOf, STRING, structOf, TIMESTAMP } from '../../src/types/data-type.ts'
import { call, col, lit } from '../expr/build.ts'
import { aggregate, aggregates, columns, Harness, type Row, seeded, type Times } from './harness.ts'

/** Keys, rows or sessions held, and how many of them a trigger changes or lets expire. */
const FEW = 1_000
const MANY = 100_000
const K = 100

const NEVER: Times = { watermarkUs: 0n, lateUs: 0n }
/** Of item i; far apart, so that sessions of one key do not touch. */
const timeOf = (i: number): bigint => BigInt(1000 * (i + 1))
const upTo = (i: number): Times => ({ watermarkUs: timeOf(i) + 500n, lateUs: 0n })

interface Case {
  readonly make: () => Harness
  /** What brings item i in, by port. */
  readonly row: (i: number) => Row
  readonly ports?: readonly number[]
}

/** Brings in `n` items. */
function loaded({ make, row, ports = [0] }: Case, n: number): Harness {
  const harness = make()
  // Snapshots are bounded by their budget, see below.
  harness.snapshotBytes = 0
  for (let from = 0; from < n; from += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, n - from) }, (_, i) => row(from + i))
    harness.trigger(
      ports.map((port) => ({ port, rows })),
      NEVER,
    )
  }
  return harness
}

/** What `step` visits after `n` items came. */
function cost(given: Case, n: number, step: (h: Harness) => void): Visits {
  const harness = loaded(given, n)
  const before = harness.visits()
  step(harness)
  const after = harness.visits()
  return {
    slots: after.slots - before.slots,
    bytes: after.bytes - before.bytes,
    moved: after.moved - before.moved,
  }
}

function sameCost(given: Case, step: (h: Harness, n: number) => void, most: number): void {
  const few = cost(given, FEW, (h) => step(h, FEW))
  const many = cost(given, MANY, (h) => step(h, MANY))
  expect(few.slots).toBeGreaterThan(0)
  // A heap is log2(100) = 7 levels higher, a search takes as many steps more.
  expect(many.slots).toBeLessThanOrEqual(few.slots * 1.2 + 64 + 8 * K)
  expect(many.slots).toBeLessThanOrEqual(most * K)
  // Larger numbers take more bytes in a log.
  expect(many.bytes).toBeLessThanOrEqual(few.bytes * 1.2 + 6 * K)
  expect(many.moved).toBeLessThanOrEqual(K * 64)
}

/** K rows of items spread over those held. */
const spread = ({ row, ports = [0] }: Case, n: number) =>
  ports.map((port) => ({ port, rows: Array.from({ length: K }, (_, i) => row(i * Math.floor(n / K))) }))

const random = seeded(7)
const EVENT = columns(TIMESTAMP, INT)
const count = (keys: readonly ReturnType<typeof field>[], paned: boolean) =>
  aggregates([aggregate('count', [lit(1, INT)])], keys, paned)
const eventRow = (i: number): Row => [timeOf(i), i]
const stateful = (node: ConstructorParameters<typeof Harness>[0], inputs = [EVENT]): Harness =>
  new Harness(node, inputs, random, true)

const byKey: Case = {
  row: eventRow,
  make: () =>
    stateful({
      op: 'aggregate',
      keys: [1],
      pane: null,
      ...count([field('c1', INT)], false),
      emit: 'update',
      schema: schemaOf(field('c1', INT), field('n', BIGINT)),
      state: { name: 'groups', keys: [field('c1', INT)], values: [field('n', BIGINT)], paned: false },
    }),
}

/** Every item in a pane of its own. */
const byTime = (emit: 'append' | 'update', distinct: boolean): Case => {
  const keys = [field('c0', TIMESTAMP)]
  const calls = [aggregate('count', [distinct ? col(1, INT) : lit(1, INT)], { distinct })]
  return {
    row: eventRow,
    make: () =>
      stateful({
        op: 'aggregate',
        keys: [0],
        pane: { kind: 'time', index: 0, shape: { kind: 'fixed', sizeUs: '0' }, expires: true },
        ...aggregates(calls, keys, true),
        emit,
        schema: schemaOf(...keys, field('n', BIGINT)),
        state: { name: 'groups', keys, values: [field('n', BIGINT)], paned: true },
      }),
  }
}

/** One group that holds every item as a value. */
const values: Case = {
  row: eventRow,
  make: () =>
    stateful({
      op: 'aggregate',
      keys: [],
      pane: null,
      ...aggregates([aggregate('count', [col(1, INT)], { distinct: true })], []),
      emit: 'update',
      schema: schemaOf(field('n', BIGINT)),
      state: { name: 'groups', keys: [], values: [field('n', BIGINT)], paned: false },
    }),
}

const dedup = (expiry: 'time-key' | 'within-watermark'): Case => ({
  row: eventRow,
  make: () =>
    stateful({
      op: 'dedup',
      keys: expiry === 'time-key' ? [1, 0] : [1],
      time: { column: 0, kind: 'time' },
      expiry,
      delayUs: '0',
      schema: EVENT,
      state: {
        name: 'seen',
        keys: expiry === 'time-key' ? [field('c1', INT), field('c0', TIMESTAMP)] : [field('c1', INT)],
        values: expiry === 'time-key' ? [] : [field('expiresAt', TIMESTAMP)],
        paned: expiry === 'time-key',
      },
    }),
})

const SESSION = structOf([field('start', TIMESTAMP), field('end', TIMESTAMP)])

/** Every item a session: of a key of its own, or all of one key. */
const sessions = (oneKey: boolean): Case => {
  const keys = [field('c1', INT), field('session', BIGINT)]
  return {
    row: (i) => [[timeOf(i), timeOf(i) + 100n], oneKey ? 1 : i],
    make: () =>
      stateful(
        {
          op: 'session-aggregate',
          keys: [0, 1],
          session: 0,
          expires: true,
          ...count([], true),
          emit: 'append',
          schema: schemaOf(field('w', SESSION), field('c1', INT), field('n', BIGINT)),
          state: {
            name: 'sessions',
            keys,
            values: [field('start', BIGINT), field('end', BIGINT), field('n', BIGINT)],
            paned: false,
          },
        },
        [columns(SESSION, INT)],
      ),
  }
}

const side = (name: string): Extract<NodeSpec, { op: 'stream-join' }>['left'] => ({
  keys: [1],
  nullSafe: [false],
  late: { column: 0, kind: 'time' },
  release: { time: { column: 0, kind: 'time' }, afterUs: '0', exact: false, nulls: 'final' },
  only: null,
  state: {
    name,
    keys: [field('row', BIGINT)],
    values: [...EVENT.fields, field('matched', BOOLEAN), field('expiresAt', BIGINT)],
    paned: false,
  },
})
const join: Case = {
  row: eventRow,
  ports: [0, 1],
  make: () =>
    stateful(
      {
        op: 'stream-join',
        type: 'inner',
        bounded: null,
        residual: call('<', col(0, TIMESTAMP), col(2, TIMESTAMP)),
        left: side('left'),
        right: side('right'),
        schema: schemaOf(...EVENT.fields, field('c2', TIMESTAMP), field('c3', INT)),
      },
      [EVENT, EVENT],
    ),
}

interface State {
  readonly hasTimedOut: boolean
  update(value: { n: bigint }): void
  remove(): void
  setTimeoutTimestamp(ms: number): void
}
const timeouts: Case = {
  row: (i) => [i, [timeOf(i)]],
  make: () =>
    new Harness(
      {
        op: 'groupsWithState',
        closure: 'f',
        label: 'f',
        single: false,
        timeout: 'EventTimeTimeout',
        states: schemaOf(field('n', BIGINT)),
        time: 0,
        schema: columns(INT),
        state: {
          name: 'states',
          keys: [field('key', INT)],
          values: [field('state', structOf([field('n', BIGINT)])), field('timeoutAt', BIGINT)],
          paned: false,
        },
        streaming: true,
      },
      [schemaOf(field('key', INT), field('row', structOf([field('time', TIMESTAMP)])))],
      random,
      true,
      () => (key: number, _rows: unknown, state: State) => {
        if (state.hasTimedOut) {
          state.remove()
          return [key]
        }
        state.update({ n: 1n })
        state.setTimeoutTimestamp(key + 1)
        return []
      },
    ),
}

describe(`a trigger visits as much with ${MANY} items held as with ${FEW}`, () => {
  const changes: readonly [string, Case, most: number][] = [
    ['aggregate by key', byKey, 16],
    ['aggregate by time, panes', byTime('update', false), 24],
    ['DISTINCT values of one group', values, 16],
    ['DISTINCT values in panes', byTime('update', true), 48],
    ['dedup within watermark', dedup('within-watermark'), 16],
    ['dedup by time', dedup('time-key'), 16],
    ['sessions, a key each', sessions(false), 64],
    ['sessions of one key', sessions(true), 64],
    ['state function', timeouts, 32],
  ]
  test.each(changes)(`${K} of them come again: %s`, (_name, given, most) => {
    sameCost(given, (h, n) => void h.trigger(spread(given, n), NEVER), most)
  })

  const expiries: readonly [string, Case, most: number][] = [
    ['aggregate by time, append', byTime('append', false), 64],
    ['aggregate by time, update', byTime('update', false), 64],
    ['DISTINCT values in panes', byTime('append', true), 96],
    ['dedup within watermark', dedup('within-watermark'), 16],
    ['dedup by time', dedup('time-key'), 32],
    ['sessions, a key each', sessions(false), 64],
    ['sessions of one key', sessions(true), 64],
    ['both sides of a join', join, 32],
  ]
  test.each(expiries)(`${K} of them expire: %s`, (_name, given, most) => {
    let removed = 0
    sameCost(
      given,
      (h) => {
        h.trigger([], upTo(K - 1))
        removed = h.metrics.get('numRowsRemoved')!
      },
      most,
    )
    expect(removed).toBe((given.ports?.length ?? 1) * K)
  })

  test(`${K} timeouts of a state function`, () => {
    let called = 0
    // The timeout of key i is at i + 1 milliseconds, and comes when the watermark is beyond it.
    sameCost(
      timeouts,
      (h) => void (called = h.trigger([], { watermarkUs: BigInt((K + 1) * 1000), lateUs: 0n }).length),
      32,
    )
    expect(called).toBe(K)
  })

  test(`${K} rows that join`, () => {
    sameCost(join, (h, n) => void h.trigger(spread(join, n), NEVER), 64)
  })
})

describe('snapshots', () => {
  test('what triggers of a few changed keys write is in proportion to their logs, however many keys are held', () => {
    const written = (n: number): number => {
      const harness = loaded(byKey, n)
      harness.snapshotBytes = 4 << 20
      // What the load has left over goes out first, after as many logs as make a shard old.
      for (let i = 0; i < 120; i++) harness.trigger([{ rows: [eventRow(0)] }], NEVER)
      const before = harness.visits().bytes
      for (let i = 0; i < 300; i++)
        harness.trigger([{ rows: Array.from({ length: 10 }, (_, r) => eventRow((i * 7919 + r * 104_729) % n)) }], NEVER)
      return harness.visits().bytes - before
    }
    expect(written(MANY)).toBeLessThan(6 * written(FEW))
  })

  test('one commit keeps to its budget', () => {
    const harness = loaded(byKey, MANY)
    harness.snapshotBytes = 50_000
    const before = harness.visits().bytes
    harness.trigger([{ rows: [eventRow(0)] }], NEVER)
    expect(harness.visits().bytes - before).toBeLessThan(60_000)
  })
})

test('string keys that come and go do not make a large table walk itself', () => {
  const make = (): Harness =>
    stateful(
      {
        op: 'dedup',
        keys: [1],
        time: { column: 0, kind: 'time' },
        expiry: 'within-watermark',
        delayUs: '0',
        schema: columns(TIMESTAMP, STRING),
        state: {
          name: 'seen',
          keys: [field('c1', STRING)],
          values: [field('expiresAt', TIMESTAMP)],
          paned: false,
        },
      },
      [columns(TIMESTAMP, STRING)],
    )
  const given: Case = { make, row: (i) => [timeOf(i), `a key of some length ${i}`] }
  const harness = loaded(given, MANY)
  harness.trigger([], upTo(MANY - 1))
  const before = harness.visits().moved
  for (let t = 1; t <= 100; t++) {
    const rows = Array.from({ length: K }, (_, i) => given.row(MANY + t * K + i))
    harness.trigger([{ rows }], upTo(MANY + t * K))
  }
  // 10 000 keys came and went: a walk over the 100 000 slots once in a while, not every few triggers.
  expect(harness.visits().moved - before).toBeLessThan(5 * MANY)
})
