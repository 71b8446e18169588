import fs from 'node:fs'

/** A file system may give two changes within this time one and the same modification time. */
const SETTLED_MS = 2000

/**
 * Tells whether directories may have changed since they were listed, by their modification times alone: a name that
 * comes or goes changes that of its directory. A time is trusted once a listing has begun long enough after it was
 * first seen.
 */
export class DirectoryWatch {
  readonly #now: () => number
  /** Times at the last listing, and when each was first seen, by a clock that only goes forward. */
  #seen = new Map<string, { readonly mtimeMs: number; readonly since: number }>()
  #last = this.#seen
  /** When the last listing began. */
  #listedAt = 0

  /** `now` gives milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Forgets everything: the next listing is needed. */
  reset(): void {
    this.#seen = new Map()
    this.#last = this.#seen
  }

  /** Before a listing. */
  begin(): void {
    this.#last = this.#seen
    this.#seen = new Map()
    this.#listedAt = this.#now()
  }

  /** During a listing: a directory and its time, taken before it is read. */
  note(dir: string, mtimeMs: number): void {
    const before = this.#last.get(dir)
    this.#seen.set(dir, before?.mtimeMs === mtimeMs ? before : { mtimeMs, since: this.#listedAt })
  }

  /** True when no name has come to or gone from any directory since the last listing. */
  unchanged(): boolean {
    if (this.#seen.size === 0) return false
    for (const [dir, { mtimeMs, since }] of this.#seen) {
      if (this.#listedAt - since < SETTLED_MS) return false
      if (fs.statSync(dir, { throwIfNoEntry: false })?.mtimeMs !== mtimeMs) return false
    }
    return true
  }
}
