import { spawn } from 'node:child_process'
import { bundled } from '../shell/bundled.ts'

/** How a command ended. */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exit: number | null
}

/** Runs the command as it is shipped; `meanwhile` may act while it runs. */
export async function command(
  args: readonly string[],
  options: {
    readonly input?: string
    readonly cwd?: string
    readonly meanwhile?: (p: {
      readonly pid: number
      readonly kill: (signal: NodeJS.Signals) => void
      readonly until: (done: () => boolean) => Promise<void>
    }) => Promise<void>
  } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bundled(), ...args], {
    cwd: options.cwd,
    env: { ...process.env, TZ: 'UTC' },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (d: Buffer) => (stdout += d.toString()))
  child.stderr.on('data', (d: Buffer) => (stderr += d.toString()))
  if (options.input === undefined) child.stdin.end()
  else child.stdin.end(options.input)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const until = async (done: () => boolean): Promise<void> => {
    const end = performance.now() + 20_000
    while (!done()) {
      if (performance.now() > end || child.exitCode !== null)
        throw new Error(`waited in vain; stdout: ${stdout} stderr: ${stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  try {
    await options.meanwhile?.({
      pid: child.pid!,
      kill: (signal) => void child.kill(signal),
      until: (done) => until(() => done()),
    })
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return { exit: await ended, stdout, stderr }
}
