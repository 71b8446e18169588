/** xxHash64 over BIGINT arithmetic modulo 2^64; all hashes and seeds are signed BIGINTs. */
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

const u = (x: bigint): bigint => BigInt.asUintN(64, x)
const rotl = (x: bigint, n: bigint): bigint => u(x << n) | (x >> (64n - n))
const round = (acc: bigint, k: bigint): bigint => u(rotl(u(acc + k * P2), 31n) * P1)
const merge = (h: bigint, v: bigint): bigint => u((h ^ round(0n, v)) * P1 + P4)

function finish(h: bigint): bigint {
  h = u((h ^ (h >> 33n)) * P2)
  h = u((h ^ (h >> 29n)) * P3)
  return BigInt.asIntN(64, h ^ (h >> 32n))
}

const mix8 = (h: bigint, k: bigint): bigint => u(rotl(h ^ round(0n, k), 27n) * P1 + P4)
const mix4 = (h: bigint, k: bigint): bigint => u(rotl(h ^ u(k * P1), 23n) * P2 + P3)

/** Hash of an INT. */
export const xxInt = (x: number, seed: bigint): bigint => finish(mix4(u(seed + P5 + 4n), BigInt(x >>> 0)))

/** Hash of a BIGINT. */
export const xxLong = (x: bigint, seed: bigint): bigint => finish(mix8(u(seed + P5 + 8n), u(x)))

/** Hash of bytes. */
export function xxBytes(bytes: Uint8Array, seed: bigint): bigint {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const n = b.length
  let i = 0
  let h: bigint
  const s = u(seed)
  if (n >= 32) {
    let v1 = u(s + P1 + P2)
    let v2 = u(s + P2)
    let v3 = s
    let v4 = u(s - P1)
    for (; i <= n - 32; i += 32) {
      v1 = round(v1, b.readBigUInt64LE(i))
      v2 = round(v2, b.readBigUInt64LE(i + 8))
      v3 = round(v3, b.readBigUInt64LE(i + 16))
      v4 = round(v4, b.readBigUInt64LE(i + 24))
    }
    h = u(rotl(v1, 1n) + rotl(v2, 7n) + rotl(v3, 12n) + rotl(v4, 18n))
    h = merge(merge(merge(merge(h, v1), v2), v3), v4)
  } else h = u(s + P5)
  h = u(h + BigInt(n))
  for (; i <= n - 8; i += 8) h = mix8(h, b.readBigUInt64LE(i))
  if (i <= n - 4) {
    h = mix4(h, BigInt(b.readUInt32LE(i)))
    i += 4
  }
  for (; i < n; i++) h = u(rotl(h ^ u(BigInt(b[i]!) * P5), 11n) * P1)
  return finish(h)
}
