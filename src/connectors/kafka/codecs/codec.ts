import zlib from 'node:zlib'
import { ExecutionError, OptionError } from '../../../errors/errors.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

/** The codecs of record batches, by the number they have in its attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type CodecName = (typeof CODECS)[number]

type Bytes = (input: Buffer) => Buffer
let zstd: Bytes | null = null

/** Loads what must be loaded before `decompress` meets zstd; cheap when it has been. */
export async function loadZstd(): Promise<void> {
  if (zstd !== null) return
  const { decompress: decode } = await import('fzstd')
  zstd = (input) => {
    const out = decode(input)
    return Buffer.from(out.buffer, out.byteOffset, out.byteLength)
  }
}
/** True when a batch of this codec can be read now. */
export const isLoaded = (codec: number): boolean => codec !== 4 || zstd !== null

/** What a batch of codec number `codec` holds. Damaged bytes and unknown codecs raise ExecutionError naming `where`. */
export function decompress(codec: number, input: Buffer, where: string): Buffer {
  let out: Buffer | null = null
  let cause: unknown
  try {
    if (codec === 0) out = input
    else if (codec === 1) out = zlib.gunzipSync(input)
    else if (codec === 2) out = snappyDecompress(input)
    else if (codec === 3) out = lz4Decompress(input)
    else if (codec === 4) out = zstd!(input)
  } catch (error) {
    cause = error
  }
  if (out !== null) return out
  const name = CODECS[codec] ?? `codec ${codec}`
  throw new ExecutionError('KAFKA_RECORDS_CORRUPT', { where, message: `these bytes are not ${name}` }, { cause })
}

/** Node has zstd since 22.15. */
const zstdCompressSync = (zlib as { readonly zstdCompressSync?: Bytes }).zstdCompressSync

/** The compression a producer asks for by name (kafka.compression.type). Throws OptionError. */
export function compressor(name: string): { readonly codec: number; readonly compress: Bytes } {
  const codec = CODECS.indexOf(name.toLowerCase() as CodecName)
  const known: readonly (Bytes | undefined)[] = [
    (bytes) => bytes,
    (bytes) => zlib.gzipSync(bytes),
    snappyCompress,
    lz4Compress,
    zstdCompressSync,
  ]
  const compress = known[codec]
  if (compress !== undefined) return { codec, compress }
  throw new OptionError(
    'OPTION_INVALID',
    { format: 'kafka', option: 'kafka.compression.type', value: name, expected: `one of ${CODECS.join(', ')}` },
    { hint: codec === 4 ? 'Node writes zstd since 22.15 (it is read by any); lz4 comes near it' : undefined },
  )
}
