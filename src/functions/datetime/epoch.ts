import { ExecutionError } from '../../errors/errors.ts'
import {
  BIGINT,
  DATE,
  decimal,
  INT,
  isIntegral,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  VOID,
  type DataType,
} from '../../types/data-type.ts'
import { pow10 } from '../../types/decimal.ts'
import { floorDiv } from '../../types/time.ts'
import { arg, scalar, type EvalFn, type FunctionEntry } from '../entry.ts'
import { doubleToLong } from '../math/integers.ts'
import { unexpectedType } from '../faults.ts'
import { checkTimestamp } from './shift.ts'

const isMoment = (t: DataType): boolean => t.kind === 'timestamp' || t.kind === 'timestamp_ntz' || t.kind === 'void'

const toUnit = (name: string, unit: bigint, what: string, gives: string): FunctionEntry =>
  scalar(name, [arg('timestamp', [TIMESTAMP, TIMESTAMP_NTZ], { exact: true })], undefined, {
    resolve: ([type]) => ({
      args: [isMoment(type!) ? TIMESTAMP : unexpectedType(name, 1, 'a timestamp', type!)],
      type: BIGINT,
    }),
    group: 'datetime',
    doc: `The ${what} from 1970-01-01 00:00:00 UTC to a timestamp, rounded down.`,
    examples: [{ sql: `${name}(timestamp_millis(1500))`, gives }],
    eval: unit === 1n ? (us: bigint) => us : (us: bigint) => floorDiv(us, unit),
    codegen: ([us], site) => {
      if (unit === 1n) return us!
      if (site.int64 === 'wide') return `${site.constant((n: bigint) => floorDiv(n, unit))}(${us})`
      const step = Number(unit)
      const floor = (n: number): number => {
        const q = Math.floor(n / step)
        // The quotient may be rounded up to a whole number that was not reached.
        return q * step > n ? q - 1 : q
      }
      return `${site.constant(floor)}(${us})`
    },
  })

const fromUnit = (name: string, unit: bigint, what: string, sql: string): FunctionEntry => {
  const make = (n: bigint): bigint => checkTimestamp(n * unit, name)
  return scalar(name, [arg('count', 'INTEGRAL', { exact: true })], undefined, {
    group: 'datetime',
    doc: `The timestamp that many ${what} after 1970-01-01 00:00:00 UTC.`,
    examples: [{ sql, gives: '1970-01-01 00:00:01.5' }],
    resolve: ([type]) => ({
      args: [isIntegral(type!) || type!.kind === 'void' ? BIGINT : unexpectedType(name, 1, 'an integer', type!)],
      type: TIMESTAMP,
    }),
    eval: make,
    codegen: ([n], site) => (site.int64 === 'narrow' ? `rt.n53(${n} * ${unit})` : `${site.constant(make)}(${n})`),
  })
}

function fromSeconds(type: DataType): EvalFn {
  if (isIntegral(type)) return (n: number | bigint) => checkTimestamp(BigInt(n) * 1_000_000n, 'timestamp_seconds')
  if (type.kind === 'decimal') {
    const scale = pow10(type.scale)
    return (n: bigint) => {
      const us = n * 1_000_000n
      if (us % scale !== 0n) {
        throw new ExecutionError('DATETIME_OVERFLOW', { message: 'timestamp_seconds takes no parts of microseconds' })
      }
      return checkTimestamp(us / scale, 'timestamp_seconds')
    }
  }
  // As a double becomes a long in Java: what is too large stays at the limit.
  return (n: number) => (Number.isFinite(n) ? doubleToLong(n * 1e6) : null)
}

/** Dates and timestamps as counts since 1970. */
export const entries: readonly FunctionEntry[] = [
  toUnit('unix_seconds', 1_000_000n, 'seconds', '1'),
  toUnit('unix_millis', 1000n, 'milliseconds', '1500'),
  toUnit('unix_micros', 1n, 'microseconds', '1500000'),
  scalar('unix_nanos', [arg('timestamp', 'ANY')], undefined, {
    group: 'datetime',
    doc: 'The nanoseconds to a timestamp that has nanoseconds. No type of such timestamps is there: only NULL is taken; unix_micros counts what others hold.',
    examples: [{ sql: 'unix_nanos(NULL)', gives: 'NULL' }],
    resolve: ([type]) => {
      if (type!.kind === 'void') return { args: [VOID], type: decimal(21, 0) }
      return unexpectedType('unix_nanos', 1, 'a timestamp with nanoseconds', type!)
    },
    eval: () => null,
  }),
  scalar('timestamp_seconds', [arg('seconds', 'NUMERIC', { exact: true })], TIMESTAMP, {
    group: 'datetime',
    doc: 'The timestamp that many seconds, with a fraction or not, after 1970-01-01 00:00:00 UTC.',
    examples: [{ sql: 'timestamp_seconds(1.5)', gives: '1970-01-01 00:00:01.5' }],
    canBeNull: true,
    bind: (site) => fromSeconds(site.args[0]!),
    codegen: ([n], site) => {
      const type = site.args[0]!
      if (!isIntegral(type)) return null
      if (site.int64 === 'narrow') return `rt.n53(${n} * 1000000)`
      return `${site.constant(fromSeconds(type))}(${n})`
    },
  }),
  fromUnit('timestamp_millis', 1000n, 'milliseconds', 'timestamp_millis(1500)'),
  fromUnit('timestamp_micros', 1n, 'microseconds', 'timestamp_micros(1500000)'),
  scalar('unix_date', [arg('date', DATE, { exact: true })], INT, {
    group: 'datetime',
    doc: 'The days from 1970-01-01 to a date.',
    examples: [{ sql: `unix_date(date'2026-11-20')`, gives: '20777' }],
    eval: (days: number) => days,
    codegen: ([days]) => days!,
  }),
  scalar('date_from_unix_date', [arg('days', INT)], DATE, {
    group: 'datetime',
    doc: 'The date that many days after 1970-01-01.',
    examples: [{ sql: 'date_from_unix_date(20000)', gives: '2024-10-04' }],
    eval: (days: number) => days,
    codegen: ([days]) => days!,
  }),
]
