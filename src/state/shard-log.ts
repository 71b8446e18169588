const SHARDS = 256
/** Below this many bytes of change logs a shard is not worth a snapshot on account of its size. */
const MIN_LOG_BYTES = 4096
/** After this many change logs a shard gets its snapshot though it outweighs them, so that old logs can go … */
const OLD_LOGS = 100
/** … if it does so at most this many times: what a few changed keys make a large table write stays in proportion. */
const MAX_REWRITE = 4
/** … or where its snapshot has no more than this. */
const SMALL_BYTES = 1024
/** After this many a shard gets its snapshot whatever its size: a restart reads no more logs. */
const MAX_LOGS = 4000
/** The most shards in one commit: keeps a trigger from stalling when many small shards come due together. */
const MAX_SHARDS = 32

/**
 * How much has been logged for each shard since its last snapshot: which shards are due for one, and how many of the
 * latest change logs a restore still needs.
 */
export class ShardLog {
  readonly #bytes = new Float64Array(SHARDS)
  /** Number of the first log since the shard's snapshot; 0 where there is none. */
  readonly #since = new Float64Array(SHARDS)
  #logs = 0

  /** A change log was written, or read: `touched` has the rows of it by shard. */
  addLog(touched: Int32Array, blobBytes: number): void {
    this.#logs++
    let rows = 0
    for (let shard = 0; shard < SHARDS; shard++) rows += touched[shard]!
    if (rows === 0) return
    for (let shard = 0; shard < SHARDS; shard++) {
      if (touched[shard] === 0) continue
      this.#bytes[shard]! += (blobBytes * touched[shard]!) / rows
      if (this.#since[shard] === 0) this.#since[shard] = this.#logs
    }
  }

  /** The shard is as in its snapshot now. */
  clear(shard: number): void {
    this.#bytes[shard] = 0
    this.#since[shard] = 0
  }

  /** How many of the latest change logs hold something no snapshot has. */
  get logsNeeded(): number {
    let first = Infinity
    for (let shard = 0; shard < SHARDS; shard++) {
      const since = this.#since[shard]!
      if (since > 0 && since < first) first = since
    }
    return first === Infinity ? 0 : this.#logs - first + 1
  }

  /** Bytes logged since the snapshots, over all shards. */
  get logBytes(): number {
    let sum = 0
    for (let shard = 0; shard < SHARDS; shard++) sum += this.#bytes[shard]!
    return sum
  }

  /**
   * Shards to snapshot now, the most logged first: those whose logs outweigh them or go back too far, as far as
   * `budgetBytes` reaches (at least one if any is due and there is a budget). `bytesOf` estimates a shard's snapshot.
   */
  due(budgetBytes: number, bytesOf: (shard: number) => number): number[] {
    if (budgetBytes <= 0) return []
    const overgrown: number[] = []
    const old: number[] = []
    for (let shard = 0; shard < SHARDS; shard++) {
      const since = this.#since[shard]!
      if (since === 0) continue
      const logs = this.#logs - since
      const logged = this.#bytes[shard]!
      const bytes = bytesOf(shard)
      if (logs >= MAX_LOGS || (logs >= OLD_LOGS && Math.max(SMALL_BYTES, logged * MAX_REWRITE) >= bytes))
        old.push(shard)
      else if (logged >= Math.max(MIN_LOG_BYTES, bytes)) overgrown.push(shard)
    }
    old.sort((a, b) => this.#since[a]! - this.#since[b]!)
    overgrown.sort((a, b) => this.#bytes[b]! - this.#bytes[a]!)
    const out: number[] = []
    let left = budgetBytes
    // what holds back the oldest log comes first: it is what keeps a restart bounded
    for (const shard of [...old, ...overgrown]) {
      left -= bytesOf(shard)
      if (out.length > 0 && left < 0) break
      out.push(shard)
      if (out.length === MAX_SHARDS) break
    }
    return out
  }
}
