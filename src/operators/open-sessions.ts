import { IntList } from '../state/int-list.ts'

/**
 * The open sessions of each group, as chains of session slots by group slot, and what progress counts of them. Counted
 * as the recorded engine does, which writes all sessions of a group that had rows, by their start: a session that
 * is there no more, or begins earlier than it did, is one removed.
 */
export class OpenSessions {
  /** First session of each group; -1 where there is none. */
  #first = new Int32Array(16).fill(-1)
  #isTouched = new Uint8Array(16)
  /** Groups that had rows in this trigger. */
  readonly #touched = new IntList()
  #next = new Int32Array(16)
  #previous = new Int32Array(16)
  #groupOf = new Int32Array(16)
  /** 1: the session began where it does before this trigger. */
  #isOld = new Uint8Array(16)
  #removed = 0

  /** The first session of a group, or -1. */
  first(group: number): number {
    return group < this.#first.length ? this.#first[group]! : -1
  }

  /** The session after one of the same group, or -1. */
  next(slot: number): number {
    return this.#next[slot]!
  }

  groupOf(slot: number): number {
    return this.#groupOf[slot]!
  }

  /** Says that a group has rows in this trigger. */
  touch(group: number): void {
    if (group >= this.#first.length) this.#growGroups(group)
    if (this.#isTouched[group] === 1) return
    this.#isTouched[group] = 1
    this.#touched.push(group)
  }

  /** Adds a session to a group; `isOld` one that was restored. */
  open(group: number, slot: number, isOld: boolean): void {
    if (group >= this.#first.length) this.#growGroups(group)
    if (slot >= this.#next.length) this.#growSessions(slot)
    const first = this.#first[group]!
    this.#next[slot] = first
    this.#previous[slot] = -1
    if (first >= 0) this.#previous[first] = slot
    this.#first[group] = slot
    this.#groupOf[slot] = group
    this.#isOld[slot] = isOld ? 1 : 0
  }

  /** Takes a session out. True when it was the last of its group. */
  close(slot: number): boolean {
    const [before, after] = [this.#previous[slot]!, this.#next[slot]!]
    if (after >= 0) this.#previous[after] = before
    if (before >= 0) this.#next[before] = after
    else this.#first[this.#groupOf[slot]!] = after
    return before < 0 && after < 0
  }

  /** Says that a session begins earlier now, or has become part of another. */
  leaveStart(slot: number): void {
    this.#removed += this.#isOld[slot]!
    this.#isOld[slot] = 0
  }

  /** Ends a trigger, before sessions are released: how many sessions were written, and how many starts are gone. */
  takeCounts(): { readonly updated: number; readonly removed: number } {
    let updated = 0
    for (const group of this.#touched.view()) {
      this.#isTouched[group] = 0
      for (let slot = this.#first[group]!; slot >= 0; slot = this.#next[slot]!) {
        this.#isOld[slot] = 1
        updated++
      }
    }
    this.#touched.clear()
    const removed = this.#removed
    this.#removed = 0
    return { updated, removed }
  }

  #growGroups(group: number): void {
    const size = Math.max(group + 1, 2 * this.#first.length)
    this.#first = grown(this.#first, new Int32Array(size).fill(-1))
    this.#isTouched = grown(this.#isTouched, new Uint8Array(size))
  }

  #growSessions(slot: number): void {
    const size = Math.max(slot + 1, 2 * this.#next.length)
    this.#next = grown(this.#next, new Int32Array(size))
    this.#previous = grown(this.#previous, new Int32Array(size))
    this.#groupOf = grown(this.#groupOf, new Int32Array(size))
    this.#isOld = grown(this.#isOld, new Uint8Array(size))
  }
}

function grown<T extends Int32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}
