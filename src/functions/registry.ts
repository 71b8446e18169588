import { AnalysisError } from '../errors/errors.ts'
import { accepts, implicitCast } from '../types/coercion.ts'
import { typeName, type DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import type { EvalEnv, FunctionEntry, Resolved, TypeSpec } from './entry.ts'
import { notConstant, unexpectedType } from './faults.ts'
import { entries as arrayBasics } from './collections/array-basics.ts'
import { entries as arrayEdit } from './collections/array-edit.ts'
import { entries as arrayOrder } from './collections/array-order.ts'
import { entries as arraySearch } from './collections/array-search.ts'
import { entries as generators } from './collections/generators.ts'
import { entries as higherOrder } from './collections/higher-order.ts'
import { entries as maps } from './collections/maps.ts'
import { entries as sequence } from './collections/sequence.ts'
import { entries as structs } from './collections/structs.ts'
import { entries as vectors } from './collections/vectors.ts'
import { entries as clock } from './datetime/clock.ts'
import { entries as days } from './datetime/days.ts'
import { entries as epoch } from './datetime/epoch.ts'
import { entries as extract } from './datetime/extract.ts'
import { entries as makeDatetime } from './datetime/make.ts'
import { entries as dateParts } from './datetime/parts.ts'
import { entries as datetimeText } from './datetime/text.ts'
import { entries as truncate } from './datetime/truncate.ts'
import { entries as zones } from './datetime/zones.ts'
import { entries as csv } from './json/csv-functions.ts'
import { entries as json } from './json/json-functions.ts'
import { entries as elementary } from './math/elementary.ts'
import { entries as rounding } from './math/rounding.ts'
import { entries as counts } from './aggregates/counts.ts'
import { entries as sums } from './aggregates/sums.ts'
import { entries as extremes } from './aggregates/extremes.ts'
import { entries as logic } from './aggregates/logic.ts'
import { entries as moments } from './aggregates/moments.ts'
import { entries as percentiles } from './aggregates/percentiles.ts'
import { entries as sketches } from './aggregates/sketches.ts'
import { entries as collectionAggregates } from './aggregates/collections.ts'
import { entries as conditional } from './conditional.ts'
import { entries as hash } from './hash/functions.ts'
import { entries as url } from './hash/url.ts'
import { entries as numbers } from './math/numbers.ts'
import { entries as formatting } from './string/formatting.ts'
import { entries as random } from './misc/random.ts'
import { entries as session } from './misc/session.ts'
import { entries as bits } from './bits.ts'
import { entries as comparisons } from './comparison.ts'
import { entries as operators } from './operators.ts'
import { entries as regex } from './regex/functions.ts'
import { entries as caseAndTrim } from './string/case-and-trim.ts'
import { entries as encoding } from './string/encoding.ts'
import { entries as searching } from './string/searching.ts'
import { entries as slicing } from './string/slicing.ts'

/** Every function group; one line each. */
const groups: readonly (readonly FunctionEntry[])[] = [
  operators,
  comparisons,
  bits,
  session,
  random,
  formatting,
  numbers,
  url,
  hash,
  conditional,
  collectionAggregates,
  sketches,
  percentiles,
  moments,
  logic,
  extremes,
  sums,
  counts,
  elementary,
  rounding,
  slicing,
  searching,
  caseAndTrim,
  encoding,
  regex,
  arrayBasics,
  arrayEdit,
  arrayOrder,
  arraySearch,
  generators,
  higherOrder,
  maps,
  sequence,
  structs,
  vectors,
  clock,
  days,
  epoch,
  extract,
  makeDatetime,
  dateParts,
  datetimeText,
  truncate,
  zones,
  csv,
  json,
]

let byName: Map<string, FunctionEntry> | undefined

function names(): Map<string, FunctionEntry> {
  if (byName !== undefined) return byName
  byName = new Map()
  for (const group of groups)
    for (const entry of group) {
      byName.set(entry.name, entry)
      for (const alias of entry.aliases ?? []) byName.set(alias, entry)
    }
  return byName
}

/** The built-in function of that name or alias, in any case. */
export function lookup(name: string): FunctionEntry | undefined {
  return names().get(name.toLowerCase())
}

/** Every entry once, in the order of the groups. */
export function allEntries(): readonly FunctionEntry[] {
  return groups.flat()
}

/** Every name and alias a function can be called by (operators' symbols left out); for did-you-mean. */
export function functionNames(): readonly string[] {
  return [...names().keys()].filter((n) => /^[a-z_]/.test(n))
}

/** One argument of a call before coercion. `constant` is the value of a literal; undefined for other expressions. */
export interface CallArgument {
  readonly type: DataType
  readonly nullable: boolean
  readonly constant?: Value | undefined
}

/** The types of a call, settled. */
export interface ResolvedCall extends Resolved {
  readonly nullable: boolean
}

/**
 * Settles the types of a call: checks the count of arguments, that constant parameters are constant, and that
 * every argument fits its parameter, with an implicit cast where the rules allow. Throws AnalysisError with
 * Spark's condition otherwise. Lambda arguments are given with the type of their body.
 */
export function resolveCall(entry: FunctionEntry, args: readonly CallArgument[], env: EvalEnv): ResolvedCall {
  checkCount(entry, args.length)
  const params = entry.params
  args.forEach((a, i) => {
    const p = params[Math.min(i, params.length - 1)]!
    if (p.foldable === true && a.constant === undefined) notConstant(entry.name, p.name)
  })
  const types = args.map((a) => a.type)
  const constants = args.map((a) => a.constant)
  const resolved = entry.resolve ? entry.resolve(types, env, constants) : bySignature(entry, types, env)
  return { ...resolved, nullable: resolved.nullable ?? isNullable(entry, args) }
}

function isNullable(entry: FunctionEntry, args: readonly CallArgument[]): boolean {
  if (entry.kind === 'aggregate') return entry.neverNull !== true
  if (entry.kind === 'generator') return true
  return entry.nulls === 'handles' || entry.canBeNull === true || args.some((a) => a.nullable)
}

function bySignature(entry: FunctionEntry, types: readonly DataType[], env: EvalEnv): Resolved {
  const args = coerceToParams(entry, types, env)
  const returns = entry.returns
  if (returns === undefined) throw new AnalysisError('INTERNAL_ERROR', { message: `${entry.name} has no result type` })
  return { args, type: typeof returns === 'function' ? returns(args, env) : returns }
}

/** The argument types after the implicit casts that the entry's `params` ask for. */
export function coerceToParams(entry: FunctionEntry, types: readonly DataType[], env: EvalEnv): readonly DataType[] {
  return types.map((type, i) => {
    const p = entry.params[Math.min(i, entry.params.length - 1)]!
    const fits = p.exact !== true || type.kind === 'void' || accepts(p.accepts, type)
    return (
      (fits ? castToSpec(type, p.accepts, env.ansi) : null) ??
      unexpectedType(entry.name, i + 1, specText(p.accepts), type)
    )
  })
}

/** The type an argument is cast to for a parameter; an untyped NULL takes the first of a list. */
function castToSpec(type: DataType, spec: TypeSpec, ansi: boolean): DataType | null {
  const first = Array.isArray(spec) && type.kind === 'void' ? (spec as readonly TypeSpec[])[0]! : spec
  return implicitCast(type, first, ansi)
}

/** Refuses a call with too few or too many arguments. */
export function checkCount(entry: FunctionEntry, count: number): void {
  const last = entry.params.at(-1)
  const least = entry.params.filter((p) => p.optional !== true && p.variadic !== true).length
  const most = last?.variadic === true ? Infinity : entry.params.length
  if (count >= least && count <= most) return
  const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`
  const expected =
    most === Infinity ? `at least ${plural(least)}` : least === most ? plural(least) : `${least} to ${plural(most)}`
  throw new AnalysisError(
    'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
    { function: entry.name, expected, actual: count },
    { hint: `the signature is ${signature(entry)}` },
  )
}

/** `left(text STRING, count INT)`, optional parameters in brackets. */
export function signature(entry: FunctionEntry): string {
  const params = entry.params.map((p) => {
    const text = `${p.name} ${specText(p.accepts)}`
    return p.variadic === true ? `${text}, …` : p.optional === true ? `[${text}]` : text
  })
  return `${entry.name}(${params.join(', ')})`
}

function specText(spec: TypeSpec): string {
  if (typeof spec === 'string') return spec
  if ('kind' in spec) return typeName(spec).toUpperCase()
  return spec.map(specText).join(' or ')
}
