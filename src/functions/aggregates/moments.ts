import { BIGINT, DOUBLE } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type FunctionEntry } from '../entry.ts'
import { aggregate } from './aggregate.ts'

/**
 * Moments by the one-pass updates of Welford and their parallel form, in the order of operations that Spark
 * uses, so that rounding agrees to the last digits.
 */

/** State: n, mean, then the sums of squared, cubed and fourth powers of deviations up to `order`. */
function momentBody(order: 2 | 3 | 4, finish: (s: readonly number[]) => number | null): AggregateBody {
  return {
    init: () => new Array<Value>(order + 1).fill(0),
    add: (state, [v]) => {
      const s = state as number[]
      const x = v as number
      const n = s[0]! + 1
      const delta = x - s[1]!
      const deltaN = delta / n
      const m2 = s[2]! + delta * (delta - deltaN)
      s[0] = n
      s[1] = s[1]! + deltaN
      s[2] = m2
      if (order < 3) return
      const delta2 = delta * delta
      const deltaN2 = deltaN * deltaN
      const m3 = s[3]! - 3 * deltaN * m2 + delta * (delta2 - deltaN2)
      s[3] = m3
      if (order === 4) s[4] = s[4]! - 4 * deltaN * m3 - 6 * deltaN2 * m2 + delta * (delta * delta2 - deltaN * deltaN2)
    },
    merge: (state, other) => {
      const a = state as number[]
      const b = other as readonly number[]
      const n1 = a[0]!
      const n2 = b[0]!
      const n = n1 + n2
      if (n2 === 0) return
      const delta = b[1]! - a[1]!
      const deltaN = delta / n
      const m2 = a[2]! + b[2]! + delta * deltaN * n1 * n2
      const m3 =
        order < 3
          ? 0
          : a[3]! + b[3]! + deltaN * deltaN * delta * n1 * n2 * (n1 - n2) + 3 * deltaN * (n1 * b[2]! - n2 * a[2]!)
      if (order === 4)
        a[4] =
          a[4]! +
          b[4]! +
          deltaN * deltaN * deltaN * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
          6 * deltaN * deltaN * (n1 * n1 * b[2]! + n2 * n2 * a[2]!) +
          4 * deltaN * (n1 * b[3]! - n2 * a[3]!)
      if (order >= 3) a[3] = m3
      a[2] = m2
      a[1] = a[1]! + deltaN * n2
      a[0] = n
    },
    finish: (state) => finish(state as readonly number[]),
  }
}

function moment(
  name: string,
  aliases: readonly string[],
  order: 2 | 3 | 4,
  doc: string,
  gives: string,
  finish: (s: readonly number[]) => number | null,
): FunctionEntry {
  return aggregate(name, [arg('value', DOUBLE)], DOUBLE, {
    aliases,
    doc,
    examples: [{ sql: `round(${name}(x), 9) FROM VALUES (1), (2), (4) AS t(x)`, gives }],
    state: () => new Array(order + 1).fill(DOUBLE),
    bind: () => momentBody(order, finish),
  })
}

const sample = (n: number, m2: number): number | null => (n < 2 ? null : m2 / (n - 1))

/** State: n, mean of x, mean of y, co-moment, squared deviations of x and of y. */
function pairBody(finish: (p: Pair) => number | bigint | null): AggregateBody {
  return {
    init: () => [0, 0, 0, 0, 0, 0],
    add: (state, args) => {
      const s = state as number[]
      const [x, y] = args as readonly number[]
      const n = s[0]! + 1
      const dx = x! - s[1]!
      const dy = y! - s[2]!
      const xAvg = s[1]! + dx / n
      const yAvg = s[2]! + dy / n
      s[0] = n
      s[1] = xAvg
      s[2] = yAvg
      s[3] = s[3]! + dx * (y! - yAvg)
      s[4] = s[4]! + dx * (x! - xAvg)
      s[5] = s[5]! + dy * (y! - yAvg)
    },
    merge: (state, other) => {
      const a = state as number[]
      const b = other as readonly number[]
      const n1 = a[0]!
      const n2 = b[0]!
      if (n2 === 0) return
      const n = n1 + n2
      const dx = b[1]! - a[1]!
      const dy = b[2]! - a[2]!
      const dxN = dx / n
      const dyN = dy / n
      a[0] = n
      a[1] = a[1]! + dxN * n2
      a[2] = a[2]! + dyN * n2
      a[3] = a[3]! + b[3]! + dx * dyN * n1 * n2
      a[4] = a[4]! + b[4]! + dx * dxN * n1 * n2
      a[5] = a[5]! + b[5]! + dy * dyN * n1 * n2
    },
    finish: (state) => {
      const [n, x, y, xy, xx, yy] = state as readonly number[]
      return finish({ n: n!, x: x!, y: y!, xy: xy!, xx: xx!, yy: yy! })
    },
  }
}

/** Count, means, co-moment and squared deviations of pairs. */
interface Pair {
  readonly n: number
  readonly x: number
  readonly y: number
  readonly xy: number
  readonly xx: number
  readonly yy: number
}

/** A function of pairs. `regr_` functions take (y, x): the first argument depends on the second. */
function pair(name: string, doc: string, gives: string, finish: (p: Pair) => number | null): FunctionEntry {
  return aggregate(name, [arg('y', DOUBLE), arg('x', DOUBLE)], DOUBLE, {
    doc,
    examples: [{ sql: `${name}(y, x) FROM VALUES (1, 1), (3, 2), (5, 3) AS t(y, x)`, gives }],
    state: () => [DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE],
    bind: () => pairBody(finish),
  })
}

/** Variances, covariances and regressions. In `Pair` the first argument is x and the second y. */
export const entries: readonly FunctionEntry[] = [
  moment(
    'var_samp',
    ['variance'],
    2,
    'Returns the sample variance; NULL for fewer than two values.',
    '2.333333333',
    ([n, , m2]) => sample(n!, m2!),
  ),
  moment('var_pop', [], 2, 'Returns the population variance.', '1.555555556', ([n, , m2]) =>
    n === 0 ? null : m2! / n!,
  ),
  moment(
    'stddev_samp',
    ['stddev', 'std'],
    2,
    'Returns the sample standard deviation; NULL for fewer than two values.',
    '1.527525232',
    ([n, , m2]) => {
      const v = sample(n!, m2!)
      return v === null ? null : Math.sqrt(v)
    },
  ),
  moment('stddev_pop', [], 2, 'Returns the population standard deviation.', '1.247219129', ([n, , m2]) =>
    n === 0 ? null : Math.sqrt(m2! / n!),
  ),
  moment('skewness', [], 3, 'Returns the skewness; NULL when all values are equal.', '0.381801774', ([n, , m2, m3]) =>
    n === 0 || m2 === 0 ? null : (Math.sqrt(n!) * m3!) / Math.sqrt(m2! * m2! * m2!),
  ),
  moment(
    'kurtosis',
    [],
    4,
    'Returns the excess kurtosis; NULL when all values are equal.',
    '-1.5',
    ([n, , m2, , m4]) => (n === 0 || m2 === 0 ? null : (n! * m4!) / (m2! * m2!) - 3),
  ),
  pair('covar_pop', 'Returns the population covariance.', '1.3333333333333333', (p) => (p.n === 0 ? null : p.xy / p.n)),
  pair('covar_samp', 'Returns the sample covariance; NULL for fewer than two pairs.', '2.0', (p) => sample(p.n, p.xy)),
  pair('corr', 'Returns the correlation (Pearson); NULL for fewer than two pairs.', '1.0', (p) =>
    p.n < 2 ? null : p.xy / Math.sqrt(p.xx * p.yy),
  ),
  pair('regr_slope', 'Returns the slope of the line fitted to `y` over `x`.', '2.0', (p) =>
    p.n === 0 || p.yy === 0 ? null : p.xy / p.yy,
  ),
  pair('regr_intercept', 'Returns where the line fitted to `y` over `x` meets 0.', '-1.0', (p) =>
    p.n === 0 || p.yy === 0 ? null : p.x - (p.xy / p.yy) * p.y,
  ),
  pair('regr_r2', 'Returns the squared correlation of `y` and `x`.', '1.0', (p) => {
    // Spark asks first whether the dependent side varies, not, as the standard says, the independent one.
    if (p.n === 0 || p.xx === 0) return null
    if (p.yy === 0) return 1
    const r = p.xy / Math.sqrt(p.xx * p.yy)
    return r * r
  }),
  pair('regr_avgx', 'Returns the average of `x` over the pairs without NULL.', '2.0', (p) => (p.n === 0 ? null : p.y)),
  pair('regr_avgy', 'Returns the average of `y` over the pairs without NULL.', '3.0', (p) => (p.n === 0 ? null : p.x)),
  pair('regr_sxx', 'Returns the sum of squared deviations of `x`.', '2.0', (p) => (p.n === 0 ? null : p.yy)),
  pair('regr_syy', 'Returns the sum of squared deviations of `y`.', '8.0', (p) => (p.n === 0 ? null : p.xx)),
  pair('regr_sxy', 'Returns the sum of the products of deviations of `y` and `x`.', '4.0', (p) =>
    p.n === 0 ? null : p.xy,
  ),
  aggregate('regr_count', [arg('y', DOUBLE), arg('x', DOUBLE)], BIGINT, {
    doc: 'Returns the number of pairs without NULL.',
    examples: [{ sql: 'regr_count(y, x) FROM VALUES (1, 1), (3, NULL) AS t(y, x)', gives: '1' }],
    neverNull: true,
    state: () => [DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE],
    bind: () => pairBody((p) => BigInt(p.n)),
  }),
]
