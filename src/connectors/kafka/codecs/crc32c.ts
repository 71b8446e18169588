/** Eight tables of 256: the CRC goes over eight bytes a step. */
const TABLES = (() => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let i = 0; i < 256; i++) {
    let c = i
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1
    tables[0]![i] = c
  }
  for (let t = 1; t < 8; t++)
    for (let i = 0; i < 256; i++) {
      const c = tables[t - 1]![i]!
      tables[t]![i] = (c >>> 8) ^ tables[0]![c & 255]!
    }
  return tables
})()
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

/** CRC-32C (Castagnoli) of `bytes[from .. to)`, as an unsigned number: what guards a record batch. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let c = -1
  let i = from
  for (; i + 8 <= to; i += 8) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    c =
      T7[c & 255]! ^
      T6[(c >>> 8) & 255]! ^
      T5[(c >>> 16) & 255]! ^
      T4[c >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!
  }
  for (; i < to; i++) c = T0[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}
