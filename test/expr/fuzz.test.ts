import { afterAll, expect, test } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import type { CallExpr, Expr } from '../../src/expr/bound.ts'
import { compileFused, compileProjection } from '../../src/expr/compile.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { interpret } from '../../src/expr/interpret.ts'
import { mayRaise } from '../../src/expr/may-raise.ts'
import type { ScalarEntry } from '../../src/functions/entry.ts'
import { allEntries, lookup, resolveCall } from '../../src/functions/registry.ts'
import { BIGINT, BOOLEAN, DOUBLE, INT, STRING, TIMESTAMP, typeName, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { env, lit, schemaOfTypes } from './build.ts'
import { argumentsFor, POOL } from './random-calls.ts'
import { alike, pick, randomValue, seeded } from './random-values.ts'

/**
 * interpret = compile: every scalar entry of the registry, over sampled combinations of the types it takes, on
 * generated arguments; narrow and wide, over columns and constants, ANSI and not. MILLRACE_FUZZ_SEED and
 * MILLRACE_FUZZ_ROUNDS widen a run.
 */
const SEED = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1)
const ROUNDS = Number(process.env['MILLRACE_FUZZ_ROUNDS'] ?? 8)
const ROWS = 14

const counts = { pairs: 0, evaluations: 0, errors: 0, entries: 0, silent: [] as string[] }

/** Results that grow with a number among the arguments: keep the numbers small. */
const grows = (t: DataType): boolean => ['string', 'binary', 'array', 'map', 'struct'].includes(t.kind)

function attempt(f: () => Value): { readonly value: Value } | { readonly code: string } {
  try {
    return { value: f() }
  } catch (error) {
    if (error instanceof MillraceError) return { code: error.code }
    throw error
  }
}

/** Checks one expression over rows: values where interpret has them, the condition where it raises. */
function check(e: Expr, types: readonly DataType[], rows: readonly Value[][], own: ExprEnv): void {
  const schema = schemaOfTypes(...types)
  const judge = interpret(e, own)
  const wanted = rows.map((row) => attempt(() => judge(row)))
  const good = rows.filter((_, i) => 'value' in wanted[i]!)
  const values = wanted.flatMap((w) => ('value' in w ? [w.value] : []))
  const bad = rows.flatMap((row, i) => ('code' in wanted[i]! ? [{ row, code: wanted[i].code }] : []))
  const show = (row: readonly Value[]): string =>
    `${describe(e)} over ${row.map((v) => (typeof v === 'bigint' ? `${v}n` : JSON.stringify(v))).join(', ')}`
  counts.evaluations += rows.length
  counts.errors += bad.length
  if (bad.length > 0 && !mayRaise(e, own))
    expect.fail(`${show(bad[0]!.row)} raises ${bad[0]!.code}, mayRaise says never`)
  for (const int64 of ['auto', 'wide'] as const)
    for (const kernels of [true, false]) {
      const project = compileProjection([e], schema, own, { int64, kernels })
      const [vector] = project.project(batchOf(schema, good))
      good.forEach((row, i) => {
        const got = vector!.get(i)
        if (!alike(got, values[i]!))
          expect.fail(
            `${int64}${kernels ? ', kernels' : ''}: ${show(row)} gives ${String(got)}, interpret ${String(values[i])}`,
          )
      })
      for (const { row, code } of bad.slice(0, 3)) {
        const got = attempt(() => project.project(batchOf(schema, [row]))[0]!.get(0))
        if (!('code' in got) || got.code !== code)
          expect.fail(
            `${int64}: ${show(row)} should raise ${code}, gave ${JSON.stringify(got, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))}`,
          )
      }
    }
}

function describe(e: Expr): string {
  switch (e.kind) {
    case 'call':
      return `${e.fn}(${e.args.map(describe).join(', ')})`
    case 'cast':
      return `cast(${describe(e.arg)} as ${typeName(e.type)})`
    case 'literal':
      return `${JSON.stringify(e.value)}:${typeName(e.type)}`
    case 'lambda':
      return `(${e.params.map((p) => typeName(p.type)).join(', ')}) -> ${describe(e.body)}`
    case 'column':
      return `c${e.index}:${typeName(e.type)}`
    default:
      return e.kind
  }
}

function fuzz(entry: ScalarEntry, random: () => number): number {
  const seen = new Set<string>()
  for (let tries = 0; tries < ROUNDS * 25 && seen.size < ROUNDS; tries++) {
    const own = random() < 0.7 ? env : { ...env, ansi: false }
    // Small numbers first: what the result is decides whether large ones are safe.
    const args = argumentsFor(entry, true, random)
    if (args === null) continue
    let resolved
    try {
      resolved = resolveCall(
        entry,
        args.map((a) => ({ type: a.type, nullable: true, constant: a.constant })),
        own,
      )
    } catch (error) {
      if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') continue
      throw error
    }
    const small = grows(resolved.type)
    const types: DataType[] = []
    const bound = args.map((a, i): Expr => {
      const type = resolved.args[i]!
      if (a.lambda !== undefined) return a.lambda
      if (a.constant !== undefined && typeName(type) === typeName(a.type)) return lit(a.constant, type)
      types.push(type)
      return { kind: 'column', index: types.length - 1, name: `c${types.length - 1}`, type, nullable: true }
    })
    if (entry.params.some((p, i) => p.foldable === true && bound[i] !== undefined && bound[i].kind !== 'literal'))
      continue
    const e: CallExpr = { kind: 'call', fn: entry.name, args: bound, type: resolved.type, nullable: true }
    const signature = `${describe(e)} ${own.ansi}`
    if (seen.has(signature)) continue
    try {
      interpret(e, own)
    } catch (error) {
      // A constant argument outside what the function allows: the analyzer would have refused the call.
      if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') continue
      throw error
    }
    seen.add(signature)
    const rows = Array.from({ length: ROWS }, (_, i) =>
      types.map((t) => randomValue(t, random, small, i < 3 ? 0 : 0.15)),
    )
    check(e, types, rows, own)
  }
  return seen.size
}

const scalars = allEntries().filter((e): e is ScalarEntry => e.kind === 'scalar' && e.deterministic !== false)

test.each(scalars.map((e) => [e.name, e] as const))('%s', (name, entry) => {
  let hash = SEED
  for (const c of name) hash = (Math.imul(hash, 31) + c.codePointAt(0)!) | 0
  const n = fuzz(entry, seeded(hash))
  counts.entries++
  counts.pairs += n
  if (n === 0) counts.silent.push(name)
})

test('trees of operators, fused behind a filter', () => {
  const random = seeded(SEED)
  const types = [INT, BIGINT, DOUBLE, STRING, BOOLEAN, TIMESTAMP] as const
  const schema = schemaOfTypes(...types, ...types)
  const schemaTypes = schema.fields.map((f) => f.type)
  for (let round = 0; round < 150; round++) {
    const exprs = Array.from({ length: 3 }, () => tree(pick(random, types), 3, random))
    const filter = tree(BOOLEAN, 2, random)
    const rows = Array.from({ length: 40 }, () => schemaTypes.map((t) => randomValue(t, random, false)))
    // Errors end a batch: keep the rows that raise nowhere.
    const judges = [filter, ...exprs].map((e) => interpret(e, env))
    const good = rows.filter((row) => judges.every((j) => 'value' in attempt(() => j(row))))
    const batch = batchOf(schema, good)
    for (const int64 of ['auto', 'wide'] as const) {
      const { selection, columns } = compileFused(filter, exprs, schema, env, { int64 })(batch)
      const kept = selection === null ? good.map((_, i) => i) : [...selection]
      expect(kept).toEqual(good.flatMap((row, i) => (judges[0]!(row) === true ? [i] : [])))
      for (const r of kept)
        columns.forEach((c, k) => {
          const want = judges[k + 1]!(good[r]!)
          if (!alike(c.get(r), want))
            expect.fail(`${int64}: ${JSON.stringify(exprs[k])} gives ${String(c.get(r))}, interpret ${String(want)}`)
        })
    }
    counts.evaluations += good.length * 4
  }
})

/** A random expression of `type` over two columns of each type. */
function tree(type: DataType, depth: number, random: () => number): Expr {
  const all = [INT, BIGINT, DOUBLE, STRING, BOOLEAN, TIMESTAMP]
  const index = all.findIndex((t) => t.kind === type.kind) + (random() < 0.5 ? 0 : all.length)
  if (depth === 0 || random() < 0.15) {
    if (random() < 0.3) return lit(randomValue(type, random, true, 0.1), type)
    return { kind: 'column', index, name: `c${index}`, type, nullable: true }
  }
  const sub = (t: DataType): Expr => tree(t, depth - 1, random)
  const roll = random()
  if (roll < 0.15) return { kind: 'coalesce', args: [sub(type), sub(type)], type, nullable: true }
  if (roll < 0.3)
    return {
      kind: 'case',
      branches: [
        { when: sub(BOOLEAN), then: sub(type) },
        { when: sub(BOOLEAN), then: sub(type) },
      ],
      otherwise: sub(type),
      type,
      nullable: true,
    }
  const binary = (fn: string, operand: DataType): Expr => {
    if (lookup(fn) === undefined) return sub(type)
    return { kind: 'call', fn, args: [sub(operand), sub(operand)], type, nullable: true }
  }
  switch (type.kind) {
    case 'boolean': {
      if (roll < 0.45)
        return {
          kind: random() < 0.5 ? 'and' : 'or',
          args: [sub(BOOLEAN), sub(BOOLEAN), sub(BOOLEAN)],
          type,
          nullable: true,
        }
      const operand = pick(random, all)
      if (roll < 0.6)
        return { kind: 'in', arg: sub(operand), list: [sub(operand), sub(operand), sub(operand)], type, nullable: true }
      if (roll < 0.7)
        return { kind: 'call', fn: pick(random, ['isnull', 'isnotnull']), args: [sub(operand)], type, nullable: false }
      return binary(pick(random, ['=', '<>', '<', '<=', '>', '>=', '<=>']), operand)
    }
    case 'int':
      return roll < 0.5
        ? { kind: 'cast', arg: sub(pick(random, [BIGINT, DOUBLE, BOOLEAN])), type, mode: 'try', nullable: true }
        : binary(pick(random, ['+', '-', '*', '%']), INT)
    case 'bigint':
      return roll < 0.5
        ? { kind: 'cast', arg: sub(pick(random, [INT, DOUBLE, BOOLEAN])), type, mode: 'try', nullable: true }
        : binary(pick(random, ['+', '-', '*', '%', 'div']), BIGINT)
    case 'double':
      return roll < 0.5
        ? { kind: 'cast', arg: sub(pick(random, [INT, BIGINT])), type, mode: 'ansi', nullable: true }
        : binary(pick(random, ['+', '-', '*', '/']), DOUBLE)
    case 'string':
      return {
        kind: 'cast',
        arg: sub(pick(random, [INT, BIGINT, BOOLEAN, DOUBLE])),
        type,
        mode: 'ansi',
        nullable: true,
      }
    default:
      return sub(type)
  }
}

test('casts between every two types', () => {
  const random = seeded(SEED + 1)
  for (const from of POOL)
    for (const to of POOL)
      for (const mode of ['ansi', 'try', 'legacy'] as const) {
        const e: Expr = {
          kind: 'cast',
          arg: { kind: 'column', index: 0, name: 'c0', type: from, nullable: true },
          type: to,
          mode,
          nullable: true,
        }
        try {
          interpret(e, env)
        } catch (error) {
          if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') continue
          throw error
        }
        counts.pairs++
        check(
          e,
          [from],
          Array.from({ length: 12 }, () => [randomValue(from, random, false)]),
          env,
        )
      }
})

afterAll(() => {
  process.stdout.write(
    `fuzz: ${counts.entries} entries, ${counts.pairs} (function, signature) pairs, ${counts.evaluations} evaluations, ${counts.errors} raised; seed ${SEED}\n` +
      (counts.silent.length > 0 ? `no fitting signature found for: ${counts.silent.join(', ')}\n` : ''),
  )
})
