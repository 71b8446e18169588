import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { ExplainMode } from '../dataframe/context.ts'
import { analyze } from '../plan/analyze.ts'
import type { ConfReader } from '../plan/check-streaming.ts'
import { explain } from '../plan/explain.ts'
import type { Logical } from '../plan/logical.ts'
import { optimize } from '../plan/optimize.ts'
import type { PlanCatalog, Unresolved } from '../plan/unresolved.ts'
import { codegenText } from '../planner/codegen-text.ts'
import { planQuery } from '../planner/plan-query.ts'
import type { PipelineSpec } from '../planner/spec.ts'
import { closureSchema, SchemaNeeded } from './closure-schema.ts'
import { envSpecOf, QueryEnv } from './env.ts'
import { keptSchema } from './inferred-schema.ts'
import type { SessionParts } from './session-parts.ts'

/** Makes the plans of a session's queries, with its tables, functions and settings. */
export class Planning {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /** Settings of the session; `pinned` ones stand before them. */
  settings(pinned: Readonly<Record<string, string>> = {}): ConfReader {
    return (key) => pinned[key] ?? this.#parts.conf.get(key)
  }

  /** What expressions are evaluated with under these settings. */
  env(conf = this.settings()): QueryEnv {
    return new QueryEnv(envSpecOf(conf), this.#parts.clock, this.#parts.functions)
  }

  /** The plan with its names and types; inferred schemas are those that `checkpoint` has kept. */
  analyze(plan: Unresolved, conf = this.settings(), checkpoint?: Checkpoint): Logical {
    return analyze(plan, this.#catalog(conf, checkpoint), this.env(conf))
  }

  #catalog(conf: ConfReader, checkpoint?: Checkpoint): PlanCatalog {
    const { catalog, connectors, clock, objects } = this.#parts
    return {
      ...catalog.planCatalog(conf),
      metadataColumns: (source) => connectors.source(source.format).metadataColumns,
      inferredSchema: (source) => (checkpoint === undefined ? undefined : keptSchema(checkpoint, source)),
      closureSchema: (node, input) => {
        const env = this.env(conf)
        return closureSchema(node, input, { clock, timeZone: env.timeZone, objects, env, envSpec: envSpecOf(conf) })
      },
    }
  }

  /** What `body` gives once the columns of every closure it meets are known. */
  async observed<T>(body: () => T): Promise<T> {
    for (;;) {
      try {
        return body()
      } catch (error) {
        if (!(error instanceof SchemaNeeded)) throw error
        await error.observe()
      }
    }
  }

  /** The pipeline of a query over bounded tables; `sparesRows` as in PlanOptions. */
  batchSpec(plan: Unresolved, sparesRows = false): { readonly spec: PipelineSpec; readonly env: QueryEnv } {
    const conf = this.settings()
    const envSpec = envSpecOf(conf)
    const env = this.env(conf)
    const optimized = optimize(analyze(plan, this.#catalog(conf), env), env, this.#parts.hooks.rules)
    return { spec: planQuery(optimized.plan, { mode: null, env, envSpec, sparesRows, fingerprints: new Map() }), env }
  }

  /** What EXPLAIN prints. */
  explain(plan: Unresolved, mode: ExplainMode): string {
    const analyzed = this.analyze(plan)
    const conf = this.settings()
    const judging = this.env(conf)
    const optimized = optimize(analyzed, judging, this.#parts.hooks.rules)
    const text = explain({ analyzed, optimized, modes: { conf, env: judging } }, mode)
    if (mode !== 'codegen') return text
    const { spec, env } = this.batchSpec(plan)
    return `${text}\n== Generated Code ==\n${codegenText(spec, env)}\n`
  }
}
