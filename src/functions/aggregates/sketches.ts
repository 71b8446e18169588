import { implicitCast } from '../../types/coercion.ts'
import { arrayOf, BIGINT, BINARY, DOUBLE, field, INT, structOf, type DataType } from '../../types/data-type.ts'
import { decimalFromNumber, decimalToNumber, decimalInType } from '../../types/decimal.ts'
import type { Value } from '../../types/value.ts'
import { ExecutionError } from '../../errors/errors.ts'
import { arg, type AggregateBody, type CallSite, type FunctionEntry, type Resolved } from '../entry.ts'
import { notConstant, outOfRange, unexpectedType } from '../faults.ts'
import { xxhashOf } from '../hash/value-hash.ts'
import { aggregate } from './aggregate.ts'
import { fractionList, fractionType } from './fractions.ts'
import { addRegister, estimate, precisionFor } from './hyperloglog.ts'
import { compress, insert, mergeSummaries, query, storeSummary, summaryOf } from './quantile-summary.ts'

// ---- approx_percentile ----

const toNumber = (type: DataType): ((v: Value) => number) =>
  type.kind === 'decimal' ? (v) => decimalToNumber(v as bigint, type.scale) : (v) => Number(v)

function fromNumber(type: DataType): (x: number) => Value {
  switch (type.kind) {
    case 'decimal':
      return (x) => {
        const d = decimalFromNumber(x)
        return d === null ? null : decimalInType(d, type)
      }
    case 'bigint':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'interval_dt':
      return (x) => BigInt(Math.trunc(x))
    case 'float':
    case 'double':
      return (x) => x
    default:
      return (x) => Math.trunc(x)
  }
}

/** State: the summary (five fields), the fractions, the accuracy. */
function approxPercentileBody(site: CallSite): AggregateBody {
  const number = toNumber(site.args[0]!)
  const element = site.type.kind === 'array' ? site.type.element : site.type
  const value = fromNumber(element)
  return {
    init: () => [[], [], [], [], 0, null, 10000],
    add: (state, [v, fractions, accuracy]) => {
      if (state[5] === null && fractions !== null) state[5] = fractionList(fractions!)
      if (accuracy !== undefined && accuracy !== null) state[6] = Number(accuracy)
      if (v !== null) insert(state, number(v!), 1 / (state[6] as number))
    },
    merge: (state, other) => {
      if (other[5] === null) return
      state[5] = other[5]!
      state[6] = other[6]!
      const error = 1 / (other[6] as number)
      storeSummary(state, mergeSummaries(compress(summaryOf(state), error), compress(summaryOf(other), error), error))
    },
    finish: (state) => {
      const error = 1 / (state[6] as number)
      const s = compress(summaryOf(state), error)
      if (s.count === 0 || state[5] === null) return null
      const results = (state[5] as readonly number[]).map((p) => value(query(s, p, error)))
      return site.type.kind === 'array' ? results : results[0]!
    },
  }
}

const MEASURABLE = new Set(['date', 'timestamp', 'timestamp_ntz', 'interval_dt', 'interval_ym'])

// ---- histogram_numeric ----

const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n

/** java.util.Random.nextDouble; the state is its 48-bit seed. */
function nextDouble(seed: bigint): { seed: bigint; value: number } {
  const s1 = (seed * MULTIPLIER + 11n) & MASK
  const s2 = (s1 * MULTIPLIER + 11n) & MASK
  return { seed: s2, value: Number(((s1 >> 22n) << 27n) + (s2 >> 21n)) / 2 ** 53 }
}

const FIRST_SEED = (31183n ^ MULTIPLIER) & MASK

/** Merges the two nearest bins while there are more than `size`; of equal gaps a random one, as the algorithm asks. */
function trim(state: Value[], size: number): void {
  const xs = state[0] as number[]
  const ys = state[1] as number[]
  while (xs.length > size) {
    let gap = xs[1]! - xs[0]!
    let at = 0
    let ties = 1
    for (let i = 1; i < xs.length - 1; i++) {
      const d = xs[i + 1]! - xs[i]!
      if (d < gap) {
        gap = d
        at = i
        ties = 1
      } else if (d === gap) {
        const r = nextDouble(state[2] as bigint)
        state[2] = r.seed
        if (r.value <= 1 / ++ties) at = i
      }
    }
    const y = ys[at]! + ys[at + 1]!
    xs[at] = (xs[at]! * ys[at]! + xs[at + 1]! * ys[at + 1]!) / y
    ys[at] = y
    xs.splice(at + 1, 1)
    ys.splice(at + 1, 1)
  }
}

function addBin(state: Value[], x: number, y: number): void {
  const xs = state[0] as number[]
  const ys = state[1] as number[]
  let low = 0
  let high = xs.length
  while (low < high) {
    const mid = (low + high) >> 1
    if (xs[mid]! < x) low = mid + 1
    else high = mid
  }
  if (xs[low] === x) ys[low] = ys[low]! + y
  else {
    xs.splice(low, 0, x)
    ys.splice(low, 0, y)
  }
}

/** State: centers and heights of the bins, the random seed, the most bins. */
function histogramBody(site: CallSite): AggregateBody {
  const type = site.args[0]!
  const number = toNumber(type)
  const value = fromNumber(type)
  return {
    init: () => [[], [], FIRST_SEED, 0],
    add: (state, [v, bins]) => {
      state[3] = bins!
      if (v === null) return
      addBin(state, number(v!), 1)
      trim(state, bins as number)
    },
    merge: (state, other) => {
      if ((other[3] as number) > 0) state[3] = other[3]!
      ;(other[0] as readonly number[]).forEach((x, i) => addBin(state, x, (other[1] as readonly number[])[i]!))
      trim(state, Math.max(1, state[3] as number))
    },
    finish: (state) => {
      const xs = state[0] as readonly number[]
      return xs.length === 0 ? null : xs.map((x, i) => [value(x), (state[1] as readonly number[])[i]!])
    },
  }
}

// ---- bitmaps ----

const BITMAP_BYTES = 4096

function bitmapBody(mark: (bitmap: Uint8Array, v: Value) => void, all = false): AggregateBody {
  return {
    init: () => [new Uint8Array(BITMAP_BYTES).fill(all ? 255 : 0)],
    add: (state, [v]) => mark(state[0] as Uint8Array, v!),
    merge: (state, other) => {
      const to = state[0] as Uint8Array
      ;(other[0] as Uint8Array).forEach((x, i) => (to[i] = all ? to[i]! & x : to[i]! | x))
    },
    finish: (state) => (state[0] as Uint8Array).slice(),
  }
}

/** Aggregates that answer approximately from little state, and bitmaps. */
export const entries: readonly FunctionEntry[] = [
  aggregate(
    'percentile_approx',
    [arg('value', 'ANY'), arg('percentage', 'ANY'), arg('accuracy', 'ANY', { optional: true })],
    undefined,
    {
      aliases: ['approx_percentile'],
      doc: 'Returns a value whose rank is within 1/`accuracy` (10000 unless told) of the `percentage` asked for (a number from 0 to 1, or an array of such).',
      examples: [{ sql: 'percentile_approx(x, 0.5) FROM VALUES (1), (2), (4), (8) AS t(x)', gives: '2' }],
      nulls: 'handles',
      resolve: (args, env, constants): Resolved => {
        const name = 'percentile_approx'
        const first = args[0]!
        const t = MEASURABLE.has(first.kind)
          ? first
          : (implicitCast(first, 'NUMERIC', env.ansi) ??
            unexpectedType(name, 1, 'a number, date, timestamp or interval', first))
        const p = fractionType(name, 2, args[1]!, constants[1], env)
        if (args.length > 2) {
          const accuracy = constants[2]
          if (accuracy === undefined) notConstant(name, 'accuracy')
          if (implicitCast(args[2]!, 'INTEGRAL', env.ansi) === null)
            unexpectedType(name, 3, 'an integral number', args[2]!)
          if (accuracy === null || Number(accuracy) <= 0 || Number(accuracy) > 2147483647)
            outOfRange(name, 'accuracy', 'from 1 to 2147483647', String(accuracy))
        }
        return { args: args.length > 2 ? [t, p, BIGINT] : [t, p], type: p.kind === 'array' ? arrayOf(t, false) : t }
      },
      state: () => [
        arrayOf(DOUBLE),
        arrayOf(DOUBLE),
        arrayOf(DOUBLE),
        arrayOf(DOUBLE),
        DOUBLE,
        arrayOf(DOUBLE),
        DOUBLE,
      ],
      bind: approxPercentileBody,
    },
  ),
  aggregate(
    'approx_count_distinct',
    [arg('value', 'ANY'), arg('deviation', DOUBLE, { optional: true, foldable: true })],
    undefined,
    {
      doc: 'Returns about how many different values there are (HyperLogLog++); `deviation` is the relative standard deviation, 0.05 unless told.',
      examples: [{ sql: 'approx_count_distinct(x) FROM VALUES (1), (2), (2) AS t(x)', gives: '2' }],
      neverNull: true,
      resolve: (args, env, constants): Resolved => {
        if (args.length > 1) {
          if (implicitCast(args[1]!, DOUBLE, env.ansi) === null)
            unexpectedType('approx_count_distinct', 2, 'DOUBLE', args[1]!)
          const c = constants[1]
          const deviation =
            args[1]!.kind === 'decimal' && typeof c === 'bigint' ? decimalToNumber(c, args[1]!.scale) : Number(c)
          if (!(deviation > 0) || precisionFor(deviation) < 4)
            outOfRange('approx_count_distinct', 'deviation', 'above 0.0 and at most 0.39', deviation)
        }
        return { args: args.length > 1 ? [args[0]!, DOUBLE] : args, type: BIGINT }
      },
      state: () => [BINARY],
      bind: (site) => {
        const hash = xxhashOf(site.args[0]!)
        return {
          // The registers appear with the first value: only then the precision is known for sure.
          init: () => [new Uint8Array(0)],
          add: (state, [v, deviation]) => {
            let registers = state[0] as Uint8Array
            if (registers.length === 0)
              state[0] = registers = new Uint8Array(
                1 << precisionFor(deviation === undefined ? 0.05 : (deviation as number)),
              )
            addRegister(registers, hash(v!, 42n))
          },
          merge: (state, other) => {
            const from = other[0] as Uint8Array
            if ((state[0] as Uint8Array).length === 0) state[0] = from.slice()
            else from.forEach((x, i) => ((state[0] as Uint8Array)[i] = Math.max(x, (state[0] as Uint8Array)[i]!)))
          },
          finish: (state) => BigInt(estimate(state[0] as Uint8Array)),
        }
      },
    },
  ),
  aggregate('histogram_numeric', [arg('value', 'ANY'), arg('bins', INT, { foldable: true })], undefined, {
    doc: 'Returns a histogram of at most `bins` bins of unequal width: an array of centers and heights.',
    examples: [{ sql: 'size(histogram_numeric(x, 2)) FROM VALUES (1), (2), (9) AS t(x)', gives: '2' }],
    nulls: 'handles',
    resolve: (args, env, constants): Resolved => {
      const name = 'histogram_numeric'
      const first = args[0]!
      const t = MEASURABLE.has(first.kind)
        ? first
        : (implicitCast(first, 'NUMERIC', env.ansi) ??
          unexpectedType(name, 1, 'a number, date, timestamp or interval', first))
      const bins = constants[1]
      if (implicitCast(args[1]!, INT, env.ansi) === null) unexpectedType(name, 2, 'INT', args[1]!)
      if (bins === null || Number(bins) < 2) outOfRange(name, 'bins', '2 or more', String(bins))
      return { args: [t, INT], type: arrayOf(structOf([field('x', t), field('y', DOUBLE)])) }
    },
    state: () => [arrayOf(DOUBLE), arrayOf(DOUBLE), BIGINT, INT],
    bind: histogramBody,
  }),
  aggregate('bitmap_construct_agg', [arg('position', BIGINT)], BINARY, {
    doc: 'Returns a bitmap with a bit set at every `position` (see bitmap_bit_position).',
    examples: [
      {
        sql: 'bitmap_count(bitmap_construct_agg(bitmap_bit_position(x))) FROM VALUES (1), (2), (2) AS t(x)',
        gives: '2',
      },
    ],
    neverNull: true,
    state: () => [BINARY],
    bind: () =>
      bitmapBody((bitmap, v) => {
        const at = Number(v)
        if (at < 0 || at >= BITMAP_BYTES * 8)
          throw new ExecutionError('INVALID_BITMAP_POSITION', { position: at, bytes: BITMAP_BYTES })
        bitmap[at >> 3]! |= 1 << (at & 7)
      }),
  }),
  aggregate('bitmap_or_agg', [arg('bitmap', BINARY)], BINARY, {
    doc: 'Returns the bits set in any of the bitmaps.',
    examples: [{ sql: "bitmap_count(bitmap_or_agg(x)) FROM VALUES (X'01'), (X'02') AS t(x)", gives: '2' }],
    neverNull: true,
    state: () => [BINARY],
    bind: () =>
      bitmapBody((bitmap, v) => {
        const from = v as Uint8Array
        for (let i = 0; i < Math.min(from.length, BITMAP_BYTES); i++) bitmap[i]! |= from[i]!
      }),
  }),
  aggregate('bitmap_and_agg', [arg('bitmap', BINARY)], BINARY, {
    doc: 'Returns the bits set in all of the bitmaps.',
    examples: [{ sql: "bitmap_count(bitmap_and_agg(x)) FROM VALUES (X'03'), (X'02') AS t(x)", gives: '1' }],
    neverNull: true,
    state: () => [BINARY],
    bind: () =>
      bitmapBody((bitmap, v) => {
        const from = v as Uint8Array
        for (let i = 0; i < BITMAP_BYTES; i++) bitmap[i]! &= from[i] ?? 0
      }, true),
  }),
]
