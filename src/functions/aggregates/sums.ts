import { implicitCast } from '../../types/coercion.ts'
import {
  BIGINT,
  DOUBLE,
  dayTimeInterval,
  decimal,
  isIntegral,
  yearMonthInterval,
  type DataType,
  type DecimalType,
} from '../../types/data-type.ts'
import { adjustPrecisionScale, decimalArithmetic, divideHalfUp, MAX_PRECISION, pow10 } from '../../types/decimal.ts'
import type { Value } from '../../types/value.ts'
import {
  arg,
  type AggregateBody,
  type AggregateCodegen,
  type CallSite,
  type EvalEnv,
  type FunctionEntry,
  type Resolved,
} from '../entry.ts'
import { decimalOutOfRange, overflow, unexpectedType } from '../faults.ts'
import { aggregate } from './aggregate.ts'

const MIN_LONG = -9223372036854775808n
const MAX_LONG = 9223372036854775807n

/** The type an argument of sum or avg is cast to. */
function summed(fn: string, type: DataType, env: EvalEnv): DataType {
  if (type.kind === 'interval_dt' || type.kind === 'interval_ym') return type
  if (type.kind === 'timestamp') return DOUBLE
  return implicitCast(type, 'NUMERIC', env.ansi) ?? unexpectedType(fn, 1, 'a number or interval', type)
}

/** The type a sum is kept in, which is also that of `sum`. */
function sumType(type: DataType): DataType {
  if (type.kind === 'decimal') return decimal(Math.min(MAX_PRECISION, type.precision + 10), type.scale)
  if (type.kind === 'interval_dt' || type.kind === 'interval_ym') return type
  return isIntegral(type) ? BIGINT : DOUBLE
}

/** What happens to a sum that no longer fits: an error, NULL for the group from there on, or wrapping around. */
type OnOverflow = 'raise' | 'null' | 'wrap'

/** Adds two values of the sum's type; null when it does not fit and the group is to become NULL. */
function adder(type: DataType, onOverflow: OnOverflow): (a: Value, b: Value) => Value {
  const lost = (): null =>
    onOverflow === 'raise'
      ? overflow(type.kind === 'decimal' ? 'decimal sum' : type.kind === 'bigint' ? 'long' : 'interval')
      : null
  switch (type.kind) {
    case 'decimal': {
      const limit = pow10(type.precision)
      return (a, b) => {
        const s = (a as bigint) + (b as bigint)
        return s < limit && s > -limit ? s : lost()
      }
    }
    case 'double':
      return (a, b) => (a as number) + (b as number)
    case 'interval_ym':
      return (a, b) => {
        const s = (a as number) + (b as number)
        return s === (s | 0) ? s : lost()
      }
    default:
      return (a, b) => {
        const s = (a as bigint) + (b as bigint)
        if (s <= MAX_LONG && s >= MIN_LONG) return s
        return onOverflow === 'wrap' ? BigInt.asIntN(64, s) : lost()
      }
  }
}

const widen = (type: DataType): ((v: Value) => Value) =>
  type.kind === 'tinyint' || type.kind === 'smallint' || type.kind === 'int' ? (v) => BigInt(v as number) : (v) => v

const zeroOf = (type: DataType): Value => (type.kind === 'double' || type.kind === 'interval_ym' ? 0 : 0n)
const negated = (v: Value): Value => (typeof v === 'bigint' ? -v : -(v as number))

/**
 * State: the sum (NULL before the first value and after an overflow that gives NULL), and the count of values,
 * which tells the two apart and says when the last value was taken back.
 */
function sumBody(site: CallSite, onOverflow: OnOverflow): AggregateBody {
  const type = site.type
  const plus = adder(type, onOverflow)
  const up = widen(site.args[0]!)
  const put = (state: Value[], v: Value, count: number): void => {
    const before = state[1] as number
    // A sum begins at +0, so that of -0 alone is +0, as in Spark.
    if (before === 0) state[0] = v === null || type.kind !== 'double' ? v : (v as number) + 0
    else if (state[0] !== null && v !== null) state[0] = plus(state[0]!, v)
    else state[0] = null
    state[1] = before + count
  }
  return {
    init: () => [null, 0],
    add: (state, [v]) => put(state, up(v!), 1),
    merge: (state, other) => {
      if (other[1] !== 0) put(state, other[0]!, other[1] as number)
    },
    finish: (state) => state[0]!,
    retract: (state, [v]) => {
      put(state, negated(up(v!)), -1)
      if (state[1] === 0) state[0] = null
    },
  }
}

const sumCode =
  (onOverflow: (ansi: boolean) => OnOverflow): AggregateCodegen =>
  (s, v, [x], site) => {
    const type = site.type
    const mode = onOverflow(site.env.ansi)
    const count = `${s[1]} += 1; ${v[0]} = 1;`
    if (type.kind === 'double') return `{ ${s[0]} += ${x}; ${count} }`
    if (type.kind !== 'bigint' && !(type.kind === 'decimal' && type.precision <= 18)) return null
    if (mode === 'null') return null
    const from = site.args[0]!
    const number = from.kind !== 'bigint' && from.kind !== 'decimal' ? true : site.int64 === 'narrow'
    const big = number ? `BigInt(${x})` : x!
    if (type.kind === 'decimal') {
      const limit = pow10(type.precision)
      const lost = site.constant(() => overflow('decimal sum'))
      return `{ const t = ${s[0]} + ${big}; if (t >= ${limit}n || t <= -${limit}n) ${lost}(); ${s[0]} = t; ${count} }`
    }
    if (mode === 'wrap') return `{ ${s[0]} = BigInt.asIntN(64, ${s[0]} + ${big}); ${count} }`
    const lost = site.constant(() => overflow('long'))
    return `{ const b = ${big}, t = BigInt.asIntN(64, ${s[0]} + b); if (((${s[0]} ^ t) & (b ^ t)) < 0n) ${lost}(); ${s[0]} = t; ${count} }`
  }

function sumEntry(
  name: string,
  onOverflow: (ansi: boolean, type: DataType) => OnOverflow,
  doc: string,
  sql: string,
  gives: string,
): FunctionEntry {
  return aggregate(name, [arg('value', ['NUMERIC', 'INTERVAL'])], undefined, {
    doc,
    examples: [{ sql, gives }],
    resolve: ([type], env): Resolved => {
      const t = summed(name, type!, env)
      return { args: [t.kind === 'float' ? DOUBLE : t], type: sumType(t) }
    },
    state: (site) => [site.type, DOUBLE],
    bind: (site) => sumBody(site, onOverflow(site.env.ansi, site.type)),
    resultField: () => 0,
    codegen: (s, v, args, site) => sumCode((ansi) => onOverflow(ansi, site.type))(s, v, args, site),
  })
}

// ---- avg ----

/** The type of the sum an average keeps: exact for decimals and intervals, else a double. */
const averagedIn = (type: DataType): DataType => {
  const t = sumType(type)
  return t.kind === 'bigint' ? DOUBLE : t
}

function averageType(type: DataType): DataType {
  if (type.kind === 'decimal') return adjustPrecisionScale(type.precision + 4, type.scale + 4)
  return type.kind === 'interval_dt' ? dayTimeInterval() : type.kind === 'interval_ym' ? yearMonthInterval() : DOUBLE
}

function averageBody(site: CallSite, tries: boolean): AggregateBody {
  const from = site.args[0]!
  const kept = averagedIn(from)
  const onOverflow: OnOverflow = tries ? 'null' : site.env.ansi ? 'raise' : 'null'
  const plus = adder(kept, onOverflow)
  const up: (v: Value) => Value = kept.kind === 'double' ? (v) => Number(v) : (v) => v
  const put = (state: Value[], v: Value, count: number): void => {
    state[0] = state[0] === null || v === null ? null : plus(state[0]!, v)
    state[1] = (state[1] as number) + count
    if (state[1] === 0) state[0] = zeroOf(kept)
  }
  return {
    init: () => [zeroOf(kept), 0],
    add: (state, [v]) => put(state, up(v!), 1),
    merge: (state, other) => put(state, other[0]!, other[1] as number),
    finish: divider(kept, site.type, site.env.ansi && !tries),
    retract: (state, [v]) => put(state, negated(up(v!)), -1),
  }
}

function divider(kept: DataType, type: DataType, ansi: boolean): (state: readonly Value[]) => Value {
  switch (kept.kind) {
    case 'decimal': {
      const divide = decimalArithmetic('/', kept, decimal(20, 0), type as DecimalType)
      return ([sum, count]) => {
        if (count === 0 || sum === null) return null
        const q = divide(sum as bigint, BigInt(count as number))
        return q === null && ansi ? decimalOutOfRange(sum as bigint, type) : q
      }
    }
    case 'interval_dt':
      return ([sum, count]) =>
        count === 0 || sum === null ? null : divideHalfUp(sum as bigint, BigInt(count as number))
    case 'interval_ym':
      return ([sum, count]) =>
        count === 0 || sum === null ? null : Number(divideHalfUp(BigInt(sum as number), BigInt(count as number)))
    default:
      return ([sum, count]) => (count === 0 ? null : (sum as number) / (count as number))
  }
}

function averageEntry(
  name: string,
  aliases: readonly string[],
  tries: boolean,
  doc: string,
  sql: string,
  gives: string,
): FunctionEntry {
  return aggregate(name, [arg('value', ['NUMERIC', 'INTERVAL'])], undefined, {
    aliases,
    doc,
    examples: [{ sql, gives }],
    resolve: ([type], env): Resolved => {
      const t = summed(name, type!, env)
      return { args: [t], type: averageType(t) }
    },
    state: (site) => [averagedIn(site.args[0]!), DOUBLE],
    bind: (site) => averageBody(site, tries),
    codegen: (s, _v, [x], site) => {
      if (site.type.kind !== 'double') return null
      const from = site.args[0]!.kind
      const number = from === 'bigint' && site.int64 === 'wide' ? `Number(${x})` : x
      return `{ ${s[0]} += ${number}; ${s[1]} += 1; }`
    },
  })
}

/** Sums and averages. */
export const entries: readonly FunctionEntry[] = [
  sumEntry(
    'sum',
    (ansi, type) =>
      ansi || type.kind === 'interval_dt' || type.kind === 'interval_ym'
        ? 'raise'
        : type.kind === 'bigint'
          ? 'wrap'
          : 'null',
    'Returns the sum of the values that are not NULL; NULL when there is none.',
    'sum(x) FROM VALUES (1), (2), (NULL) AS t(x)',
    '3',
  ),
  sumEntry(
    'try_sum',
    () => 'null',
    'As sum, but NULL when the sum does not fit its type.',
    'try_sum(x) FROM VALUES (9223372036854775807), (1) AS t(x)',
    'NULL',
  ),
  averageEntry(
    'avg',
    ['mean'],
    false,
    'Returns the average of the values that are not NULL.',
    'avg(x) FROM VALUES (1), (2), (NULL) AS t(x)',
    '1.5',
  ),
  averageEntry(
    'try_avg',
    [],
    true,
    'As avg, but NULL when a sum does not fit its type.',
    'try_avg(x) FROM VALUES (1), (2) AS t(x)',
    '1.5',
  ),
]
