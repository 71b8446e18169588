import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** The child program as vitest finds it: compiled, since a process of its own reads no TypeScript. */
export const childProgram = join(root, 'dist/test/torture/child.js')

const newest = (dir: string): number =>
  Math.max(0, ...readdirSync(dir, { withFileTypes: true, recursive: true }).map((e) => (e.isFile() ? statSync(join(e.parentPath, e.name)).mtimeMs : 0)))

/** Compiles dist when a source is newer; `npm test` has just built it. */
export function buildIfStale(): void {
  const built = statSync(childProgram, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < Math.max(...['src', 'grammar', 'test/torture'].map((dir) => newest(join(root, dir)))))
    spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
}
