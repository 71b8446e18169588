/** The requests of a producer, its transactions, and the group that keeps the token of the last batch. */
import type { Api } from './connection.ts'
import type { Reader } from './reader.ts'
import { byTopic, type TopicPartition } from './requests.ts'

interface PartitionCode extends TopicPartition {
  readonly code: number
}

/** An answer that is the throttle time and one error code. */
function errorCode(r: Reader): number {
  r.int32()
  return r.int16()
}

/** An answer that is the throttle time and an error code for each partition. */
function partitionCodes(r: Reader): readonly PartitionCode[] {
  r.int32()
  const topics = r.array(() => {
    const topic = r.string()
    return r.array(() => ({ topic, partition: r.int32(), code: r.int16() }))
  })
  return topics.flat()
}

export const FIND_COORDINATOR: Api<
  { readonly key: string; readonly type: 'group' | 'transaction' },
  { readonly code: number; readonly id: number; readonly host: string; readonly port: number }
> = {
  name: 'FindCoordinator',
  key: 10,
  version: 2,
  write: ({ key, type }, w) => void w.string(key).int8(type === 'group' ? 0 : 1),
  read(r) {
    r.int32()
    const code = r.int16()
    r.nullableString()
    return { code, id: r.int32(), host: r.string(), port: r.int32() }
  },
}

/** With a transactional id: fences producers of that id that came before and ends what they left open. */
export const INIT_PRODUCER_ID: Api<
  { readonly transactionalId: string | null; readonly timeoutMs: number },
  { readonly code: number; readonly producerId: number; readonly producerEpoch: number }
> = {
  name: 'InitProducerId',
  key: 22,
  version: 1,
  write: ({ transactionalId, timeoutMs }, w) => void w.string(transactionalId).int32(timeoutMs),
  read(r) {
    r.int32()
    return { code: r.int16(), producerId: r.int64(), producerEpoch: r.int16() }
  },
}

/** Who a transaction belongs to. */
export interface TransactionOwner {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

export const ADD_PARTITIONS_TO_TXN: Api<
  TransactionOwner & { readonly partitions: readonly TopicPartition[] },
  readonly PartitionCode[]
> = {
  name: 'AddPartitionsToTxn',
  key: 24,
  version: 1,
  write({ transactionalId, producerId, producerEpoch, partitions }, w) {
    w.string(transactionalId).int64(producerId).int16(producerEpoch)
    w.array(byTopic(partitions), ([topic, list]) => w.string(topic).array(list, (p) => w.int32(p.partition)))
  },
  read: partitionCodes,
}

export const ADD_OFFSETS_TO_TXN: Api<TransactionOwner & { readonly group: string }, number> = {
  name: 'AddOffsetsToTxn',
  key: 25,
  version: 1,
  write: ({ transactionalId, producerId, producerEpoch, group }, w) =>
    void w.string(transactionalId).int64(producerId).int16(producerEpoch).string(group),
  read: errorCode,
}

export const TXN_OFFSET_COMMIT: Api<
  TransactionOwner & TopicPartition & { readonly group: string; readonly offset: number; readonly metadata: string },
  readonly PartitionCode[]
> = {
  name: 'TxnOffsetCommit',
  key: 28,
  version: 2,
  write(q, w) {
    w.string(q.transactionalId).string(q.group).int64(q.producerId).int16(q.producerEpoch)
    w.array([q], () =>
      w.string(q.topic).array([q], () => w.int32(q.partition).int64(q.offset).int32(-1).string(q.metadata)),
    )
  },
  read: partitionCodes,
}

export const END_TXN: Api<TransactionOwner & { readonly commit: boolean }, number> = {
  name: 'EndTxn',
  key: 26,
  version: 1,
  write: ({ transactionalId, producerId, producerEpoch, commit }, w) =>
    void w.string(transactionalId).int64(producerId).int16(producerEpoch).boolean(commit),
  read: errorCode,
}

/** One offset a group has committed. */
export interface GroupOffset extends PartitionCode {
  readonly offset: number
  readonly metadata: string | null
}

/** All offsets of a group; those of transactions that are not ended yet are waited for. */
export const OFFSET_FETCH: Api<string, { readonly code: number; readonly offsets: readonly GroupOffset[] }> = {
  name: 'OffsetFetch',
  key: 9,
  version: 7,
  flexible: true,
  write: (group, w) => void w.compactString(group).uvarint(0).boolean(true).tags(),
  read(r) {
    r.int32()
    const topics = r.compactArray(() => {
      const topic = r.compactString()
      const partitions = r.compactArray(() => {
        const [partition, offset] = [r.int32(), r.int64()]
        r.int32()
        const [metadata, code] = [r.compactNullableString(), r.int16()]
        r.skipTags()
        return { topic, partition, offset, metadata, code }
      })
      r.skipTags()
      return partitions
    })
    return { code: r.int16(), offsets: topics.flat() }
  },
}

/** One batch for one partition. */
export interface PartitionRecords extends TopicPartition {
  readonly records: Buffer
}

/** Written when all replicas in sync have it. */
export const PRODUCE: Api<
  {
    readonly transactionalId: string | null
    readonly timeoutMs: number
    readonly batches: readonly PartitionRecords[]
  },
  readonly (PartitionCode & { readonly message: string | null })[]
> = {
  name: 'Produce',
  key: 0,
  version: 8,
  write({ transactionalId, timeoutMs, batches }, w) {
    w.string(transactionalId).int16(-1).int32(timeoutMs)
    w.array(byTopic(batches), ([topic, list]) =>
      w.string(topic).array(list, (p) => w.int32(p.partition).bytes(p.records)),
    )
  },
  read(r) {
    const topics = r.array(() => {
      const topic = r.string()
      return r.array(() => {
        const [partition, code] = [r.int32(), r.int16()]
        r.int64()
        r.int64()
        r.int64()
        r.array(() => [r.int32(), r.nullableString()])
        return { topic, partition, code, message: r.nullableString() }
      })
    })
    return topics.flat()
  },
}
