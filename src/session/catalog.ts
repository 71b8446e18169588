import { type MemoryTables } from '../connectors/memory/sink.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { PlanCatalog, Unresolved } from '../plan/unresolved.ts'

interface View {
  readonly name: string
  readonly plan: Unresolved
  readonly columns?: readonly string[]
}

/** Names Spark puts in front of a session's own views. */
const QUALIFIERS = new Set(['default', 'spark_catalog', 'session', 'system', 'global_temp'])

/** `session.catalog`: the views of a session and the tables of its memory sinks. Names are matched without regard to case. */
export class Catalog {
  readonly #views = new Map<string, View>()
  readonly #memory: MemoryTables

  constructor(memory: MemoryTables) {
    this.#memory = memory
  }

  /** Names of views and memory tables. */
  listTables(): string[] {
    return [...[...this.#views.values()].map((v) => v.name), ...this.#memory.names]
  }
  tableExists(name: string): boolean {
    return this.lookup([name]) !== null
  }
  dropTempView(name: string): boolean {
    return this.#views.delete(name.toLowerCase())
  }

  /** For the session. Throws TEMP_TABLE_OR_VIEW_ALREADY_EXISTS unless `replace`. */
  createView(name: string, plan: Unresolved, columns: readonly string[] | undefined, replace: boolean): void {
    const key = name.toLowerCase()
    if (!replace && this.#views.has(key))
      throw new AnalysisError('TEMP_TABLE_OR_VIEW_ALREADY_EXISTS', { name }, { hint: 'drop it first, or use CREATE OR REPLACE' })
    this.#views.set(key, { name, plan, ...(columns ? { columns } : {}) })
  }

  /** For the analyzer. */
  lookup(name: readonly string[]): { readonly plan: Unresolved; readonly columns?: readonly string[] } | null {
    if (name.slice(0, -1).some((part) => !QUALIFIERS.has(part.toLowerCase()))) return null
    const key = name[name.length - 1]!.toLowerCase()
    const view = this.#views.get(key)
    if (view) return view
    const table = this.#memory.get(key)
    return table ? { plan: { op: 'local', schema: table.schema, rows: table.rows() } } : null
  }

  /** As the analyzer wants it, with the settings in force. */
  planCatalog(conf: (key: string) => string | undefined): PlanCatalog {
    return { lookup: (name) => this.lookup(name), names: () => this.listTables(), conf }
  }
}
