import type { Expr } from '../../src/expr/bound.ts'
import { transform } from '../../src/expr/bound.ts'
import { siteOf, type ExprEnv } from '../../src/expr/env.ts'
import { foldConstants } from '../../src/expr/fold.ts'
import { interpret } from '../../src/expr/interpret.ts'
import type { AggregateEntry } from '../../src/functions/entry.ts'
import { lookup } from '../../src/functions/registry.ts'
import { analyze } from '../../src/plan/analyze.ts'
import type { Attr, Logical } from '../../src/plan/logical.ts'
import type { PlanCatalog, Unresolved } from '../../src/plan/unresolved.ts'
import { parseStatement } from '../../src/sql/parse.ts'
import { hashKey } from '../../src/types/compare.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { decodeLiteral } from '../../src/types/literal.ts'
import type { Value } from '../../src/types/value.ts'

/** The environment tests run in. */
export const testEnv = (ansi = true, timeZone = 'UTC'): ExprEnv => ({
  timeZone,
  ansi,
  caseSensitive: false,
  mapKeyDedupPolicy: 'EXCEPTION',
  batchTimeUs: () => 1_700_000_000_000_000n,
})

interface Result {
  readonly types: readonly DataType[]
  readonly names: readonly string[]
  readonly rows: readonly (readonly Value[])[]
}

/**
 * Runs a SELECT over VALUES, views of such and range() row by row with `interpret` and the aggregates' own
 * `add`, `merge` and `finish`: the slow judge, without planner and columns.
 */
export function runSelect(
  sql: string,
  env: ExprEnv = testEnv(),
  views: ReadonlyMap<string, Unresolved> = new Map(),
): Result {
  const statement = parseStatement(sql)
  if (statement.kind !== 'query_statement') throw new TypeError(`not a query: ${sql}`)
  const catalog: PlanCatalog = {
    lookup: (name) => {
      const found = views.get(name.at(-1)!.toLowerCase())
      return found === undefined ? null : { plan: found }
    },
    names: () => views.keys(),
    conf: () => undefined,
  }
  const plan = analyze({ op: 'sql', query: statement.query }, catalog, env)
  return { types: plan.attrs.map((a) => a.type), names: plan.attrs.map((a) => a.name), rows: run(plan, env) }
}

function bind(e: Expr, attrs: readonly Attr[], env: ExprEnv): (row: readonly Value[]) => Value {
  const bound = transform(e, (x) => {
    if (x.kind !== 'attr') return x
    const index = attrs.findIndex((a) => a.id === x.id)
    return { kind: 'column', index, name: x.name, type: x.type, nullable: x.nullable }
  })
  return interpret(foldConstants(bound, env), env)
}

function run(plan: Logical, env: ExprEnv): readonly (readonly Value[])[] {
  switch (plan.op) {
    case 'local':
      return plan.rows.map((r) => r.map((v, i) => decodeLiteral(v, plan.attrs[i]!.type)))
    case 'range': {
      const out: Value[][] = []
      for (let x = BigInt(plan.start); x < BigInt(plan.end); x += BigInt(plan.step)) out.push([x])
      return out
    }
    case 'project': {
      const items = plan.items.map((i) => bind(i.expr, plan.input.attrs, env))
      return run(plan.input, env).map((row) => items.map((f) => f(row)))
    }
    case 'filter': {
      const test = bind(plan.condition, plan.input.attrs, env)
      return run(plan.input, env).filter((row) => test(row) === true)
    }
    case 'aggregate':
      return aggregate(plan, env)
    case 'sort':
      return run(plan.input, env)
    default:
      throw new TypeError(`the test's judge does not run ${plan.op}`)
  }
}

function aggregate(plan: Extract<Logical, { op: 'aggregate' }>, env: ExprEnv): readonly (readonly Value[])[] {
  const rows = run(plan.input, env)
  const inAttrs = plan.input.attrs
  const keys = plan.keys.map((k) => bind(k.expr, inAttrs, env))
  const keyText = plan.keys.map((k) => hashKey(k.expr.type))
  const groups = new Map<string, { key: readonly Value[]; rows: (readonly Value[])[] }>()
  if (keys.length === 0) groups.set('', { key: [], rows: [] })
  for (const row of rows) {
    const key = keys.map((f) => f(row))
    const text = key.map((v, i) => (v === null ? 'null' : `v${String(keyText[i]!(v))}`)).join('|')
    let g = groups.get(text)
    if (g === undefined) groups.set(text, (g = { key, rows: [] }))
    g.rows.push(row)
  }
  return [...groups.values()].map((g) => [
    ...g.key,
    ...plan.aggregates.map(({ call }) => total(call, g.rows, inAttrs, env)),
  ])
}

function total(
  call: Extract<Logical, { op: 'aggregate' }>['aggregates'][number]['call'],
  rows: readonly (readonly Value[])[],
  attrs: readonly Attr[],
  env: ExprEnv,
): Value {
  const entry = lookup(call.fn) as AggregateEntry
  const args = call.args.map((e) => bind(e, attrs, env))
  const keep = call.filter ? bind(call.filter, attrs, env) : () => true
  const body = entry.bind(
    siteOf(
      call.fn,
      call.args.map((e) => foldConstants(e, env)),
      call.type,
      env,
    ),
  )
  const keyText = call.args.map((e) => hashKey(e.type))
  const seen = new Set<string>()
  const state = body.init()
  const half = body.init()
  rows.forEach((row, i) => {
    if (keep(row) !== true) return
    const values = args.map((f) => f(row))
    if (entry.nulls !== 'handles' && values.includes(null)) return
    if (call.distinct) {
      const text = values.map((v, k) => (v === null ? 'null' : `v${String(keyText[k]!(v))}`)).join('|')
      if (seen.has(text)) return
      seen.add(text)
    }
    body.add(MERGES && i * 2 >= rows.length ? half : state, values)
  })
  if (MERGES) body.merge(state, half)
  return body.finish(state)
}

/** Set to run the second half of every group in a state of its own and merge it. */
let MERGES = false
/** Runs `f` with every group's rows in two states that are merged. */
export function merging<T>(f: () => T): T {
  MERGES = true
  try {
    return f()
  } finally {
    MERGES = false
  }
}
