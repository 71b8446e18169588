import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
let built: string | undefined

/** The folder of the bundle as it is shipped, made from the sources as they are now; it goes when this process ends. */
export function bundleFolder(): string {
  if (built !== undefined) return built
  const own = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  process.on('exit', () => rmSync(own, { recursive: true, force: true }))
  copyFileSync(join(root, 'package.json'), join(own, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(own, 'node_modules'))
  const { status } = spawnSync(process.execPath, [join(root, '.ci/bundle.mjs'), join(own, 'dist')], {
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('the bundle could not be built')
  built = join(own, 'dist/bundle')
  return built
}

/** The command as it is shipped. */
export const bundled = (): string => join(bundleFolder(), 'millrace.js')
