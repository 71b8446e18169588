import type { Value } from '../types/value.ts'

/** One end of a frame. */
export type OverBound =
  | { readonly kind: 'unbounded' | 'current' }
  /** Rows behind the current one; before it where negative. */
  | { readonly kind: 'rows'; readonly shift: number }
  /** Column `at` holds, for each row, the sort key where its frame begins or ends; `key` the sort keys as that type. */
  | { readonly kind: 'range'; readonly at: number; readonly key: number }

/** The rows around a row that a function is computed over. */
export interface OverFrame {
  readonly unit: 'rows' | 'range'
  readonly start: OverBound
  readonly end: OverBound
}

interface Rows {
  readonly size: number
  get(column: number, i: number): Value
  readonly peers: { readonly start: Int32Array; readonly end: Int32Array }
}

/** First and last + 1 of the rows that tie with each of the sorted `rows`. */
export function peersOf(
  rows: Int32Array,
  tie: (a: number, b: number) => number,
): { readonly start: Int32Array; readonly end: Int32Array } {
  const start = new Int32Array(rows.length)
  const end = new Int32Array(rows.length)
  for (let from = 0; from < rows.length;) {
    let to = from + 1
    while (to < rows.length && tie(rows[from]!, rows[to]!) === 0) to++
    start.fill(from, from, to)
    end.fill(to, from, to)
    from = to
  }
  return { start, end }
}

/**
 * Start (inclusive) and end (exclusive) of the frame of each row of a sorted partition; empty where the end is not above
 * the start. Both never go back from one row to the next. `compareOf` gives the window's order for a column of its key.
 */
export function frameRows(
  frame: OverFrame,
  p: Rows,
  compareOf: (column: number) => (a: Value, b: Value) => number,
): { readonly start: Int32Array; readonly end: Int32Array } {
  return { start: edge(frame, frame.start, 0, p, compareOf), end: edge(frame, frame.end, 1, p, compareOf) }
}

/** `side` 0: the first row of the frame; 1: the row behind its last. */
function edge(
  frame: OverFrame,
  bound: OverBound,
  side: 0 | 1,
  p: Rows,
  compareOf: (column: number) => (a: Value, b: Value) => number,
): Int32Array {
  const n = p.size
  switch (bound.kind) {
    case 'unbounded':
      return new Int32Array(n).fill(side === 0 ? 0 : n)
    case 'current':
      if (frame.unit === 'range') return side === 0 ? p.peers.start : p.peers.end
      return Int32Array.from({ length: n }, (_, i) => i + side)
    case 'rows':
      return Int32Array.from({ length: n }, (_, i) => Math.min(n, Math.max(0, i + bound.shift + side)))
    case 'range': {
      const compare = compareOf(bound.key)
      const out = new Int32Array(n)
      let j = 0
      for (let i = 0; i < n; i++) {
        const at = p.get(bound.at, i)
        while (j < n && compare(p.get(bound.key, j), at) < side) j++
        out[i] = j
      }
      return out
    }
  }
}
