// The long form of the fuzz tests: node dist/test/fuzz/run.js expr [--seconds 600] [--seed N]
import { parseArgs } from 'node:util'
import { fuzzExpressions } from './expressions.ts'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } },
  allowPositionals: true,
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const say = (line: string): void => console.log(line)
const begun = performance.now()

function expressions(): readonly string[] {
  const { functions, jobs, passes, counts, faults } = fuzzExpressions(seed, Number(values.seconds), say)
  const { pairs, called } = counts
  say(
    `${functions} functions, ${jobs} signatures and casts, each ${passes.toFixed(1)} times: ${pairs.size} pairs with the types they resolve to, ${pairs.size - called.size} of them generated code, ${called.size} called once a row from the generated loop`,
  )
  say(
    `${counts.evaluations} evaluations, ${counts.raised} of them raised; ${counts.interpreted} rows fell back to interpret`,
  )
  return counts.interpreted > 0 ? [...faults, 'compiled code interpreted rows'] : faults
}

say(`fuzz ${positionals[0]}: seed ${seed}`)
const faults = positionals[0] === 'expr' ? expressions() : ['expr is what can be fuzzed']
say(`${faults.length} faults; ${((performance.now() - begun) / 1000).toFixed(0)} s`)
process.exitCode = faults.length > 0 ? 1 : 0
