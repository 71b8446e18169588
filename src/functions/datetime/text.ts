import { ExecutionError } from '../../errors/errors.ts'
import { caster } from '../../types/cast.ts'
import { implicitCast } from '../../types/coercion.ts'
import { BIGINT, DATE, STRING, TIMESTAMP, TIMESTAMP_NTZ, type DataType } from '../../types/data-type.ts'
import { floorDiv, US_PER_DAY, US_PER_SECOND, zoneOf, type Zone } from '../../types/time.ts'
import type { Value } from '../../types/value.ts'
import {
  arg,
  scalar,
  type CallSite,
  type CodegenSite,
  type EvalEnv,
  type EvalFn,
  type FunctionEntry,
  type Resolved,
} from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { localSecondOf } from './clock-reading.ts'
import { FixedReader, utcSecondsOf } from './fixed-reader.ts'
import { formatterOf } from './formatter.ts'
import { parserOf } from './parser.ts'
import { checkTimestamp } from './shift.ts'

const DEFAULT_PATTERN = 'yyyy-MM-dd HH:mm:ss'

/** Raises CANNOT_PARSE_TIMESTAMP. */
function cannotParse(fn: string, text: string): never {
  throw new ExecutionError(
    'CANNOT_PARSE_TIMESTAMP',
    { function: fn, value: text, reason: 'the text is in another form' },
    { hint: `use try_to_timestamp to get NULL instead` },
  )
}

/** Reads a text by a pattern as an instant; the zone of the session counts where the text names none. Null when it does not fit. */
function readInstant(text: string, pattern: string, session: Zone): bigint | null {
  const parsed = parserOf(pattern)(text)
  return parsed === null ? null : checkTimestamp((parsed.zone ?? session).localToUtcUs(parsed.localUs), 'the text')
}

const isTime = (t: DataType): boolean => t.kind === 'date' || t.kind === 'timestamp' || t.kind === 'timestamp_ntz'

type Read = 'date' | 'timestamp' | 'timestamp_ntz'
const RESULT: Readonly<Record<Read, DataType>> = { date: DATE, timestamp: TIMESTAMP, timestamp_ntz: TIMESTAMP_NTZ }

/** Which mode a cast in a `to_…` function has: what `try_…` functions cannot read is NULL. */
const modeOf = (site: CallSite, tries: boolean): 'try' | 'ansi' | 'legacy' =>
  tries ? 'try' : site.env.ansi ? 'ansi' : 'legacy'

function resolveReading(fn: string, target: Read, args: readonly DataType[], env: EvalEnv): Resolved {
  const [source, pattern] = args as [DataType, DataType | undefined]
  const number =
    target === 'timestamp' &&
    ['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal'].includes(source.kind)
  const asIs = isTime(source) || (number && pattern === undefined)
  const read = asIs ? source : implicitCast(source, STRING, env.ansi)
  if (read === null) return unexpectedType(fn, 1, 'text, a date or a timestamp', source)
  if (pattern !== undefined && implicitCast(pattern, STRING, env.ansi) === null)
    unexpectedType(fn, 2, 'STRING', pattern)
  return {
    args: [read, ...(pattern ? [STRING] : [])],
    type: RESULT[target],
    nullable: true,
  }
}

function bindReading(fn: string, target: Read, site: CallSite, tries: boolean): EvalFn {
  const source = site.args[0]!
  const { timeZone } = site.env
  if (site.args.length === 1 || isTime(source)) {
    const cast = caster(source, RESULT[target], {
      mode: modeOf(site, tries),
      timeZone,
      nowUs: () => site.env.batchTimeUs(),
    })
    return (v: Value) => cast(v)
  }
  const session = zoneOf(timeZone)
  const quiet = tries || !site.env.ansi
  return (text: string, pattern: string) => {
    const parsed = parserOf(pattern)(text)
    if (parsed === null) return quiet ? null : cannotParse(fn, text)
    // A zone in the text counts for an instant; the other types take the clock as it is written.
    if (target === 'timestamp_ntz') return parsed.localUs
    const us = checkTimestamp((parsed.zone ?? session).localToUtcUs(parsed.localUs), fn)
    return target === 'timestamp' ? us : Number(floorDiv(session.utcToLocalUs(us), US_PER_DAY))
  }
}

/** Patterns of the texts that CAST reads, of those that are written most. */
const CAST_PATTERNS: Readonly<Record<Read, readonly string[]>> = {
  date: ['yyyy-MM-dd'],
  timestamp: ['yyyy-MM-dd HH:mm:ss', "yyyy-MM-dd'T'HH:mm:ss"],
  timestamp_ntz: ['yyyy-MM-dd HH:mm:ss', "yyyy-MM-dd'T'HH:mm:ss"],
}

/** Readers for a text: by its constant pattern, or what CAST reads when there is none. Empty where none is fixed. */
function readersOf(patterns: readonly string[]): readonly FixedReader[] {
  return patterns.map((p) => FixedReader.of(p)).filter((r) => r !== null)
}

/** A safe integer or, so that `rt.n53` abandons the narrow run, NaN. */
const safe = (x: Value): number | null => {
  if (x === null) return null
  const n = Number(x)
  return Number.isSafeInteger(n) ? n : Number.NaN
}

/** Texts by fixed readers; `slow` for the rest. `value` makes the result of what a reader has read. */
function readCode(
  text: string,
  readers: readonly FixedReader[],
  value: (reader: FixedReader) => number,
  slow: (text: string) => Value,
  site: CodegenSite,
): string {
  const whole = site.type.kind === 'date' ? (n: number): Value => n : (n: number): Value => BigInt(n)
  const read =
    site.int64 === 'narrow'
      ? (s: string): Value => {
          for (const r of readers) if (r.read(s)) return value(r)
          return safe(slow(s))
        }
      : (s: string): Value => {
          for (const r of readers) if (r.read(s)) return whole(value(r))
          return slow(s)
        }
  const code = `${site.constant(read)}(${text})`
  return site.int64 === 'narrow' ? `rt.n53(${code})` : code
}

/** Microseconds, or days of a date, that a reader has read; the zone of the session counts for an instant. */
const resultOf = (target: Read, zone: Zone): ((r: FixedReader) => number) => {
  if (target === 'date') return (r) => Math.floor(r.seconds / 86400)
  if (target === 'timestamp_ntz') return (r) => r.seconds * 1e6 + r.micros
  return (r) => utcSecondsOf(r.seconds, zone) * 1e6 + r.micros
}

/** Text by a constant pattern or without one, and times that only change their type. */
function readingCode(fn: string, target: Read, value: string, site: CodegenSite, tries: boolean): string | null {
  const source = site.args[0]!
  if (source.kind === target && source.kind !== 'timestamp_ntz') return value
  const zone = zoneOf(site.env.timeZone)
  if (source.kind === 'timestamp' && target === 'date' && site.int64 === 'narrow') {
    const days = (us: number): number => Math.floor(localSecondOf(us, zone) / 86400)
    return `${site.constant(days)}(${value})`
  }
  if (source.kind !== 'string') return null
  const pattern = site.constants[1]
  if (site.args.length > 1 && typeof pattern !== 'string') return null
  const readers = readersOf(typeof pattern === 'string' ? [pattern] : CAST_PATTERNS[target])
  if (readers.length === 0) return null
  const slow = bindReading(fn, target, site, tries) as (text: string, pattern?: string) => Value
  return readCode(value, readers, resultOf(target, zone), (s) => slow(s, pattern as string), site)
}

const reading = (name: string, target: Read, tries: boolean, doc: string, gives: string): FunctionEntry =>
  scalar(
    name,
    [arg('value', [STRING, DATE, TIMESTAMP, TIMESTAMP_NTZ]), arg('pattern', STRING, { optional: true })],
    undefined,
    {
      group: 'datetime',
      doc: `${doc} With \`pattern\` (letters of Java's DateTimeFormatter) it reads text of that form, without it text as CAST does.${tries ? ' NULL for what cannot be read.' : ' What cannot be read is an error (NULL without ANSI).'}`,
      examples: [{ sql: `${name}('20/11/2026', 'dd/MM/yyyy')`, gives }],
      canBeNull: true,
      resolve: (args, env) => resolveReading(name, target, args, env),
      bind: (site) => bindReading(name, target, site, tries),
      codegen: ([value], site) => readingCode(name, target, value!, site, tries),
    },
  )

function bindEpoch(name: string, site: CallSite): EvalFn {
  if (site.args.length === 0) return () => floorDiv(site.env.batchTimeUs(), US_PER_SECOND)
  if (site.args[0]!.kind !== 'string') return (us: bigint) => floorDiv(us, US_PER_SECOND)
  const session = zoneOf(site.env.timeZone)
  return (text: string, pattern = DEFAULT_PATTERN) => {
    const us = readInstant(text, pattern, session)
    if (us !== null) return floorDiv(us, US_PER_SECOND)
    return site.env.ansi ? cannotParse(name, text) : null
  }
}

/** Seconds of texts by a constant pattern and, in narrow loops, of timestamps. */
function epochCode(name: string, value: string | undefined, site: CodegenSite): string | null {
  if (value === undefined) return null
  if (site.args[0]!.kind !== 'string') {
    // A millionth is more than half a step between quotients of that size: none is rounded up to a whole number.
    return site.int64 === 'narrow' ? `Math.floor(${value} / 1000000)` : null
  }
  const pattern = site.args.length > 1 ? site.constants[1] : DEFAULT_PATTERN
  const reader = typeof pattern === 'string' ? FixedReader.of(pattern) : null
  if (reader === null) return null
  const zone = zoneOf(site.env.timeZone)
  const slow = bindEpoch(name, site) as (text: string, pattern: string) => Value
  return readCode(
    value,
    [reader],
    (r) => utcSecondsOf(r.seconds, zone),
    (s) => slow(s, pattern as string),
    site,
  )
}

function resolveEpoch(fn: string, args: readonly DataType[]): Resolved {
  const [source, pattern] = args as [DataType | undefined, DataType | undefined]
  if (source === undefined) return { args: [], type: BIGINT, nullable: false }
  if (source.kind !== 'string' && source.kind !== 'void' && !isTime(source))
    unexpectedType(fn, 1, 'text, a date or a timestamp', source)
  if (pattern !== undefined && pattern.kind !== 'string' && pattern.kind !== 'void')
    unexpectedType(fn, 2, 'STRING', pattern)
  const first = source.kind === 'string' || source.kind === 'void' ? STRING : TIMESTAMP
  return { args: [first, ...(pattern ? [STRING] : [])], type: BIGINT, nullable: true }
}

const toEpoch = (name: string, needsValue: boolean, doc: string): FunctionEntry =>
  scalar(
    name,
    [
      arg('value', [STRING, DATE, TIMESTAMP, TIMESTAMP_NTZ], { optional: !needsValue }),
      arg('pattern', STRING, { optional: true }),
    ],
    undefined,
    {
      group: 'datetime',
      doc,
      examples: [{ sql: `${name}('2026-11-20 10:20:30')`, gives: '1795170030' }],
      canBeNull: true,
      resolve: (args) => resolveEpoch(name, args),
      bind: (site) => bindEpoch(name, site),
      codegen: ([value], site) => epochCode(name, value, site),
    },
  )

function bindFormat(site: CallSite): EvalFn {
  const zone = zoneOf(site.env.timeZone)
  const constant = site.constants[1]
  if (typeof constant === 'string') {
    const formatter = formatterOf(constant)
    return (us: bigint) => formatter.format(us, zone)
  }
  return (us: bigint, pattern: string) => formatterOf(pattern).format(us, zone)
}

function bindFromUnix(site: CallSite): EvalFn {
  const zone = zoneOf(site.env.timeZone)
  return (seconds: bigint, pattern = DEFAULT_PATTERN) =>
    formatterOf(pattern).format(checkTimestamp(seconds * US_PER_SECOND, 'from_unixtime'), zone)
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** `count` units of so many microseconds since 1970 as text by a constant pattern. */
function formatCode(
  count: string,
  unitUs: 1 | 1_000_000,
  pattern: Value | undefined,
  slow: EvalFn,
  site: CodegenSite,
): string | null {
  if (typeof pattern !== 'string') return null
  const zone = zoneOf(site.env.timeZone)
  const formatter = formatterOf(pattern)
  if (site.int64 === 'narrow') {
    const format = site.constant((us: number) => formatter.formatNarrow(us, zone))
    return unitUs === 1 ? `${format}(${count})` : `${format}(rt.n53(${count} * ${unitUs}))`
  }
  const most = MAX_SAFE / BigInt(unitUs)
  const any = slow as (count: bigint, pattern: string) => string
  const format = (n: bigint): string =>
    n <= most && n >= -most ? formatter.formatNarrow(Number(n) * unitUs, zone) : any(n, pattern)
  return `${site.constant(format)}(${count})`
}

/** Text from dates and timestamps, and the way back. */
export const entries: readonly FunctionEntry[] = [
  reading('to_date', 'date', false, 'The DATE in a value.', '2026-11-20'),
  reading('try_to_date', 'date', true, 'The DATE in a value.', '2026-11-20'),
  reading('to_timestamp', 'timestamp', false, 'The TIMESTAMP in a value.', '2026-11-20 00:00:00'),
  reading('to_timestamp_ltz', 'timestamp', false, 'The TIMESTAMP in a value.', '2026-11-20 00:00:00'),
  reading('to_timestamp_ntz', 'timestamp_ntz', false, 'The TIMESTAMP_NTZ in a value.', '2026-11-20 00:00:00'),
  reading('try_to_timestamp', 'timestamp', true, 'The TIMESTAMP in a value.', '2026-11-20 00:00:00'),
  scalar('date_format', [arg('timestamp', TIMESTAMP), arg('pattern', STRING)], STRING, {
    group: 'datetime',
    doc: "The text of a date or timestamp by `pattern`, in the letters of Java's DateTimeFormatter, on the clock of the session.",
    examples: [{ sql: `date_format(date'2026-11-20', 'EEEE d MMMM yyyy')`, gives: 'Friday 20 November 2026' }],
    bind: bindFormat,
    codegen: ([us], site) => formatCode(us!, 1, site.constants[1], bindFormat(site), site),
  }),
  scalar('from_unixtime', [arg('seconds', BIGINT), arg('pattern', STRING, { optional: true })], STRING, {
    group: 'datetime',
    doc: 'The text of the instant `seconds` after 1970-01-01 00:00:00 UTC, by `pattern` (default `yyyy-MM-dd HH:mm:ss`), on the clock of the session.',
    examples: [{ sql: `from_unixtime(0, 'yyyy')`, gives: '1970' }],
    bind: bindFromUnix,
    codegen: ([seconds], site) => {
      const pattern = site.args.length > 1 ? site.constants[1] : DEFAULT_PATTERN
      return formatCode(seconds!, 1_000_000, pattern, bindFromUnix(site), site)
    },
  }),
  toEpoch(
    'unix_timestamp',
    false,
    'The seconds from 1970-01-01 00:00:00 UTC to a date or timestamp, or to what `pattern` (default `yyyy-MM-dd HH:mm:ss`) reads in a text; without arguments to the time of the batch.',
  ),
  toEpoch(
    'to_unix_timestamp',
    true,
    'The seconds from 1970-01-01 00:00:00 UTC to a date or timestamp, or to what `pattern` (default `yyyy-MM-dd HH:mm:ss`) reads in a text.',
  ),
]
