import fs from 'node:fs'
import path from 'node:path'
import { OptionError } from '../../errors/errors.ts'
import type { Options } from '../provider.ts'
import { plainPath, rootsOf } from './listing.ts'

/** What becomes of a source file whose batch is committed. Null: it stays. */
export type Cleaner = ((file: string) => void) | null

/**
 * The cleaner of options cleanSource and sourceArchiveDir. A file that is gone already is fine; one that cannot be
 * removed or moved stays, with a warning of the process: its rows are committed.
 */
export function cleanerOf(format: string, options: Options): Cleaner {
  const what = String(options['cleanSource']).toLowerCase()
  if (what === 'off') return null
  if (what === 'delete') return (file) => quietly(file, () => fs.rmSync(file, { force: true }))
  const archive = plainPath(String(options['sourceArchiveDir']))
  for (const root of rootsOf(String(options['path'])))
    if (archive === root || archive.startsWith(root + path.sep))
      throw new OptionError('OPTION_INVALID', {
        format,
        option: 'sourceArchiveDir',
        value: archive,
        expected: `a directory outside of ${root}`,
      })
  return (file) =>
    quietly(file, () => {
      if (!fs.existsSync(file)) return
      const to = path.join(archive, file)
      fs.mkdirSync(path.dirname(to), { recursive: true })
      try {
        fs.renameSync(file, to)
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EXDEV') throw cause
        fs.copyFileSync(file, to)
        fs.rmSync(file)
      }
    })
}

function quietly(file: string, body: () => void): void {
  try {
    body()
  } catch (cause) {
    process.emitWarning(`the source file ${file} is read and committed, but could not be cleaned up: ${String(cause)}`)
  }
}
