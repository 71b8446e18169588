import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { commonTypeOf } from '../../types/coercion.ts'
import { arrayOf, BIGINT, CALENDAR_INTERVAL, isIntegral, typeName, type DataType } from '../../types/data-type.ts'
import { formatValue } from '../../types/format.ts'
import { US_PER_DAY, zoneOf } from '../../types/time.ts'
import { CalendarInterval, type Value } from '../../types/value.ts'
import { shiftTimestamp } from '../datetime/shift.ts'
import { arg, scalar, type CallSite, type EvalFn, type FunctionEntry, type Resolved } from '../entry.ts'
import { MAX_ARRAY_LENGTH } from './array-basics.ts'

const isInterval = (t: DataType): boolean =>
  t.kind === 'interval' || t.kind === 'interval_dt' || t.kind === 'interval_ym'

function resolve(args: readonly DataType[], ansi: boolean): Resolved {
  const [start, stop, step] = args as [DataType, DataType, DataType | undefined]
  const wrong = (): never => {
    throw new AnalysisError('DATATYPE_MISMATCH.SEQUENCE_WRONG_INPUT_TYPES', {
      function: 'sequence',
      types: args.map(typeName).join(', '),
    })
  }
  const counted = step === undefined || isInterval(step) ? [start, stop] : [start, stop, step]
  const type = commonTypeOf(counted, ansi)
  if (type === null) return wrong()
  if (isIntegral(type)) {
    if (step !== undefined && isInterval(step)) return wrong()
  } else if (type.kind === 'date' || type.kind === 'timestamp' || type.kind === 'timestamp_ntz') {
    if (step !== undefined && !isInterval(step) && step.kind !== 'void') return wrong()
  } else return wrong()
  const stepType = step === undefined ? [] : [isIntegral(type) ? type : step.kind === 'void' ? CALENDAR_INTERVAL : step]
  return { args: [type, type, ...stepType], type: arrayOf(type, false) }
}

/** Refuses a step that does not lead from start to stop. */
function noWay(site: CallSite, start: Value, stop: Value, step: string): never {
  const show = (v: Value): string => formatValue(v, site.args[0]!, site.env.timeZone)
  throw new ExecutionError('SEQUENCE_BOUNDARIES', { start: show(start), stop: show(stop), step })
}

const checkLength = (length: bigint): void => {
  if (length > BigInt(MAX_ARRAY_LENGTH)) {
    throw new ExecutionError('COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER', {
      function: 'sequence',
      size: length.toString(),
    })
  }
}

/** Numbers from start to stop; `step` 0 is allowed only where start is stop. */
function integers(site: CallSite, start: bigint, stop: bigint, step: bigint): readonly bigint[] {
  if (step === 0n ? start !== stop : stop > start ? step < 0n : stop < start && step > 0n)
    noWay(site, value(site, start), value(site, stop), step.toString())
  const length = step === 0n ? 1n : (stop - start) / step + 1n
  checkLength(length)
  return Array.from({ length: Number(length) }, (_, i) => start + BigInt(i) * step)
}

const value = (site: CallSite, n: bigint): Value =>
  site.args[0]!.kind === BIGINT.kind || site.args[0]!.kind.startsWith('timestamp') ? n : Number(n)

/** A step in time: months move the clock, then days, then microseconds the instant. */
interface Step {
  readonly months: number
  readonly days: number
  readonly micros: bigint
}

function stepOf(v: Value): Step {
  if (v instanceof CalendarInterval) return v
  if (typeof v === 'number') return { months: v, days: 0, micros: 0n }
  const us = v as bigint
  const days = us / US_PER_DAY
  return { months: 0, days: Number(days), micros: us - days * US_PER_DAY }
}

/** Instants (or dates as the midnights of UTC) from start to stop, each counted from start, so that ends of months do not creep. */
function instants(site: CallSite, start: bigint, stop: bigint, step: Step): readonly bigint[] {
  const zone = zoneOf(site.args[0]!.kind === 'timestamp' ? site.env.timeZone : 'UTC')
  // A month counts 28 days here: the estimate only gives the direction and a bound of the length.
  const estimate = BigInt(step.months * 28 + step.days) * US_PER_DAY + step.micros
  const backwards = stop < start
  if (estimate === 0n ? start !== stop : backwards ? estimate > 0n : stop > start && estimate < 0n) {
    noWay(
      site,
      shown(site, start),
      shown(site, stop),
      `${step.months} months ${step.days} days ${Number(step.micros) / 1e6} seconds`,
    )
  }
  if (estimate === 0n) return [start]
  checkLength((stop - start) / estimate + 1n)
  const down = estimate < 0n
  const out: bigint[] = []
  for (let i = 0, t = start; down ? t >= stop : t <= stop;) {
    out.push(t)
    i++
    t = shiftTimestamp(start, i * step.months, i * step.days, BigInt(i) * step.micros, zone)
  }
  return out
}

const shown = (site: CallSite, us: bigint): Value => (site.args[0]!.kind === 'date' ? Number(us / US_PER_DAY) : us)

function bind(site: CallSite): EvalFn {
  const type = site.args[0]!
  if (isIntegral(type)) {
    return (start: number | bigint, stop: number | bigint, step?: number | bigint) => {
      const from = BigInt(start)
      const to = BigInt(stop)
      const by = step === undefined ? (to >= from ? 1n : -1n) : BigInt(step)
      return integers(site, from, to, by).map((n) => value(site, n))
    }
  }
  const isDate = type.kind === 'date'
  const instant = (v: Value): bigint => (isDate ? BigInt(v as number) * US_PER_DAY : (v as bigint))
  return (start: Value, stop: Value, step?: Value) => {
    const from = instant(start)
    const to = instant(stop)
    const by = step === undefined ? { months: 0, days: to >= from ? 1 : -1, micros: 0n } : stepOf(step)
    if (isDate && by.months === 0 && by.days === 0 && by.micros !== 0n) {
      throw new ExecutionError('SEQUENCE_STEP_BELOW_DAY', {}, { hint: 'cast the dates to TIMESTAMP' })
    }
    const found = instants(site, from, to, by)
    return isDate
      ? found.map((us) => Number((us - (((us % US_PER_DAY) + US_PER_DAY) % US_PER_DAY)) / US_PER_DAY))
      : found
  }
}

/** Sequences of numbers, dates and timestamps. */
export const entries: readonly FunctionEntry[] = [
  scalar('sequence', [arg('start', 'ANY'), arg('stop', 'ANY'), arg('step', 'ANY', { optional: true })], undefined, {
    group: 'array',
    doc: 'The array from `start` to `stop`, both included, in steps of `step`: a number, or for dates and timestamps an interval. Without `step` it counts by one (days for dates and timestamps), downwards where `stop` is less.',
    examples: [
      { sql: 'sequence(1, 10, 3)', gives: '[1, 4, 7, 10]' },
      {
        sql: `sequence(date'2026-01-31', date'2026-05-01', interval '1' month)`,
        gives: '[2026-01-31, 2026-02-28, 2026-03-31, 2026-04-30]',
      },
    ],
    resolve: (args, env) => resolve(args, env.ansi),
    bind,
  }),
]
