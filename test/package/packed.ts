import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bundleFolder } from '../shell/bundled.ts'

export const root = resolve(import.meta.dirname, '../..')

/** Runs a command and gives what it prints; throws with all its output when it fails. */
export function output(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} gave ${status}\n${stdout}\n${stderr}`)
  return stdout
}

let declarations: string | undefined

/** A folder with the declarations of the sources as they are now, in `src` and `grammar`, and their JavaScript unless `onlyTypes`. */
export function declarationsFolder(): string {
  if (declarations !== undefined) return declarations
  const own = mkdtempSync(join(tmpdir(), 'millrace-types-'))
  process.on('exit', () => rmSync(own, { recursive: true, force: true }))
  output(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', own], root)
  declarations = own
  return own
}

/** A folder that is to be published, made from the sources as they are now, and the tarball `npm pack` makes of it. */
export function packedPackage(): { readonly folder: string; readonly tarball: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const file of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(join(root, file), join(folder, file))
  mkdirSync(join(folder, 'dist'))
  for (const part of ['src', 'grammar'])
    cpSync(join(declarationsFolder(), part), join(folder, 'dist', part), { recursive: true })
  cpSync(bundleFolder(), join(folder, 'dist/bundle'), { recursive: true })
  const npm = ['pack', '--ignore-scripts', '--silent']
  output('npm', npm, folder)
  const tarball = readdirSync(folder).find((f) => f.endsWith('.tgz'))!
  return { folder, tarball: join(folder, tarball) }
}

/** A project that has the tarball installed, and of its dependencies those it asks for. */
export function consumer(tarball: string, dependencies: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'millrace-consumer-'))
  process.on('exit', () => rmSync(project, { recursive: true, force: true }))
  const home = join(project, 'node_modules/millrace')
  mkdirSync(home, { recursive: true })
  output('tar', ['-xzf', tarball, '--strip-components=1', '-C', home], project)
  for (const name of dependencies) symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
  return project
}
