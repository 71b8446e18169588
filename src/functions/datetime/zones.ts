import { ExecutionError } from '../../errors/errors.ts'
import { implicitCast } from '../../types/coercion.ts'
import { dayTimeInterval, STRING, TIMESTAMP, TIMESTAMP_NTZ, type DataType } from '../../types/data-type.ts'
import { civilFromDays, floorDiv, splitLocalUs, zoneOf } from '../../types/time.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type EvalFn, type FunctionEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { zoneFor } from './clock-reading.ts'
import { addMonthsToLocal, checkTimestamp } from './shift.ts'

/** The start of the bucket of `step` microseconds an instant falls into, counted from `origin`. */
const bucketStart = (us: bigint, step: bigint, origin: bigint): bigint => origin + floorDiv(us - origin, step) * step

const badWidth = (): never => {
  throw new ExecutionError('INVALID_PARAMETER_VALUE.BUCKET_WIDTH', { function: 'time_bucket' })
}

/** The start of the bucket of `step` months a local clock reading falls into, counted from `origin`. */
function monthBucket(localUs: bigint, step: number, origin: bigint): bigint {
  const at = civilFromDays(splitLocalUs(localUs).days)
  const from = civilFromDays(splitLocalUs(origin).days)
  const months = (at.year - from.year) * 12 + (at.month - from.month)
  let steps = Math.floor(months / step)
  if (addMonthsToLocal(origin, steps * step) > localUs) steps--
  return addMonthsToLocal(origin, steps * step)
}

function isWindow(type: DataType): boolean {
  return (
    type.kind === 'struct' &&
    type.fields.length === 2 &&
    type.fields[0]!.name === 'start' &&
    type.fields[1]!.name === 'end' &&
    (type.fields[1]!.type.kind === 'timestamp' || type.fields[1]!.type.kind === 'timestamp_ntz')
  )
}

/** Timestamps between time zones, and the buckets and windows they fall into. */
export const entries: readonly FunctionEntry[] = [
  scalar('from_utc_timestamp', [arg('timestamp', TIMESTAMP), arg('time_zone', STRING)], TIMESTAMP, {
    group: 'datetime',
    doc: 'Takes the clock of a timestamp for UTC and gives the clock of `time_zone` at that instant.',
    examples: [
      { sql: `from_utc_timestamp(timestamp'2026-07-01 12:00:00', 'Asia/Tokyo')`, gives: '2026-07-01 21:00:00' },
    ],
    eval: (us: bigint, zone: string) => checkTimestamp(zoneOf(zone).utcToLocalUs(us), 'from_utc_timestamp'),
    codegen: ([us], site) => {
      const name = site.constants[1]
      if (typeof name !== 'string' || site.int64 !== 'narrow') return null
      const zone = zoneOf(name)
      const offset = site.constant((t: number) => zone.offsetSeconds(Math.floor(t / 1e6)) * 1e6)
      return `rt.n53(${us} + ${offset}(${us}))`
    },
  }),
  scalar('to_utc_timestamp', [arg('timestamp', TIMESTAMP), arg('time_zone', STRING)], TIMESTAMP, {
    group: 'datetime',
    doc: 'Takes the clock of a timestamp for that of `time_zone` and gives the clock of UTC at that instant.',
    examples: [
      { sql: `to_utc_timestamp(timestamp'2026-07-01 12:00:00', 'Asia/Kolkata')`, gives: '2026-07-01 06:30:00' },
    ],
    eval: (us: bigint, zone: string) => checkTimestamp(zoneOf(zone).localToUtcUs(us), 'to_utc_timestamp'),
  }),
  scalar(
    'convert_timezone',
    [arg('source_zone', STRING), arg('target_zone', 'ANY'), arg('timestamp', TIMESTAMP_NTZ, { optional: true })],
    undefined,
    {
      group: 'datetime',
      doc: 'The clock of `target_zone` when that of `source_zone` (left out: of the session) shows a TIMESTAMP_NTZ: `convert_timezone([source_zone,] target_zone, timestamp)`.',
      examples: [
        {
          sql: `convert_timezone('UTC', 'Asia/Tokyo', timestamp_ntz'2026-01-01 00:00:00')`,
          gives: '2026-01-01 09:00:00',
        },
      ],
      resolve: (args, env) => {
        const zones = args.slice(0, -1)
        const time = args.at(-1)!
        zones.forEach((z, i) => {
          if (implicitCast(z, STRING, env.ansi) === null) unexpectedType('convert_timezone', i + 1, 'STRING', z)
        })
        if (!['timestamp_ntz', 'timestamp', 'date', 'string', 'void'].includes(time.kind))
          unexpectedType('convert_timezone', args.length, 'TIMESTAMP_NTZ', time)
        return { args: [...zones.map(() => STRING), TIMESTAMP_NTZ], type: TIMESTAMP_NTZ }
      },
      bind: (site): EvalFn => {
        const convert = (from: string, to: string, us: bigint): Value =>
          checkTimestamp(zoneOf(to).utcToLocalUs(zoneOf(from).localToUtcUs(us)), 'convert_timezone')
        return site.args.length === 3 ? convert : (to: string, us: bigint) => convert(site.env.timeZone, to, us)
      },
    },
  ),
  scalar('window_time', [arg('window', 'STRUCT')], undefined, {
    group: 'datetime',
    doc: 'The event time of a window: the last microsecond in it.',
    examples: [
      {
        sql: `window_time(named_struct('start', timestamp'2026-01-01 00:00:00', 'end', timestamp'2026-01-01 00:05:00'))`,
        gives: '2026-01-01 00:04:59.999999',
      },
    ],
    canBeNull: true,
    resolve: ([window]) => {
      if (window!.kind !== 'struct' || !isWindow(window!)) return unexpectedType('window_time', 1, 'a window', window!)
      return { args: [window!], type: window!.fields[1]!.type }
    },
    eval: (window: readonly Value[]) =>
      window[1] === null ? null : checkTimestamp((window[1] as bigint) - 1n, 'window_time'),
  }),
  scalar(
    'time_bucket',
    [
      arg('width', 'INTERVAL'),
      arg('timestamp', [TIMESTAMP, TIMESTAMP_NTZ]),
      arg('origin', [TIMESTAMP, TIMESTAMP_NTZ], { optional: true }),
    ],
    undefined,
    {
      group: 'datetime',
      doc: 'The start of the bucket a timestamp falls into; buckets are `width` wide and one begins at `origin` (default 1970-01-01 00:00:00 UTC).',
      examples: [
        { sql: `time_bucket(interval '15' minute, timestamp'2026-11-20 10:22:00')`, gives: '2026-11-20 10:15:00' },
      ],
      resolve: (args) => {
        const [width, time] = args as [DataType, DataType, DataType | undefined]
        if (!['interval_dt', 'interval_ym', 'void'].includes(width.kind))
          unexpectedType('time_bucket', 1, 'a day-time or year-month interval', width)
        const type = time.kind === 'timestamp_ntz' ? TIMESTAMP_NTZ : TIMESTAMP
        args.slice(1).forEach((t, i) => {
          if (!['timestamp_ntz', 'timestamp', 'void'].includes(t.kind))
            unexpectedType('time_bucket', i + 2, 'a timestamp', t)
        })
        return { args: [width.kind === 'void' ? dayTimeInterval() : width, ...args.slice(1).map(() => type)], type }
      },
      bind: (site): EvalFn => {
        if (site.args[0]!.kind === 'interval_dt') {
          return (width: bigint, us: bigint, origin = 0n) =>
            width > 0n ? checkTimestamp(bucketStart(us, width, origin), 'time_bucket') : badWidth()
        }
        const zone = zoneFor(site.args[1]!, site)
        return (width: number, us: bigint, origin?: bigint) => {
          if (width <= 0) return badWidth()
          const from = origin === undefined ? 0n : zone.utcToLocalUs(origin)
          return checkTimestamp(zone.localToUtcUs(monthBucket(zone.utcToLocalUs(us), width, from)), 'time_bucket')
        }
      },
    },
  ),
]
