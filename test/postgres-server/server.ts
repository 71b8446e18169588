import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { postgresBinary, serverUser } from './binaries.ts'

const PASSWORD = 'a-secret-of-tests'

/** A running server: a fresh cluster of PostgreSQL, on loopback only. */
export interface PostgresServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** All of it in one: postgres://user:password@host:port/database. */
  readonly url: string
  /** File of the certificate, with `tls`. */
  readonly certificate: string | null
  /** Ends the server as an administrator does (sessions get 57P01); its data stay. */
  halt(): Promise<void>
  /** SIGKILL of the server and of all its processes; its data stay. */
  kill(): Promise<void>
  /** Starts it again after `halt` or `kill`, at the same port and on the same data; does nothing while it runs. */
  resume(): Promise<void>
  stop(): Promise<void>
}

/** Makes a fresh cluster, starts a server over it and waits until it takes connections. With `tls` it takes encrypted ones too. Data live until `stop`. */
export async function startPostgres({ tls = false }: { readonly tls?: boolean } = {}): Promise<PostgresServer> {
  const owner = serverUser()
  const dir = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  const remove = (): void => rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  const data = join(dir, 'data')
  const passwordFile = join(dir, 'password')
  writeFileSync(passwordFile, PASSWORD)
  if (owner !== null) for (const path of [dir, passwordFile]) chownSync(path, owner.uid, owner.gid)
  const as = { cwd: dir, ...owner }
  // Nothing of a test outlives the machine: the disk need not be waited for.
  const init = ['-D', data, '-U', 'tester', '-E', 'UTF8', '--locale=C', '-A', 'scram-sha-256', '--no-sync']
  const made = spawnSync(postgresBinary('initdb'), [...init, `--pwfile=${passwordFile}`], { ...as, encoding: 'utf8' })
  if (made.status !== 0) {
    remove()
    throw new Error(`initdb failed:\n${made.stdout}${made.stderr}`)
  }
  const certificate = tls ? makeCertificate(data, as) : null
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: 40,
    shared_buffers: '16MB',
    ...(tls ? { ssl: 'on' } : {}),
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])]
  let child: ChildProcess | null = null
  const kill = (): void => void child?.kill('SIGQUIT')
  process.once('exit', kill)
  const resume = async (): Promise<void> => {
    if (child !== null) return
    const output: string[] = []
    child = spawn(postgresBinary('postgres'), args, { ...as, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr!.on('data', (text: Buffer) => output.push(String(text)))
    await ready(child, output)
  }
  const halt = async (signal: NodeJS.Signals = 'SIGINT'): Promise<void> => {
    const running = child
    child = null
    running?.kill(signal)
    if (running !== null) await ended(running)
  }
  const killAll = async (): Promise<void> => {
    const pid = child!.pid!
    // Stopped, it starts no more processes while they are looked up.
    child!.kill('SIGSTOP')
    const others = childrenOf(pid)
    const gone = halt('SIGKILL')
    for (const other of others) killIfThere(other)
    await gone
  }
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    await halt('SIGQUIT')
    remove()
  }
  try {
    await resume()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    host: '127.0.0.1',
    port,
    user: 'tester',
    password: PASSWORD,
    database: 'postgres',
    url: `postgres://tester:${PASSWORD}@127.0.0.1:${port}/postgres`,
    certificate,
    halt: () => halt(),
    kill: killAll,
    resume,
    stop,
  }
}

/** A certificate for 127.0.0.1 that vouches for itself, and its key, where the server looks for them; gives its file. */
function makeCertificate(data: string, as: object): string {
  const file = join(data, 'server.crt')
  const who = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...who,
    '-keyout',
    join(data, 'server.key'),
    '-out',
    file,
  ]
  const { status, stderr } = spawnSync('openssl', args, { ...as, encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl failed:\n${stderr}`)
  return file
}

/** The processes that a process has started and that run. */
function childrenOf(pid: number): readonly number[] {
  const listed = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  if (listed.status !== 0) throw new Error(`ps failed: ${listed.error?.message ?? listed.stderr}`)
  return listed.stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until the server says that it takes connections. */
async function ready(child: ChildProcess, output: readonly string[]): Promise<void> {
  for (const until = performance.now() + 60_000; performance.now() < until; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`postgres ended at once:\n${output.join('')}`)
    if (output.join('').includes('ready to accept connections')) return
  }
  throw new Error(`postgres does not take connections:\n${output.join('')}`)
}

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()))

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
