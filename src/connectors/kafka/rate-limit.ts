import type { TopicPartition } from './client.ts'
import { keyOf, type OffsetMap } from './topic-offsets.ts'

/**
 * Ends for a batch of at most about `limit` offsets: each partition gets its share of the limit by what it has waiting, one at
 * least, as in Spark. Partitions without a place in `from` do not count.
 */
export function limited(from: OffsetMap, to: OffsetMap, limit: number): OffsetMap {
  const waiting = (place: TopicPartition & { readonly offset: number }): number =>
    Math.max(0, place.offset - (from.get(keyOf(place))?.offset ?? place.offset))
  const total = [...to.values()].reduce((n, place) => n + waiting(place), 0)
  if (total <= limit) return to
  return new Map(
    [...to].map(([key, place]) => {
      const size = waiting(place)
      if (size === 0) return [key, place]
      const share = limit * (size / total)
      const count = share < 1 ? Math.ceil(share) : Math.floor(share)
      const begin = place.offset - size
      return [key, { ...place, offset: Math.min(place.offset, begin + count) }]
    }),
  )
}
