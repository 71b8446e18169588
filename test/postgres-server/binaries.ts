import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where distributions put the server's programs, which are not on the PATH there. */
const HOMES = ['/usr/lib/postgresql', '/usr/local/pgsql', '/usr/local/opt/postgresql', '/opt/homebrew/opt/postgresql']

/** The newest server program of that name. Throws, saying what to install, when there is none. */
export function postgresBinary(name: 'initdb' | 'postgres'): string {
  const found = folders().find((dir) => existsSync(join(dir, name)))
  if (found !== undefined) return join(found, name)
  throw new Error(`a PostgreSQL server cannot be started; missing: ${missingForPostgres().join(', ')}`)
}

/** What is missing to run a server here; empty when nothing is. */
export function missingForPostgres(): readonly string[] {
  const missing = ['initdb', 'postgres'].some((name) => !folders().some((dir) => existsSync(join(dir, name))))
    ? ['the server programs initdb and postgres (Debian: postgresql)']
    : []
  if (process.getuid?.() === 0 && account() === null)
    missing.push('a user postgres or nobody, as it does not run as root')
  return missing
}

/** Who runs the server: it refuses to run as root. Null: the user of the tests. */
export function serverUser(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const user = account()
  if (user === null)
    throw new Error(`a PostgreSQL server cannot be started; missing: ${missingForPostgres().join(', ')}`)
  return user
}

function folders(): readonly string[] {
  const versions = HOMES.flatMap((home) => {
    const names = existsSync(home) ? readdirSync(home).filter((name) => /^\d/.test(name)) : []
    names.sort((a, b) => Number(b) - Number(a))
    return [...names.map((name) => join(home, name, 'bin')), join(home, 'bin')]
  })
  return [...versions, ...(process.env['PATH'] ?? '').split(delimiter)]
}

function account(): { readonly uid: number; readonly gid: number } | null {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  return null
}
