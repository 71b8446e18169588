import { canonicalState } from '../plan/canonical-state.ts'
import { checkStreaming, type ConfReader } from '../plan/check-streaming.ts'
import { fingerprints } from '../plan/fingerprint.ts'
import type { Logical } from '../plan/logical.ts'
import { optimize, type Optimized } from '../plan/optimize.ts'
import { tableIdentity } from '../plan/source-identity.ts'
import { planQuery } from '../planner/plan-query.ts'
import type { PipelineSpec } from '../planner/spec.ts'
import { envSpecOf, type QueryEnv } from './env.ts'
import type { Planning } from './planning.ts'
import { identify, stateIds } from './query-identity.ts'
import type { SessionParts } from './session-parts.ts'
import type { StartingQuery } from './starting-query.ts'

/** A streaming query planned over its checkpoint. */
export interface StreamPlan {
  /** Settings of the session, behind those the checkpoint has pinned. */
  readonly settings: ConfReader
  readonly env: QueryEnv
  /** As it was asked for, with names and types. */
  readonly asked: Logical
  /** With its state laid out as the checkpoint has it. */
  readonly analyzed: Logical
  readonly optimized: Optimized
  readonly identified: ReturnType<typeof identify>
  readonly spec: PipelineSpec
}

/** Plans a streaming query under the settings, the identity and the state that its checkpoint holds. */
export function planStream(
  { request, mode, provider, options, bad, checkpoint }: StartingQuery,
  { conf, functions, hooks }: SessionParts,
  planning: Planning,
): StreamPlan {
  const settings = planning.settings(checkpoint.lastOffsets()?.conf)
  const env = planning.env(settings)
  const asked = planning.analyze(request.plan, settings, checkpoint)
  checkStreaming(asked, mode, settings, env)
  const sinkIdentity = tableIdentity(provider.format, options)
  const allowSinkChange = conf.flag('millrace.checkpoint.allowSinkChange')
  const identified = identify(asked, sinkIdentity, mode, checkpoint, allowSinkChange)
  const analyzed = canonicalState(identified.plan, functions.identityOf)
  const optimized = optimize(analyzed, env, hooks.rules)
  const prints = fingerprints(analyzed, functions.identityOf)
  const planned = planQuery(optimized.plan, {
    mode,
    env,
    envSpec: envSpecOf(settings),
    sparesRows: bad.policy !== 'fail',
    fingerprints: new Map(prints.map((f) => [f.nodeId, { fingerprint: f.fingerprint, describe: f.describe }])),
    stateIds: stateIds(prints, checkpoint),
  })
  // The spec is data: what cannot survive JSON must not be in it.
  const spec = JSON.parse(JSON.stringify(planned)) as PipelineSpec
  return { settings, env, asked, analyzed, optimized, identified, spec }
}
