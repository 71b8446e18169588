import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

const newest = (dir: string): number =>
  Math.max(
    0,
    ...readdirSync(dir, { withFileTypes: true, recursive: true }).map((e) =>
      e.isFile() ? statSync(join(e.parentPath, e.name)).mtimeMs : 0,
    ),
  )

/**
 * A child program of this folder, compiled: a process of its own reads no TypeScript. `npm test` has just built dist; when a source is
 * newer, as at work, it is compiled into a directory of its own, which goes when this process ends.
 */
export function childProgram(name = 'child.js'): string {
  const program = join('dist/test/torture', name)
  const built = statSync(join(root, program), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built > Math.max(...['src', 'grammar', 'test/torture'].map((dir) => newest(join(root, dir)))))
    return join(root, program)
  const own = mkdtempSync(join(tmpdir(), 'millrace-build-'))
  process.on('exit', () => rmSync(own, { recursive: true, force: true }))
  copyFileSync(join(root, 'package.json'), join(own, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(own, 'node_modules'))
  spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(own, 'dist')],
    { stdio: 'inherit' },
  )
  return join(own, program)
}
