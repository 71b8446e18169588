import { keyOf, type OffsetMap } from './topic-offsets.ts'

/** How far partitions are behind their ends, under Spark's names. */
export function lagMetrics(at: OffsetMap, latest: OffsetMap): Readonly<Record<string, string>> {
  const behind = [...latest.values()].map((p) => Math.max(0, p.offset - (at.get(keyOf(p))?.offset ?? 0)))
  const sum = behind.reduce((a, b) => a + b, 0)
  return {
    minOffsetsBehindLatest: String(behind.length === 0 ? 0 : Math.min(...behind)),
    maxOffsetsBehindLatest: String(Math.max(0, ...behind)),
    avgOffsetsBehindLatest: String(behind.length === 0 ? 0 : sum / behind.length),
  }
}
