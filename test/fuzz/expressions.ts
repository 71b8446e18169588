import { env } from '../expr/build.ts'
import { castPairs, COMPARED, freshCounts, fuzzCall, fuzzCast, type FuzzCounts } from '../expr/fuzz-expressions.ts'
import { seeded } from '../expr/random-values.ts'
import { signaturesOf } from '../expr/signatures.ts'

/** A signature of a function, or a cast between two types, to be compared once; false when the draw fitted no call. */
interface Job {
  readonly name: string
  readonly run: () => boolean
}

export interface ExpressionFuzz {
  readonly functions: number
  /** Signatures of functions and pairs of types of casts. */
  readonly jobs: number
  /** How often every job was run. */
  readonly passes: number
  readonly counts: FuzzCounts
  /** One difference for each function or cast that has any. */
  readonly faults: readonly string[]
}

/** A comparison that takes longer is told. */
const SLOW_MS = 5000

/** Compares `interpret` and compiled code over every signature of every function and every cast, again and again for so long. */
export function fuzzExpressions(seed: number, seconds: number, say: (line: string) => void): ExpressionFuzz {
  const random = seeded(seed)
  const counts = freshCounts()
  const jobs: Job[] = []
  for (const entry of COMPARED) {
    const signatures = signaturesOf(entry, env, random)
    if (signatures.length === 0) throw new Error(`no signature of ${entry.name} was found`)
    for (const s of signatures) jobs.push({ name: entry.name, run: () => fuzzCall(entry, s, random, counts) })
  }
  for (const { from, to, mode } of castPairs())
    jobs.push({ name: `cast ${from.kind} ${to.kind}`, run: () => fuzzCast(from, to, mode, random, counts) })
  const faults = new Map<string, string>()
  const end = performance.now() + seconds * 1000
  let passes = 0
  let done = 0
  let told = performance.now()
  while (performance.now() < end) {
    for (let i = jobs.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      ;[jobs[i], jobs[j]] = [jobs[j]!, jobs[i]!]
    }
    for (const job of jobs) {
      if (performance.now() >= end) break
      done++
      const started = performance.now()
      try {
        job.run()
      } catch (error) {
        const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
        if (!faults.has(job.name)) say(`FAULT: ${job.name}: ${text.slice(0, 1500)}`)
        faults.set(job.name, text)
      }
      if (performance.now() - started > SLOW_MS) say(`slow: ${job.name}, ${Math.round(performance.now() - started)} ms`)
      if (performance.now() - told > 60_000) {
        told = performance.now()
        say(`${done} of ${jobs.length} signatures, ${counts.evaluations} evaluations, ${faults.size} faults`)
      }
    }
    passes = done / jobs.length
  }
  return { functions: COMPARED.length, jobs: jobs.length, passes, counts, faults: [...faults.values()] }
}
