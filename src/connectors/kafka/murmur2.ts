const M = 0x5bd1e995

/** Murmur2 as Kafka's Java client has it: the partition of a key is this, its sign bit cleared, modulo their number. */
export function murmur2(data: Uint8Array, from: number, to: number): number {
  const length = to - from
  let h = 0x9747b28c ^ length
  let at = from
  for (; at + 4 <= to; at += 4) {
    let k = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    k = Math.imul(k, M)
    k = Math.imul(k ^ (k >>> 24), M)
    h = Math.imul(h, M) ^ k
  }
  const rest = to - at
  if (rest > 2) h ^= data[at + 2]! << 16
  if (rest > 1) h ^= data[at + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ data[at]!, M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
