import type { FunctionEntry } from '../../functions/entry.ts'
import { allEntries, lookup, signature } from '../../functions/registry.ts'
import { SPECIAL_FORMS } from '../../plan/special-forms.ts'
import { DAILY_FUNCTIONS, DRAWN_FUNCTIONS } from './daily-functions.ts'
import { type Form, FORMS } from './forms.ts'
import { SPARK_FUNCTIONS, whyAbsent } from './spark-functions.ts'

/** How a call runs: written out in the generated loop, called from it, or as a step of the plan (rows, windows). */
export type RunsAs = 'generated' | 'called' | 'plan'

const FORM_OF = new Map(FORMS.flatMap((form) => form.names.map((name) => [name, form] as const)))

/** How calls of a name run; null for names that are not there. */
export function runsAs(name: string): RunsAs | null {
  const form = FORM_OF.get(name)
  if (form) return form.group === 'syntax' && name !== 'range' ? 'generated' : 'plan'
  const entry = lookup(name)
  return entry === undefined ? null : entryRunsAs(entry)
}

/** Of entries with a rule of the analyzer, `struct` alone stays a call of its own; tests for NULL are the compiler's own. */
function entryRunsAs(entry: FunctionEntry): RunsAs {
  if (entry.kind === 'generator') return 'plan'
  if (entry.kind === 'aggregate') return entry.codegen ? 'generated' : 'called'
  const rewritten = Object.hasOwn(SPECIAL_FORMS, entry.name) && entry.name !== 'struct'
  const own = entry.name === 'isnull' || entry.name === 'isnotnull'
  return rewritten || own || entry.codegen || entry.vector ? 'generated' : 'called'
}

/** Spark's functions that millrace does not have, sorted. */
export const absentFunctions = (): readonly string[] => SPARK_FUNCTIONS.filter((name) => runsAs(name) === null)

/** Functions in daily use that are called, not written out. */
export const calledDaily = (): readonly string[] => DAILY_FUNCTIONS.filter((name) => runsAs(name) === 'called')

/** docs/functions.md, from the registry, the analyzer's own forms and Spark's list of names. */
export function functionsPage(): string {
  const groups = grouped(allEntries(), (e) => e.group)
  const forms = grouped(FORMS, (f) => f.group)
  const absent = absentFunctions()
  const there = SPARK_FUNCTIONS.length - absent.length
  return [
    '# Functions',
    '<!-- Printed from src/functions and src/conform/reference by `node .ci/print-docs.mjs`; do not edit. -->',
    `Of the ${SPARK_FUNCTIONS.length} built-in functions of Spark 4.3.0, ${there} are there under their names; [${absent.length} are not](#not-there). Names are matched without regard to case. \`DESCRIBE FUNCTION EXTENDED name\` says the same in a session; [statements](statements.md) and [closures](closures.md) tell how to add functions.`,
    'A signature gives each parameter with the types it takes: a type (others are cast to it where Spark casts), a class of types (`ANY`, `NUMERIC`, `ORDERABLE` …), or alternatives; `[…]` may be left out, `…` may be repeated. A NULL argument gives NULL unless the text says otherwise. Every example is a test.',
    HOW_IT_RUNS,
    contents(groups, forms),
    daily(),
    ...[...groups].map(([name, entries]) => section(name, entries.map(entryRow))),
    ...[...forms].map(([name, list]) => section(name, list.map(formRow))),
    missing(absent),
  ].join('\n\n')
}

const HOW_IT_RUNS =
  'The last column says how a call runs. **generated**: written out in the generated loop, or run over whole columns ahead of it, for most of its types. **called**: the loop calls the function for each row. **plan**: a step of its own in the plan.'

function contents(
  groups: ReadonlyMap<string, readonly FunctionEntry[]>,
  forms: ReadonlyMap<string, readonly Form[]>,
): string {
  const line = (name: string, runs: readonly RunsAs[]): string => {
    const count = (as: RunsAs): string => String(runs.filter((r) => r === as).length || '')
    return `| [${name}](#${anchor(name)}) | ${runs.length} | ${count('generated')} | ${count('called')} | ${count('plan')} |`
  }
  const nameOf = (form: Form): string => form.names[0]!
  return [
    '## Contents\n',
    '| group | entries | generated | called | plan |\n|---|--:|--:|--:|--:|',
    ...[...groups].map(([name, list]) => line(name, list.map(entryRunsAs))),
    ...[...forms].map(([name, list]) =>
      line(
        name,
        list.map((f) => runsAs(nameOf(f))!),
      ),
    ),
  ].join('\n')
}

function daily(): string {
  const called = calledDaily()
  const share = ((called.length / DAILY_FUNCTIONS.length) * 100).toFixed(1)
  const names = (list: readonly string[]): string => list.map(code).join(' ')
  return `## In daily use\n\n${called.length} of ${DAILY_FUNCTIONS.length} scalar functions in daily use are called, ${share} % (at most 10 % may be): ${names(called)}.\n\nThe others: ${names(DAILY_FUNCTIONS.filter((n) => !called.includes(n)))}.\n\nIn daily use are the functions that at least three of the recorded scenarios, groups of recorded statements and queries of Nexmark and TPC-H call, and ${DAILY_FUNCTIONS.length - DRAWN_FUNCTIONS.length} more by judgement (\`src/conform/reference/daily-functions.ts\`). \`node dist/bench/functions.js\` measures what generated code and column kernels save.`
}

const section = (name: string, rows: readonly string[]): string =>
  `## ${name}\n\n| function | what it gives | examples | runs |\n|---|---|---|---|\n${rows.join('\n')}`

function entryRow(entry: FunctionEntry): string {
  const also = entry.aliases?.length ? ` Also ${entry.aliases.map(code).join(', ')}.` : ''
  const examples = entry.examples.map((x) => `${code(x.sql)} → ${code(x.gives)}`).join('<br>')
  return `| ${code(signature(entry))} | ${cell(entry.doc)}${also} | ${examples} | ${entryRunsAs(entry)} |`
}

function formRow(form: Form): string {
  const also = form.names.length > 1 ? ` For ${form.names.map(code).join(', ')}.` : ''
  return `| ${code(form.shown)} | ${cell(form.doc)}${also} | ${code(form.sql)} → ${form.gives.map(code).join(' ')} | ${runsAs(form.names[0]!)} |`
}

function missing(absent: readonly string[]): string {
  const lines = [...grouped(absent, whyAbsent)].map(
    ([why, names]) => `| ${why} | ${names.length} | ${names.map(code).join(' ')} |`,
  )
  return `## Not there\n\nCalling one is \`UNRESOLVED_ROUTINE\`.\n\n| why | how many | names |\n|---|--:|---|\n${lines.join('\n')}\n`
}

function grouped<T>(list: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const out = new Map<string, T[]>()
  for (const item of list) {
    const group = out.get(key(item))
    if (group) group.push(item)
    else out.set(key(item), [item])
  }
  return out
}

/** What a heading is reached by. */
const anchor = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** Text as code inside a table: with a fence that it does not hold itself. */
function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${cell(text)}${fence}`
}
