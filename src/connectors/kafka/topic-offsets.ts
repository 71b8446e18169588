import { OptionError } from '../../errors/errors.ts'
import type { TopicPartition } from './client.ts'

/** An offset of the source: by topic, by partition, the offset of the next record. In Spark's form, and plain JSON. */
export type KafkaOffset = { readonly [topic: string]: { readonly [partition: string]: number } }

/** Offsets by partition, in one map. */
export type OffsetMap = ReadonlyMap<string, TopicPartition & { readonly offset: number }>

/** The key of a partition in such a map. No topic has a space in its name. */
export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic} ${partition}`

/** By topic name, then by number. */
export const byPlace = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1

export function offsetMap(offset: KafkaOffset | null): OffsetMap {
  const out = new Map<string, TopicPartition & { readonly offset: number }>()
  for (const [topic, partitions] of Object.entries(offset ?? {}))
    for (const [partition, at] of Object.entries(partitions)) {
      const place = { topic, partition: Number(partition), offset: at }
      out.set(keyOf(place), place)
    }
  return out
}

/** Topics by name, partitions by number: equal offsets are equal texts. */
export function kafkaOffset(places: Iterable<TopicPartition & { readonly offset: number }>): KafkaOffset {
  const out: Record<string, Record<string, number>> = {}
  for (const { topic, partition, offset } of [...places].sort(byPlace)) (out[topic] ??= {})[partition] = offset
  return out
}

/** JSON {"topic":{"0":23}} of whole numbers from `least`. Throws OptionError. */
export function parsePartitionNumbers(option: string, text: string, least: number): OffsetMap {
  const bad = (): OptionError =>
    new OptionError(
      'OPTION_INVALID',
      { format: 'kafka', option, value: text, expected: 'JSON such as {"topic":{"0":23,"1":45}}' },
      { hint: 'by topic, by partition, a whole number' },
    )
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw bad()
  }
  if (!isObject(parsed)) throw bad()
  for (const partitions of Object.values(parsed)) {
    if (!isObject(partitions)) throw bad()
    for (const [partition, value] of Object.entries(partitions))
      if (!/^\d+$/.test(partition) || !Number.isSafeInteger(value) || (value as number) < least) throw bad()
  }
  return offsetMap(parsed as KafkaOffset)
}

/** JSON {"topic":[0,1]}. Throws OptionError. */
export function parseAssignment(text: string): readonly TopicPartition[] {
  const bad = (): OptionError =>
    new OptionError('OPTION_INVALID', {
      format: 'kafka',
      option: 'assign',
      value: text,
      expected: 'JSON such as {"topicA":[0,1],"topicB":[2,4]}',
    })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw bad()
  }
  if (!isObject(parsed)) throw bad()
  const out = Object.entries(parsed).flatMap(([topic, partitions]) => {
    if (!Array.isArray(partitions) || !partitions.every((p) => Number.isInteger(p) && (p as number) >= 0)) throw bad()
    return partitions.map((partition) => ({ topic, partition: partition as number }))
  })
  if (out.length === 0) throw bad()
  return out.sort(byPlace)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
