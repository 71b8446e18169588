// better-sqlite3 is compiled at install where no prebuilt binary can be downloaded. Says what that would need and is not there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const works = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Names of what a compilation would miss; empty when it can work. */
export function missingBuildTools() {
  const missing = []
  if (!works('c++') && !works('g++') && !works('clang++')) missing.push('a C++ compiler (Debian: g++)')
  if (!works('make')) missing.push('make')
  if (!works('python3')) missing.push('python3')
  const nodedir = process.env.npm_config_nodedir
  const headers = [nodedir, join(dirname(process.execPath), '..')].some((d) => d && existsSync(join(d, 'include/node/node.h')))
  if (!headers) missing.push(`the headers of Node ${process.version} (they come with Node's tarball; name their root by npm config set nodedir, or let node-gyp download them)`)
  return missing
}
