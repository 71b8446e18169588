// npm run conform -- sql|scenarios|all [group or name part] [--write-known] [--summary FILE] [--verbose]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConformClient } from './client.ts'
import { judgeScenario, type ScenarioAnswer, type ScenarioFile } from './judge-scenario.ts'
import { judgeSql, type SqlCase, type SqlResult } from './judge-sql.ts'
import { Known, writeKnown } from './known.ts'

const args = process.argv.slice(2)
const flag = (name: string): boolean => args.includes(name)
const option = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
const words = args.filter((a, i) => !a.startsWith('--') && args[i - 1] !== '--summary')
const what = words[0] ?? 'all'
const only = words.slice(1).join(' ').toLowerCase()
const DATA = 'conformance/data'
if (flag('--write-known') && (what !== 'all' || only !== '')) {
  console.error('--write-known writes the list of all cases: npm run conform -- all --write-known')
  process.exit(2)
}
const KNOWN = 'conformance/known.md'

interface Outcome {
  readonly id: string
  readonly pass: boolean
  readonly cause: string
}

const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T
const percent = (n: number, of: number): string => (of === 0 ? '   –' : `${((100 * n) / of).toFixed(1)} %`.padStart(8))

/** The streaming issue's other half: these tags are judged in a group of their own. */
const LATER = ['join', 'static-join', 'session', 'groups-with-state', 'chained']

async function runSql(client: ConformClient): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  console.log(
    `${'group'.padEnd(34)}${'cases'.padStart(6)}${'pass'.padStart(10)}${'types'.padStart(10)}${'names'.padStart(10)}`,
  )
  const total = { cases: 0, pass: 0, types: 0, names: 0 }
  for (const name of readdirSync(join(DATA, 'sql'))
    .filter((f) => f.endsWith('.json'))
    .sort()) {
    const group = json<{ group: string; conf: Record<string, string>; setup: string[]; cases: SqlCase[] }>(
      join(DATA, 'sql', name),
    )
    if (only !== '' && !group.group.toLowerCase().includes(only) && !name.includes(only)) continue
    const sum = { cases: 0, pass: 0, types: 0, names: 0 }
    for (const [i, c] of group.cases.entries()) {
      const id = `${name.replace('.json', '')}#${i}`
      const answer = await client.ask({ id, conf: group.conf, timeoutMs: 10_000, statements: [...group.setup, c.sql] })
      const results = answer?.['results'] as readonly SqlResult[] | undefined
      const setupFault = results?.slice(0, -1).find((r) => r.error)?.error
      const verdict = setupFault
        ? { pass: false, types: false, names: false, cause: `setup failed: ${setupFault.condition}` }
        : judgeSql(c, results?.[results.length - 1])
      sum.cases++
      sum.pass += Number(verdict.pass)
      sum.types += Number(verdict.types)
      sum.names += Number(verdict.names)
      outcomes.push({ id, pass: verdict.pass, cause: verdict.cause })
      if (flag('--verbose') && !verdict.pass)
        console.log(
          `  ${id}: ${verdict.cause}\n    ${c.sql}\n    want ${JSON.stringify(c.rows ?? c.error)}\n    got  ${JSON.stringify(results?.[results.length - 1])?.slice(0, 400)}`,
        )
    }
    for (const k of ['cases', 'pass', 'types', 'names'] as const) total[k] += sum[k]
    console.log(
      `${group.group.padEnd(34)}${String(sum.cases).padStart(6)}  ${percent(sum.pass, sum.cases)}  ${percent(sum.types, sum.cases)}  ${percent(sum.names, sum.cases)}`,
    )
  }
  console.log(
    `${'all'.padEnd(34)}${String(total.cases).padStart(6)}  ${percent(total.pass, total.cases)}  ${percent(total.types, total.cases)}  ${percent(total.names, total.cases)}`,
  )
  return outcomes
}

async function runScenarios(client: ConformClient): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const groups = new Map<string, { files: number; levels: number[] }>()
  for (const name of readdirSync(join(DATA, 'scenarios'))
    .filter((f) => f.endsWith('.json'))
    .sort()) {
    const file = json<ScenarioFile>(join(DATA, 'scenarios', name))
    if (only !== '' && !file.name.includes(only) && !file.tags.includes(only)) continue
    const disputed = file.tags.includes('disputed')
    const later = file.tags.some((t) => LATER.includes(t))
    const group = disputed
      ? 'disputed (not counted)'
      : `${file.error ? 'refusals' : 'queries'}${later ? ' with join, session, state functions, chains' : ''}`
    let verdict = await judgeOnce(client, file, (file.steps ?? [{ run: true }]) as ScenarioFile['steps'] & object)
    if (verdict.level >= 0 && file.restartInvariant === true && file.steps) {
      const between = file.steps.flatMap((s, i) => (s.run === true && i > 0 ? [{ restart: true }, s] : [s]))
      const again = await judgeOnce(client, { ...file, steps: between }, between)
      if (again.level < verdict.level) verdict = { level: again.level, cause: `with restarts: ${again.cause}` }
    }
    const sum = groups.get(group) ?? { files: 0, levels: [0, 0, 0, 0] }
    sum.files++
    for (let l = 0; l <= verdict.level; l++) sum.levels[l]!++
    groups.set(group, sum)
    if (!disputed) {
      const wanted = file.error ? 3 : 2
      outcomes.push({
        id: file.name,
        pass: verdict.level >= wanted,
        cause:
          verdict.level >= 0
            ? `L${verdict.level} only: ${verdict.cause.replace(/^(with restarts: )?run \d+: (batch \d+: )?/, '')}`
            : verdict.cause.replace(/run \d+: /, ''),
      })
    }
    if (flag('--verbose') && verdict.level < 3) console.log(`  ${file.name}: L${verdict.level} ${verdict.cause}`)
  }
  console.log(
    `${'group'.padEnd(64)}${'files'.padStart(6)}${'L0'.padStart(10)}${'L1'.padStart(10)}${'L2'.padStart(10)}${'L3'.padStart(10)}`,
  )
  for (const [group, s] of [...groups].sort())
    console.log(
      `${group.padEnd(64)}${String(s.files).padStart(6)}${s.levels.map((n) => `  ${percent(n, s.files)}`).join('')}`,
    )
  return outcomes
}

async function judgeOnce(
  client: ConformClient,
  file: ScenarioFile,
  steps: readonly object[],
): Promise<{ level: number; cause: string }> {
  const { name, conf, sources, views, query, outputMode, ordered } = file as ScenarioFile & Record<string, unknown>
  const bare = steps.map((s) => {
    const { expect: _, ...rest } = s as Record<string, unknown>
    return rest
  })
  const answer = await client.ask({
    id: name,
    scenario: { name, conf, sources, views, query, outputMode, ordered, steps: bare },
  })
  return judgeScenario(file, answer?.['result'] as ScenarioAnswer | undefined)
}

const client = new ConformClient()
const known = new Known(KNOWN)
const suites: { name: string; fails: Outcome[] }[] = []
const summary = { passed: 0, known: 0, deviations: 0 }
try {
  for (const [name, body] of [
    ['scenarios', runScenarios],
    ['sql', runSql],
  ] as const) {
    if (what !== 'all' && what !== name) continue
    const outcomes = await body(client)
    suites.push({ name, fails: outcomes.filter((o) => !o.pass) })
    const listed = known.of(name)
    for (const o of outcomes) {
      if (o.pass) summary.passed++
      if (!o.pass && listed.has(o.id)) summary.known++
      if (o.pass === listed.has(o.id)) {
        summary.deviations++
        if (!flag('--write-known'))
          console.log(
            o.pass
              ? `${o.id} passes but is listed in ${KNOWN}: take it out`
              : `${o.id} fails and is not listed in ${KNOWN}: ${o.cause}`,
          )
      }
    }
  }
} finally {
  client.close()
}
if (flag('--write-known')) writeKnown(KNOWN, known, suites)
const file = option('--summary')
if (file !== undefined) writeFileSync(file, JSON.stringify(summary))
console.log(`${summary.passed} passed, ${summary.deviations} failed`)
process.exitCode = summary.deviations > 0 && !flag('--write-known') ? 1 : 0
