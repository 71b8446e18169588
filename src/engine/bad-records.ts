import type { Checkpoint, OffsetRow, SinkToken } from '../checkpoint/checkpoint.ts'
import type { Batch } from '../columns/batch.ts'
import { batchOf } from '../columns/builder.ts'
import { rowMaker } from '../columns/row.ts'
import type { BadRecordPolicy, BadRecordTaker } from '../connectors/bad-records.ts'
import type { Sink, Source, SourceRecord } from '../connectors/provider.ts'
import { CheckpointError, ExecutionError } from '../errors/errors.ts'
import type { Expr } from '../expr/bound.ts'
import type { RowFaults } from '../expr/row-by-row.ts'
import type { NodeSpec, PipelineSpec } from '../planner/spec.ts'
import { BIGINT, BINARY, field, type Schema, schemaOf, STRING, TIMESTAMP } from '../types/data-type.ts'
import type { Json } from '../types/json.ts'
import type { Value } from '../types/value.ts'

/** The columns of the sink for bad records. */
export const BAD_RECORD_SCHEMA: Schema = schemaOf(
  field('reason', STRING),
  field('condition', STRING),
  field('source', STRING),
  field('position', STRING),
  field('raw', BINARY),
  field('batchId', BIGINT),
  field('time', TIMESTAMP),
)

/** The id a query has towards the sink for its bad records: tokens and transactions of its two sinks are not to be mixed up. */
export const badRecordsId = (queryId: string): string => `${queryId}-bad-records`

/** What a query does with bad records. */
export interface BadRecordsConfig {
  /** Of rows for which an expression of the query throws; sources have policies of their own. */
  readonly policy: BadRecordPolicy
  /** More of them in a batch, whatever became of them, fail the query. */
  readonly maxRecords: number
  /** Opens the sink for them; null where there is none. */
  readonly open: ((lastCommittedBatch: number) => Promise<Sink>) | null
}

/** What goes through the operators: a batch of a source. */
interface BatchRead {
  readonly name: string
  readonly source: Source
  readonly batch: Batch
}

/** NUL is the one character that a text of a database cannot hold; a bad record must find its place. */
const text = <T extends string | null>(value: T): T => (value?.replaceAll('\0', '\\0') ?? null) as T

type BatchFacts = Pick<OffsetRow, 'batchId' | 'batchTimestampMs'>

/** Operators over single rows, which can leave one out. */
const isOverRows = (node: NodeSpec): boolean =>
  node.op === 'fused' ||
  node.op === 'asyncCall' ||
  (node.op === 'userMap' && ['map', 'flatMap', 'filter', 'key'].includes(node.kind))

/** Operators whose output depends on one row at a time: those behind them may leave rows out still. */
const isStateless = (node: NodeSpec): boolean =>
  isOverRows(node) ||
  ['source', 'watermark', 'window', 'calendar-window', 'cumulate-window', 'expand', 'generate'].includes(node.op) ||
  ['join', 'union', 'observe', 'local', 'range'].includes(node.op)

/** Ids of the operators that can leave a row out: over single rows, with nothing that keeps state below them. */
export function operatorsThatSpare(spec: PipelineSpec): ReadonlySet<string> {
  const stateless = new Set<string>()
  const out = new Set<string>()
  for (const node of spec.nodes) {
    if (!isStateless(node) || !node.inputs.every((id) => stateless.has(id))) continue
    stateless.add(node.id)
    if (isOverRows(node)) out.add(node.id)
  }
  return out
}

const isPlain = (e: Expr): boolean => e.kind === 'column' || e.kind === 'literal'

/** A sentence for each operator over single rows behind one with state: what throws there fails the query whatever the policy. */
export function sparedNowhere(spec: PipelineSpec): readonly string[] {
  const spare = operatorsThatSpare(spec)
  return spec.nodes.flatMap((node) => {
    if (!isOverRows(node) || spare.has(node.id)) return []
    if (node.op === 'fused' && (node.filter ?? null) === null && (node.items ?? []).every(isPlain)) return []
    return [
      `badRecords does not reach ${node.id}, which stands above an operator with state: what throws there fails the query`,
    ]
  })
}

/**
 * The bad records of a query: counted by source and operator, and handed to their sink under the id of the batch they came
 * in. The sink is begun with the first of a batch (in a batch that runs again always, so that what an earlier run left is
 * replaced) and has finished before the batch's own sink does.
 */
export class BadRecords {
  readonly #config: BadRecordsConfig
  readonly #makers = new WeakMap<Schema, ReturnType<typeof rowMaker>>()
  #sink: Sink | null = null
  #begun = false
  #waiting: Value[][] = []
  #counts = new Map<string, number>()
  #total = 0
  #batch: BatchFacts | null = null
  #feeding: string | null = null
  #read: BatchRead | null = null
  #token: SinkToken | null = null

  constructor(config: BadRecordsConfig) {
    this.#config = config
  }

  /** Throws CheckpointError for a sink that has records of batches the checkpoint does not know: those to come would be taken for them. */
  async open(lastCommittedBatch: number, checkpoint: Checkpoint | null): Promise<void> {
    this.#sink = (await this.#config.open?.(lastCommittedBatch)) ?? null
    if (checkpoint === null) return
    const token = (await this.#sink?.readToken?.()) ?? null
    const last = checkpoint.lastOffsets()?.batchId ?? -1
    if (token === null || token.queryId !== badRecordsId(checkpoint.queryId) || token.batchId <= last) return
    throw new CheckpointError(
      'CHECKPOINT_SINK_AHEAD',
      { path: checkpoint.path, batch: token.batchId, last: last < 0 ? 'no batch' : `batch ${last}` },
      { hint: 'it is the sink for bad records: take its token back too, or give it another place' },
    )
  }

  /** A batch begins. */
  async begin(batch: BatchFacts, token: SinkToken, isRerun: boolean): Promise<void> {
    this.#counts = new Map()
    this.#total = 0
    this.#waiting = []
    this.#begun = false
    this.#batch = batch
    this.#token = { ...token, queryId: badRecordsId(token.queryId) }
    if (isRerun) await this.#begin()
  }

  /** A batch of the rows after `from` up to `to` of a source, of its `partition` where it has some, goes through the operators now. */
  feed(read: BatchRead, partition: string | null, from: Json, to: Json): void {
    const { name } = read
    this.#read = read
    const range = `after ${from === null ? 'its beginning' : JSON.stringify(from)} to ${JSON.stringify(to)}`
    this.#feeding = partition === null ? `${name} ${range}` : `${name} partition ${partition} ${range}`
  }

  /** Bad records of the batch, by the name of the source or the id of the operator. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Takes those of a source. */
  source(name: string): BadRecordTaker {
    return {
      count: () => this.#count(name, 'it could not be decoded'),
      send: ({ reason, condition, position, raw }) => {
        this.#count(name, reason)
        this.#keep(reason, condition, name, position, raw)
      },
    }
  }

  /** Takes those of an operator; undefined when they fail the query. */
  operator(id: string): RowFaults | undefined {
    const { policy } = this.#config
    if (policy === 'fail') return undefined
    return {
      policy,
      take: (batch, row, error) => {
        const reason = error.message.split('   SQLSTATE')[0]!.replace(/^[^[]*\[[^\]]*\] /, '')
        this.#count(id, reason)
        if (policy !== 'sink') return
        const record = this.#recordOf(batch, row)
        const raw = record?.raw ?? Buffer.from(JSON.stringify(this.#json(batch, row)))
        this.#keep(reason, error.code, id, record?.position ?? this.#feeding, raw)
      },
    }
  }

  /** The record of the source a row was; null where the source does not say, or the rows are not in its order any more. */
  #recordOf(batch: Batch, row: number): SourceRecord | null {
    const read = this.#read
    if (read?.source.recordAt === undefined) return null
    // A column that is still the one that was read has its rows in the same places.
    const inPlace = batch.columns.some((column) => read.batch.columns.includes(column))
    return inPlace ? read.source.recordAt(batch.rowAt(row)) : null
  }

  #json(batch: Batch, row: number): unknown {
    let make = this.#makers.get(batch.schema)
    if (make === undefined) this.#makers.set(batch.schema, (make = rowMaker(batch.schema)))
    return make(batch.row(row))
  }

  #count(source: string, reason: string): void {
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1)
    const { maxRecords: limit } = this.#config
    if (++this.#total > limit)
      throw new ExecutionError(
        'BAD_RECORDS_LIMIT',
        { batchId: this.#batch!.batchId, limit, source, reason },
        { hint: 'mend the input, or raise badRecordsMax, and start the query again: the batch comes again' },
      )
  }

  #keep(reason: string, condition: string, source: string, position: string | null, raw: Uint8Array): void {
    const { batchId, batchTimestampMs } = this.#batch!
    this.#waiting.push([
      text(reason),
      condition,
      source,
      text(position),
      raw,
      BigInt(batchId),
      BigInt(batchTimestampMs) * 1000n,
    ])
  }

  async #begin(): Promise<void> {
    if (this.#sink === null || this.#begun) return
    this.#begun = true
    await this.#sink.begin(this.#batch!.batchId, this.#token!)
  }

  /** Whether records wait for `write`. */
  get waits(): boolean {
    return this.#waiting.length > 0
  }

  /** Hands what came since the last call to the sink. */
  async write(): Promise<void> {
    if (!this.waits) return
    await this.#begin()
    await this.#sink?.add(batchOf(BAD_RECORD_SCHEMA, this.#waiting.splice(0)))
  }

  /** All of the batch is there; done when the sink has it. */
  async finish(): Promise<void> {
    await this.write()
    if (this.#begun) await this.#sink!.finish()
  }

  async abort(): Promise<void> {
    if (this.#begun) await this.#sink!.abort?.()
    this.#begun = false
  }

  /** What a joining sink writes in the transaction of the commit; null where there is nothing. */
  get writeInTx(): (() => void) | null {
    const sink = this.#begun ? this.#sink : null
    return sink?.writeInTx === undefined ? null : () => sink.writeInTx!()
  }

  async close(): Promise<void> {
    const sink = this.#sink
    this.#sink = null
    await sink?.close()
  }
}
