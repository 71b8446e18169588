import { compareValues, hashKey } from '../../types/compare.ts'
import { implicitCast, isOrderable } from '../../types/coercion.ts'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  dayTimeInterval,
  DOUBLE,
  isDatetime,
  type DataType,
  typeName,
  yearMonthInterval,
} from '../../types/data-type.ts'
import { AnalysisError } from '../../errors/errors.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type CallSite, type EvalEnv, type FunctionEntry, type Resolved } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { aggregate } from './aggregate.ts'
import { fractionList, fractionType } from './fractions.ts'

/**
 * How often each value came. In the state two arrays, values and counts, in the order of first arrival; the
 * index beside them is made anew for a state from a checkpoint.
 */
export class Multiset {
  readonly #key: (v: Value) => unknown
  readonly #indexes = new WeakMap<readonly Value[], Map<unknown, number>>()

  constructor(type: DataType) {
    this.#key = hashKey(type)
  }

  /** Adds `count` (may be negative) occurrences of a value that is not NULL. */
  add(state: Value[], value: Value, count: bigint): void {
    const values = state[0] as Value[]
    const counts = state[1] as bigint[]
    let index = this.#indexes.get(values)
    if (index === undefined) this.#indexes.set(values, (index = new Map(values.map((v, i) => [this.#key(v), i]))))
    const k = this.#key(value)
    const at = index.get(k)
    if (at === undefined) {
      index.set(k, values.length)
      values.push(value)
      counts.push(count)
    } else counts[at] = counts[at]! + count
  }
}

interface PercentileSpec {
  readonly discrete: boolean
  readonly descending: boolean
  /** The arguments of a row: value, fractions, how often. */
  readonly read: (args: readonly Value[]) => { value: Value; fractions: Value; count: Value }
}

/** State: values, counts, fractions. */
function percentileBody(site: CallSite, spec: PercentileSpec): AggregateBody {
  const type = site.args[0]!
  const set = new Multiset(type)
  const compare = compareValues(type)
  const scale = type.kind === 'decimal' ? 10 ** type.scale : 1
  const number = (v: Value): number => Number(v) / scale
  const finishOne = resultOf(site.type.kind === 'array' ? site.type.element : site.type)
  return {
    init: () => [[], [], null],
    add: (state, args) => {
      const { value, fractions, count } = spec.read(args)
      if (state[2] === null && fractions !== null) state[2] = fractionList(fractions)
      if (value === null || count === null || count === 0n) return
      set.add(state, value, count as bigint)
    },
    merge: (state, other) => {
      ;(other[0] as readonly Value[]).forEach((v, i) => set.add(state, v, (other[1] as readonly bigint[])[i]!))
      state[2] ??= other[2]!
    },
    retract: (state, args) => {
      const { value, count } = spec.read(args)
      if (value !== null && count !== null) set.add(state, value, -(count as bigint))
    },
    finish: (state) => {
      const counts = state[1] as readonly bigint[]
      const order = (state[0] as readonly Value[]).map((v, i) => ({ v, n: Number(counts[i]!) })).filter((x) => x.n > 0)
      if (order.length === 0 || state[2] === null) return null
      order.sort((a, b) => (spec.descending ? -compare(a.v, b.v) : compare(a.v, b.v)))
      let total = 0
      const ends = order.map((x) => (total += x.n))
      const at = (rank: number): number => {
        let low = 0
        let high = ends.length - 1
        while (low < high) {
          const mid = (low + high) >> 1
          if (ends[mid]! >= rank) high = mid
          else low = mid + 1
        }
        return low
      }
      const results = (state[2] as readonly number[]).map((p) => {
        if (spec.discrete) return finishOne(number(order[at(Math.max(1, Math.ceil(total * p)))]!.v))
        const position = (total - 1) * p
        const lower = Math.floor(position)
        const higher = Math.ceil(position)
        const a = number(order[at(lower + 1)]!.v)
        const b = number(order[at(higher + 1)]!.v)
        return finishOne(lower === higher || a === b ? a : (higher - position) * a + (position - lower) * b)
      })
      return site.type.kind === 'array' ? results : results[0]!
    },
  }
}

/** A double as a value of the result type; intervals lose what is below their unit. */
function resultOf(type: DataType): (x: number) => Value {
  if (type.kind === 'interval_dt') return (x) => BigInt(Math.trunc(x))
  if (type.kind === 'interval_ym') return (x) => Math.trunc(x)
  return (x) => x
}

function measured(fn: string, type: DataType, env: EvalEnv): DataType {
  if (type.kind === 'interval_dt' || type.kind === 'interval_ym') return type
  if (isDatetime(type))
    // The recorded engine reads dates and timestamps here as its type TIME.
    throw new AnalysisError('UNSUPPORTED_TIME_TYPE', {}, { hint: `take the ${fn} of unix_micros(...)` })
  return implicitCast(type, 'NUMERIC', env.ansi) ?? unexpectedType(fn, 1, 'a number or interval', type)
}

const single = (type: DataType): DataType =>
  type.kind === 'interval_dt' ? dayTimeInterval() : type.kind === 'interval_ym' ? yearMonthInterval() : DOUBLE

const state = (site: CallSite): readonly DataType[] => [arrayOf(site.args[0]!), arrayOf(BIGINT), arrayOf(DOUBLE)]

/** `percentile_cont(p) WITHIN GROUP (ORDER BY x DESC)` is called as `percentile_cont(x, p, true)`. */
function within(name: string, discrete: boolean, doc: string, gives: string): FunctionEntry {
  return aggregate(
    name,
    [arg('value', 'ANY'), arg('percentage', 'ANY'), arg('descending', BOOLEAN, { optional: true, foldable: true })],
    undefined,
    {
      doc,
      examples: [{ sql: `${name}(0.5) WITHIN GROUP (ORDER BY x) FROM VALUES (1), (2), (4), (8) AS t(x)`, gives }],
      nulls: 'handles',
      resolve: (args, env, constants): Resolved => {
        const t = measured(name, args[0]!, env)
        const p = fractionType(name, 2, args[1]!, constants[1], env)
        const one = single(t)
        return {
          args: args.length > 2 ? [t, p, BOOLEAN] : [t, p],
          type: p.kind === 'array' ? arrayOf(one, false) : one,
        }
      },
      state,
      bind: (site) =>
        percentileBody(site, {
          discrete,
          descending: site.constants[2] === true,
          read: ([value, fractions]) => ({ value: value!, fractions: fractions!, count: 1n }),
        }),
    },
  )
}

/** State: values and counts. */
function modeBody(site: CallSite): AggregateBody {
  const type = site.args[0]!
  const set = new Multiset(type)
  const ordered = isOrderable(type)
  const compare = compareValues(type)
  const add = (state: Value[], v: Value, n: bigint): void => {
    if (v !== null) set.add(state, v, n)
  }
  return {
    init: () => [[], []],
    add: (state, [v]) => add(state, v!, 1n),
    retract: (state, [v]) => add(state, v!, -1n),
    merge: (state, other) =>
      (other[0] as readonly Value[]).forEach((v, i) => set.add(state, v, (other[1] as readonly bigint[])[i]!)),
    finish: (state) => {
      const counts = state[1] as readonly bigint[]
      let best: Value = null
      let most = 0n
      ;(state[0] as readonly Value[]).forEach((v, i) => {
        const n = counts[i]!
        // Among equally frequent values the least, so that the answer does not hang on the order of rows.
        if (n > most || (n === most && n > 0n && ordered && compare(v, best) < 0)) {
          most = n
          best = v
        }
      })
      return best
    },
  }
}

/** Exact percentiles and the mode. */
export const entries: readonly FunctionEntry[] = [
  aggregate(
    'percentile',
    [arg('value', 'ANY'), arg('percentage', 'ANY'), arg('frequency', BIGINT, { optional: true })],
    undefined,
    {
      doc: 'Returns the value at `percentage` (0 to 1, or an array of such) of the sorted values, interpolated; each value counts `frequency` times.',
      examples: [{ sql: 'percentile(x, 0.5) FROM VALUES (1), (2), (4), (8) AS t(x)', gives: '3.0' }],
      nulls: 'handles',
      resolve: (args, env, constants): Resolved => {
        const t = measured('percentile', args[0]!, env)
        const p = fractionType('percentile', 2, args[1]!, constants[1], env)
        if (args.length > 2 && implicitCast(args[2]!, BIGINT, env.ansi) === null)
          unexpectedType('percentile', 3, 'an integral number', args[2]!)
        const one = single(t)
        return { args: args.length > 2 ? [t, p, BIGINT] : [t, p], type: p.kind === 'array' ? arrayOf(one, false) : one }
      },
      state,
      bind: (site) =>
        percentileBody(site, {
          discrete: false,
          descending: false,
          read: ([value, fractions, count]) => ({
            value: value!,
            fractions: fractions!,
            count: count === undefined ? 1n : count,
          }),
        }),
    },
  ),
  within(
    'percentile_cont',
    false,
    'Returns the value at `percentage` of the sorted values, interpolated: `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`.',
    '3.0',
  ),
  within(
    'percentile_disc',
    true,
    'Returns the first of the sorted values whose share of rows reaches `percentage`.',
    '2.0',
  ),
  aggregate('median', [arg('value', 'ANY')], undefined, {
    doc: 'Returns the median, interpolated.',
    examples: [{ sql: 'median(x) FROM VALUES (1), (2), (4), (8) AS t(x)', gives: '3.0' }],
    resolve: ([type], env): Resolved => {
      const t = measured('median', type!, env)
      return { args: [t], type: single(t) }
    },
    state,
    bind: (site) =>
      percentileBody(site, {
        discrete: false,
        descending: false,
        read: ([value]) => ({ value: value!, fractions: 0.5, count: 1n }),
      }),
  }),
  aggregate(
    'mode',
    [arg('value', 'ANY'), arg('deterministic', BOOLEAN, { optional: true, foldable: true })],
    undefined,
    {
      doc: 'Returns the most frequent value.',
      examples: [{ sql: 'mode(x) FROM VALUES (1), (2), (2) AS t(x)', gives: '2' }],
      resolve: (args) => {
        if (args[0]!.kind === 'map')
          throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE', {
            function: 'mode',
            actual: typeName(args[0]!),
          })
        return { args: args.length > 1 ? [args[0]!, BOOLEAN] : args, type: args[0]! }
      },
      state: (site) => [arrayOf(site.args[0]!), arrayOf(BIGINT)],
      bind: modeBody,
    },
  ),
]
