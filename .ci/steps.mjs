// What `npm start` and `npm test` share: run a command, install what package-lock.json names, build dist.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { missingBuildTools } from './build-tools.mjs'

/** Runs a command with inherited output; gives its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (error) throw error
  return status ?? 1
}

const STAMP = 'node_modules/.millrace-lock'
const lockHash = () => createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')

/** Installs dependencies when the lock file has changed since the last time. */
export function install() {
  const wanted = lockHash()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  console.log('installing dependencies (npm ci) …')
  if (run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) {
    const missing = missingBuildTools()
    console.error(
      missing.length > 0
        ? `npm ci failed. better-sqlite3 has to be compiled where no prebuilt binary can be had; missing here: ${missing.join(', ')}`
        : 'npm ci failed; its message is above',
    )
    process.exit(1)
  }
  writeFileSync(STAMP, wanted)
}

/** Compiles TypeScript to dist and bundles what is shipped. */
export function build() {
  console.log('building dist …')
  const status = run('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'])
  if (status !== 0) process.exit(status)
  const bundled = run('node', ['.ci/bundle.mjs'])
  if (bundled !== 0) process.exit(bundled)
}

export const isFile = (path) => existsSync(path) && statSync(path).isFile()
