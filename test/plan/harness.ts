import { analyze } from '../../src/plan/analyze.ts'
import { expressionsOf, visitPlan } from '../../src/plan/walk.ts'
import { generatedAttrs, inputsOf, type Logical } from '../../src/plan/logical.ts'
import type { PlanCatalog, Unresolved } from '../../src/plan/unresolved.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { visit } from '../../src/expr/bound.ts'
import { parseStatement } from '../../src/sql/parse.ts'
import { parseSchema } from '../../src/types/ddl.ts'
import { typeName } from '../../src/types/data-type.ts'

/** A world of tables for the analyzer. */
export interface World {
  readonly catalog: PlanCatalog
  readonly env: ExprEnv
}

export const envOf = (conf: Readonly<Record<string, string>> = {}): ExprEnv => ({
  timeZone: conf['spark.sql.session.timeZone'] ?? 'UTC',
  ansi: conf['spark.sql.ansi.enabled'] !== 'false',
  caseSensitive: conf['spark.sql.caseSensitive'] === 'true',
  mapKeyDedupPolicy: 'EXCEPTION',
  batchTimeUs: () => 0n,
})

/** Tables by name, each a plan, or DDL of a static table; `stream` makes it a stream. */
export function worldOf(
  tables: Readonly<Record<string, Unresolved | string>>,
  conf: Readonly<Record<string, string>> = {},
): World {
  const plans = new Map(
    Object.entries(tables).map(([name, t]) => [name.toLowerCase(), typeof t === 'string' ? source(t, false) : t]),
  )
  const catalog: PlanCatalog = {
    lookup: (name) => {
      const plan = plans.get(name.join('.').toLowerCase())
      return plan ? { plan } : null
    },
    names: () => plans.keys(),
    conf: (key) => conf[key],
  }
  return { catalog, env: envOf(conf) }
}

export const source = (ddl: string, streaming = true): Unresolved => ({
  op: 'source',
  source: { format: 'memory', options: {}, schema: parseSchema(ddl), streaming },
})

export const watermark = (input: Unresolved, column: string, delay: string): Unresolved => ({
  op: 'watermark',
  input,
  column: { kind: 'name', parts: [{ name: column }] },
  delay,
})

/** The query of a SQL text as an unresolved plan. */
export function sql(text: string): Unresolved {
  const statement = parseStatement(text)
  if (statement.kind !== 'query_statement') throw new TypeError(`not a query: ${text}`)
  return { op: 'sql', query: statement.query }
}

/** Analyzes a query, and checks that the plan holds together. */
export function plan(text: string, world: World): Logical {
  const out = analyze(sql(text), world.catalog, world.env)
  soundness(out)
  return out
}

/** `name type` of each column. */
export const columns = (p: Logical): readonly string[] => p.attrs.map((x) => `${x.name} ${typeName(x.type)}`)

/** The error of a query; fails when there is none. */
export function errorOf(f: () => unknown): MillraceError {
  try {
    f()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new TypeError('no error was thrown')
}

/** The stretch of text an error underlines. */
export const underlined = (e: MillraceError): string => (e.at ? e.at.sql.slice(e.at.start, e.at.end) : '')

/** Kinds of node from the top, inputs left to right. */
export function shape(p: Logical): string {
  const inputs = inputsOf(p).map(shape)
  return inputs.length === 0 ? p.op : inputs.length === 1 ? `${p.op} > ${inputs[0]}` : `${p.op}(${inputs.join('; ')})`
}

/** Every node of a kind. */
export function nodes<K extends Logical['op']>(p: Logical, op: K): readonly Extract<Logical, { op: K }>[] {
  const found: Extract<Logical, { op: K }>[] = []
  visitPlan(p, (n) => {
    if (n.op === op) found.push(n as Extract<Logical, { op: K }>)
  })
  return found
}

/** Throws unless every column an expression reads comes from below with the same type, and the columns of nodes agree with their inputs. */
export function soundness(p: Logical): void {
  visitPlan(p, (node) => {
    const below = new Map(inputsOf(node).flatMap((x) => x.attrs.map((a) => [a.id, a] as const)))
    for (const e of expressionsOf(node))
      visit(e, (n) => {
        if (n.kind !== 'attr') return
        const attr = below.get(n.id)
        if (!attr) throw new TypeError(`${node.op} reads ${n.name}#${n.id}, which nothing below gives`)
        if (typeName(attr.type) !== typeName(n.type))
          throw new TypeError(`${node.op} reads ${n.name} as ${typeName(n.type)}, it is ${typeName(attr.type)}`)
      })
    const own = node.attrs.map((x) => x.id).join()
    const same = (list: readonly { readonly id: number }[]): void => {
      if (list.map((x) => x.id).join() !== own) throw new TypeError(`columns of ${node.op} are not those of its parts`)
    }
    switch (node.op) {
      case 'filter':
      case 'sort':
      case 'limit':
      case 'sample':
      case 'watermark':
      case 'dedup':
        return same(node.input.attrs)
      case 'project':
        return same(node.items.map((i) => i.attr))
      case 'aggregate':
        return same([...node.keys.map((k) => k.attr), ...node.aggregates.map((x) => x.attr)])
      case 'join':
        return same(
          node.type === 'semi' || node.type === 'anti' ? node.left.attrs : [...node.left.attrs, ...node.right.attrs],
        )
      case 'generate': {
        // Columns of the input that nothing above reads may be left out, the others keep their order.
        const passed = node.input.attrs.filter((x) => node.attrs.some((y) => y.id === x.id))
        return same([...passed, ...generatedAttrs(node)])
      }
      case 'window':
      case 'over':
        if (node.input.attrs.some((x, i) => x.id !== node.attrs[i]!.id))
          throw new TypeError(`${node.op} does not pass its input on`)
        return
      case 'union':
        if (node.inputs.some((x) => x.attrs.length !== node.attrs.length))
          throw new TypeError('the inputs of a union differ')
        return
      default:
    }
  })
}
