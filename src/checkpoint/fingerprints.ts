import { CheckpointError } from '../errors/errors.ts'
import type { Database, Statement } from '../storage/database.ts'
import { checkedJson, checksum } from './integrity.ts'

/** What a stateful node of the plan means: a fingerprint to compare, and words for people. */
export interface NodeMeaning {
  readonly fingerprint: string
  readonly describe: string
}

/** The meanings of the stateful nodes, as of the first start. */
export class Fingerprints {
  readonly #path: string
  readonly #all: Statement
  readonly #put: Statement
  #pending: Readonly<Record<string, NodeMeaning>> | null = null

  constructor(db: Database) {
    this.#path = db.path
    this.#all = db.prepare('SELECT node, content, crc FROM millrace_fingerprints ORDER BY node')
    this.#put = db.prepare('INSERT INTO millrace_fingerprints (node, content, crc) VALUES (?, ?, ?)')
  }

  /** As stored, by node; null before the first start. Throws CHECKPOINT_CORRUPT. */
  stored(): Readonly<Record<string, NodeMeaning>> | null {
    const rows = this.#all.all()
    if (rows.length === 0) return null
    return Object.fromEntries(
      rows.map((row) => {
        const node = String(row['node'])
        return [
          node,
          checkedJson(this.#path, fingerprintWhere(node), row['content'], row['crc']) as unknown as NodeMeaning,
        ]
      }),
    )
  }

  /**
   * Compares with what is stored, or keeps `now` to be stored with the next transaction (`started` false: no batch has
   * been logged yet). Throws naming the node whose meaning changed, or the sets of nodes where they differ.
   */
  check(now: Readonly<Record<string, NodeMeaning>>, started: boolean): void {
    const before = this.stored() ?? (started ? {} : null)
    if (before === null) {
      this.#pending = now
      return
    }
    const beforeNodes = Object.keys(before).sort()
    const nowNodes = Object.keys(now).sort()
    for (const node of nowNodes) {
      const was = before[node]
      const is = now[node]!
      if (was !== undefined && was.fingerprint !== is.fingerprint)
        throw new CheckpointError(
          'CHECKPOINT_QUERY_CHANGED',
          { node, before: was.describe, after: is.describe },
          { hint: 'a query whose state means something else needs a new checkpoint location' },
        )
    }
    if (beforeNodes.join('\n') !== nowNodes.join('\n')) {
      const list = (from: Readonly<Record<string, NodeMeaning>>, nodes: readonly string[]): string =>
        nodes.length === 0 ? 'none' : nodes.map((n) => `${n} (${from[n]!.describe})`).join(', ')
      throw new CheckpointError(
        'STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA',
        { before: list(before, beforeNodes), after: list(now, nowNodes) },
        { hint: 'a query with other stateful operators needs a new checkpoint location' },
      )
    }
  }

  /** Writes what waits; to be called within a transaction. `settled` forgets it once that has succeeded. */
  flush(): void {
    for (const [node, { fingerprint, describe }] of Object.entries(this.#pending ?? {})) {
      const content = JSON.stringify({ fingerprint, describe })
      this.#put.run(node, content, checksum(fingerprintWhere(node), content))
    }
  }
  settled(): void {
    this.#pending = null
  }
}

/** What messages call the meaning of a node. */
export const fingerprintWhere = (node: string): string => `the fingerprint of ${node}`
