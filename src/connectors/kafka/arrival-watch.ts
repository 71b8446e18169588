import type { KafkaClient } from './client.ts'
import type { OffsetMap } from './topic-offsets.ts'

/** How long a broker holds a request that nothing has come for. */
const WAIT_MS = 500

/**
 * Waits at the ends of partitions and calls `wake` when records arrive, so that an idle query need not look to find them. It has a
 * client of its own: a broker answers a connection's requests in turn, and these are answered late.
 */
export class ArrivalWatch {
  readonly #client: KafkaClient
  readonly #readCommitted: boolean
  readonly #wake: () => void
  #ends: OffsetMap | null = null
  #isWaiting = false

  constructor(client: KafkaClient, readCommitted: boolean, wake: () => void) {
    this.#client = client
    this.#readCommitted = readCommitted
    this.#wake = wake
  }

  /** Waits behind these offsets from now on; null: there is something to do, nothing is waited for. */
  at(ends: OffsetMap | null): void {
    this.#ends = ends
    if (ends !== null && ends.size > 0 && !this.#isWaiting) void this.#wait()
  }

  async #wait(): Promise<void> {
    this.#isWaiting = true
    try {
      for (let ends = this.#ends; ends !== null && ends.size > 0; ends = this.#ends) {
        const answers = await this.#client.fetch({
          readCommitted: this.#readCommitted,
          maxBytes: 1,
          maxWaitMs: WAIT_MS,
          partitions: [...ends.values()].map((p) => ({ ...p, maxBytes: 1 })),
        })
        if (ends !== this.#ends || answers.every((a) => a.records.length === 0)) continue
        this.#ends = null
        this.#wake()
      }
    } catch {
      // The next look at the offsets meets what is wrong, and says so.
      this.#ends = null
    } finally {
      this.#isWaiting = false
    }
  }

  close(): Promise<void> {
    this.#ends = null
    return this.#client.close()
  }
}
