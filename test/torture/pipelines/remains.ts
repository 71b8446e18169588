import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashPoint } from '../../../src/engine/micro-batch.ts'
import { openDatabase } from '../../../src/storage/sqlite.ts'
import { rowText } from '../events.ts'
import { perQuery, QUERIES, type QueryName } from './plan.ts'

/** What the lives of the queries left in their directory: checkpoints, notes and what they said. */
export class Remains {
  readonly #work: string

  constructor(work: string) {
    this.#work = work
  }

  /** Takes the notes of the life before away. */
  forgetNotes(): void {
    for (const query of QUERIES) rmSync(join(this.#work, `${query}.notes`), { force: true })
  }

  /** The crash points of this life, in order. */
  notes(query: QueryName): { readonly point: CrashPoint; readonly batchId: number }[] {
    const path = join(this.#work, `${query}.notes`)
    if (!existsSync(path)) return []
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '))
      .map(([point, batchId]) => ({ point: point as CrashPoint, batchId: Number(batchId) }))
  }

  /** True when every query has come to a crash point in this life. */
  allNoted(): boolean {
    return QUERIES.every((query) => this.notes(query).length > 0)
  }

  /** What the queries said in all lives. */
  said(): string {
    const path = join(this.#work, 'said')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** How often a query began again by its restart policy. */
  restarts(): number {
    return this.said().match(/: restart \d+ of /g)?.length ?? 0
  }

  /** The last batches of both logs of a query, -1 for none. */
  rows(query: QueryName): { readonly offsets: number; readonly commits: number } {
    return this.#ask(query, { offsets: -1, commits: -1 }, (db) => {
      const last = (table: string): number =>
        Number(db.prepare(`SELECT coalesce(max(batch_id), -1) AS n FROM ${table}`).get()!['n'])
      return { offsets: last('millrace_offsets'), commits: last('millrace_commits') }
    })
  }

  /** Batches that are committed. */
  batches(): Readonly<Record<QueryName, number>> {
    return perQuery((query) => this.rows(query).commits + 1)
  }

  /** Records of a topic that each query has planned. */
  planned(topic: string): Readonly<Record<QueryName, number>> {
    return perQuery((query) =>
      this.#ask(query, 0, (db) => {
        const row = db.prepare('SELECT content FROM millrace_offsets ORDER BY batch_id DESC LIMIT 1').get()
        return row === undefined ? 0 : recordsIn(JSON.parse(String(row['content'])) as OffsetRow, topic)
      }),
    )
  }

  /** The id of the query's checkpoint; empty when there is none. */
  queryId(query: QueryName): string {
    return this.#ask(query, '', (db) =>
      String(db.prepare("SELECT value FROM millrace_checkpoint WHERE key = 'query_id'").get()?.['value'] ?? ''),
    )
  }

  /** The rows in the table of the second query. */
  tableRows(): string[] {
    return this.#ask('to-sqlite', [], (db) =>
      db
        .prepare('SELECT start, page, n, amount FROM counts')
        .all()
        .map((r) => rowText(Date.parse(String(r['start'])), String(r['page']), Number(r['n']), Number(r['amount']))),
    )
  }

  #ask<T>(query: QueryName, none: T, body: (db: ReturnType<typeof openDatabase>) => T): T {
    const file = join(this.#work, `${query}.db`)
    if (!existsSync(file)) return none
    const db = openDatabase(file, { readonly: true })
    try {
      if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'millrace_commits'").get() === undefined) return none
      return body(db)
    } finally {
      db.close()
    }
  }
}

interface OffsetRow {
  /** By source, topic and partition. */
  readonly offsets: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>
}

const recordsIn = ({ offsets }: OffsetRow, topic: string): number =>
  Object.values(offsets)
    .flatMap((topics) => Object.values(topics[topic] ?? {}))
    .reduce((sum, offset) => sum + offset, 0)
