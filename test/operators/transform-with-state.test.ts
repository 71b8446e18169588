import { expect, test } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { stateColumns } from '../../src/dataframe/schema-input.ts'
import { ProcessorHandle } from '../../src/functions/user/processor-handle.ts'
import {
  type ListState,
  type MapState,
  StatefulProcessor,
  type StatefulProcessorHandle,
  TimeMode,
} from '../../src/functions/user/stateful-processor.ts'
import type { OpContext } from '../../src/operators/operator.ts'
import { processorTables } from '../../src/planner/processor-tables.ts'
import type { TransformWithStateNode } from '../../src/planner/spec.ts'
import { transformWithStateOf } from '../../src/planner/transform-with-state.ts'
import { CheckpointedStateStore } from '../../src/state/checkpointed-store.ts'
import { field, INT, schemaOf, STRING } from '../../src/types/data-type.ts'
import { env } from '../expr/build.ts'

/** Puts its rows into a list and a map, and registers timers at them. */
class Collect extends StatefulProcessor<string, number> {
  #handle!: StatefulProcessorHandle
  #list!: ListState<number>
  #map!: MapState<number, number>
  override init(handle: StatefulProcessorHandle): void {
    this.#handle = handle
    this.#list = handle.getListState('list', 'INT')
    this.#map = handle.getMapState('map', 'INT', 'INT', { ttlDurationMs: 1_000_000 })
  }
  override *handleInputRows(_key: string, rows: Iterable<number>) {
    for (const n of rows) {
      this.#list.appendValue(n)
      this.#map.updateValue(n, -n)
      this.#handle.registerTimer(n)
    }
    yield this.#map.getValue(1)
  }
  override handleExpiredTimer(_key: string): Iterable<unknown> {
    return [0]
  }
}

const input = schemaOf(field('key', STRING), field('value', INT))
const result = schemaOf(field('value', INT))

/** The operator over a store; `batch` gives what it gave and what each table would write to the checkpoint. */
function running() {
  const processor = new Collect()
  const modes = { timeMode: TimeMode.ProcessingTime, outputMode: 'append' } as const
  const states = ProcessorHandle.of(processor).initialize(processor, modes, stateColumns)
  const node: TransformWithStateNode = {
    op: 'transformWithState',
    id: 'tws',
    inputs: [],
    schema: result,
    closure: 'c',
    label: 'Collect',
    ...modes,
    states,
    ...processorTables(states, modes.timeMode, STRING),
    time: null,
    emitTime: null,
    streaming: true,
  }
  let nowMs = 0
  const store = new CheckpointedStateStore(null)
  const operator = transformWithStateOf(JSON.parse(JSON.stringify(node)) as TransformWithStateNode, [input], {
    env: { ...env, batchTimeUs: () => BigInt(nowMs) * 1000n, closure: () => () => processor as never },
    store,
  })
  const batch = (key: string, rows: readonly number[], atMs = nowMs) => {
    nowMs = atMs
    let out = 0
    const count: Record<string, number> = {}
    const ctx: OpContext = {
      batchId: 1,
      watermarkUs: 0n,
      lateUs: 0n,
      emit: (b) => (out += b.rowCount),
      count: (metric, n) => (count[metric] = (count[metric] ?? 0) + n),
    }
    if (rows.length > 0)
      operator.onBatch(
        batchOf(
          input,
          rows.map((n) => [key, n]),
        ),
        ctx,
        0,
      )
    operator.onTriggerEnd(ctx)
    let drains = 0
    while (operator.drain(ctx, 100)) drains++
    const bytes = Object.fromEntries(store.takeWrites(0).map((w) => [w.table, w.changeLog?.length ?? 0]))
    return { out, count, bytes, drains }
  }
  return { operator, store, batch }
}

test('what a batch writes follows what it changed, not what a key holds', () => {
  const { batch, store } = running()
  const many = Array.from({ length: 10_000 }, (_, i) => i + 1)
  const first = batch('k', many)
  expect(first.bytes['map']).toBeGreaterThan(100_000)
  expect(store.tables().map((t) => t.table.size)).toEqual([10_000, 10_000, 10_000])
  // One entry changed, one element more, one timer that is there already.
  const second = batch('k', [7])
  expect(second.bytes['map']).toBeLessThan(2000)
  expect(second.bytes['list']).toBeLessThan(2000)
  expect(second.bytes['$timers']).toBeUndefined()
  expect(second.count).toEqual({ numRowsUpdated: 2 })
})

test('what is due leaves in pieces, and costs what it is', () => {
  const { operator, batch, store } = running()
  batch(
    'k',
    Array.from({ length: 5000 }, (_, i) => i + 1),
  )
  expect(operator.wakeAtUs()).toBe(1000n)
  const fired = batch('k', [], 4000)
  expect(fired.out).toBe(4000)
  expect(fired.drains).toBeGreaterThan(20)
  expect(fired.count).toEqual({ numRowsRemoved: 4000 })
  expect(operator.wakeAtUs()).toBe(4_001_000n)
  batch('k', [], 5000)
  // What is left is the TTL of the map.
  expect(operator.wakeAtUs()).toBe(1_000_000_000n)
  const over = batch('k', [], 1_000_000)
  expect(over.count).toEqual({ numRowsRemoved: 5000 })
  expect(over.drains).toBeGreaterThan(0)
  expect(operator.wakeAtUs()).toBe(null)
  expect(store.tables().map((t) => [t.table.spec.name, t.table.size])).toEqual([
    ['list', 5000],
    ['map', 0],
    ['$timers', 0],
  ])
})
