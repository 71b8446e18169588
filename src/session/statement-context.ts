import type { QueryContext } from '../dataframe/context.ts'
import type { StreamingQueryManager } from '../engine/query-manager.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import type { AstStatement } from '../sql/ast.ts'
import type { Schema } from '../types/data-type.ts'
import { parseSchema } from '../types/ddl.ts'
import type { Value } from '../types/value.ts'
import type { Catalog } from './catalog.ts'
import type { RuntimeConfig } from './conf.ts'
import type { QueryEnv } from './env.ts'
import type { SessionFunctions } from './functions.ts'

/** What a statement works on. */
export interface StatementContext {
  readonly conf: RuntimeConfig
  readonly catalog: Catalog
  readonly streams: StreamingQueryManager
  /** Functions the program registered. */
  readonly functions: SessionFunctions
  /** Live objects of the session by id. */
  readonly objects: Map<string, unknown>
  /** Analyzes, runs and starts; does not wait for statements under way, as `session.sql` results do. */
  readonly plans: QueryContext
  env(): QueryEnv
  /** Carries out another statement (EXECUTE IMMEDIATE, EXPLAIN). */
  statement(statement: AstStatement): Outcome
}

export type Rows = readonly (readonly Value[])[]

/**
 * What a statement comes to: a plan (of a query, or of rows that are known), or work that has to run in its turn, with the
 * columns of the rows it gives. Names and types are checked before work is handed out.
 */
export type Outcome = { readonly plan: Unresolved; readonly work?: undefined } | Work

/** `apart`: the statements behind it do not wait for its end. */
export interface Work {
  readonly schema: Schema
  readonly work: () => Promise<Rows>
  readonly apart?: boolean
}

/** A statement without result. */
export const NOTHING: Outcome = { plan: { op: 'local', schema: { fields: [] }, rows: [] } }

/** Rows that are known, under columns given as DDL. */
export const table = (ddl: string, rows: Rows): Outcome => ({ plan: { op: 'local', schema: parseSchema(ddl), rows } })

/** Work without result. */
export const command = (work: () => Promise<void>): Work => ({
  schema: { fields: [] },
  work: async () => {
    await work()
    return []
  },
})
