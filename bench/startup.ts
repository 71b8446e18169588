// How long a process takes to start: node dist/bench/startup.js [--bundle dist/bundle] [--runs 10] [--json]
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

/** Figures of one way to start, in milliseconds. */
export interface Startup {
  readonly name: string
  readonly medianMs: number
  readonly leastMs: number
  /** Processor time, median: what it would take on an idle machine, or a little more. */
  readonly cpuMs: number
}

/** Prints the time of the import alone, and before it ends the processor time of the process. */
const REPORT =
  'data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write("cpu "+(user+system)/1000+"\\n")})'

/**
 * Starts the bundled command and the library again and again: Node alone, `millrace sql -e 'select 1'` from start to end of the process, and
 * `import 'millrace'` as the importing program sees it.
 */
export function measureStartup(bundle: string, runs: number): Startup[] {
  const index = JSON.stringify(`file://${resolve(bundle)}/index.js`)
  const timed = `const t = performance.now(); await import(${index}); process.stderr.write('took ' + (performance.now() - t) + '\\n')`
  return [
    figures('node alone', ['-e', '0'], runs),
    figures("millrace sql -e 'select 1'", [join(bundle, 'millrace.js'), 'sql', '-e', 'select 1'], runs),
    figures("import 'millrace'", ['--input-type=module', '-e', timed], runs),
  ]
}

function figures(name: string, args: readonly string[], runs: number): Startup {
  const wall: number[] = []
  const cpu: number[] = []
  for (let i = 0; i < runs; i++) {
    const begun = performance.now()
    const { status, stderr } = spawnSync(process.execPath, ['--import', REPORT, ...args], { encoding: 'utf8' })
    const whole = performance.now() - begun
    if (status !== 0) throw new Error(`${name} gave ${status}: ${stderr}`)
    wall.push(Number(/^took (\S+)/m.exec(stderr)?.[1] ?? whole))
    cpu.push(Number(/^cpu (\S+)/m.exec(stderr)![1]))
  }
  const median = (values: number[]): number => Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!)
  return { name, medianMs: median(wall), leastMs: Math.round(Math.min(...wall)), cpuMs: median(cpu) }
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2)
  const option = (name: string): string | undefined =>
    args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : undefined
  const measured = measureStartup(option('bundle') ?? 'dist/bundle', Number(option('runs') ?? 10))
  if (args.includes('--json')) console.log(JSON.stringify(measured))
  else
    for (const f of measured)
      console.log(
        `${f.name.padEnd(28)} median ${String(f.medianMs).padStart(4)} ms   least ${String(f.leastMs).padStart(4)} ms   processor ${String(f.cpuMs).padStart(4)} ms`,
      )
}
