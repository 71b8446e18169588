import type { ExecutionError } from '../../../errors/errors.ts'
import type { GroupNote, KafkaProducer, OutBatch } from '../client.ts'
import { check, type Cluster, requestFailed } from './cluster.ts'
import { errorCode } from './error-codes.ts'
import {
  ADD_OFFSETS_TO_TXN,
  ADD_PARTITIONS_TO_TXN,
  END_TXN,
  INIT_PRODUCER_ID,
  PRODUCE,
  TXN_OFFSET_COMMIT,
  type TransactionOwner,
} from './producer-requests.ts'
import type { TopicPartition } from './requests.ts'

const DUPLICATE_SEQUENCE_NUMBER = 46
/** MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE. */
const TOO_LARGE = [10, 18]

/** The markers of the transaction before are being written when the next one begins. */
const FIRST_WAIT_MS = 2

interface Sequenced extends TopicPartition {
  readonly records: Buffer
  readonly batch: OutBatch
  readonly baseSequence: number
}
const placeOf = ({ topic, partition }: TopicPartition): string => `${topic} ${partition}`

/**
 * An idempotent producer. Batches of a partition have consecutive sequence numbers and go one request after the other, so
 * that a request may be repeated: the broker knows what it has.
 */
export class WireProducer implements KafkaProducer {
  readonly #cluster: Cluster
  readonly #transactionalId: string | null
  readonly #producerId: number
  readonly #producerEpoch: number
  readonly #sequences = new Map<string, number>()
  /** Partitions of the transaction under way. */
  #added = new Set<string>()
  /** The coordinator knows of the transaction. */
  #begun = false

  static async open(cluster: Cluster, transactionalId: string | null, timeoutMs: number): Promise<WireProducer> {
    const request = { transactionalId, timeoutMs }
    const who = await cluster.retrying(async () => {
      // Without transactions any broker gives out ids, and the coordinator of any name will do.
      const node = await cluster.coordinator(
        transactionalId ?? 'millrace',
        transactionalId === null ? 'group' : 'transaction',
      )
      const answer = await cluster.ask(node, INIT_PRODUCER_ID, request)
      check(answer.code, 'InitProducerId', transactionalId ?? 'a producer')
      return answer
    })
    return new WireProducer(cluster, transactionalId, who.producerId, who.producerEpoch)
  }

  constructor(cluster: Cluster, transactionalId: string | null, producerId: number, producerEpoch: number) {
    this.#cluster = cluster
    this.#transactionalId = transactionalId
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
  }

  get #owner(): TransactionOwner {
    return {
      transactionalId: this.#transactionalId!,
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
    }
  }

  begin(): void {
    this.#added = new Set()
    this.#begun = false
  }

  async send(batches: readonly OutBatch[]): Promise<void> {
    if (this.#transactionalId !== null) await this.#addPartitions(batches)
    const tooLarge = await this.#produce(batches.map((batch) => this.#sequenced(batch)))
    for (const { batch, baseSequence, failure } of tooLarge) {
      this.#sequences.set(placeOf(batch), baseSequence)
      const halves = batch.split()
      if (halves === null) throw failure
      for (const half of halves) await this.send([half])
    }
  }

  #sequenced(batch: OutBatch): Sequenced {
    const baseSequence = this.#sequences.get(placeOf(batch)) ?? 0
    // Sequences go round within int32.
    this.#sequences.set(placeOf(batch), (baseSequence + batch.count) % 2 ** 31)
    const records = batch.encode({
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      baseSequence,
      isTransactional: this.#transactionalId !== null,
    })
    return { topic: batch.topic, partition: batch.partition, records, batch, baseSequence }
  }

  /** Sends until all are written; gives back those the broker finds too large. */
  async #produce(all: readonly Sequenced[]): Promise<readonly (Sequenced & { readonly failure: ExecutionError })[]> {
    const tooLarge: (Sequenced & { readonly failure: ExecutionError })[] = []
    const left = new Map(all.map((s) => [placeOf(s), s]))
    await this.#cluster.retrying(async () => {
      if (left.size === 0) return
      const { requestTimeoutMs: timeoutMs } = this.#cluster.config
      const groups = [...(await this.#cluster.byLeader([...left.values()]))]
      const results = await Promise.allSettled(
        groups.map(([node, list]) =>
          this.#cluster.ask(node, PRODUCE, { transactionalId: this.#transactionalId, timeoutMs, batches: list }),
        ),
      )
      let failure: unknown
      for (const result of results) {
        if (result.status === 'rejected') {
          failure = result.reason
          continue
        }
        for (const answer of result.value) {
          const place = placeOf(answer)
          const refusal = answer.code === 0 ? null : produceFailed(answer)
          const isTooLarge = TOO_LARGE.includes(answer.code)
          if (isTooLarge) tooLarge.push({ ...left.get(place)!, failure: refusal! })
          if (refusal === null || isTooLarge || answer.code === DUPLICATE_SEQUENCE_NUMBER) left.delete(place)
          else failure = refusal
        }
      }
      if (failure !== undefined) throw failure
    })
    return tooLarge
  }

  async #addPartitions(batches: readonly OutBatch[]): Promise<void> {
    const fresh = batches.filter((b) => !this.#added.has(placeOf(b)))
    if (fresh.length === 0) return
    const partitions = fresh.map(({ topic, partition }) => ({ topic, partition }))
    await this.#coordinated(async (node) => {
      const answers = await this.#cluster.ask(node, ADD_PARTITIONS_TO_TXN, { ...this.#owner, partitions })
      for (const { topic, partition, code } of answers) check(code, 'AddPartitionsToTxn', `${topic}-${partition}`)
    })
    for (const b of fresh) this.#added.add(placeOf(b))
    this.#begun = true
  }

  async note(group: string, note: GroupNote): Promise<void> {
    await this.#coordinated(async (node) => {
      check(await this.#cluster.ask(node, ADD_OFFSETS_TO_TXN, { ...this.#owner, group }), 'AddOffsetsToTxn', group)
    })
    this.#begun = true
    await this.#cluster.retrying(async () => {
      const node = await this.#cluster.coordinator(group, 'group')
      const answers = await this.#cluster.ask(node, TXN_OFFSET_COMMIT, { ...this.#owner, ...note, group })
      for (const { code } of answers) check(code, 'TxnOffsetCommit', `group ${group}, topic ${note.topic}`)
    })
  }

  commit(): Promise<void> {
    return this.#end(true)
  }

  async abort(): Promise<void> {
    if (this.#begun) await this.#end(false)
  }

  async #end(commit: boolean): Promise<void> {
    await this.#coordinated(async (node) => {
      check(await this.#cluster.ask(node, END_TXN, { ...this.#owner, commit }), 'EndTxn', this.#transactionalId!)
    })
    this.begin()
  }

  #coordinated(body: (node: number) => Promise<void>): Promise<void> {
    const attempt = async (): Promise<void> =>
      body(await this.#cluster.coordinator(this.#transactionalId!, 'transaction'))
    return this.#cluster.retrying(attempt, FIRST_WAIT_MS)
  }
}

interface ProduceAnswer extends TopicPartition {
  readonly code: number
  readonly message: string | null
}

function produceFailed({ topic, partition, code, message }: ProduceAnswer): ExecutionError {
  const what = `${topic}-${partition}${message === null ? '' : `: ${message}`}`
  return requestFailed(errorCode(code), 'Produce', what)
}
