import type { Expr } from '../expr/bound.ts'
import { compileFilter } from '../expr/compile.ts'
import type { ExprEnv } from '../expr/env.ts'
import { HashJoin } from '../operators/hash-join.ts'
import { JoinSide } from '../operators/join-side.ts'
import type { Operator } from '../operators/operator.ts'
import { StreamJoin } from '../operators/stream-join.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { Schema } from '../types/data-type.ts'
import { type InstantiateContext, tableOf } from './instantiate-context.ts'
import type { JoinNode, StreamJoinNode } from './spec.ts'

/** Join with a side that is complete first. */
export function makeJoin(node: JoinNode, inputs: readonly Schema[], env: ExprEnv): Operator {
  const [left, right] = [inputs[0]!, inputs[1]!]
  const pair: Schema = { fields: [...left.fields, ...right.fields] }
  const residual = node.residual === null ? null : compileFilter(node.residual, pair, env)
  const keys = node.rightKeys.map((k) => right.fields[k]!)
  return new HashJoin({
    schema: node.schema,
    left,
    right,
    type: node.type,
    leftKeys: node.leftKeys,
    rightKeys: node.rightKeys,
    nullSafe: node.nullSafe,
    nullAware: node.nullAware === true,
    residual,
    table: new HashStateTable({ name: 'build', keys, values: [], paned: false }),
  })
}

/** Join of two streams, or of a stream with a table whose rows the join keeps. */
export function makeStreamJoin(node: StreamJoinNode, inputs: readonly Schema[], ctx: InstantiateContext): Operator {
  const { env } = ctx
  const filter = (e: Expr | null, schema: Schema) => (e === null ? null : compileFilter(e, schema, env))
  const side = (spec: StreamJoinNode['left'], schema: Schema): JoinSide => {
    const keys = spec.keys.map((k) => schema.fields[k]!)
    const rows = tableOf(node.id, spec.state, ctx)
    return new JoinSide({
      schema,
      keys: spec.keys,
      nullSafe: spec.nullSafe,
      late: spec.late,
      release: spec.release,
      rows,
      index: new HashStateTable({ name: 'index', keys, values: [], paned: false }, rows.visits),
    })
  }
  const [left, right] = [inputs[0]!, inputs[1]!]
  return new StreamJoin({
    schema: node.schema,
    type: node.type,
    bounded: node.bounded,
    left: side(node.left, left),
    right: side(node.right, right),
    residual: filter(node.residual, { fields: [...left.fields, ...right.fields] }),
    only: [filter(node.left.only, left), filter(node.right.only, right)],
  })
}
