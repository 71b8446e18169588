import { CHANGE_TYPE, type OutputModeName } from '../connectors/provider.ts'
import { UnsupportedError } from '../errors/errors.ts'
import { type Expr, visit } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { isDeterministic } from '../expr/fold.ts'
import { type Field, type Schema, STRING } from '../types/data-type.ts'
import { inputsOf, isStreaming, type Logical } from './logical.ts'
import { sessionOf } from './session-of.ts'
import { expressionsOf, visitPlan } from './walk.ts'

/** The columns a sink gets of a query with those of `schema`, in an output mode by its name in any case. */
export const outputSchema = (schema: Schema, mode: string): Schema =>
  mode.toLowerCase() === 'changelog' ? { fields: [...schema.fields, CHANGE_TYPE_FIELD] } : schema

const CHANGE_TYPE_FIELD: Field = { name: CHANGE_TYPE, type: STRING, nullable: false }

/**
 * The node of a streaming plan that takes rows back in an output mode, or null: an aggregation in changelog mode, one of
 * session windows in update mode too (a session that grows or joins another is a row less). Its deletions are rows of
 * weight -1.
 */
export function takesBack(plan: Logical, mode: OutputModeName): Logical | null {
  if (plan.op === 'aggregate' && isStreaming(plan)) {
    if (mode === 'changelog') return plan
    if (mode === 'update' && sessionOf(plan) !== null) return plan
  }
  for (const input of inputsOf(plan)) {
    const found = takesBack(input, mode)
    if (found !== null) return found
  }
  return null
}

/** Refuses what cannot pass a deletion on, above a node that takes rows back. */
export function checkChanges(plan: Logical, mode: OutputModeName, env: ExprEnv): void {
  visitPlan(plan, (node) => {
    if (!inputsOf(node).some((input) => takesBack(input, mode) !== null)) return
    if (!passesDeletions(node))
      throw new UnsupportedError(
        'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
        { operation: `${describe(node)} over rows that are taken back`, mode },
        { at: node.at, hint: 'do it in the query that reads this result' },
      )
    for (const e of expressionsOf(node))
      if (node.op !== 'aggregate' && !repeats(e, env))
        throw new UnsupportedError(
          'STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION',
          { operation: 'an expression that changes by itself, over rows that are taken back', mode },
          { at: e.at ?? node.at, hint: 'a row and its deletion would differ: compute it below the aggregation' },
        )
  })
}

/** The same row gives the same value in every batch. */
function repeats(e: Expr, env: ExprEnv): boolean {
  let same = isDeterministic(e, env)
  visit(e, (n) => {
    if (n.kind === 'context') same = false
  })
  return same
}

function passesDeletions(node: Logical): boolean {
  switch (node.op) {
    case 'project':
    case 'filter':
    case 'union':
    case 'generate':
    case 'asyncCall':
    case 'window':
    // Chains of aggregations are judged for themselves.
    case 'aggregate':
      return true
    case 'userMap':
      return node.kind !== 'mapPartitions'
    case 'join': {
      const left = isStreaming(node.left)
      if (left && isStreaming(node.right)) return false
      return node.type !== 'full' && node.type !== (left ? 'right' : 'left') && (left || !SEMI.has(node.type))
    }
    // Complete and update mode allow these where they may be; see check-streaming.
    default:
      return false
  }
}

const SEMI: ReadonlySet<string> = new Set(['semi', 'anti'])

const describe = (node: Logical): string =>
  node.op === 'dedup' ? 'dropDuplicates' : node.op === 'join' ? 'this join' : node.op === 'limit' ? 'LIMIT' : node.op
