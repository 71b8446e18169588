import { afterAll, expect, test } from 'vitest'
import { batchOf } from '../../src/columns/builder.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import type { Expr } from '../../src/expr/bound.ts'
import { compileFused } from '../../src/expr/compile.ts'
import { interpret } from '../../src/expr/interpret.ts'
import type { ScalarEntry } from '../../src/functions/entry.ts'
import { allEntries, lookup } from '../../src/functions/registry.ts'
import { BIGINT, BOOLEAN, DOUBLE, INT, STRING, TIMESTAMP, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { env, lit, schemaOfTypes } from './build.ts'
import { castPairs, COMPARED, freshCounts, fuzzCall, fuzzCast } from './fuzz-expressions.ts'
import { alike, pick, randomValue, seeded } from './random-values.ts'
import { someSignatures } from './signatures.ts'

/**
 * interpret = compile: every scalar entry of the registry, over sampled combinations of the types it takes, on
 * generated arguments; narrow and wide, over columns and constants, ANSI and not. MILLRACE_FUZZ_SEED and
 * MILLRACE_FUZZ_ROUNDS widen a run; `npm run fuzz -- expr` takes every signature.
 */
const SEED = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1)
const ROUNDS = Number(process.env['MILLRACE_FUZZ_ROUNDS'] ?? 8)

const counts = freshCounts()

function attempt(f: () => Value): { readonly value: Value } | { readonly code: string } {
  try {
    return { value: f() }
  } catch (error) {
    if (error instanceof MillraceError) return { code: error.code }
    throw error
  }
}

/** Of each function so many signatures, drawn by the seed; `npm run fuzz -- expr` takes all of them. */
test.each(COMPARED.map((e) => [e.name, e] as const))('%s', (name, entry) => {
  let hash = SEED
  for (const c of name) hash = (Math.imul(hash, 31) + c.codePointAt(0)!) | 0
  const random = seeded(hash)
  const signatures = someSignatures(entry, env, random, ROUNDS)
  expect(signatures.length).toBeGreaterThan(0)
  for (const s of signatures) fuzzCall(entry, s, random, counts)
})

test('trees of operators, fused behind a filter', () => {
  const random = seeded(SEED)
  const types = [INT, BIGINT, DOUBLE, STRING, BOOLEAN, TIMESTAMP] as const
  const schema = schemaOfTypes(...types, ...types)
  const schemaTypes = schema.fields.map((f) => f.type)
  for (let round = 0; round < 150; round++) {
    const exprs = Array.from({ length: 3 }, () => tree(pick(random, types), 3, random))
    const filter = tree(BOOLEAN, 2, random)
    const given = batchOf(
      schema,
      Array.from({ length: 40 }, () => schemaTypes.map((t) => randomValue(t, random, false))),
    )
    // As the columns hold them: half a surrogate pair is a replacement character from then on.
    const rows = Array.from({ length: given.rowCount }, (_, i) => given.row(i))
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
  for (const { from, to, mode } of castPairs()) fuzzCast(from, to, mode, random, counts)
})

test('what is not compared has one implementation, or draws numbers', () => {
  const others = allEntries().filter((e) => e.kind !== 'aggregate' && !COMPARED.includes(e as ScalarEntry))
  expect(others.map((e) => e.name).sort()).toEqual(
    // Without a seed no two runs agree; generators have no generated code; raise_error and assert_true only raise.
    'aes_encrypt assert_true explode explode_outer inline inline_outer json_tuple monotonically_increasing_id posexplode posexplode_outer raise_error rand randn randstr shuffle spark_partition_id stack uniform unix_nanos uuid'.split(
      ' ',
    ),
  )
})

afterAll(() => {
  const { pairs, called } = counts
  process.stdout.write(
    `fuzz: ${COMPARED.length} functions, ${pairs.size} (function, signature) pairs and casts, ${pairs.size - called.size} of them generated code, ${called.size} called from the generated loop; ${counts.evaluations} evaluations, ${counts.raised} raised, ${counts.interpreted} rows fell back to interpret; seed ${SEED}\n`,
  )
  expect(counts.interpreted).toBe(0)
})
