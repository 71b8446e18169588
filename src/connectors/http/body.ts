import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Batch } from '../../columns/batch.ts'
import { MillraceError } from '../../errors/errors.ts'
import { type JsonDecoder, jsonDecoder } from '../../formats/json/decode.ts'
import type { Schema } from '../../types/data-type.ts'

/** A request that is answered with a status other than 200. */
export class Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    this.status = status
    this.code = code
    this.message = message
    this.headers = headers
  }
}

const tooLarge = (limit: number): Refusal =>
  new Refusal(413, 'BODY_TOO_LARGE', `the body is larger than ${limit} bytes (option maxBodyBytes): send it in pieces`)

/** The whole body, unpacked; throws a Refusal when it is larger than `limit` before or after that. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(415, 'ENCODING_UNKNOWN', `content-encoding "${encoding}" is not known: send it plain or as gzip`)
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limit) throw tooLarge(limit)
    parts.push(part)
  }
  const body = Buffer.concat(parts)
  if (encoding === 'identity') return body
  try {
    return await promisify(gunzip)(body, { maxOutputLength: limit })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit)
    throw new Refusal(400, 'BODY_NOT_GZIP', `the body is not gzip: ${(cause as Error).message}`)
  }
}

const NEWLINE = 10
const RETURN = 13
const SPACE = 32
const OPEN = 91

/** Bodies to batches: lines of JSON objects, or one JSON array of objects. */
export class BodyReader {
  readonly #decoder: JsonDecoder

  constructor(schema: Schema, timeZone: string) {
    this.#decoder = jsonDecoder(
      schema,
      { columns: schema.fields.map((f) => [f.name]), predicates: [] },
      { timeZone, mode: 'FAILFAST', place: (line) => `line ${line} of the body` },
    )
  }

  /** The rows of a body, which is used up. Throws a Refusal that says which line is no row, and why. */
  read(body: Buffer): Batch[] {
    const text = body.toString('utf8').trim()
    if (text.startsWith('[')) {
      check(text, 'the body', (x) => Array.isArray(x) && x.every(isObject), 'an array of objects')
      // Raw line ends stand only between tokens: as blanks they change nothing, and the array is one line.
      for (let i = body.indexOf(OPEN); i < body.length; i++)
        if (body[i] === NEWLINE || body[i] === RETURN) body[i] = SPACE
    } else
      text.split('\n').forEach((line, i) => {
        if (line.trim() !== '') check(line, `line ${i + 1} of the body`, isObject, 'a JSON object')
      })
    const batches: Batch[] = []
    try {
      this.#decoder.decode(body, 0, body.length, (b) => batches.push(b))
    } catch (error) {
      if (error instanceof MillraceError)
        throw new Refusal(
          400,
          error.code,
          `a row does not fit the columns: ${String(error.params['record'] ?? error.message)}`,
        )
      throw error
    }
    return batches
  }
}

const isObject = (x: unknown): boolean => typeof x === 'object' && x !== null && !Array.isArray(x)

/** The decoder looks no further than it must: that the whole is JSON is seen to here. */
function check(text: string, where: string, fits: (x: unknown) => boolean, what: string): void {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new Refusal(400, 'BODY_NOT_JSON', `${where} is not JSON: ${(cause as Error).message}`)
  }
  if (!fits(parsed)) throw new Refusal(400, 'BODY_NOT_ROWS', `${where} is not ${what}`)
}
