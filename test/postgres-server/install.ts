// Installs a PostgreSQL server from the system's packages where there is none and this may be done; says what is missing elsewhere.
import { spawnSync } from 'node:child_process'
import { missingForPostgres } from './binaries.ts'

if (missingForPostgres().length > 0 && process.getuid?.() === 0) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', [...args, '-y', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
  const install = (): boolean => apt('install', '--no-install-recommends', 'postgresql')
  // The lists of packages may be missing, or older than the packages.
  if (!install() && apt('update')) install()
}
const missing = missingForPostgres()
if (missing.length > 0) console.error(`the tests of PostgreSQL need: ${missing.join(', ')}`)
process.exitCode = missing.length > 0 ? 1 : 0
