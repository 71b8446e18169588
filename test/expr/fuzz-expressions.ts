import type { Batch } from '../../src/columns/batch.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { MillraceError } from '../../src/errors/errors.ts'
import { visit, type CallExpr, type CastExpr, type Expr } from '../../src/expr/bound.ts'
import { codegenReport, compileFilter, compileProjection } from '../../src/expr/compile.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { interpret, interpretCalls } from '../../src/expr/interpret.ts'
import { mayRaise } from '../../src/expr/may-raise.ts'
import type { ScalarEntry } from '../../src/functions/entry.ts'
import { allEntries } from '../../src/functions/registry.ts'
import { typeName, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { env, lit, schemaOfTypes } from './build.ts'
import { POOL } from './random-calls.ts'
import { alike, pick, randomValue } from './random-values.ts'
import { accepted, bindSignature, nameOf, type Signature } from './signatures.ts'
import { GROWING, wordsFor } from './words.ts'

const ROW_COUNTS = [1, 2, 7, 14, 33, 65] as const
const TIME_ZONES = ['UTC', 'America/Los_Angeles', 'Asia/Kathmandu', 'Europe/Berlin'] as const

/** What was compared. Pairs are (function, signature) or (from, to, mode) of casts. */
export interface FuzzCounts {
  readonly pairs: Set<string>
  /** Of the pairs, those whose function is called once a row from the generated loop. */
  readonly called: Set<string>
  evaluations: number
  raised: number
  /** Rows that compiled code interpreted while it gave values. */
  interpreted: number
}

/** Takes a type that is not there; of the others NULL alone. */
const NULL_ALONE = new Set(['unix_nanos'])

/** The functions compared: deterministic ones that give one value a row. */
export const COMPARED: readonly ScalarEntry[] = allEntries().filter(
  (e): e is ScalarEntry => e.kind === 'scalar' && e.deterministic !== false && !NULL_ALONE.has(e.name),
)

/** Counts of nothing yet. */
export const freshCounts = (): FuzzCounts => ({
  pairs: new Set(),
  called: new Set(),
  evaluations: 0,
  raised: 0,
  interpreted: 0,
})

/** Compiled code that differs from `interpret`. */
export class Differs extends Error {}

/** Draws arguments, rows and settings for one signature of a function and compares; false when the draw fits no call. */
export function fuzzCall(entry: ScalarEntry, signature: Signature, random: () => number, counts: FuzzCounts): boolean {
  const own: ExprEnv = {
    ...env,
    ansi: random() < 0.6,
    timeZone: pick(random, TIME_ZONES),
    mapKeyDedupPolicy: random() < 0.5 ? 'EXCEPTION' : 'LAST_WIN',
  }
  const bound = bindSignature(entry, signature, own, random)
  if (bound === null) return false
  const types: DataType[] = []
  const words: (readonly Value[] | undefined)[] = []
  const args = bound.args.map((a, i): Expr => {
    const type = bound.resolved.args[i]!
    if (a.lambda !== undefined) return a.lambda
    if (a.constant !== undefined) return lit(a.constant, type)
    words.push(wordsFor(entry, entry.params[Math.min(i, entry.params.length - 1)]!))
    types.push(type)
    return { kind: 'column', index: types.length - 1, name: `c${types.length - 1}`, type, nullable: true }
  })
  const e: CallExpr = { kind: 'call', fn: entry.name, args, type: bound.resolved.type, nullable: true }
  // A constant argument outside what the function allows: the analyzer would have refused the call.
  if (accepted(() => interpret(e, own)) === null) return false
  const name = nameOf(entry, bound)
  note(name, e, own, counts)
  const nulls = types.map(() => pick(random, [0, 0.15, 0.15, 0.5, 1]))
  const rows = Array.from({ length: pick(random, ROW_COUNTS) }, () =>
    types.map((t, k) => {
      const said = words[k]?.filter((w) => (typeof w === 'string') === (t.kind === 'string'))
      if (said !== undefined && said.length > 0 && ['string', 'map'].includes(t.kind) && random() < 0.6)
        return pick(random, said)
      const grows = GROWING.has(entry.name)
      if (grows && entry.name !== 'sequence' && t.kind === 'int' && random() < 0.1)
        return pick(random, [-2147483648, 2147483647])
      return randomValue(t, random, grows, nulls[k]!)
    }),
  )
  compare(e, types, rows, own, random, counts)
  return true
}

/** Casts between two types; false where the types have no such cast. */
export function fuzzCast(
  from: DataType,
  to: DataType,
  mode: CastExpr['mode'],
  random: () => number,
  counts: FuzzCounts,
): boolean {
  const own: ExprEnv = { ...env, timeZone: pick(random, TIME_ZONES) }
  const constant = random() < 0.1
  const arg: Expr = constant
    ? lit(randomValue(from, random, false), from)
    : { kind: 'column', index: 0, name: 'c0', type: from, nullable: true }
  const e: Expr = { kind: 'cast', arg, type: to, mode, nullable: true }
  if (accepted(() => interpret(e, own)) === null) return false
  note(`${mode} cast(${typeName(from)} as ${typeName(to)})`, e, own, counts)
  const rows = Array.from({ length: pick(random, ROW_COUNTS) }, () =>
    constant ? [] : [randomValue(from, random, false)],
  )
  compare(e, constant ? [] : [from], rows, own, random, counts)
  return true
}

/** Every pair of types a cast is tried between. */
export function castPairs(): { readonly from: DataType; readonly to: DataType; readonly mode: CastExpr['mode'] }[] {
  return POOL.flatMap((from) =>
    POOL.flatMap((to) => (['ansi', 'try', 'legacy'] as const).map((mode) => ({ from, to, mode }))),
  )
}

function note(name: string, e: Expr, own: ExprEnv, counts: FuzzCounts): void {
  if (counts.pairs.has(name)) return
  counts.pairs.add(name)
  if (codegenReport([e], own).fallbacks.length > 0) counts.called.add(name)
}

type Outcome = { readonly value: Value } | { readonly code: string }

const NEVER: Outcome = { value: 'a value, always' }

/** Compares values where `interpret` has them and the condition where it raises, over plain and selected batches. */
function compare(
  e: Expr,
  types: readonly DataType[],
  given: readonly (readonly Value[])[],
  own: ExprEnv,
  random: () => number,
  counts: FuzzCounts,
): void {
  const schema = schemaOfTypes(...types)
  const all = batchOf(schema, given)
  // As the columns hold them: half a surrogate pair is a replacement character from then on.
  const rows = given.map((_, i) => all.row(i))
  const judge = interpret(e, own)
  const wanted = rows.map((row) => outcome(() => judge(row)))
  const good = wanted.flatMap((w, i) => ('value' in w ? [i] : []))
  const bad = wanted.flatMap((w, i) => ('code' in w ? [i] : []))
  counts.evaluations += rows.length
  counts.raised += bad.length
  const fail = (how: string, row: number, got: Outcome): never => {
    throw new Differs(
      `${how}: ${describe(e)} over (${rows[row]!.map(show).join(', ')}) gives ${showOutcome(got)}, interpret ${showOutcome(wanted[row]!)}; ansi ${own.ansi}, ${own.timeZone}`,
    )
  }
  if (bad.length > 0 && !mayRaise(e, own)) fail('the optimizer takes it for one that never raises', bad[0]!, NEVER)
  for (const int64 of ['auto', 'wide'] as const)
    for (const kernels of [true, false]) {
      const how = `${int64}${kernels ? ', kernels' : ''}`
      const options = { int64, kernels }
      const projection = compileProjection([e], schema, own, options)
      const at = (batch: Batch, row: number): Outcome => outcome(() => projection.project(batch)[0]!.get(row))
      // Rows that raise are there but not selected, or the batch has only the others.
      const selected = random() < 0.5
      const chosen = random() < 0.3 ? good.filter(() => random() < 0.5) : good
      const batch = selected
        ? all.select(Int32Array.from(chosen))
        : batchOf(
            schema,
            chosen.map((i) => rows[i]!),
          )
      const before = interpretCalls.count
      const got = outcome(() => {
        const vector = projection.project(batch)[0]!
        chosen.forEach((row, k) => {
          const value = vector.get(selected ? row : k)
          if (!alike(value, (wanted[row] as { value: Value }).value)) fail(how, row, { value })
        })
        return null
      })
      counts.interpreted += interpretCalls.count - before
      if ('code' in got) {
        const row = chosen.find((i) => 'code' in at(all.select(Int32Array.of(i)), i)) ?? chosen[0]!
        fail(`${how}, over ${chosen.length} rows`, row, got)
      }
      for (const row of bad.slice(0, 2)) {
        const raised = at(all.select(Int32Array.of(row)), row)
        if (!('code' in raised) || raised.code !== (wanted[row] as { code: string }).code) fail(how, row, raised)
      }
      if (bad.length > 1) {
        const raised = at(all, 0)
        if (!('code' in raised) || raised.code !== (wanted[bad[0]!] as { code: string }).code)
          fail(`${how}, all rows`, bad[0]!, raised)
      }
      if (e.type.kind === 'boolean' && kernels) {
        const kept = compileFilter(e, schema, own, options)(batch)
        const want = chosen.flatMap((row, k) =>
          (wanted[row] as { value: Value }).value === true ? [selected ? row : k] : [],
        )
        const passed = [...(kept ?? chosen.keys())]
        if (passed.join() !== want.join())
          throw new Differs(`${how}: ${describe(e)} as a filter keeps ${passed.join()}, not ${want.join()}`)
      }
    }
}

/** A value, or the condition raised; a fault of ours is thrown on. */
function outcome(f: () => Value): Outcome {
  try {
    return { value: f() }
  } catch (error) {
    if (error instanceof MillraceError) return { code: error.code === 'INTERNAL_ERROR' ? String(error) : error.code }
    throw error
  }
}

const show = (v: unknown): string =>
  typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : typeof v === 'number' ? String(v) : text(v)
const text = (v: unknown): string =>
  JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? `${x}n` : Object.is(x, -0) ? '-0' : x))
const showOutcome = (o: Outcome): string => ('value' in o ? show(o.value) : `raises ${o.code}`)

/** An expression as text, with its types. */
export function describe(e: Expr): string {
  switch (e.kind) {
    case 'call':
      return `${e.fn}(${e.args.map(describe).join(', ')})`
    case 'cast':
      return `${e.mode} cast(${describe(e.arg)} as ${typeName(e.type)})`
    case 'literal':
      return `${JSON.stringify(e.value)}:${typeName(e.type)}`
    case 'lambda':
      return `(${e.params.map((p) => typeName(p.type)).join(', ')}) -> ${describe(e.body)}`
    case 'column':
      return `c${e.index}:${typeName(e.type)}`
    default: {
      const parts: string[] = []
      visit(e, (x) => {
        if (x !== e && x.kind !== 'param') parts.push(x.kind)
      })
      return `${e.kind}(${parts.join(', ')})`
    }
  }
}
