import { spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'

/** One measured process, as both programs print it. */
export interface Figures {
  readonly events: number
  readonly seconds: number
  readonly events_per_s: number
  readonly cpu_seconds: number
  readonly peak_rss_mb: number
  readonly output_hash: string | null
}

/** Runs a program in a process of its own and reads the line of figures it prints; ends this one when it fails. */
export function measured(args: readonly string[]): Figures {
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const line = done.stdout.trim().split('\n').at(-1) ?? ''
  if (done.status !== 0 || !line.startsWith('{')) {
    console.error(`${path.basename(args[0]!)} ended with ${done.status ?? done.signal}`)
    process.exit(1)
  }
  const all = JSON.parse(line) as Figures
  const { events, seconds, events_per_s, cpu_seconds, peak_rss_mb, output_hash } = all
  return { events, seconds, events_per_s, cpu_seconds, peak_rss_mb, output_hash }
}

/** What the figures were measured on; nothing that names it. */
export function machine(): { cores: number; cpu: string; memory_gb: number; node: string } {
  const cpus = os.cpus()
  return {
    cores: cpus.length,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    memory_gb: Math.round(os.totalmem() / 2 ** 30),
    node: process.version,
  }
}
