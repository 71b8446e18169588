import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** The client's side of SCRAM (RFC 5802) without channel binding, for sha256 or sha512. */
export class ScramClient {
  readonly #hash: 'sha256' | 'sha512'
  readonly #username: string
  readonly #password: string
  readonly #nonce: string
  #serverSignature: Buffer | null = null

  constructor(
    hash: 'sha256' | 'sha512',
    username: string,
    password: string,
    nonce = randomBytes(24).toString('base64'),
  ) {
    this.#hash = hash
    this.#username = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
    this.#password = password
    this.#nonce = nonce
  }

  get #bareFirst(): string {
    return `n=${this.#username},r=${this.#nonce}`
  }
  first(): Buffer {
    return Buffer.from(`n,,${this.#bareFirst}`)
  }

  /** The answer to the server's challenge; null when that is not one for us. */
  final(challenge: Buffer): Buffer | null {
    const text = challenge.toString('utf8')
    const { r: nonce, s: salt, i: iterations } = attributes(text)
    if (nonce === undefined || salt === undefined || !(Number(iterations) >= 4096) || !nonce.startsWith(this.#nonce))
      return null
    const hmac = (key: Buffer, data: string | Buffer): Buffer => createHmac(this.#hash, key).update(data).digest()
    const length = this.#hash === 'sha256' ? 32 : 64
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), Number(iterations), length, this.#hash)
    const clientKey = hmac(salted, 'Client Key')
    const withoutProof = `c=biws,r=${nonce}`
    const message = `${this.#bareFirst},${text},${withoutProof}`
    const signature = hmac(createHash(this.#hash).update(clientKey).digest(), message)
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message)
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!))
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  /** Whether the server has shown that it knows the password too. */
  verifies(answer: Buffer): boolean {
    const signature = Buffer.from(attributes(answer.toString('utf8'))['v'] ?? '', 'base64')
    const expected = this.#serverSignature
    return expected !== null && signature.length === expected.length && timingSafeEqual(signature, expected)
  }
}

const attributes = (text: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
