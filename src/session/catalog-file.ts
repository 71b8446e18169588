import { CheckpointError } from '../errors/errors.ts'
import type { AstStatement } from '../sql/ast.ts'
import { parseStatement } from '../sql/parse.ts'
import { printStatement } from '../sql/print.ts'
import type { Database, Statement } from '../storage/database.ts'
import { openDatabase } from '../storage/sqlite.ts'

/** What a catalog file keeps. */
export type DefinitionKind = 'table' | 'view' | 'function'

/** What the file says has changed: a definition to take in, or (null) a name to forget. */
export type OnDefinition = (kind: DefinitionKind, name: string, definition: AstStatement | null) => void

const FORMAT = 1

/**
 * `millrace.catalog`: a SQLite file that keeps definitions of tables, views and functions as SQL text, for this session
 * and every other that names the file. Each definition is one row; what another process adds is seen at the next look.
 */
export class CatalogFile {
  readonly path: string
  readonly #db: Database
  readonly #onDefinition: OnDefinition
  readonly #version: Statement
  readonly #all: Statement
  #seen = -1
  /** Text of each definition taken in, by kind and name. */
  readonly #known = new Map<string, string>()

  constructor(path: string, onDefinition: OnDefinition) {
    this.path = path
    this.#onDefinition = onDefinition
    this.#db = openDatabase(path)
    this.#db.exec(
      'CREATE TABLE IF NOT EXISTS millrace_catalog (kind TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, format INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID',
    )
    this.#version = this.#db.prepare('PRAGMA data_version')
    this.#all = this.#db.prepare('SELECT kind, name, definition, format FROM millrace_catalog ORDER BY kind, name')
  }

  /** Takes in what other connections have changed. Cheap when nothing has. */
  refresh(): void {
    const version = Number(this.#version.get()!['data_version'])
    if (version === this.#seen) return
    this.#seen = version
    const present = new Set<string>()
    for (const row of this.#all.all()) {
      const kind = String(row['kind']) as DefinitionKind
      const name = String(row['name'])
      const text = String(row['definition'])
      const key = `${kind}/${name}`
      present.add(key)
      if (this.#known.get(key) === text) continue
      if (Number(row['format']) > FORMAT)
        throw new CheckpointError('CATALOG_FORMAT_NEWER', {
          path: this.path,
          format: Number(row['format']),
          known: FORMAT,
        })
      this.#known.set(key, text)
      this.#onDefinition(kind, name, this.#parsed(name, text))
    }
    for (const key of this.#known.keys())
      if (!present.has(key)) {
        this.#known.delete(key)
        const at = key.indexOf('/')
        this.#onDefinition(key.slice(0, at) as DefinitionKind, key.slice(at + 1), null)
      }
  }

  #parsed(name: string, text: string): AstStatement {
    try {
      return parseStatement(text)
    } catch (cause) {
      throw new CheckpointError('CATALOG_DEFINITION', { path: this.path, name }, { cause })
    }
  }

  /** Keeps a definition that the session has taken in itself. */
  put(kind: DefinitionKind, name: string, definition: AstStatement): void {
    const text = printStatement(definition)
    const key = name.toLowerCase()
    this.#db
      .prepare(
        'INSERT INTO millrace_catalog (kind, name, definition, format) VALUES (?, ?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET definition = excluded.definition, format = excluded.format',
      )
      .run(kind, key, text, FORMAT)
    this.#known.set(`${kind}/${key}`, text)
  }

  /** Forgets a definition. */
  remove(kind: DefinitionKind, name: string): void {
    const key = name.toLowerCase()
    this.#db.prepare('DELETE FROM millrace_catalog WHERE kind = ? AND name = ?').run(kind, key)
    this.#known.delete(`${kind}/${key}`)
  }

  close(): void {
    this.#db.close()
  }
}
