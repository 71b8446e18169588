import { CalendarPeriods, type CalendarSpec } from './calendar.ts'

/**
 * How one bound of a time window follows from the other, as plain JSON. `fixed`: it ends `sizeUs` after its start.
 * `calendar`: it is a period of the calendar. `cumulate`: it begins where the window of `sizeUs` begins that holds its
 * last instant, counted from the epoch plus `startUs`.
 */
export type WindowShape =
  | { readonly kind: 'fixed'; readonly sizeUs: string }
  | { readonly kind: 'calendar'; readonly calendar: CalendarSpec }
  | { readonly kind: 'cumulate'; readonly sizeUs: string; readonly startUs: string }

/**
 * The windows of a shape, each known by one instant, its pane: the end of cumulating windows, of which several begin
 * together, the start of all others. Windows end in the order of their panes.
 */
export interface WindowBounds {
  /** The pane is the end. */
  readonly byEnd: boolean
  startOf(pane: bigint): bigint
  endOf(pane: bigint): bigint
  /** The last pane whose window has ended at or before an instant. */
  lastEnded(us: bigint): bigint
}

const SECOND_US = 1_000_000n

/** The bounds of a shape. */
export function windowBounds(shape: WindowShape): WindowBounds {
  switch (shape.kind) {
    case 'fixed': {
      const size = BigInt(shape.sizeUs)
      return { byEnd: false, startOf: (pane) => pane, endOf: (pane) => pane + size, lastEnded: (us) => us - size }
    }
    case 'calendar': {
      const periods = new CalendarPeriods(shape.calendar)
      const find = (us: bigint): void =>
        periods.find(Number(us >= 0n ? us / SECOND_US : (us - SECOND_US + 1n) / SECOND_US))
      return {
        byEnd: false,
        startOf: (pane) => pane,
        endOf: (pane) => {
          find(pane)
          return BigInt(periods.end) * SECOND_US
        },
        lastEnded: (us) => {
          find(us)
          return BigInt(periods.start) * SECOND_US - 1n
        },
      }
    }
    case 'cumulate': {
      const [size, first] = [BigInt(shape.sizeUs), BigInt(shape.startUs)]
      const startOf = (pane: bigint): bigint => {
        const into = (pane - 1n - first) % size
        return pane - 1n - (into < 0n ? into + size : into)
      }
      return { byEnd: true, startOf, endOf: (pane) => pane, lastEnded: (us) => us }
    }
  }
}
