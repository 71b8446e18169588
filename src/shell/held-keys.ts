import { PassThrough, type Readable } from 'node:stream'
import type { ReadStream } from 'node:tty'

const CTRL_C = 3

/** What readline reads from: the keys of a terminal, which can be held back while a statement runs. */
export interface HeldKeys {
  readonly stream: Readable & { setRawMode(on: boolean): void }
  /** From now on keys wait, except Ctrl-C, which drops what waits and is told at once. */
  hold(): void
  /** Hands over what has waited. */
  release(): void
  close(): void
}

/**
 * The keys of a terminal. It stays in raw mode from the first prompt to the last: a change of mode would lose a Ctrl-C that is
 * pressed right behind Enter.
 */
export function heldKeys(terminal: ReadStream, onInterrupt: () => void): HeldKeys {
  const stream = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => void terminal.setRawMode(on) })
  let held = false
  let waiting: Buffer[] = []
  const onData = (chunk: Buffer): void => {
    if (!held) {
      stream.write(chunk)
      return
    }
    const at = chunk.lastIndexOf(CTRL_C)
    if (at >= 0) {
      waiting = []
      onInterrupt()
    }
    if (at + 1 < chunk.length) waiting.push(chunk.subarray(at + 1))
  }
  const onEnd = (): void => void stream.end()
  terminal.on('data', onData)
  terminal.on('end', onEnd)
  return {
    stream,
    hold: () => {
      held = true
    },
    release: () => {
      held = false
      const text = Buffer.concat(waiting)
      waiting = []
      if (text.length > 0) stream.write(text)
    },
    close: () => {
      terminal.off('data', onData)
      terminal.off('end', onEnd)
      terminal.pause()
    },
  }
}
