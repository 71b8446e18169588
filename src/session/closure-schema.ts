import type { Batch } from '../columns/batch.ts'
import { inferSchema } from '../columns/row.ts'
import { runBatch } from '../engine/batch-run.ts'
import type { LeafContext } from '../engine/leaves.ts'
import { runLocal } from '../engine/local-run.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { ExprEnv } from '../expr/env.ts'
import { isBare } from '../functions/user/rows.ts'
import type { UserMap as UserMapOperator } from '../operators/user-map.ts'
import { isStreaming, type Logical } from '../plan/logical.ts'
import { optimize } from '../plan/optimize.ts'
import type { UserMap } from '../plan/unresolved.ts'
import { planQuery } from '../planner/plan-query.ts'
import type { EnvSpec, PipelineSpec } from '../planner/spec.ts'
import { userMapOf } from '../planner/user-map.ts'
import { STRING, type Schema } from '../types/data-type.ts'

/** Results of a closure that are looked at to know its columns, and rows given to one that takes many at once. */
const SAMPLE_RESULTS = 100
const SAMPLE_ROWS = 1000

/** The DataFrame method a closure was given to. */
const method = (node: UserMap): string => (node.kind === 'key' ? 'groupByKey' : node.kind)

/** What running the rows below a closure takes. */
export interface SampleContext extends Pick<LeafContext, 'clock' | 'timeZone' | 'objects'> {
  readonly env: ExprEnv
  readonly envSpec: EnvSpec
}

/**
 * The columns of a closure's results can only be known by running what is below it, and that takes waiting. Whoever runs
 * the query calls `observe` and tries again; to others it is an error as any.
 */
export class SchemaNeeded extends AnalysisError {
  readonly #node: UserMap
  readonly #spec: PipelineSpec
  readonly #context: SampleContext

  constructor(node: UserMap, spec: PipelineSpec, context: SampleContext) {
    super(
      'CLOSURE_SCHEMA_UNKNOWN',
      { function: node.closure.label },
      {
        hint: `give its type: ${method(node)}(fn, 'a INT, b STRING'), or 'STRING' for single values; or run the query first`,
      },
    )
    this.#node = node
    this.#spec = spec
    this.#context = context
  }

  /** Runs the beginning of what is below the closure, and notes the columns of its results in the plan. */
  async observe(): Promise<void> {
    const sample = new Sample(this.#node, this.#spec, this.#context.env)
    const enough = new AbortController()
    const { clock, timeZone, objects, env } = this.#context
    try {
      await runBatch(this.#spec, { clock, timeZone, objects, env, signal: enough.signal }, (batch) => {
        if (sample.add(batch)) enough.abort()
      })
    } catch (error) {
      if (!enough.signal.aborted) throw error
    }
    this.#node.result.schema = sample.schema()
  }
}

/**
 * Columns of the results of a closure that was given without them. Over a stream of strings flatMap and groupByKey are
 * taken to give strings, as in Spark's word count; other closures over streams must say what they give. Over a bounded
 * table the first results tell.
 */
export function closureSchema(node: UserMap, input: Logical, context: SampleContext): Schema {
  const below: Schema = { fields: input.attrs }
  const bare = isBare(below)
  if (isStreaming(input)) {
    const only = input.attrs[0]
    if (bare && only!.type.kind === 'string' && (node.kind === 'flatMap' || node.kind === 'key'))
      return { fields: [{ name: node.kind === 'key' ? 'key' : 'value', type: STRING, nullable: true }] }
    throw new AnalysisError(
      'CLOSURE_SCHEMA_REQUIRED',
      { function: node.closure.label },
      {
        hint: `give it: ${method(node)}(fn, 'a INT, b STRING'), or 'STRING' for single values`,
      },
    )
  }
  const { env, envSpec } = context
  const spec = planQuery(optimize(input, env).plan, { mode: null, env, envSpec, fingerprints: new Map() })
  if (spec.nodes.some((n) => n.op === 'source' || n.op === 'asyncCall' || n.op === 'recursive'))
    throw new SchemaNeeded(node, spec, context)
  const sample = new Sample(node, spec, env)
  for (const batch of runLocal(spec, env)) if (sample.add(batch)) break
  return sample.schema()
}

/** Calls a closure for the first rows and keeps what it gives. */
class Sample {
  readonly #node: UserMap
  readonly #operator: UserMapOperator
  readonly #results: unknown[] = []
  readonly #context = { batchId: 0, watermarkUs: 0n, lateUs: 0n, emit: () => undefined, count: () => undefined }
  #rows = 0

  constructor(node: UserMap, spec: PipelineSpec, env: ExprEnv) {
    this.#node = node
    const keep = (js: unknown): [] => {
      this.#results.push(js)
      return []
    }
    const kind = node.kind === 'key' ? 'map' : node.kind
    const { id, label } = node.closure
    const shape = { op: 'userMap', id: 'sample', inputs: [], schema: { fields: [] }, kind, closure: id, label } as const
    this.#operator = userMapOf(shape, spec.schema, env, keep)
  }

  /** True when enough was seen. */
  add(batch: Batch): boolean {
    const { kind } = this.#node
    this.#operator.onBatch(batch, this.#context)
    this.#rows += batch.rowCount
    if (kind === 'mapPartitions' || kind === 'mapGroups' || kind === 'flatMapGroups') return this.#rows >= SAMPLE_ROWS
    return this.#drained()
  }

  #drained(): boolean {
    while (this.#results.length < SAMPLE_RESULTS) if (!this.#operator.drain(this.#context, SAMPLE_RESULTS)) return false
    return true
  }

  schema(): Schema {
    const { kind, closure } = this.#node
    this.#operator.onTriggerEnd(this.#context)
    this.#drained()
    const inferred = inferSchema(this.#results.map((js) => (Array.isArray(js) ? { value: widened(js) } : widened(js))))
    const hint = `give its type: ${method(this.#node)}(fn, 'a INT, b STRING'), or 'STRING' for single values`
    if (inferred.fields.length === 0)
      throw new AnalysisError('CLOSURE_SCHEMA_UNKNOWN', { function: closure.label }, { hint })
    const unknown = inferred.fields.find((f) => f.type.kind === 'void')
    if (unknown) throw new AnalysisError('CANNOT_INFER_TYPE_FOR_FIELD', { name: unknown.name }, { hint })
    if (kind !== 'key') return inferred
    const bare = isBare(inferred)
    const type = bare ? inferred.fields[0]!.type : ({ kind: 'struct', fields: inferred.fields } as const)
    return { fields: [{ name: 'key', type, nullable: true }] }
  }
}

/** Numbers are DOUBLE whatever the first of them look like: the next may have a fraction. */
function widened(js: unknown): unknown {
  if (typeof js === 'number') return 0.5
  if (Array.isArray(js)) return js.map(widened)
  if (typeof js !== 'object' || js === null || Object.getPrototypeOf(js) === null) return js
  if (js instanceof Map) return new Map([...js].map(([k, v]) => [k, widened(v)]))
  if (js instanceof Date || ArrayBuffer.isView(js)) return js
  return Object.fromEntries(Object.entries(js).map(([k, v]) => [k, widened(v)]))
}
