/** A line of a byte stream, to be told from a string item. */
export class Line {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * The items of a stream: chunks of bytes become lines (without their ends; the last one may lack its end), anything
 * else is passed on as it is. A Node stream that decodes to text counts as bytes.
 */
export async function* lineItems(chunks: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  const textStream = 'readableObjectMode' in chunks && chunks.readableObjectMode === false
  let begun: Buffer[] = []
  for await (const chunk of chunks) {
    const bytes =
      chunk instanceof Uint8Array
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : textStream && typeof chunk === 'string'
          ? Buffer.from(chunk)
          : null
    if (bytes === null) {
      yield chunk
      continue
    }
    let p = 0
    for (let e = bytes.indexOf(10); e >= 0; e = bytes.indexOf(10, p)) {
      yield lineOf([...begun, bytes.subarray(p, e)])
      begun = []
      p = e + 1
    }
    if (p < bytes.length) begun.push(bytes.subarray(p))
  }
  if (begun.length > 0) yield lineOf(begun)
}

function lineOf(parts: readonly Buffer[]): Line {
  const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  return new Line(bytes.toString('utf8', 0, bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length))
}
