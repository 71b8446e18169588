import fs from 'node:fs'
import path from 'node:path'
import { AnalysisError, ExecutionError } from '../../errors/errors.ts'

/** A file of a listing. `timestamp` is its modification time in milliseconds. */
export interface ListedFile {
  readonly path: string
  readonly timestamp: number
  readonly size: number
}

/** Which files a listing gives. */
export interface ListOptions {
  /** Look into every directory below; else only into those named `column=value`. */
  readonly recursive: boolean
  /** Only files whose names match this glob. */
  readonly nameGlob?: string | undefined
  /** Only files modified within these bounds, in milliseconds. */
  readonly modifiedAfter?: number | undefined
  readonly modifiedBefore?: number | undefined
  /** Files nobody wants to hear of again: they are not looked at. */
  readonly known?: ((path: string) => boolean) | undefined
  /** Told of each directory before it is read, with its modification time in milliseconds. */
  readonly onDirectory?: ((path: string, mtimeMs: number) => void) | undefined
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

/** Whether a path is a glob. */
export const isGlob = (text: string): boolean => MAGIC.test(text) && !fs.existsSync(plainPath(text))

/** The files and directories an option's path or glob stands for. */
export function rootsOf(text: string): string[] {
  const at = plainPath(text)
  return fs.existsSync(at) ? [at] : MAGIC.test(text) ? expandGlob(at) : []
}

/** Throws PATH_NOT_FOUND unless a file or directory is at `text` (a path or glob), or FAILED_READ_FILE when it may not be read. */
export function checkPath(text: string): void {
  if (rootsOf(text).length === 0) throw new AnalysisError('PATH_NOT_FOUND', { path: plainPath(text) })
}

/** What the walk asks its driver for: the names in a directory, or (null) a moment for others. */
type Ask = string | null

/** Files looked at between two pauses: some milliseconds. */
const SLICE = 1000

/**
 * The data files at a path, glob or directory, in no order. Directories are listed one level deep, those named
 * `column=value` whole, or all with `recursive`. Files that vanish meanwhile are left out.
 */
function* walk(text: string, options: ListOptions): Generator<Ask, ListedFile[], readonly string[]> {
  const roots = rootsOf(text)
  if (roots.length === 0 && !MAGIC.test(text)) throw readFailed(plainPath(text), 'it does not exist')
  const wanted = options.nameGlob === undefined ? null : globPattern(options.nameGlob)
  const { known, modifiedAfter = -Infinity, modifiedBefore = Infinity } = options
  const out: ListedFile[] = []
  const directories: string[] = []
  let looked = 0
  const look = (full: string, name: string, isRoot: boolean): void => {
    if (known?.(full) === true) return
    looked++
    const stat = fs.statSync(full, { throwIfNoEntry: false })
    if (stat === undefined) return
    if (stat.isDirectory()) {
      if (isRoot || options.recursive || name.includes('=')) {
        options.onDirectory?.(full, stat.mtimeMs)
        directories.push(full)
      }
      return
    }
    const timestamp = Math.floor(stat.mtimeMs)
    if (!stat.isFile() || timestamp <= modifiedAfter || timestamp >= modifiedBefore) return
    if (wanted === null || wanted.test(name)) out.push({ path: full, timestamp, size: stat.size })
  }
  for (const root of roots) look(root, path.basename(root), true)
  for (let dir = directories.shift(); dir !== undefined; dir = directories.shift()) {
    const prefix = dir.endsWith(path.sep) ? dir : dir + path.sep
    for (const name of yield dir) {
      if (isHidden(name)) continue
      look(prefix + name, name, false)
      if (looked >= SLICE) {
        looked = 0
        yield null
      }
    }
  }
  return out
}

/** Lists at once. */
export function listFiles(text: string, options: ListOptions): ListedFile[] {
  const steps = walk(text, options)
  for (let step = steps.next(NO_NAMES); ;) {
    if (step.done === true) return step.value
    step = steps.next(step.value === null ? NO_NAMES : namesIn(step.value))
  }
}

/** Lists in slices, so that a large directory does not hold the event loop. */
export async function listFilesInSlices(text: string, options: ListOptions): Promise<ListedFile[]> {
  const steps = walk(text, options)
  for (let step = steps.next(NO_NAMES); ;) {
    if (step.done === true) return step.value
    const dir = step.value
    if (dir === null) await new Promise((resolve) => setImmediate(resolve))
    const names =
      dir === null ? NO_NAMES : await fs.promises.readdir(dir).catch((cause) => Promise.reject(readFailed(dir, cause)))
    step = steps.next(names)
  }
}

const NO_NAMES: readonly string[] = []

/** By modification time, then name. */
export const byAge = (x: ListedFile, y: ListedFile): number => x.timestamp - y.timestamp || (x.path < y.path ? -1 : 1)

/** An error of the file system as ours. */
export function readFailed(at: string, cause: unknown): ExecutionError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new ExecutionError(
    'FAILED_READ_FILE.NO_HINT',
    { path: at, message },
    { cause: cause instanceof Error ? cause : undefined },
  )
}

/** The names in a directory. */
export function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir)
  } catch (cause) {
    throw readFailed(dir, cause)
  }
}

export const isDirectory = (at: string): boolean => fs.statSync(at, { throwIfNoEntry: false })?.isDirectory() === true

function expandGlob(at: string): string[] {
  const parts = at.split(path.sep)
  let found = [parts[0] === '' ? path.sep : parts[0]!]
  for (const part of parts.slice(1)) {
    if (!MAGIC.test(part)) found = found.map((f) => path.join(f, part)).filter((f) => fs.existsSync(f))
    else {
      const pattern = globPattern(part)
      found = found.flatMap((f) =>
        isDirectory(f)
          ? namesIn(f)
              .filter((name) => pattern.test(name) && !isHidden(name))
              .map((name) => path.join(f, name))
          : [],
      )
    }
  }
  return found
}

/** A pattern for one name: `*`, `?`, `[abc]`, `[^a]`, `{a,b}`; a backslash takes the next character as it is. */
export function globPattern(glob: string): RegExp {
  let out = ''
  let depth = 0
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!
    if (c === '*') out += '.*'
    else if (c === '?') out += '.'
    else if (c === '\\' && i + 1 < glob.length) out += glob[++i]!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    else if (c === '{') {
      out += '(?:'
      depth++
    } else if (c === '}' && depth > 0) {
      out += ')'
      depth--
    } else if (c === ',' && depth > 0) out += '|'
    else if (c === '[' && glob.indexOf(']', i + 2) > 0) {
      const end = glob.indexOf(']', i + 2)
      const body = glob.slice(i + 1, end).replace(/\\/g, '\\\\')
      out += `[${body.startsWith('!') ? `^${body.slice(1)}` : body}]`
      i = end
    } else out += c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  }
  return new RegExp(`^${out}${')'.repeat(depth)}$`, 's')
}
