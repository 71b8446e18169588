import { MillraceError } from '../../src/errors/errors.ts'
import type { Expr, LambdaExpr, ParamExpr } from '../../src/expr/bound.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import type { FunctionEntry, Param, TypeSpec } from '../../src/functions/entry.ts'
import { resolveCall, type ResolvedCall } from '../../src/functions/registry.ts'
import { BOOLEAN, DOUBLE, typeName, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { CLASSES, POOL, type Argument } from './random-calls.ts'
import { pick, randomValue } from './random-values.ts'
import { GROWING, wordsFor } from './words.ts'

/** What stands for one argument in a signature: a type, or for a lambda its count of parameters and what it gives. */
type Slot = DataType | { readonly arity: number; readonly gives: 'test' | number }
/** One way to call an entry: as many slots as arguments. */
export type Signature = readonly Slot[]

/** Entries with more combinations than this are covered by every type at every place, not by every combination. */
const MAX_COMBINATIONS = 1500
/** How often the other places are drawn again until a type at a place fits. */
const TRIES = 25

/**
 * The signatures of an entry: for every count of arguments (variadic ones up to three more), every combination of types from
 * POOL that its parameters name and its rules accept, each once by the types the call has after coercion.
 */
export function signaturesOf(entry: FunctionEntry, env: ExprEnv, random: () => number): Signature[] {
  const found = new Map<string, Signature>()
  // Constants may be refused where others would not be.
  const draws = entry.params.some((p) => p.foldable === true || wordsFor(entry, p) !== undefined) ? 40 : 1
  const keep = (slots: Signature): boolean => {
    let bound: BoundSignature | null = null
    for (let t = 0; t < draws && bound === null; t++) bound = bindSignature(entry, slots, env, random)
    if (bound === null) return false
    found.set(nameOf(entry, bound), slots)
    return true
  }
  for (const params of arities(entry)) {
    const choices = params.map((p) => slotsOf(p))
    const combinations = choices.reduce((n, c) => n * c.length, 1)
    if (combinations <= MAX_COMBINATIONS) {
      for (let k = 0; k < combinations; k++) {
        let rest = k
        keep(
          choices.map((c) => {
            const slot = c[rest % c.length]!
            rest = Math.floor(rest / c.length)
            return slot
          }),
        )
      }
      continue
    }
    choices.forEach((all, place) => {
      for (const slot of all)
        for (let t = 0; t < TRIES; t++) {
          const others = random() < 0.5 ? slot : pick(random, all)
          const slots = choices.map((c, i) => (i === place ? slot : c.includes(others) ? others : pick(random, c)))
          if (keep(slots)) break
        }
    })
  }
  return [...found.values()]
}

/** At most `count` signatures of an entry, of as many different ones as that many draws give. */
export function someSignatures(entry: FunctionEntry, env: ExprEnv, random: () => number, count: number): Signature[] {
  const found = new Map<string, Signature>()
  for (let t = 0; t < count * 40 && found.size < count; t++) {
    const choices = pick(random, arities(entry)).map(slotsOf)
    const same = choices.length === 0 ? undefined : pick(random, pick(random, choices))
    const alike = random() < 0.5
    const slots = choices.map((c) => (alike && same !== undefined && c.includes(same) ? same : pick(random, c)))
    const bound = bindSignature(entry, slots, env, random)
    if (bound !== null) found.set(nameOf(entry, bound), slots)
  }
  return [...found.values()]
}

function arities(entry: FunctionEntry): Param[][] {
  const fixed = entry.params.filter((p) => p.variadic !== true)
  const least = fixed.filter((p) => p.optional !== true).length
  const lists = fixed.slice(least - 1).map((_, i) => fixed.slice(0, least + i))
  const all = least === 0 ? [[], ...fixed.map((_, i) => fixed.slice(0, i + 1))] : lists
  const last = entry.params.at(-1)
  if (last?.variadic !== true) return all
  return [...all, ...[1, 2, 3].map((n) => [...fixed, ...Array<Param>(n).fill(last)])]
}

function slotsOf(param: Param): readonly Slot[] {
  if (param.accepts !== 'FUNCTION') return typesOf(param.accepts)
  const gives = (arity: number): ('test' | number)[] => ['test', ...Array.from({ length: arity }, (_, i) => i)]
  return [1, 2, 3].flatMap((arity) => gives(arity).map((g) => ({ arity, gives: g })))
}

function typesOf(spec: TypeSpec): readonly DataType[] {
  if (Array.isArray(spec)) return [...new Set((spec as readonly TypeSpec[]).flatMap(typesOf))]
  if (typeof spec !== 'string') return [spec as DataType]
  const fits = CLASSES[spec]
  return fits ? POOL.filter(fits) : POOL
}

/** A signature with its arguments: constants drawn, types settled. */
export interface BoundSignature {
  readonly args: readonly Argument[]
  readonly resolved: ResolvedCall
}

let nextParam = 1_000_000

/** Draws the arguments of a signature (some of them constants) and settles the types; null when the entry refuses them. */
export function bindSignature(
  entry: FunctionEntry,
  slots: Signature,
  env: ExprEnv,
  random: () => number,
): BoundSignature | null {
  const args: Argument[] = []
  for (const [i, slot] of slots.entries()) {
    const param = entry.params[Math.min(i, entry.params.length - 1)]!
    if ('arity' in slot) {
      const lambda = lambdaOf(param, slot, args)
      if (lambda === null) return null
      args.push({ type: lambda.type, constant: undefined, lambda })
    } else args.push({ type: slot, constant: constantFor(entry, param, slot, random) })
  }
  let resolved = resolve(entry, args, env)
  if (resolved === null) return null
  // Constants of another type than the call takes are drawn again in that type: the analyzer folds its casts.
  args.forEach((a, i) => {
    const type = resolved!.args[i]!
    if (a.constant === undefined || typeName(type) === typeName(a.type)) return
    const param = entry.params[Math.min(i, entry.params.length - 1)]!
    args[i] = { type, constant: constantFor(entry, { ...param, foldable: true }, type, random) ?? null }
  })
  resolved = resolve(entry, args, env)
  if (resolved?.args.some((t, i) => args[i]!.constant !== undefined && typeName(t) !== typeName(args[i]!.type)))
    return null
  return resolved === null ? null : { args, resolved }
}

function constantFor(entry: FunctionEntry, param: Param, type: DataType, random: () => number): Value | undefined {
  const words = wordsFor(entry, param)?.filter((w) => (typeof w === 'string') === (type.kind === 'string'))
  const mostly = param.foldable === true || (words !== undefined && isMostlyConstant(entry, param))
  if (!mostly && random() >= 0.15) return undefined
  if (words !== undefined && words.length > 0 && ['string', 'map'].includes(type.kind) && random() < 0.8)
    return pick(random, words)
  // Constants that must be constant are often shares.
  if (type.kind === DOUBLE.kind && random() < 0.5) return pick(random, [0, 0.25, 0.5, 1])
  return randomValue(type, random, GROWING.has(entry.name) || random() < 0.5, param.foldable === true ? 0.03 : 0.1)
}

/** Must be constant by the rules of the function, though no parameter says so. */
const isMostlyConstant = (entry: FunctionEntry, param: Param): boolean =>
  param.name === 'field' || entry.name.startsWith('schema_of')

function lambdaOf(
  param: Param,
  slot: { readonly arity: number; readonly gives: 'test' | number },
  before: readonly Argument[],
): LambdaExpr | null {
  const types = accepted(() =>
    param.lambda!(
      before.map((a) => a.type),
      slot.arity,
    ),
  )
  if (types?.length !== slot.arity) return null
  const params = types.map((type): ParamExpr => ({ kind: 'param', id: nextParam++, name: 'p', type, nullable: true }))
  const body: Expr =
    slot.gives === 'test'
      ? { kind: 'call', fn: 'isnotnull', args: [params.at(-1)!], type: BOOLEAN, nullable: false }
      : params[slot.gives]!
  return { kind: 'lambda', params, body, type: body.type, nullable: true }
}

const resolve = (entry: FunctionEntry, args: readonly Argument[], env: ExprEnv): ResolvedCall | null =>
  accepted(() =>
    resolveCall(
      entry,
      args.map((a) => ({ type: a.type, nullable: true, constant: a.constant })),
      env,
    ),
  )

/** What `f` gives, or null where it refuses its arguments as the analyzer would. A fault of ours is thrown. */
export function accepted<T>(f: () => T): T | null {
  try {
    return f()
  } catch (error) {
    if (error instanceof MillraceError && error.code !== 'INTERNAL_ERROR') return null
    throw error
  }
}

/** `round(double, int)`. */
export function nameOf(entry: FunctionEntry, bound: BoundSignature): string {
  const one = (a: Argument, i: number): string =>
    a.lambda === undefined
      ? typeName(bound.resolved.args[i]!)
      : `(${a.lambda.params.map((p) => typeName(p.type)).join(', ')}) -> ${typeName(a.lambda.type)}`
  return `${entry.name}(${bound.args.map(one).join(', ')})`
}
