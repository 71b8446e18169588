import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { CODECS, compressor, decompress, loadZstd } from '../../../src/connectors/kafka/codecs/codec.ts'
import { OptionError } from '../../../src/index.ts'
import { crc32c } from '../../../src/connectors/kafka/codecs/crc32c.ts'
import { lz4Compress, lz4Decompress } from '../../../src/connectors/kafka/codecs/lz4.ts'
import { snappyCompress, snappyDecompress } from '../../../src/connectors/kafka/codecs/snappy.ts'
import { xxhash32 } from '../../../src/connectors/kafka/codecs/xxhash32.ts'
import { murmur2 } from '../../../src/connectors/kafka/murmur2.ts'
import { ScramClient } from '../../../src/connectors/kafka/wire/scram.ts'

/** Numbers from a seed: a failure can be run again. */
function random(seed: number): () => number {
  let x = seed
  return () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return x / 2 ** 32
  }
}

const INPUTS = [0, 1, 4, 5, 12, 13, 14, 64, 65, 1000, 32768, 65536, 65537, 200_000].flatMap((length) =>
  [1, 2, 16, 256].map((letters) => {
    const next = random(length * 31 + letters)
    return Buffer.from(Uint8Array.from({ length }, () => Math.floor(next() * letters)))
  }),
)

test.each([
  ['snappy', snappyCompress, snappyDecompress],
  ['lz4', lz4Compress, lz4Decompress],
] as const)('%s gives back what it was given', (_name, compress, decompress) => {
  for (const input of INPUTS) expect(decompress(compress(input))!.equals(input)).toBe(true)
  const repeated = Buffer.from('some words, '.repeat(5000))
  expect(compress(repeated).length).toBeLessThan(repeated.length / 8)
})

test.each([
  ['snappy', snappyCompress, snappyDecompress],
  ['lz4', lz4Compress, lz4Decompress],
] as const)('damaged %s is told, or gives other bytes, and never reads outside', (_name, compress, decompress) => {
  const whole = compress(Buffer.from('some words that come again, some words that do not; '.repeat(40)))
  const next = random(7)
  for (let i = 0; i < 2000; i++) {
    const damaged = Buffer.from(whole.subarray(0, 1 + Math.floor(next() * whole.length)))
    damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256)
    const out = decompress(damaged)
    expect(out === null || Buffer.isBuffer(out)).toBe(true)
  }
})

test('a producer compresses with what it can write, and names the rest', async () => {
  await loadZstd()
  const input = Buffer.from('some words that come again, '.repeat(100))
  const canZstd = 'zstdCompressSync' in zlib
  for (const name of CODECS.filter((c) => c !== 'zstd' || canZstd)) {
    const { codec, compress } = compressor(name)
    expect(decompress(codec, compress(input), 'a test').equals(input)).toBe(true)
  }
  if (!canZstd) expect(() => compressor('zstd')).toThrow(/22\.15/)
  expect(() => compressor('brotli')).toThrow(OptionError)
  for (const codec of [1, 2, 3, 4, 6])
    expect(() => decompress(codec, input, 't-0'), CODECS[codec] ?? 'unknown').toThrow(
      /KAFKA_RECORDS_CORRUPT\] the records of t-0/,
    )
})

test('checksums and hashes are those of their definitions', () => {
  // RFC 3720, appendix B.4.
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(xxhash32(Buffer.from(''))).toBe(0x02cc5d05)
  expect(xxhash32(Buffer.from('abc'))).toBe(0x32d153ff)
  expect(xxhash32(Buffer.from('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f)
  // The cases of Kafka's own test of its partitioner.
  const hash = (text: string): number => murmur2(Buffer.from(text), 0, text.length)
  expect(hash('21')).toBe(-973932308)
  expect(hash('foobar')).toBe(-790332482)
  expect(hash('a-little-bit-long-string')).toBe(-985981536)
  expect(hash('a-little-bit-longer-string')).toBe(-1486304829)
  expect(hash('lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8')).toBe(-58897971)
  expect(hash('abc')).toBe(479470107)
})

test('SCRAM-SHA-256 speaks as in RFC 7677', () => {
  const scram = new ScramClient('sha256', 'user', 'pencil', 'rOprNGfwEbeRWgbNEkqO')
  expect(scram.first().toString()).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  const challenge = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
  expect(scram.final(Buffer.from(challenge))!.toString()).toBe(
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  )
  expect(scram.verifies(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBe(true)
  expect(scram.verifies(Buffer.from('v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBe(false)
})
