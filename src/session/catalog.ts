import { type MemoryTables } from '../connectors/memory/sink.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { PlanCatalog, SqlRoutine, StreamRead, Unresolved } from '../plan/unresolved.ts'
import type { AstCreateView } from '../sql/ast.ts'
import type { CatalogFile } from './catalog-file.ts'
import type { Table } from './table.ts'
import { Variables } from './variables.ts'

/** A view: `columns` rename what the plan gives. */
export interface View {
  readonly name: string
  readonly plan: Unresolved
  readonly columns?: readonly string[]
  readonly temporary: boolean
  readonly comment?: string
  readonly columnComments?: readonly (string | undefined)[]
  readonly definition?: AstCreateView
}

/** A function in SQL with what DESCRIBE shows. */
export interface Routine extends SqlRoutine {
  readonly temporary: boolean
  readonly comment?: string
}

/** Names Spark puts in front of tables and a session's own views. */
const QUALIFIERS = new Set(['default', 'spark_catalog', 'session', 'system'])

type Found = { readonly kind: 'view'; readonly view: View } | { readonly kind: 'table'; readonly table: Table }

/**
 * `session.catalog`: views, tables, functions and variables of a session, and the tables of its memory sinks. Temporary views
 * hide tables of the same name. Names are matched without regard to case. With a catalog file, tables and views that
 * are not temporary are also those of the file.
 */
export class Catalog {
  readonly variables = new Variables()
  readonly #temporary = new Map<string, View>()
  readonly #global = new Map<string, View>()
  readonly #views = new Map<string, View>()
  readonly #tables = new Map<string, Table>()
  readonly #routines = new Map<string, Routine>()
  readonly #memory: MemoryTables
  /** Keeps definitions across sessions; null without `millrace.catalog`. Set by the session. */
  file: CatalogFile | null = null

  constructor(memory: MemoryTables) {
    this.#memory = memory
  }

  /** Names of views and tables. */
  listTables(): string[] {
    this.file?.refresh()
    const own = [...this.#temporary.values(), ...this.#views.values(), ...this.#tables.values()].map((x) => x.name)
    return [...new Set([...own, ...this.#memory.names])]
  }
  tableExists(name: string): boolean {
    return this.lookup(name.split('.')) !== null
  }
  dropTempView(name: string): boolean {
    return this.#temporary.delete(name.toLowerCase())
  }
  dropGlobalTempView(name: string): boolean {
    return this.#global.delete(name.toLowerCase())
  }

  // ------------------------------------------------------------ views and tables

  /** A temporary view. Throws TEMP_TABLE_OR_VIEW_ALREADY_EXISTS unless `replace`. */
  createView(name: string, plan: Unresolved, columns: readonly string[] | undefined, replace: boolean): void {
    this.addView({ name, plan, temporary: true, ...(columns ? { columns } : {}) }, { replace, global: false })
  }

  /** Adds a view; a name that is taken is refused unless `replace`, and a table is never replaced by a view. */
  addView(view: View, options: { readonly replace: boolean; readonly global: boolean }): void {
    const key = view.name.toLowerCase()
    const views = options.global ? this.#global : view.temporary ? this.#temporary : this.#views
    if (!view.temporary && this.#tables.has(key)) throw taken(view.name)
    if (!options.replace && views.has(key)) {
      if (!view.temporary) throw taken(view.name)
      throw new AnalysisError(
        'TEMP_TABLE_OR_VIEW_ALREADY_EXISTS',
        { name: view.name },
        { hint: 'drop it first, or use CREATE OR REPLACE' },
      )
    }
    views.set(key, view)
  }

  /** Adds a table; a name that is taken is refused unless `replace`, and a view is never replaced by a table. */
  addTable(table: Table, replace: boolean): void {
    const key = table.name.toLowerCase()
    if (this.#views.has(key) || (!replace && this.#tables.has(key))) throw taken(table.name)
    this.#tables.get(key)?.rows?.drop()
    this.#tables.set(key, table)
  }

  dropTable(name: string): void {
    const key = name.toLowerCase()
    this.#tables.get(key)?.rows?.drop()
    this.#tables.delete(key)
  }

  dropView(name: string): void {
    this.#views.delete(name.toLowerCase())
  }

  /** What a name means; `persistent` looks past temporary views. */
  find(name: readonly string[], persistent = false): Found | null {
    const key = name.at(-1)!.toLowerCase()
    const qualifiers = name.slice(0, -1).map((q) => q.toLowerCase())
    if (qualifiers.length === 1 && qualifiers[0] === 'global_temp') {
      const view = this.#global.get(key)
      return view ? { kind: 'view', view } : null
    }
    if (qualifiers.some((q) => !QUALIFIERS.has(q))) return null
    const temporary = persistent ? undefined : this.#temporary.get(key)
    if (temporary) return { kind: 'view', view: temporary }
    this.file?.refresh()
    const table = this.#tables.get(key)
    if (table) return { kind: 'table', table }
    const view = this.#views.get(key)
    return view ? { kind: 'view', view } : null
  }

  /** For the analyzer. */
  lookup(
    name: readonly string[],
    stream?: StreamRead,
  ): { readonly plan: Unresolved; readonly columns?: readonly string[] } | null {
    const found = this.find(name)
    if (found) return found.kind === 'view' ? found.view : { plan: readTable(found.table, stream) }
    if (name.slice(0, -1).some((part) => !QUALIFIERS.has(part.toLowerCase()))) return null
    const memory = this.#memory.get(name.at(-1)!)
    return memory ? { plan: { op: 'local', schema: memory.schema, rows: memory.rows() } } : null
  }

  /** Views and tables for SHOW, by name. */
  entries(): {
    readonly views: readonly (View & { readonly global: boolean })[]
    readonly tables: readonly Table[]
    readonly memory: readonly string[]
  } {
    this.file?.refresh()
    const views = [...this.#temporary.values(), ...this.#views.values()].map((v) => ({ ...v, global: false }))
    const global = [...this.#global.values()].map((v) => ({ ...v, global: true }))
    return { views: [...views, ...global], tables: [...this.#tables.values()], memory: this.#memory.names }
  }

  // ------------------------------------------------------------ functions

  /** Adds a function; ROUTINE_ALREADY_EXISTS unless `replace`. */
  addRoutine(routine: Routine, replace: boolean): void {
    const key = routine.name.toLowerCase()
    if (!replace && this.#routines.has(key))
      throw new AnalysisError(
        'ROUTINE_ALREADY_EXISTS',
        { name: routine.name },
        { hint: 'drop it first, or use CREATE OR REPLACE' },
      )
    this.#routines.set(key, routine)
  }
  routine(name: string): Routine | undefined {
    return this.#routines.get(name.toLowerCase())
  }
  dropRoutine(name: string): boolean {
    return this.#routines.delete(name.toLowerCase())
  }
  get routines(): readonly Routine[] {
    return [...this.#routines.values()]
  }

  /** As the analyzer wants it, with the settings in force. */
  planCatalog(conf: (key: string) => string | undefined): PlanCatalog {
    return {
      lookup: (name, stream) => this.lookup(name, stream),
      variable: (name) => this.variables.find(name),
      routine: (name) => this.#routines.get(name),
      names: () => this.listTables(),
      conf,
    }
  }
}

const taken = (name: string): AnalysisError =>
  new AnalysisError('TABLE_OR_VIEW_ALREADY_EXISTS', { name }, { hint: 'drop it first, or use CREATE OR REPLACE' })

/** A table behind a connector or in memory: bounded, or as a stream with its watermark. */
function readTable(table: Table, stream: StreamRead | undefined): Unresolved {
  const streaming = stream !== undefined
  const schema = table.schema()
  if (schema === null)
    throw new AnalysisError(
      'TABLE_WITHOUT_COLUMNS',
      { name: table.name },
      { hint: `it was created without columns, for writing: ${table.provider} says nothing about what can be read` },
    )
  const source: Unresolved = table.rows
    ? {
        op: 'source',
        source: {
          format: 'memory',
          options: { ...stream?.options, id: table.rows.id },
          schema,
          streaming,
          ...(streaming ? {} : table.refresh),
        },
      }
    : {
        op: 'source',
        source: {
          format: table.format!,
          options: { ...table.sourceOptions, ...stream?.options },
          schema,
          streaming,
          ...(streaming ? { name: sourceName(table.name) } : table.refresh),
        },
      }
  if (!streaming || !table.watermark) return source
  const { column, delay } = table.watermark
  return { op: 'watermark', input: source, column: { kind: 'name', parts: [{ name: column, quoted: true }] }, delay }
}

const sourceName = (name: string): string => name.replace(/\W/g, '_')
