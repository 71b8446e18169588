import type { ListedFile } from './listing.ts'

/**
 * The files a stream has taken. Files older than `maxAgeMs`, counted back from the newest one taken, are forgotten and
 * not taken any more; of those only the ones that are still in the directory are remembered, so that a listing need
 * not look at them again.
 */
export class SeenFiles {
  readonly #key: (path: string) => string
  readonly #maxAgeMs: number
  readonly #taken = new Map<string, number>()
  #old = new Set<string>()
  #stillOld = new Set<string>()
  #newest = 0

  constructor(key: (path: string) => string, maxAgeMs: number) {
    this.#key = key
    this.#maxAgeMs = maxAgeMs
  }

  /** Files remembered one by one. */
  get size(): number {
    return this.#taken.size
  }

  add(file: Pick<ListedFile, 'path' | 'timestamp'>): void {
    this.#taken.set(this.#key(file.path), file.timestamp)
    this.#newest = Math.max(this.#newest, file.timestamp)
  }

  remove(file: Pick<ListedFile, 'path'>): void {
    this.#taken.delete(this.#key(file.path))
  }

  /** Forgets what is too old. */
  purge(): void {
    const oldest = this.#newest - this.#maxAgeMs
    for (const [key, timestamp] of this.#taken) if (timestamp < oldest) this.#taken.delete(key)
  }

  /** Before a listing. */
  beginListing(): void {
    this.#stillOld = new Set()
  }

  /** Whether a listing need not look at the file. */
  knows(path: string): boolean {
    if (this.#old.has(path)) {
      this.#stillOld.add(path)
      return true
    }
    return this.#taken.has(this.#key(path))
  }

  /** Of the files a listing found, those to be taken. */
  fresh(files: readonly ListedFile[]): ListedFile[] {
    const oldest = this.#newest - this.#maxAgeMs
    this.#old = this.#stillOld
    return files.filter((f) => {
      if (f.timestamp >= oldest) return !this.#taken.has(this.#key(f.path))
      this.#old.add(f.path)
      return false
    })
  }
}
