import { OptionError } from '../../errors/errors.ts'
import type { Options } from '../provider.ts'
import { type Boundary, boundaryOf } from './boundary.ts'
import { EARLIEST, LATEST } from './client.ts'
import { type ConnectionConfig, connectionConfig } from './connection-config.ts'
import { type Selection, selectionOf } from './selection.ts'
import { KafkaSettings } from './settings.ts'
import { SINK_OPTIONS } from './sink-options.ts'
import { SOURCE_OPTIONS } from './source-options.ts'

/** The options of the source, read. */
export interface SourceConfig {
  readonly settings: KafkaSettings
  readonly connection: ConnectionConfig
  readonly readCommitted: boolean
  readonly selection: Selection
  readonly start: Boundary
  /** Of a bounded read. */
  readonly end: Boundary
}

/** Options that make sense in a bounded read only. */
const ENDING = ['endingOffsets', 'endingOffsetsByTimestamp', 'endingTimestamp']

/** Checks all options that can be checked without a broker. Throws OptionError. */
export function sourceConfig(options: Options, streaming: boolean): SourceConfig {
  const settings = new KafkaSettings(options, { ...SOURCE_OPTIONS, ...SINK_OPTIONS })
  const selection = selectionOf(options)
  const connection = connectionConfig(settings)
  const readCommitted = settings.oneOf('isolation.level', ISOLATION, ISOLATION[0]!) === 'read_committed'
  const ending = ENDING.find((option) => options[option] !== undefined)
  if (streaming && ending !== undefined)
    throw new OptionError(
      'OPTION_FORBIDDEN',
      { format: 'kafka', option: ending },
      { hint: 'a stream has no end; session.read takes it' },
    )
  const start = boundaryOf(options, 'starting', streaming ? 'latest' : 'earliest')
  const end = boundaryOf(options, 'ending', 'latest')
  const wrong = (option: string, value: string, expected: string): OptionError =>
    new OptionError('OPTION_INVALID', { format: 'kafka', option, value, expected })
  if (!streaming && isAt(start, 'latest', LATEST))
    throw wrong('startingOffsets', 'latest', 'earliest or offsets, for a bounded read,')
  if (isAt(end, 'earliest', EARLIEST)) throw wrong('endingOffsets', 'earliest', 'latest or offsets')
  for (const option of ['maxOffsetsPerTrigger', 'minOffsetsPerTrigger', 'kafkaConsumer.pollTimeoutMs'])
    if (options[option] !== undefined && Number(options[option]) < 1)
      throw wrong(option, String(options[option]), 'a number from 1')
  const [least, most] = [options['minOffsetsPerTrigger'], options['maxOffsetsPerTrigger']]
  if (least !== undefined && most !== undefined && Number(least) > Number(most))
    throw wrong('minOffsetsPerTrigger', String(least), `a number up to maxOffsetsPerTrigger, ${String(most)},`)
  return { settings, connection, readCommitted, selection, start, end }
}

const ISOLATION = ['read_uncommitted', 'read_committed']
const isAt = (boundary: Boundary, word: 'earliest' | 'latest', edge: number): boolean =>
  boundary.kind === word || (boundary.kind === 'each' && [...boundary.offsets.values()].some((p) => p.offset === edge))
