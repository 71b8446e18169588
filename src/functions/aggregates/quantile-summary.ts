import type { Value } from '../../types/value.ts'

/**
 * Greenwald and Khanna's summary of quantiles with a relative error, as Spark's approx_percentile keeps it:
 * samples (value, g, delta) in order, a head of values not sorted in yet. State fields from `at` on: values, g,
 * delta, head (arrays of doubles) and the count.
 */
const HEAD_SIZE = 50_000
const COMPRESS_THRESHOLD = 10_000

export interface Summary {
  values: number[]
  g: number[]
  delta: number[]
  head: number[]
  count: number
}

/** The summary whose arrays stand in a state. */
export const summaryOf = (state: readonly Value[]): Summary => ({
  values: state[0] as number[],
  g: state[1] as number[],
  delta: state[2] as number[],
  head: state[3] as number[],
  count: state[4] as number,
})

/** Puts a summary back into its state. */
export function storeSummary(state: Value[], s: Summary): void {
  state[0] = s.values
  state[1] = s.g
  state[2] = s.delta
  state[3] = s.head
  state[4] = s.count
}

/** Adds one value. */
export function insert(state: Value[], x: number, error: number): void {
  const head = state[3] as number[]
  head.push(x)
  if (head.length < HEAD_SIZE) return
  let s = sortIn(summaryOf(state), error)
  if (s.values.length >= COMPRESS_THRESHOLD) s = compress(s, error)
  storeSummary(state, s)
}

/** The head sorted into the samples. */
function sortIn(s: Summary, error: number): Summary {
  if (s.head.length === 0) return s
  const sorted = Float64Array.from(s.head).sort()
  const out: Summary = { values: [], g: [], delta: [], head: [], count: s.count }
  let k = 0
  const push = (v: number, g: number, d: number): void => {
    out.values.push(v)
    out.g.push(g)
    out.delta.push(d)
  }
  for (let i = 0; i < sorted.length; i++) {
    const x = sorted[i]!
    for (; k < s.values.length && s.values[k]! <= x; k++) push(s.values[k]!, s.g[k]!, s.delta[k]!)
    out.count++
    // The least and greatest samples are exact.
    const edge = out.values.length === 0 || (k === s.values.length && i === sorted.length - 1)
    push(x, 1, edge ? 0 : Math.floor(2 * error * out.count))
  }
  for (; k < s.values.length; k++) push(s.values[k]!, s.g[k]!, s.delta[k]!)
  return out
}

/** The head sorted in and neighbours merged as far as the error allows. */
export function compress(summary: Summary, error: number): Summary {
  const s = sortIn(summary, error)
  const n = s.values.length
  if (n === 0) return s
  const threshold = 2 * error * s.count
  const out: Summary = { values: [], g: [], delta: [], head: [], count: s.count }
  let [v, g, d] = [s.values[n - 1]!, s.g[n - 1]!, s.delta[n - 1]!]
  const push = (): void => {
    out.values.push(v)
    out.g.push(g)
    out.delta.push(d)
  }
  for (let i = n - 2; i >= 1; i--) {
    if (s.g[i]! + g + d < threshold) g += s.g[i]!
    else {
      push()
      ;[v, g, d] = [s.values[i]!, s.g[i]!, s.delta[i]!]
    }
  }
  push()
  if (n > 1 && s.values[0]! <= v) {
    ;[v, g, d] = [s.values[0]!, s.g[0]!, s.delta[0]!]
    push()
  }
  out.values.reverse()
  out.g.reverse()
  out.delta.reverse()
  return out
}

/** Two compressed summaries as one. */
export function mergeSummaries(a: Summary, b: Summary, error: number): Summary {
  if (b.count === 0) return a
  if (a.count === 0) return b
  const out: Summary = { values: [], g: [], delta: [], head: [], count: a.count + b.count }
  const errorA = Math.floor(2 * error * a.count)
  const errorB = Math.floor(2 * error * b.count)
  let i = 0
  let j = 0
  while (i < a.values.length && j < b.values.length) {
    const fromA = a.values[i]! < b.values[j]!
    const s = fromA ? a : b
    const at = fromA ? i++ : j++
    // A sample in the midst of the other summary is less certain by that one's error.
    const midst = fromA ? j > 0 : i > 0
    out.values.push(s.values[at]!)
    out.g.push(s.g[at]!)
    out.delta.push(s.delta[at]! + (midst ? (fromA ? errorB : errorA) : 0))
  }
  for (; i < a.values.length; i++) pushFrom(out, a, i)
  for (; j < b.values.length; j++) pushFrom(out, b, j)
  return compress(out, error)
}

function pushFrom(out: Summary, s: Summary, i: number): void {
  out.values.push(s.values[i]!)
  out.g.push(s.g[i]!)
  out.delta.push(s.delta[i]!)
}

/** The sample nearest to fraction `p` of a compressed summary that is not empty. */
export function query(s: Summary, p: number, error: number): number {
  if (p <= error) return s.values[0]!
  if (p >= 1 - error) return s.values.at(-1)!
  let widest = 0
  for (let i = 0; i < s.g.length; i++) widest = Math.max(widest, s.g[i]! + s.delta[i]!)
  const slack = Math.floor(widest / 2)
  const rank = Math.ceil(p * s.count)
  let least = 0
  for (let i = 0; i < s.values.length - 1; i++) {
    least += s.g[i]!
    if (least + s.delta[i]! - slack <= rank && rank <= least + slack) return s.values[i]!
  }
  return s.values.at(-1)!
}
