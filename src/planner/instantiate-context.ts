import type { ExprEnv } from '../expr/env.ts'
import { HashStateTable } from '../state/hash-state-table.ts'
import type { StateStore } from '../state/store.ts'
import type { StateTable, StateTableSpec } from '../state/table.ts'

/** What operators are made with besides their spec. */
export interface InstantiateContext {
  readonly env: ExprEnv
  /** State of a stream; bounded queries and static sides get tables of their own. */
  readonly store: StateStore | null
}

/** The state table of an operator: the query's, restored, or one of its own where nothing is kept. */
export function tableOf(id: string, spec: StateTableSpec, ctx: InstantiateContext): StateTable {
  return ctx.store === null ? new HashStateTable(spec) : ctx.store.table(id, spec)
}
