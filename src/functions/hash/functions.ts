import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  type CipherGCM,
  type DecipherGCM,
} from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AnalysisError, ExecutionError } from '../../errors/errors.ts'
import { BIGINT, BINARY, INT, STRING, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type FunctionEntry, type Resolved } from '../entry.ts'
import { hashVector } from './hash-vector.ts'
import { murmurOf, xxhashOf } from './value-hash.ts'

const group = 'hash'
const bytes = arg('bytes', BINARY)

const holdsMap = (t: DataType): boolean =>
  t.kind === 'map' ||
  (t.kind === 'array' ? holdsMap(t.element) : t.kind === 'struct' && t.fields.some((f) => holdsMap(f.type)))

function resolveHash(fn: string, args: readonly DataType[], type: DataType): Resolved {
  if (args.some(holdsMap)) throw new AnalysisError('DATATYPE_MISMATCH.HASH_MAP_TYPE', { function: fn })
  return { args, type, nullable: false }
}

const SHA2: Readonly<Record<number, string>> = {
  0: 'sha256',
  224: 'sha224',
  256: 'sha256',
  384: 'sha384',
  512: 'sha512',
}
const digest = (name: string, b: Uint8Array): string => createHash(name).update(b).digest('hex')

const HMACS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  SHA1: 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

type Mode = 'ecb' | 'gcm' | 'cbc'
const EMPTY = new Uint8Array(0)

/** The mode of an AES call and its cipher; a key of another length or an unknown mode raises. */
function cipherOf(fn: string, key: Uint8Array, modeName: string, padding: string): { mode: Mode; name: string } {
  if (![16, 24, 32].includes(key.length))
    throw new ExecutionError('INVALID_PARAMETER_VALUE.AES_KEY_LENGTH', { length: key.length })
  const mode = modeName.toLowerCase()
  const pad = padding.toUpperCase()
  const fits =
    mode === 'gcm'
      ? pad === 'NONE' || pad === 'DEFAULT'
      : (mode === 'ecb' || mode === 'cbc') && (pad === 'PKCS' || pad === 'DEFAULT')
  if (!fits) throw new ExecutionError('UNSUPPORTED_FEATURE.AES_MODE', { mode: modeName, padding, function: fn })
  return { mode: mode as Mode, name: `aes-${key.length * 8}-${mode}` }
}

const ivSize = (mode: Mode): number => (mode === 'ecb' ? 0 : mode === 'gcm' ? 12 : 16)

function encrypt(
  plain: Uint8Array,
  key: Uint8Array,
  modeName: string,
  padding: string,
  given: Uint8Array,
  aad: Uint8Array,
): Uint8Array {
  const { mode, name } = cipherOf('aes_encrypt', key, modeName, padding)
  const size = ivSize(mode)
  if (given.length > 0 && given.length !== size)
    throw new ExecutionError('INVALID_PARAMETER_VALUE.AES_IV_LENGTH', {
      mode: modeName,
      expected: size,
      length: given.length,
    })
  const iv = given.length > 0 ? given : randomBytes(size)
  const cipher = createCipheriv(name, key, size === 0 ? null : iv)
  if (mode === 'gcm' && aad.length > 0) (cipher as CipherGCM).setAAD(aad)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat(mode === 'gcm' ? [iv, body, (cipher as CipherGCM).getAuthTag()] : [iv, body])
}

function decrypt(
  fn: string,
  coded: Uint8Array,
  key: Uint8Array,
  modeName: string,
  padding: string,
  aad: Uint8Array,
): Uint8Array {
  const { mode, name } = cipherOf(fn, key, modeName, padding)
  const size = ivSize(mode)
  const tagSize = mode === 'gcm' ? 16 : 0
  try {
    const iv = coded.subarray(0, size)
    const cipher = createDecipheriv(name, key, size === 0 ? null : iv)
    if (mode === 'gcm') {
      if (aad.length > 0) (cipher as DecipherGCM).setAAD(aad)
      ;(cipher as DecipherGCM).setAuthTag(coded.subarray(coded.length - tagSize))
    }
    return Buffer.concat([cipher.update(coded.subarray(size, coded.length - tagSize)), cipher.final()])
  } catch (e) {
    throw new ExecutionError(
      'INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR',
      { function: fn, message: e instanceof Error ? e.message : String(e) },
      { cause: e },
    )
  }
}

const aesParams = [
  arg('bytes', BINARY),
  arg('key', BINARY),
  arg('mode', STRING, { optional: true }),
  arg('padding', STRING, { optional: true }),
]

/** Hashes, checksums and ciphers. */
export const entries: readonly FunctionEntry[] = [
  scalar('hash', [arg('value', 'ANY'), arg('more', 'ANY', { variadic: true })], undefined, {
    group,
    doc: 'Returns the Murmur3 hash of the arguments, with seed 42.',
    examples: [{ sql: "hash(1, 'a', true)", gives: '-714832205' }],
    nulls: 'handles',
    resolve: (args) => resolveHash('hash', args, INT),
    bind: (site) => {
      const parts = site.args.map(murmurOf)
      return (...args: readonly Value[]) => args.reduce<number>((h, v, i) => parts[i]!(v, h), 42)
    },
    vector: hashVector,
  }),
  scalar('xxhash64', [arg('value', 'ANY'), arg('more', 'ANY', { variadic: true })], undefined, {
    group,
    doc: 'Returns the 64-bit xxHash of the arguments, with seed 42.',
    examples: [{ sql: "xxhash64('mill')", gives: '-1903347359646013654' }],
    nulls: 'handles',
    resolve: (args) => resolveHash('xxhash64', args, BIGINT),
    bind: (site) => {
      const parts = site.args.map(xxhashOf)
      return (...args: readonly Value[]) => args.reduce<bigint>((h, v, i) => parts[i]!(v, h), 42n)
    },
  }),
  scalar('md5', [bytes], STRING, {
    group,
    doc: 'Returns the MD5 digest as hexadecimal text.',
    examples: [{ sql: "md5('mill')", gives: 'a90794a1d591a78fb8905e7870116ea1' }],
    eval: (b: Uint8Array) => digest('md5', b),
  }),
  scalar('sha1', [bytes], STRING, {
    group,
    aliases: ['sha'],
    doc: 'Returns the SHA-1 digest as hexadecimal text.',
    examples: [{ sql: "sha1('mill')", gives: 'be37ec2ec8ed4c1733fae1e904b82971b84181bc' }],
    eval: (b: Uint8Array) => digest('sha1', b),
  }),
  scalar('sha2', [bytes, arg('bits', INT)], STRING, {
    group,
    doc: 'Returns the SHA-2 digest of 224, 256 (also 0), 384 or 512 `bits` as hexadecimal text; NULL for other sizes.',
    examples: [{ sql: "sha2('mill', 224)", gives: '693172370f5a8c4209c8ffbce8bc38d6c0497feeacc5d143f6cf548e' }],
    canBeNull: true,
    eval: (b: Uint8Array, bits: number) => (SHA2[bits] === undefined ? null : digest(SHA2[bits]!, b)),
  }),
  scalar('crc32', [bytes], BIGINT, {
    group,
    doc: 'Returns the CRC-32 checksum.',
    examples: [{ sql: "crc32('Spark')", gives: '1557323817' }],
    eval: (b: Uint8Array) => BigInt(crc32(b)),
  }),
  scalar('hmac', [arg('key', BINARY), arg('message', BINARY), arg('algorithm', STRING, { optional: true })], BINARY, {
    group,
    doc: 'Returns the keyed hash of `message`; SHA-256 unless told.',
    examples: [{ sql: "hex(hmac('key', 'msg', 'SHA-1'))", gives: '102900B72B7BF1031EEC76B4804B66052376896B' }],
    eval: (key: Uint8Array, message: Uint8Array, algorithm = 'SHA-256') => {
      const name = HMACS[algorithm.toUpperCase()]
      if (name === undefined) throw new ExecutionError('INVALID_PARAMETER_VALUE.HMAC_ALGORITHM', { algorithm })
      return createHmac(name, key).update(message).digest()
    },
  }),
  scalar(
    'aes_encrypt',
    [...aesParams, arg('iv', BINARY, { optional: true }), arg('aad', BINARY, { optional: true })],
    BINARY,
    {
      group,
      doc: 'Returns `bytes` encrypted with AES in `mode` GCM (unless told), CBC or ECB.',
      examples: [
        {
          sql: "hex(aes_encrypt('water', '0000111122223333', 'ECB', 'PKCS'))",
          gives: '439403A19DED22D9DB4456700A11E66F',
        },
      ],
      deterministic: false,
      eval: (b: Uint8Array, key: Uint8Array, mode = 'GCM', padding = 'DEFAULT', iv = EMPTY, aad = EMPTY) =>
        encrypt(b, key, mode, padding, iv, aad),
    },
  ),
  scalar('aes_decrypt', [...aesParams, arg('aad', BINARY, { optional: true })], BINARY, {
    group,
    doc: 'Returns what aes_encrypt made of `bytes`.',
    examples: [
      {
        sql: "CAST(aes_decrypt(aes_encrypt('water', '0000111122223333'), '0000111122223333') AS STRING)",
        gives: 'water',
      },
    ],
    eval: (b: Uint8Array, key: Uint8Array, mode = 'GCM', padding = 'DEFAULT', aad = EMPTY) =>
      decrypt('aes_decrypt', b, key, mode, padding, aad),
  }),
  scalar('try_aes_decrypt', [...aesParams, arg('aad', BINARY, { optional: true })], BINARY, {
    group,
    doc: 'As aes_decrypt, but NULL where `bytes` cannot be decrypted.',
    examples: [{ sql: "try_aes_decrypt(X'00', '0000111122223333')", gives: 'NULL' }],
    canBeNull: true,
    eval: (b: Uint8Array, key: Uint8Array, mode = 'GCM', padding = 'DEFAULT', aad = EMPTY) => {
      try {
        return decrypt('try_aes_decrypt', b, key, mode, padding, aad)
      } catch (e) {
        if (e instanceof ExecutionError) return null
        throw e
      }
    },
  }),
]
