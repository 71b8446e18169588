// The long form of the kill test: node dist/test/torture/run.js [--seed N] [--kills 50] [--keep]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PHASE_NAMES, type Phase, torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    kills: { type: 'string', default: '50' },
    keep: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const kills = Number(values.kills)
const work = mkdtempSync(join(tmpdir(), 'millrace-torture-'))
const begun = performance.now()
let failed = true
try {
  console.log(`torture: seed ${seed}, ${kills} kills, in ${work}`)
  const child = fileURLToPath(new URL('child.js', import.meta.url))
  const result = await torture({ seed, kills, minEach: 3, work, child, say: (line) => console.log(line) })
  console.log(`seed ${seed}: ${kills} kills`)
  for (const [phase, name] of Object.entries(PHASE_NAMES))
    console.log(`  ${name.padEnd(26)}${result.kills[phase as Phase]}`)
  console.log(
    `${result.files} files, ${result.batches} batches, ${result.outputRows} output rows, ${result.openWindows} groups in windows that had not ended; ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  )
  for (const fault of result.faults) console.log(`FAULT: ${fault}`)
  failed = result.faults.length > 0
  if (!failed)
    console.log('the output files hold exactly the batch answer over the windows that ended by the final watermark')
  process.exitCode = failed ? 1 : 0
} finally {
  if (values.keep || failed) console.log(`kept: ${work}`)
  else rmSync(work, { recursive: true, force: true })
}
