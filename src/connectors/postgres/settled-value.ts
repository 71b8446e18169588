/** Holds back the greatest values seen until they were seen a while ago. */
export class SettledValue {
  readonly #lagMs: number
  readonly #nowMs: () => number
  #seen: { readonly atMs: number; readonly value: string }[] = []

  constructor(lagMs: number, nowMs: () => number) {
    this.#lagMs = lagMs
    this.#nowMs = nowMs
  }

  /** Takes the greatest value there is now, and gives the greatest one that was seen `lagMs` ago; null when there is none. */
  see(greatest: string | null): string | null {
    const now = this.#nowMs()
    if (greatest !== null && this.#seen.at(-1)?.value !== greatest) this.#seen.push({ atMs: now, value: greatest })
    const settled = this.#seen.findLastIndex((s) => s.atMs <= now - this.#lagMs)
    if (settled > 0) this.#seen = this.#seen.slice(settled)
    return settled < 0 ? null : this.#seen[0]!.value
  }
}
