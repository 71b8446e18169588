// The long form of the fuzz tests: node dist/test/fuzz/run.js expr [--seconds 600] [--seed N]
// of statements: node dist/test/fuzz/run.js sql [--inputs 100000] [--seed N]
// and of schemas, JSON paths, patterns and options: node dist/test/fuzz/run.js text [--inputs 100000] [--seed N]
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { recordedStatements } from '../sql/fuzz-statements.ts'
import { fuzzExpressions } from './expressions.ts'
import { fuzzStatements } from './statements.ts'
import { fuzzTexts } from './texts.ts'

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
  },
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

async function statements(): Promise<readonly string[]> {
  const corpus = recordedStatements(pathToFileURL('conformance/data/'))
  const found = await fuzzStatements(seed, Number(values.inputs), [40, 400, 10_000], corpus, say)
  say(`${corpus.length} recorded statements; ${found.texts} texts: ${found.read} read, ${found.analyzed} analyzed`)
  const often = [...found.conditions].sort((a, b) => b[1] - a[1])
  say(`${often.length} conditions: ${often.map(([code, n]) => `${code} ${n}`).join(', ')}`)
  say(
    `the slowest took ${found.slowestMs.toFixed(0)} ms of processor time; the heap grew by ${(found.heapGrowthBytes / 1e6).toFixed(1)} MB`,
  )
  return found.faults
}

async function texts(): Promise<readonly string[]> {
  const found = await fuzzTexts(seed, Math.ceil(Number(values.inputs) / 12))
  say(`${found.texts} texts: ${found.taken} taken`)
  for (const fault of new Set(found.faults)) say(`FAULT: ${fault}`)
  return found.faults
}

/** Every kind of input by name. */
const KINDS: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
  expr: expressions,
  sql: statements,
  text: texts,
}

const kind = KINDS[positionals[0] ?? '']
if (kind === undefined) {
  say(`give one of ${Object.keys(KINDS).join(', ')}`)
  process.exitCode = 2
} else {
  say(`fuzz ${positionals[0]}: seed ${seed}`)
  const faults = await kind()
  say(`${faults.length} faults; ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
