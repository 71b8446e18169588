import fs from 'node:fs'
import path from 'node:path'
import { AnalysisError, ExecutionError } from '../../errors/errors.ts'

/** A file of a listing. `timestamp` is its modification time in milliseconds. */
export interface ListedFile {
  readonly path: string
  readonly timestamp: number
  readonly size: number
}

const MAGIC = /[*?[\]{}]/

/** The path of an option: absolute, without `file:`. */
export const plainPath = (text: string): string => path.resolve(text.replace(/^file:(?:\/\/(?=\/))?/, ''))

/** Names that are not data: hidden, `_`-prefixed (save `_col=value`), or still being written. */
export const isHidden = (name: string): boolean =>
  name.startsWith('.') ||
  (name.startsWith('_') && !name.includes('=')) ||
  name.endsWith('.tmp') ||
  name.endsWith('._COPYING_')

/** Throws PATH_NOT_FOUND unless a file or directory is at `text` (a path or glob), or FAILED_READ_FILE when it may not be read. */
export function checkPath(text: string): void {
  const at = plainPath(text)
  if (!fs.existsSync(at) && (!MAGIC.test(text) || expandGlob(at).length === 0))
    throw new AnalysisError('PATH_NOT_FOUND', { path: at })
}

/**
 * The data files at a path, glob or directory, in no order. Directories are listed one level deep, or whole with
 * `recursive`. Files that vanish meanwhile are left out.
 */
export function listFiles(
  text: string,
  options: { readonly recursive: boolean; readonly nameGlob?: string | undefined },
): ListedFile[] {
  const at = plainPath(text)
  const roots = fs.existsSync(at) ? [at] : MAGIC.test(text) ? expandGlob(at) : []
  if (roots.length === 0 && !MAGIC.test(text)) throw readFailed(at, 'it does not exist')
  const wanted = options.nameGlob === undefined ? null : globPattern(options.nameGlob)
  const out: ListedFile[] = []
  const file = (full: string): void => {
    const stat = fs.statSync(full, { throwIfNoEntry: false })
    if (stat?.isFile() && (wanted === null || wanted.test(path.basename(full))))
      out.push({ path: full, timestamp: Math.floor(stat.mtimeMs), size: stat.size })
  }
  const directory = (dir: string, deep: boolean): void => {
    for (const entry of entriesOf(dir)) {
      if (isHidden(entry.name)) continue
      const full = path.join(dir, entry.name)
      if (entry.isDirectory()) {
        if (deep) directory(full, deep)
      } else file(full)
    }
  }
  for (const root of roots) {
    if (fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) directory(root, options.recursive)
    else file(root)
  }
  return out
}

/** An error of the file system as ours. */
export function readFailed(at: string, cause: unknown): ExecutionError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ExecutionError(
    'FAILED_READ_FILE.NO_HINT',
    { path: at, message },
    { cause: cause instanceof Error ? cause : undefined },
  )
}

function entriesOf(dir: string): fs.Dirent[] {
  try {
    return fs.readdirSync(dir, { withFileTypes: true })
  } catch (cause) {
    throw readFailed(dir, cause)
  }
}

function expandGlob(at: string): string[] {
  const parts = at.split(path.sep)
  let found = [parts[0] === '' ? path.sep : parts[0]!]
  for (const part of parts.slice(1)) {
    if (!MAGIC.test(part)) found = found.map((f) => path.join(f, part)).filter((f) => fs.existsSync(f))
    else {
      const pattern = globPattern(part)
      found = found.flatMap((f) =>
        fs.statSync(f, { throwIfNoEntry: false })?.isDirectory()
          ? entriesOf(f)
              .filter((e) => pattern.test(e.name) && !isHidden(e.name))
              .map((e) => path.join(f, e.name))
          : [],
      )
    }
  }
  return found
}

/** A pattern for one name: `*`, `?`, `[abc]`, `[^a]`, `{a,b}`. */
export function globPattern(glob: string): RegExp {
  let out = ''
  let depth = 0
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!
    if (c === '*') out += '.*'
    else if (c === '?') out += '.'
    else if (c === '{') {
      out += '(?:'
      depth++
    } else if (c === '}' && depth > 0) {
      out += ')'
      depth--
    } else if (c === ',' && depth > 0) out += '|'
    else if (c === '[' && glob.indexOf(']', i) > 0) {
      const end = glob.indexOf(']', i + 2)
      const body = glob.slice(i + 1, end).replace(/\\/g, '\\\\')
      out += `[${body.startsWith('!') ? `^${body.slice(1)}` : body}]`
      i = end
    } else out += c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  }
  return new RegExp(`^${out}${')'.repeat(depth)}$`, 's')
}
