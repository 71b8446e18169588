import { IntList } from '../state/int-list.ts'

/**
 * What progress counts of the sessions of a trigger, as the recorded engine does: it writes all sessions of a group that
 * had rows, each under its start. A session that is there no more, or begins earlier than it did, is one removed.
 */
export class SessionCounts {
  #trigger = 1
  /** By slot of the group: the last trigger it had rows in. */
  #touchedIn = new Int32Array(64)
  readonly #touched = new IntList()
  /** By slot of the session: the trigger since which it begins where it does; 0 for one that was restored. */
  #startedIn = new Int32Array(64)
  #removed = 0

  /** A group has rows. */
  touch(group: number): void {
    if (group >= this.#touchedIn.length) this.#touchedIn = grown(this.#touchedIn, group)
    if (this.#touchedIn[group] === this.#trigger) return
    this.#touchedIn[group] = this.#trigger
    this.#touched.push(group)
  }

  /** A session was made. */
  start(slot: number): void {
    if (slot >= this.#startedIn.length) this.#startedIn = grown(this.#startedIn, slot)
    this.#startedIn[slot] = this.#trigger
  }

  /** A session begins earlier now, or has become part of another. */
  leaveStart(slot: number): void {
    if ((this.#startedIn[slot] ?? 0) < this.#trigger) this.#removed++
    this.start(slot)
  }

  /** Ends a trigger, before sessions are released. `sizeOf` gives how many sessions of a group are open. */
  take(sizeOf: (group: number) => number): { readonly updated: number; readonly removed: number } {
    let updated = 0
    for (const group of this.#touched.view()) updated += sizeOf(group)
    const removed = this.#removed
    this.#touched.clear()
    this.#removed = 0
    this.#trigger++
    return { updated, removed }
  }
}

function grown(old: Int32Array<ArrayBuffer>, index: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(index + 1, 2 * old.length))
  larger.set(old)
  return larger
}
