import { ExecutionError, OptionError } from '../../errors/errors.ts'
import type { Options } from '../provider.ts'
import { EARLIEST, type KafkaClient, LATEST, type OffsetOf, type TopicPartition } from './client.ts'
import { keyOf, type OffsetMap, parsePartitionNumbers } from './topic-offsets.ts'

/** Where reading begins or ends, before it is looked up. Offsets of `each` may be LATEST and EARLIEST. */
export type Boundary =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'each'; readonly option: string; readonly offsets: OffsetMap }
  | { readonly kind: 'time'; readonly timestampMs: number; readonly orLatest: boolean }
  | { readonly kind: 'times'; readonly option: string; readonly times: OffsetMap; readonly orLatest: boolean }

/**
 * The boundary the options name: `<side>Timestamp`, else `<side>OffsetsByTimestamp`, else `<side>Offsets`, else `otherwise`.
 * Throws OptionError.
 */
export function boundaryOf(options: Options, side: 'starting' | 'ending', otherwise: 'earliest' | 'latest'): Boundary {
  const strategy = String(options['startingOffsetsByTimestampStrategy'] ?? 'error').toLowerCase()
  if (strategy !== 'error' && strategy !== 'latest')
    throw invalid('startingOffsetsByTimestampStrategy', strategy, 'error or latest')
  const orLatest = side === 'ending' || strategy === 'latest'
  const time = options[`${side}Timestamp`]
  if (time !== undefined) {
    if (Number(time) < 0) throw invalid(`${side}Timestamp`, String(time), 'milliseconds since 1970, not below zero,')
    return { kind: 'time', timestampMs: Number(time), orLatest }
  }
  const timesOption = `${side}OffsetsByTimestamp`
  const times = options[timesOption]
  if (times !== undefined)
    return { kind: 'times', option: timesOption, times: parsePartitionNumbers(timesOption, String(times), 0), orLatest }
  const option = `${side}Offsets`
  const text = String(options[option] ?? otherwise).trim()
  const word = text.toLowerCase()
  if (word === 'earliest' || word === 'latest') return { kind: word }
  return { kind: 'each', option, offsets: parsePartitionNumbers(option, text, EARLIEST) }
}

const invalid = (option: string, value: string, expected: string): OptionError =>
  new OptionError('OPTION_INVALID', { format: 'kafka', option, value, expected })

/** The offsets a boundary is at now, one for each partition. */
export async function lookUp(
  client: KafkaClient,
  boundary: Boundary,
  partitions: readonly TopicPartition[],
  readCommitted: boolean,
): Promise<readonly OffsetOf[]> {
  const at = (timestampMs: number, which = partitions): Promise<readonly OffsetOf[]> =>
    which.length === 0
      ? Promise.resolve([])
      : client.offsets(
          readCommitted,
          which.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
        )
  switch (boundary.kind) {
    case 'earliest':
      return at(EARLIEST)
    case 'latest':
      return at(LATEST)
    case 'each': {
      checkCovers(boundary.option, boundary.offsets, partitions)
      const given = [...boundary.offsets.values()]
      const ends = await Promise.all(
        [EARLIEST, LATEST].map((edge) =>
          at(
            edge,
            given.filter((p) => p.offset === edge),
          ),
        ),
      )
      return [...given.filter((p) => p.offset >= 0), ...ends.flat()]
    }
    case 'time':
    case 'times': {
      if (boundary.kind === 'times') checkCovers(boundary.option, boundary.times, partitions)
      const timeOf = (p: TopicPartition): number =>
        boundary.kind === 'time' ? boundary.timestampMs : boundary.times.get(keyOf(p))!.offset
      const found = await client.offsets(
        readCommitted,
        partitions.map(({ topic, partition }) => ({ topic, partition, timestampMs: timeOf({ topic, partition }) })),
      )
      const none = found.filter((p) => p.offset < 0)
      if (none.length > 0 && !boundary.orLatest) throw noneAsLate(none[0]!, timeOf(none[0]!))
      return [...found.filter((p) => p.offset >= 0), ...(await at(LATEST, none))]
    }
  }
}

function checkCovers(option: string, given: OffsetMap, partitions: readonly TopicPartition[]): void {
  const wanted = new Set(partitions.map(keyOf))
  const missing = partitions.find((p) => !given.has(keyOf(p)))
  const extra = [...given.values()].find((p) => !wanted.has(keyOf(p)))
  if (missing === undefined && extra === undefined) return
  const fault =
    missing === undefined
      ? `${extra!.topic}-${extra!.partition} is not read`
      : `${missing.topic}-${missing.partition} is missing`
  throw new OptionError(
    'OPTION_INVALID',
    { format: 'kafka', option, value: fault, expected: 'an entry for each partition that is read, and no other,' },
    { hint: 'use -1 for latest, -2 for earliest' },
  )
}

const noneAsLate = ({ topic, partition }: TopicPartition, timestampMs: number): ExecutionError =>
  new ExecutionError(
    'KAFKA_NO_OFFSET_FOR_TIMESTAMP',
    { topic, partition, timestampMs },
    { hint: 'startingOffsetsByTimestampStrategy latest begins at the end of such partitions' },
  )
