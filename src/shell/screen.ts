/** Where a shell writes. `tty` false: plain text, no escape codes, no prompt, no status line. */
export interface Screen {
  readonly tty: boolean
  /** False also when NO_COLOR is set. */
  readonly color: boolean
  columns(): number
  rows(): number
  /** Resolves when the text is handed to the system. */
  write(text: string): Promise<void>
  /** For errors and notices. */
  writeError(text: string): Promise<void>
}

const put = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())))

/** Standard output and error. Whoever reads the output may go away (`| head`): then the process ends without a word. */
export function processScreen(tty: boolean): Screen {
  const { stdout, stderr } = process
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  return {
    tty,
    color: tty && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    // A terminal that does not know its size says 0.
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    write: (text) => put(stdout, text),
    writeError: (text) => put(tty ? stdout : stderr, text),
  }
}

const SGR = { red: 31, dim: 2, bold: 1 } as const

/** The text in a colour, where the screen has colours. */
export const paint = (screen: Screen, style: keyof typeof SGR, text: string): string =>
  screen.color ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text
