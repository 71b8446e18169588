import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'

let clock = 1_700_000_000

/** Files by relative path in a fresh directory, each a second newer than the one before; `.gz` ones are compressed. */
export function layFiles(files: Readonly<Record<string, string>>): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-files-'))
  for (const [name, text] of Object.entries(files)) putFile(dir, name, text)
  return dir
}

/** Writes one file, a second newer than the one before unless told when. */
export function putFile(dir: string, name: string, text: string, at = clock++): void {
  const full = path.join(dir, name)
  fs.mkdirSync(path.dirname(full), { recursive: true })
  fs.writeFileSync(full, name.endsWith('.gz') ? zlib.gzipSync(text) : text)
  fs.utimesSync(full, at, at)
}
