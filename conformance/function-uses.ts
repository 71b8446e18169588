import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { QUERIES } from '../bench/queries.ts'
import { TPCH_QUERIES } from '../bench/tpch/queries.ts'
import { lookup } from '../src/functions/registry.ts'
import { parseStatements } from '../src/sql/parse.ts'

const DATA = resolve(import.meta.dirname, 'data')

/** Groups recorded to try types and refusals on function after function: no query is like them. */
const TRIALS: ReadonlySet<string> = new Set(['refusals-and-rare-forms.json', 'types-of-arguments.json'])

interface SqlGroup {
  readonly setup?: readonly string[]
  readonly cases: readonly { readonly sql: string }[]
}
interface Scenario {
  readonly query: string
  readonly views?: readonly { readonly query?: string }[]
}

function filesOf<T>(folder: string): readonly T[] {
  const names = readdirSync(resolve(DATA, folder)).filter((name) => name.endsWith('.json') && !TRIALS.has(name))
  return names.map((name) => JSON.parse(readFileSync(resolve(DATA, folder, name), 'utf8')) as T)
}

/**
 * In how many of the queries at hand each scalar function is called, by name: a recorded scenario, a query of Nexmark
 * or TPC-H, and a whole group of recorded statements count one each, so that tests of one function weigh nothing.
 */
export function functionUses(): ReadonlyMap<string, number> {
  const texts = [
    ...filesOf<SqlGroup>('sql').map((g) => [...(g.setup ?? []), ...g.cases.map((c) => c.sql)]),
    ...filesOf<Scenario>('scenarios').map((s) => [s.query, ...(s.views ?? []).flatMap((v) => v.query ?? [])]),
    ...Object.values(QUERIES).map((q) => [q.sql]),
    ...TPCH_QUERIES.map((q) => [q.sql]),
  ]
  const uses = new Map<string, number>()
  for (const statements of texts) {
    const called = new Set<string>()
    for (const sql of statements) collect(parseStatements(sql).statements, called)
    for (const name of called) uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return uses
}

/** Adds the scalar functions that a syntax tree calls, operators among them. */
function collect(node: unknown, called: Set<string>): void {
  if (typeof node !== 'object' || node === null) return
  const name = nameOf(node as Readonly<Record<string, unknown>>)
  const entry = name === null ? undefined : lookup(name)
  if (entry?.kind === 'scalar') called.add(entry.name)
  for (const child of Object.values(node)) collect(child, called)
}

function nameOf({ kind, name, op }: Readonly<Record<string, unknown>>): string | null {
  switch (kind) {
    case 'call':
      return (name as readonly { readonly name: string }[]).at(-1)!.name
    case 'binary':
    case 'like':
      return op as string
    case 'unary':
      return op === '-' ? 'negative' : (op as string)
    case 'subscript':
      return 'getitem'
    default:
      return null
  }
}
