/**
 * What state tables and their indexes looked at since they were made: the work of a trigger, counted where it is done, a
 * few additions a call. Tests hold it against what changed or expired.
 */
export class Visits {
  /** Rows probed, slots listed, panes walked, entries of time indexes moved. */
  slots = 0
  /** Bytes of change logs and snapshots. */
  bytes = 0
  /** Slots copied because arrays grew or released bytes were dropped: paid for by what came before. */
  moved = 0
}
