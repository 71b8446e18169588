import { afterAll, expect, test } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { shapeOf } from '../../src/columns/vector.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import type { Expr } from '../../src/expr/bound.ts'
import { compileAggregateUpdate, type StateColumns } from '../../src/expr/compile.ts'
import type { AggregateBody, AggregateEntry } from '../../src/functions/entry.ts'
import { allEntries, resolveCall } from '../../src/functions/registry.ts'
import { typeName, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { env, lit, schemaOfTypes } from './build.ts'
import { argumentsFor } from './random-calls.ts'
import { alike, randomValue, seeded } from './random-values.ts'

/** The compiled update of every aggregate over state columns = its `add` over plain states. Settings as in fuzz.test.ts. */
const SEED = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1)
const ROUNDS = Number(process.env['MILLRACE_FUZZ_ROUNDS'] ?? 8)
const GROUPS = 3
const ROWS = 20

const counts = { entries: 0, pairs: 0, rows: 0, silent: [] as string[] }

/** Columns of GROUPS slots, each in the state `init` gives. */
function freshColumns(types: readonly DataType[], init: () => readonly Value[]): StateColumns {
  const start = Array.from({ length: GROUPS }, init)
  return types.map((t, k) => {
    const values = start.map((s) => s[k]!)
    const validity = Uint8Array.from(values, (v) => (v === null ? 0 : 1))
    switch (shapeOf(t)) {
      case 'bool':
        return { values: Uint8Array.from(values, (v) => (v === true ? 1 : 0)), validity }
      case 'i32':
        return { values: Int32Array.from(values, (v) => (v ?? 0) as number), validity }
      case 'i64':
        return { values: BigInt64Array.from(values, (v) => (v ?? 0n) as bigint), validity }
      case 'f32':
        return { values: Float32Array.from(values, (v) => (v ?? 0) as number), validity }
      case 'f64':
        return { values: Float64Array.from(values, (v) => (v ?? 0) as number), validity }
      default:
        return { values, validity }
    }
  })
}

function stateOf(columns: StateColumns, types: readonly DataType[], g: number): Value[] {
  return columns.map((c, k) => {
    const v = c.values[g] as Value
    if (c.validity[g] === 0) return null
    return shapeOf(types[k]!) === 'bool' ? Boolean(v) : v
  })
}

/** The results per group, or the condition raised. */
function attempt(f: () => Value[]): Value[] | string {
  try {
    return f()
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}

function fuzz(entry: AggregateEntry, random: () => number): number {
  const seen = new Set<string>()
  for (let tries = 0; tries < ROUNDS * 25 && seen.size < ROUNDS; tries++) {
    const args = argumentsFor(entry, true, random)
    if (args === null || args.some((a) => a.lambda !== undefined)) continue
    let resolved
    try {
      resolved = resolveCall(
        entry,
        args.map((a) => ({ type: a.type, nullable: true, constant: a.constant })),
        env,
      )
    } catch (error) {
      if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') continue
      throw error
    }
    const types: DataType[] = []
    const bound = args.map((a, i): Expr => {
      const type = resolved.args[i]!
      if (a.constant !== undefined && typeName(type) === typeName(a.type)) return lit(a.constant, type)
      types.push(type)
      return { kind: 'column', index: types.length - 1, name: `c${types.length - 1}`, type, nullable: true }
    })
    if (entry.params.some((p, i) => p.foldable === true && bound[i] !== undefined && bound[i].kind !== 'literal'))
      continue
    const name = `${entry.name}(${resolved.args.map(typeName).join(', ')})`
    const schema = schemaOfTypes(...types)
    const rows = Array.from({ length: ROWS }, () => types.map((t) => randomValue(t, random, random() < 0.7, 0.2)))
    const groups = Int32Array.from({ length: ROWS }, () => Math.floor(random() * (GROUPS + 1)) - 1)
    let body: AggregateBody
    for (const int64 of ['auto', 'wide'] as const) {
      let compiled
      try {
        compiled = compileAggregateUpdate([{ entry, args: bound, type: resolved.type }], schema, env, { int64 })
      } catch (error) {
        if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') break
        throw error
      }
      const site = compiled.sites[0]!
      body = compiled.bodies[0]!
      const fields = entry.state(site)
      const want = attempt(() => {
        const states = Array.from({ length: GROUPS }, () => body.init())
        rows.forEach((row, i) => {
          let next = 0
          const values: Value[] = bound.map((b, k) =>
            b.kind === 'literal' ? (args[k]!.constant ?? null) : row[next++]!,
          )
          if (groups[i]! < 0 || (entry.nulls !== 'handles' && values.includes(null))) return
          body.add(states[groups[i]!]!, values)
        })
        return states.map((s) => body.finish(s))
      })
      const got = attempt(() => {
        const columns = freshColumns(fields, () => body.init())
        // Two batches: the second meets states that are not fresh.
        for (const part of [
          [0, 11],
          [11, ROWS],
        ] as const)
          compiled.update(batchOf(schema, rows.slice(...part)), groups.slice(...part), [columns])
        return Array.from({ length: GROUPS }, (_, g) => body.finish(stateOf(columns, fields, g)))
      })
      const same = typeof want === 'string' || typeof got === 'string' ? want === got : alike(got, want)
      const show = (v: unknown): string => JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? `${x}n` : x))
      if (!same) expect.fail(`${int64}: ${name} gives ${show(got)}, add ${show(want)}`)
      counts.rows += ROWS
      seen.add(name)
    }
  }
  return seen.size
}

const aggregates = allEntries().filter((e): e is AggregateEntry => e.kind === 'aggregate')

test('the registry has aggregates', () => expect(aggregates.length).toBeGreaterThan(0))

for (const entry of aggregates)
  test(entry.name, () => {
    let hash = SEED
    for (const c of entry.name) hash = (Math.imul(hash, 31) + c.codePointAt(0)!) | 0
    const n = fuzz(entry, seeded(hash))
    counts.entries++
    counts.pairs += n
    if (n === 0) counts.silent.push(entry.name)
  })

afterAll(() => {
  process.stdout.write(
    `fuzz: ${counts.entries} aggregates, ${counts.pairs} (function, signature) pairs, ${counts.rows} rows; seed ${SEED}\n`,
  )
  if (counts.silent.length > 0) process.stdout.write(`no fitting signature found for: ${counts.silent.join(', ')}\n`)
})
