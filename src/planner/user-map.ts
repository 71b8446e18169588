import { jsMaker } from '../columns/row.ts'
import { InternalError } from '../errors/errors.ts'
import type { ExprEnv } from '../expr/env.ts'
import { elementMaker, isBare, resultTaker } from '../functions/user/rows.ts'
import { UserMap } from '../operators/user-map.ts'
import { rowKey } from '../types/compare.ts'
import type { Schema } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { UserMapNode } from './spec.ts'

/**
 * The running node of a closure; its function is the one the session holds under the id in the spec. `take` makes a row
 * of a result where the schema's own way is not wanted.
 */
export function userMapOf(
  node: UserMapNode,
  input: Schema,
  env: ExprEnv,
  take?: (js: unknown) => readonly Value[],
): UserMap {
  const fn = env.closure?.(node.closure)
  if (fn === undefined) throw new InternalError(`the session has no function ${node.closure}`)
  const { kind, label, schema } = node
  const grouped = kind === 'mapGroups' || kind === 'flatMapGroups'
  const [keyField, rowField] = input.fields
  const bare = grouped ? rowField!.type.kind !== 'struct' : isBare(input)
  const rows: Schema = !grouped
    ? input
    : rowField!.type.kind === 'struct'
      ? { fields: rowField!.type.fields }
      : { fields: [{ ...rowField!, name: 'value' }] }
  const makeKey = grouped ? jsMaker(keyField!.type) : null
  const text = grouped ? rowKey([keyField!.type]) : null
  const results: Schema = kind === 'key' ? { fields: [{ ...schema.fields[0]!, name: 'value' }] } : schema
  return new UserMap({
    schema,
    kind,
    label,
    fn: fn as (...args: unknown[]) => unknown,
    element: elementMaker(rows),
    take: take ?? resultTaker(results, env.timeZone),
    key: (value) => (value === null ? null : makeKey!(value)),
    keyText: (value) => text!([value]),
    bare,
  })
}
