/**
 * A trigger that changes 10 000 keys, with 10 000 and with 1 000 000 keys held:
 * `node dist/bench/held-keys.js [--results bench/results]`.
 *
 * The query counts by a BIGINT key in update mode, from memory, with a checkpoint on disk (no fsync); random keys, grown
 * from empty, each number of them in a process of its own. Printed: milliseconds of a trigger from the moment the rows
 * are there to the end of the commit (median and 95th percentile of 100; median of CPU time too, which a busy machine
 * changes less), the ratio of the medians, and bytes a key (goal 120).
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { millrace } from '../src/index.ts'
import { Random } from './random.ts'

const CHANGED = 10_000
const TRIGGERS = 100
const LOAD = 50_000

/** What was measured with one number of keys held. */
interface HeldKeys {
  readonly held: number
  readonly trigger_ms: number
  readonly trigger_p95_ms: number
  readonly trigger_cpu_ms: number
  readonly bytes_a_key: number
}

interface Took {
  readonly ms: number
  readonly cpuMs: number
}

/** Grows a query to `held` keys and times triggers that change 10 000 of them. */
async function heldKeys(held: number): Promise<HeldKeys> {
  const random = new Random(42)
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const session = millrace({ 'millrace.durability': 'process' })
  const { stream, df } = session.memoryStream('id BIGINT')
  const query = await df
    .groupBy('id')
    .count()
    .writeStream.format('noop')
    .outputMode('update')
    .option('checkpointLocation', join(dir, 'checkpoint'))
    .start()
  const ids = Array.from({ length: held }, () =>
    BigInt.asIntN(64, (BigInt(random.bits()) << 32n) | BigInt(random.bits())),
  )
  const run = async (keys: readonly bigint[]): Promise<Took> => {
    stream.addData(keys.map((id) => ({ id })))
    const cpu = process.cpuUsage()
    const from = performance.now()
    await query.processAllAvailable()
    const { user, system } = process.cpuUsage(cpu)
    return { ms: performance.now() - from, cpuMs: (user + system) / 1000 }
  }
  for (let from = 0; from < held; from += LOAD) await run(ids.slice(from, from + LOAD))
  const took: Took[] = []
  for (let t = 0; t < TRIGGERS; t++) {
    // The first places are shuffled: each key once.
    for (let i = 0; i < CHANGED; i++) {
      const j = i + Math.floor(random.fraction() * (held - i))
      ;[ids[i], ids[j]] = [ids[j]!, ids[i]!]
    }
    took.push(await run(ids.slice(0, CHANGED)))
  }
  const sorted = (of: (t: Took) => number): number[] => took.map(of).sort((a, b) => a - b)
  const [ms, cpuMs] = [sorted((t) => t.ms), sorted((t) => t.cpuMs)]
  const state = query.lastProgress!.stateOperators[0]!
  await query.stop()
  await session.stop()
  rmSync(dir, { recursive: true })
  const two = (x: number): number => Number(x.toFixed(2))
  return {
    held: state.numRowsTotal,
    trigger_ms: two(ms[TRIGGERS >> 1]!),
    trigger_p95_ms: two(ms[Math.floor(TRIGGERS * 0.95)]!),
    trigger_cpu_ms: two(cpuMs[TRIGGERS >> 1]!),
    bytes_a_key: two(state.memoryUsedBytes / state.numRowsTotal),
  }
}

const [first = '', folder] = process.argv.slice(2)
if (/^\d+$/.test(first)) console.log(JSON.stringify(await heldKeys(Number(first))))
else {
  const measured = [10_000, 1_000_000].map((held): HeldKeys => {
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), String(held)], { encoding: 'utf8' })
    if (child.status !== 0) throw new TypeError(child.stderr)
    return JSON.parse(child.stdout) as HeldKeys
  })
  const [few, many] = measured as [HeldKeys, HeldKeys]
  const over = (a: number, b: number): number => Number((a / b).toFixed(2))
  const ratio = over(many.trigger_ms, few.trigger_ms)
  const cpu_ratio = over(many.trigger_cpu_ms, few.trigger_cpu_ms)
  for (const m of measured)
    console.log(
      `${String(m.held).padStart(8)} keys held: ${CHANGED} changed in ${m.trigger_ms} ms (p95 ${m.trigger_p95_ms}, CPU ${m.trigger_cpu_ms}), ${m.bytes_a_key} bytes a key`,
    )
  console.log(`ratio ${ratio}, of CPU time ${cpu_ratio}`)
  if (first === '--results' && folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    const machine = {
      cores: cpus().length,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      node: process.version,
      load: Number(loadavg()[0]!.toFixed(1)),
    }
    const file = join(folder, `held-keys-${new Date().toISOString().slice(0, 10)}.json`)
    writeFileSync(file, `${JSON.stringify({ machine, changed: CHANGED, measured, ratio, cpu_ratio }, null, 2)}\n`)
  }
}
