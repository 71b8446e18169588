import type { OffsetRow } from '../checkpoint/checkpoint.ts'
import type { EventTimeStats } from '../operators/watermark.ts'
import type { NodeSpec } from '../planner/spec.ts'
import type { StateStore } from '../state/store.ts'
import type { Json } from '../types/json.ts'
import type { BatchInput } from './micro-batch.ts'
import type { Pipeline } from './pipeline.ts'
import {
  isoMs,
  rate,
  type SourceProgress,
  type StateOperatorProgress,
  type StaticTableProgress,
  type StreamingQueryProgress,
} from './progress.ts'

/** Milliseconds by phase, under Spark's names. */
export type Phases = Record<string, number>

interface Facts {
  readonly ids: { readonly id: string; readonly runId: string; readonly name: string | null }
  readonly now: number
  readonly row: OffsetRow
  readonly inputs: ReadonlyMap<string, BatchInput>
  readonly pipeline: Pipeline
  readonly store: StateStore
  readonly eventTime: EventTimeStats | null
  readonly hasWatermark: boolean
  readonly sink: string
  readonly staticTables: readonly StaticTableProgress[]
  readonly observed: Readonly<Record<string, Json>>
  /** Bad records by name of the source or id of the operator. */
  readonly bad: ReadonlyMap<string, number>
}

/** Names under which Spark reports the operators that keep state. */
const STATE_OPERATORS: Readonly<Partial<Record<NodeSpec['op'], string>>> = {
  aggregate: 'stateStoreSave',
  'session-aggregate': 'sessionWindowStateStoreSaveExec',
  dedup: 'dedupe',
  'stream-join': 'symmetricHashJoin',
  limit: 'globalLimit',
  groupsWithState: 'flatMapGroupsWithState',
  transformWithState: 'transformWithStateExec',
}

/**
 * Spark's phases, all in every progress. Planning is done when the query starts and sources are read while the batch runs,
 * so that `queryPlanning` and `getBatch` take no time of a batch.
 */
const NO_PHASES: Phases = {
  addBatch: 0,
  commitOffsets: 0,
  getBatch: 0,
  latestOffset: 0,
  queryPlanning: 0,
  walCommit: 0,
}

/** Gathers the figures of one batch and turns them into progress. */
export class BatchReport {
  outputRows = 0
  readonly #startedMs: number
  readonly #phases: Phases

  constructor(startedMs: number, phases: Phases) {
    this.#startedMs = startedMs
    this.#phases = phases
  }

  /** Runs a phase and notes how long it took. */
  async time<T>(phase: string, body: () => Promise<T>): Promise<T> {
    const from = performance.now()
    try {
      return await body()
    } finally {
      this.#phases[phase] = (this.#phases[phase] ?? 0) + Math.round(performance.now() - from)
    }
  }

  finish(facts: Facts): StreamingQueryProgress {
    const { row, inputs, pipeline, eventTime, hasWatermark } = facts
    const duration = facts.now - this.#startedMs
    const rows = [...inputs.values()].reduce((n, i) => n + i.rows, 0)
    const iso = (us: bigint): string => isoMs(Number(us / 1000n))
    return {
      ...facts.ids,
      timestamp: isoMs(this.#startedMs),
      batchId: row.batchId,
      batchDuration: duration,
      numInputRows: rows,
      inputRowsPerSecond: rate(rows, duration),
      processedRowsPerSecond: rate(rows, duration),
      durationMs: { ...NO_PHASES, ...this.#phases, triggerExecution: duration },
      eventTime: hasWatermark
        ? {
            ...(eventTime ? { avg: iso(eventTime.meanUs), max: iso(eventTime.maxUs), min: iso(eventTime.minUs) } : {}),
            watermark: isoMs(row.batchWatermarkMs),
          }
        : {},
      stateOperators: stateOperators(pipeline, facts.store),
      sources: pipeline.spec.nodes.flatMap((n) =>
        inputs.has(n.id) ? [sourceProgress(inputs.get(n.id)!, duration)] : [],
      ),
      ...(facts.staticTables.length > 0 ? { staticTables: facts.staticTables } : {}),
      sink: { description: facts.sink, numOutputRows: this.outputRows, metrics: {} },
      observedMetrics: facts.observed,
      ...badRecords(facts.bad, pipeline.spec.nodes),
    }
  }
}

function sourceProgress(input: BatchInput, durationMs: number): SourceProgress {
  return {
    description: input.description,
    startOffset: input.from,
    endOffset: input.to,
    latestOffset: input.latest,
    numInputRows: input.rows,
    inputRowsPerSecond: rate(input.rows, durationMs),
    processedRowsPerSecond: rate(input.rows, durationMs),
    ...(input.badRecords === undefined ? {} : { badRecords: input.badRecords }),
    metrics: { ...(input.slowRows === undefined ? {} : { slowRows: String(input.slowRows) }), ...input.metrics },
  }
}

/** All bad records of a batch, and those of each operator. */
function badRecords(
  counts: ReadonlyMap<string, number>,
  nodes: readonly NodeSpec[],
): Pick<StreamingQueryProgress, 'badRecords' | 'operators'> {
  if (counts.size === 0) return {}
  const operators = nodes.flatMap(({ id }) => {
    const n = counts.get(id)
    return n === undefined ? [] : [{ operator: id, badRecords: n }]
  })
  const all = [...counts.values()].reduce((a, b) => a + b, 0)
  return { badRecords: all, ...(operators.length > 0 ? { operators } : {}) }
}

/** The nodes of a pipeline, whose last is its output, each before its inputs. */
function outputFirst(nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  const byId = new Map(nodes.map((n) => [n.id, n]))
  const walk = (node: NodeSpec): NodeSpec[] => [node, ...node.inputs.flatMap((id) => walk(byId.get(id)!))]
  return walk(nodes[nodes.length - 1]!)
}

/** One entry per operator with state, output side first, a left input before a right one. */
function stateOperators(pipeline: Pipeline, store: StateStore): StateOperatorProgress[] {
  const tables = new Map<string, { readonly size: number; readonly memoryBytes: number }>()
  for (const { operatorId, table } of store.tables()) {
    const sum = tables.get(operatorId)
    tables.set(operatorId, {
      size: (sum?.size ?? 0) + table.size,
      memoryBytes: (sum?.memoryBytes ?? 0) + table.memoryBytes,
    })
  }
  return outputFirst(pipeline.spec.nodes).flatMap((node) => {
    const table = tables.get(node.id)
    if (table === undefined) return []
    const name =
      node.op === 'dedup' && node.expiry === 'within-watermark'
        ? 'dedupeWithinWatermark'
        : (STATE_OPERATORS[node.op] ?? node.op)
    return [
      {
        operatorName: name,
        numRowsTotal: table.size,
        numRowsUpdated: pipeline.metric(node.id, 'numRowsUpdated'),
        allUpdatesTimeMs: 0,
        numRowsRemoved: pipeline.metric(node.id, 'numRowsRemoved'),
        allRemovalsTimeMs: 0,
        commitTimeMs: 0,
        memoryUsedBytes: table.memoryBytes,
        numRowsDroppedByWatermark: pipeline.metric(node.id, 'numRowsDroppedByWatermark'),
        numShufflePartitions: 1,
        numStateStoreInstances: 1,
        customMetrics: customMetrics(node, pipeline),
      },
    ]
  })
}

function customMetrics(node: NodeSpec, pipeline: Pipeline): Readonly<Record<string, number>> {
  return node.op === 'dedup' ? { numDroppedDuplicateRows: pipeline.metric(node.id, 'numDroppedDuplicateRows') } : {}
}
