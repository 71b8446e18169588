/** The requests of a consumer without a group: where partitions are, what offsets they have, their records. */
import type { AbortedTransaction } from '../record-batches.ts'
import type { Api } from './connection.ts'

export interface MetadataResponse {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly {
    readonly code: number
    readonly name: string
    /** 32 hex digits; another one under the same name is another topic. */
    readonly id: string
    readonly isInternal: boolean
    readonly partitions: readonly { readonly code: number; readonly partition: number; readonly leader: number }[]
  }[]
}

/** `topics` null asks for all. */
export const METADATA: Api<{ readonly topics: readonly string[] | null; readonly create: boolean }, MetadataResponse> =
  {
    name: 'Metadata',
    key: 3,
    version: 10,
    flexible: true,
    write({ topics, create }, w) {
      if (topics === null) w.uvarint(0)
      else w.compactArray(topics, (name) => w.raw(NO_ID).compactString(name).tags())
      w.boolean(create).boolean(false).boolean(false).tags()
    },
    read(r) {
      r.int32()
      const brokers = r.compactArray(() => {
        const broker = { id: r.int32(), host: r.compactString(), port: r.int32() }
        r.compactNullableString()
        r.skipTags()
        return broker
      })
      r.compactNullableString()
      r.int32()
      const topics = r.compactArray(() => {
        const [code, name, id, isInternal] = [r.int16(), r.compactString(), r.uuid(), r.boolean()]
        const partitions = r.compactArray(() => {
          const partition = { code: r.int16(), partition: r.int32(), leader: r.int32() }
          r.int32()
          for (let i = 0; i < 3; i++) r.compactArray(() => r.int32())
          r.skipTags()
          return partition
        })
        r.int32()
        r.skipTags()
        return { code, name, id, isInternal, partitions }
      })
      return { brokers, topics }
    },
  }
const NO_ID = Buffer.alloc(16)

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Items by topic, as most requests want them. */
export function byTopic<T extends TopicPartition>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const out = new Map<string, T[]>()
  for (const item of items) {
    const list = out.get(item.topic)
    if (list === undefined) out.set(item.topic, [item])
    else list.push(item)
  }
  return out
}

/** The offset of the first record from a time on (milliseconds; -1 the end, -2 the beginning), -1 for none. */
export const LIST_OFFSETS: Api<
  {
    readonly readCommitted: boolean
    readonly partitions: readonly (TopicPartition & { readonly timestampMs: number })[]
  },
  readonly (TopicPartition & { readonly code: number; readonly offset: number })[]
> = {
  name: 'ListOffsets',
  key: 2,
  version: 4,
  write({ readCommitted, partitions }, w) {
    w.int32(-1).int8(readCommitted ? 1 : 0)
    w.array(byTopic(partitions), ([topic, list]) =>
      w.string(topic).array(list, (p) => w.int32(p.partition).int32(-1).int64(p.timestampMs)),
    )
  },
  read(r) {
    r.int32()
    return r
      .array(() => {
        const topic = r.string()
        return r.array(() => {
          const [partition, code] = [r.int32(), r.int16()]
          r.int64()
          const offset = r.int64()
          r.int32()
          return { topic, partition, code, offset }
        })
      })
      .flat()
  },
}

export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly readCommitted: boolean
  readonly partitions: readonly (TopicPartition & { readonly offset: number; readonly maxBytes: number })[]
}
export interface FetchedPartition extends TopicPartition {
  readonly code: number
  readonly highWatermark: number
  /** Behind the last record that belongs to no open transaction. */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: readonly AbortedTransaction[]
  readonly records: Buffer
}

/** Records from an offset on, without a fetch session. */
export const FETCH: Api<FetchRequest, { readonly code: number; readonly partitions: readonly FetchedPartition[] }> = {
  name: 'Fetch',
  key: 1,
  version: 11,
  write({ maxWaitMs, minBytes, maxBytes, readCommitted, partitions }, w) {
    w.int32(-1).int32(maxWaitMs).int32(minBytes).int32(maxBytes)
    w.int8(readCommitted ? 1 : 0)
      .int32(0)
      .int32(-1)
    w.array(byTopic(partitions), ([topic, list]) =>
      w.string(topic).array(list, (p) => {
        w.int32(p.partition).int32(-1).int64(p.offset).int64(-1).int32(p.maxBytes)
      }),
    )
    w.int32(0).string('')
  },
  read(r) {
    r.int32()
    const code = r.int16()
    r.int32()
    const partitions = r.array(() => {
      const topic = r.string()
      return r.array(() => {
        const [partition, partitionCode] = [r.int32(), r.int16()]
        const [highWatermark, lastStableOffset, logStartOffset] = [r.int64(), r.int64(), r.int64()]
        const aborted = r.array(() => ({ producerId: r.int64(), firstOffset: r.int64() }))
        r.int32()
        const records = r.bytes()
        return {
          topic,
          partition,
          code: partitionCode,
          highWatermark,
          lastStableOffset,
          logStartOffset,
          aborted,
          records,
        }
      })
    })
    return { code, partitions: partitions.flat() }
  },
}
