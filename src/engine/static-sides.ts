import { createHash } from 'node:crypto'
import type { OffsetRow } from '../checkpoint/checkpoint.ts'
import { StaticLog } from '../checkpoint/static-log.ts'
import type { Batch } from '../columns/batch.ts'
import { decodeBatch, encodeBatch } from '../columns/codec.ts'
import type { Source } from '../connectors/provider.ts'
import type { Operator } from '../operators/operator.ts'
import type { NodeSpec, SourceNode } from '../planner/spec.ts'
import type { Database } from '../storage/database.ts'
import { printSchema } from '../types/ddl.ts'
import type { Json } from '../types/json.ts'
import { runPhase } from './batch-run.ts'
import { describeSource, type LeafContext, type LeafNode, openSource, readLeaf } from './leaves.ts'
import type { Pacer } from './pacer.ts'
import type { Pipeline, StaticSide } from './pipeline.ts'
import { isoMs, type StaticTableProgress } from './progress.ts'

/** Key in `OffsetRow.extra`: the versions of the bounded tables a batch saw, by name. */
const STATIC = 'static'

/** Which reading of a table a batch saw, and when it was read. `token`: what its source said of itself before that. */
interface Version {
  readonly version: number
  readonly readAtMs: number
  readonly token?: string
}

/** A table under care: its rows as of `version`. */
interface Table {
  readonly node: SourceNode
  /** As offset rows name it. */
  readonly name: string
  /** Read once in the life of the query: the join keeps its rows in the state. */
  readonly once: boolean
  /** Was read since the query started. */
  readHere: boolean
  /** Tells whether the table changed; open as long as the query runs. */
  watched: Source | null
  held: { readonly version: Version; readonly hash: string; readonly batches: readonly Batch[] } | null
}

export interface StaticSidesConfig {
  readonly pipeline: Pipeline
  readonly leaves: LeafContext
  readonly database: Database
  readonly pacer: Pacer
  /** Fresh operators for the nodes of a side. */
  readonly renew: (nodes: readonly NodeSpec[]) => ReadonlyMap<string, Operator>
  readonly note: (line: string) => void
}

/**
 * The bounded tables beside the streams of a query. Most are read once, when the query starts. Two kinds are under
 * care, their rows kept in the checkpoint under a version that the offset row names, so that a batch that runs again
 * sees the same: those with a refresh, read again at the start of a batch when they are due, and those whose rows a join
 * keeps, read for batch 0 and never again.
 */
export class StaticSides {
  readonly #config: StaticSidesConfig
  readonly #log: StaticLog | null
  readonly #plain: readonly StaticSide[] = []
  readonly #cared: readonly { readonly side: StaticSide; readonly tables: readonly Table[] }[] = []
  readonly #tables: readonly Table[]
  /** The versions that the joins hold now, by table. */
  #inForce: Readonly<Record<string, number>> = {}

  constructor(config: StaticSidesConfig) {
    this.#config = config
    const plain: StaticSide[] = []
    const cared: { side: StaticSide; tables: Table[] }[] = []
    const named = new Map<string, number>()
    const table = (node: SourceNode, once: boolean): Table => {
      const nth = (named.get(node.name) ?? 0) + 1
      named.set(node.name, nth)
      const name = nth === 1 ? node.name : `${node.name}#${nth}`
      return { node, name, once, readHere: false, watched: null, held: null }
    }
    for (const side of config.pipeline.staticSides()) {
      const leaves = side.nodes.filter((n): n is SourceNode => n.op === 'source')
      if (!side.once && leaves.every((n) => n.refresh === undefined)) plain.push(side)
      else cared.push({ side, tables: leaves.map((node) => table(node, side.once)) })
    }
    this.#plain = plain
    this.#cared = cared
    this.#tables = cared.flatMap((c) => c.tables)
    this.#log = this.#tables.length > 0 ? new StaticLog(config.database) : null
  }

  /** Reads the tables that are read once a start. */
  async open(): Promise<void> {
    for (const side of this.#plain) await this.#run(side)
  }

  /** What the next batch is to see: reads what is due. `last`: the offset row before, null in a fresh query. */
  async versions(last: OffsetRow | null, nowMs: number): Promise<Readonly<Record<string, Json>>> {
    const before = (last?.extra[STATIC] ?? {}) as unknown as Readonly<Record<string, Version>>
    const out: Record<string, Json> = {}
    for (const table of this.#tables) {
      if (table.once && last !== null) continue
      const version = await this.#version(table, before[table.name], nowMs)
      out[table.name] = version as unknown as Json
    }
    return this.#tables.length > 0 && Object.keys(out).length > 0 ? { [STATIC]: out } : {}
  }

  /** Gives the joins the versions an offset row names. */
  async bring(row: OffsetRow): Promise<void> {
    const versions = (row.extra[STATIC] ?? {}) as unknown as Readonly<Record<string, Version>>
    for (const { side, tables } of this.#cared) {
      if (side.once && row.batchId > 0) continue
      if (tables.length > 0 && tables.every((t) => this.#inForce[t.name] === versions[t.name]?.version)) continue
      for (const t of tables) await this.#hold(t, versions[t.name])
      const { pipeline, renew, leaves } = this.#config
      pipeline.renew(side, renew(side.nodes))
      await this.#run(side, (leaf) => {
        const table = tables.find((t) => t.node.id === leaf.id)
        return table === undefined ? readLeaf(leaf, leaves) : table.held!.batches
      })
    }
    this.#inForce = Object.fromEntries(Object.entries(versions).map(([name, v]) => [name, v.version]))
  }

  /** A batch is committed: versions before its own are not asked for again. */
  committed(row: OffsetRow): void {
    const versions = (row.extra[STATIC] ?? {}) as unknown as Readonly<Record<string, Version>>
    for (const table of this.#tables) {
      const version = versions[table.name]?.version
      if (table.once) {
        // The state has its rows now; they are let go when the progress of their batch is out.
        if (row.batchId === 0) this.#log?.purge(table.name, Number.MAX_SAFE_INTEGER)
        else table.held = null
      } else if (version !== undefined) this.#log?.purge(table.name, version)
    }
  }

  /** The tables under care as a batch saw them, for its progress. */
  progress(row: OffsetRow): readonly StaticTableProgress[] {
    const versions = (row.extra[STATIC] ?? {}) as unknown as Readonly<Record<string, Version>>
    return this.#tables.flatMap(({ node, name, held }) => {
      const v = versions[name]
      if (v === undefined) return []
      const numRows = held?.batches.reduce((n, b) => n + b.rowCount, 0) ?? 0
      const description = describeSource(node, this.#config.leaves.objects)
      return [{ name, description, version: v.version, readAt: isoMs(v.readAtMs), numRows }]
    })
  }

  async close(): Promise<void> {
    for (const t of this.#tables) await t.watched?.close()
  }

  async #version(table: Table, before: Version | undefined, nowMs: number): Promise<Version> {
    if (before !== undefined && table.held === null) this.#restore(table, before)
    const held = table.held
    const token = table.node.refresh === 'onChange' ? await this.#token(table) : undefined
    if (held !== null && !isDue(table, held.version, nowMs, token)) return held.version
    return this.#read(table, before?.version ?? 0, nowMs, token)
  }

  /** Reads a table; a version of its own only where the rows are others than those of the version before. */
  async #read(table: Table, last: number, nowMs: number, token: string | undefined): Promise<Version> {
    const { node, name } = table
    const batches: Batch[] = []
    for await (const batch of readLeaf(node, this.#config.leaves)) batches.push(batch.dense())
    const parts = batches.map((b) => encodeBatch(node.schema, b.columns, null, b.length))
    const hash = hashOf(parts)
    const same = table.held?.hash === hash
    const version: Version = {
      version: same ? table.held!.version.version : Math.max(last, table.held?.version.version ?? 0) + 1,
      readAtMs: nowMs,
      ...(token === undefined ? {} : { token }),
    }
    if (!same) this.#log!.put(name, version.version, printSchema(node.schema), parts)
    table.readHere = true
    table.held = { version, hash, batches: same ? table.held!.batches : batches }
    return version
  }

  /** Takes a version from the checkpoint; nothing is held when it is not there, or had other columns. */
  #restore(table: Table, version: Version): void {
    const { node, name } = table
    const parts = this.#log!.get(name, version.version, printSchema(node.schema))
    if (parts === null) return
    const batches = parts.map((p) => decodeBatch(node.schema, p, `version ${version.version} of ${name}`))
    table.held = { version, hash: hashOf(parts), batches }
  }

  /** A rerun sees the version of its offset row; where the query now wants other columns of the table, those of now. */
  async #hold(table: Table, wanted: Version | undefined): Promise<void> {
    if (wanted !== undefined && table.held?.version.version === wanted.version) return
    table.held = null
    if (wanted !== undefined) this.#restore(table, wanted)
    if (table.held !== null) return
    this.#config.note(`the table ${table.name} is not held as the batch saw it: it is read as it is now`)
    const { version, readAtMs } = wanted ?? { version: 1, readAtMs: 0 }
    await this.#read(table, version - 1, readAtMs, wanted?.token)
  }

  async #token(table: Table): Promise<string | undefined> {
    table.watched ??= await openSource(table.node, this.#config.leaves)
    return table.watched.changeToken?.()
  }

  #run(side: StaticSide, read?: (leaf: LeafNode) => AsyncIterable<Batch> | Iterable<Batch>): Promise<void> {
    const { pipeline, leaves, pacer } = this.#config
    return runPhase(pipeline, pipeline.steps('static', side.root), leaves, pacer, async () => undefined, read)
  }
}

function isDue(table: Table, held: Version, nowMs: number, token: string | undefined): boolean {
  const { refresh } = table.node
  // Beside a table with a refresh: once a start, like any other.
  if (refresh === undefined) return !table.readHere
  return refresh === 'onChange' ? held.token !== token : nowMs - held.readAtMs >= refresh || nowMs < held.readAtMs
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const p of parts) hash.update(String(p.length)).update(p)
  return hash.digest('hex')
}
