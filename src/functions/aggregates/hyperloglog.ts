/** HyperLogLog++ over 64-bit hashes: one byte a register, as many registers as a power of two. */

/** The number of index bits for a relative standard deviation. */
export const precisionFor = (deviation: number): number => Math.ceil((2 * Math.log(1.106 / deviation)) / Math.LN2)

const leadingZeros = (x: bigint): number => {
  const high = Number(x >> 32n)
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(x & 0xffffffffn))
}

/** Adds a signed 64-bit hash. */
export function addRegister(registers: Uint8Array, hash: bigint): void {
  const p = BigInt(31 - Math.clz32(registers.length))
  const u = BigInt.asUintN(64, hash)
  const index = Number(u >> (64n - p))
  // The lowest bit of the index's place stops the run of zeros.
  const rest = BigInt.asUintN(64, u << p) | (1n << (p - 1n))
  const rank = leadingZeros(rest) + 1
  if (rank > registers[index]!) registers[index] = rank
}

/** Below these counts (for 4, 5, … index bits) counting empty registers is the better estimate. */
const THRESHOLDS = [10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11500, 20000, 50000, 120000, 350000]

/**
 * The count of different hashes. Small counts come from the share of empty registers, exactly as in the
 * algorithm of HyperLogLog++; above that Ertl's estimator stands in for its table of biases, and is as free of bias.
 */
export function estimate(registers: Uint8Array): number {
  const m = registers.length
  if (m === 0) return 0
  const p = 31 - Math.clz32(m)
  let empty = 0
  for (const r of registers) if (r === 0) empty++
  if (empty > 0) {
    const linear = m * Math.log(m / empty)
    if (linear <= (THRESHOLDS[p - 4] ?? Infinity)) return Math.round(linear)
  }
  return Math.round(ertl(registers, p))
}

/** Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6. */
function ertl(registers: Uint8Array, p: number): number {
  const m = registers.length
  const q = 64 - p
  const counts = new Float64Array(q + 2)
  for (const r of registers) counts[Math.min(r, q + 1)]!++
  let z = m * tau(1 - counts[q + 1]! / m)
  for (let k = q; k >= 1; k--) z = 0.5 * (z + counts[k]!)
  z += m * sigma(counts[0]! / m)
  return (m * m) / (2 * Math.LN2 * z)
}

function sigma(start: number): number {
  if (start === 1) return Infinity
  let x = start
  let y = 1
  let z = x
  for (;;) {
    x *= x
    const before = z
    z += x * y
    y += y
    if (z === before) return z
  }
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0
  let x = start
  let y = 1
  let z = 1 - x
  for (;;) {
    x = Math.sqrt(x)
    const before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
    if (z === before) return z / 3
  }
}
