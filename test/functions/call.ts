import { MillraceError } from '../../src/errors/errors.ts'
import type { CallSite, CodegenSite, EvalEnv, GeneratorEntry, ScalarEntry } from '../../src/functions/entry.ts'
import { lookup, resolveCall } from '../../src/functions/registry.ts'
import { caster } from '../../src/types/cast.ts'
import { INT, sameType, STRING, typeName, VOID, type DataType } from '../../src/types/data-type.ts'
import { parseType } from '../../src/types/ddl.ts'
import { formatValue } from '../../src/types/format.ts'
import type { Value } from '../../src/types/value.ts'

/** An argument: a value of a type, or a lambda as a function over values with the type of its body. */
export interface Argument {
  readonly type: DataType
  readonly value: Value | ((...args: never[]) => Value)
  readonly constant: boolean
}

const optionsOf = (env: EvalEnv, mode: 'ansi' | 'legacy') => ({
  mode,
  timeZone: env.timeZone,
  nowUs: () => env.batchTimeUs(),
})

/** A session: UTC, ANSI, batch time 2026-11-20 10:00:00 UTC unless told otherwise. */
export const session = (more: Partial<EvalEnv> = {}): EvalEnv => ({
  timeZone: 'UTC',
  ansi: true,
  caseSensitive: false,
  mapKeyDedupPolicy: 'EXCEPTION',
  batchTimeUs: () => 1_795_168_800_000_000n,
  ...more,
})

/** A constant of a type given as text, cast from STRING: `of('date', '2026-01-31')`. */
export function of(type: string, text: string | null, env: EvalEnv = session()): Argument {
  const t = parseType(type)
  return {
    type: t,
    value: text === null ? null : t.kind === 'string' ? text : caster(STRING, t, optionsOf(env, 'ansi'))(text),
    constant: true,
  }
}

/** A constant of a type given as a value. */
export const value = (type: string, v: Value): Argument => ({ type: parseType(type), value: v, constant: true })
/** The same argument as a column: no constant for the function. */
export const column = (a: Argument): Argument => ({ ...a, constant: false })
/** A lambda whose body has a type. */
export const lambda = (type: string, f: (...args: never[]) => Value): Argument => ({
  type: parseType(type),
  value: f,
  constant: false,
})
/** An untyped NULL. */
export const untyped: Argument = { type: VOID, value: null, constant: true }

type Loose = Argument | string | number
const argument = (a: Loose): Argument =>
  typeof a === 'string'
    ? { type: STRING, value: a, constant: true }
    : typeof a === 'number'
      ? { type: INT, value: a, constant: true }
      : a

/** A call with settled types and cast arguments. */
function prepare(
  name: string,
  loose: readonly Loose[],
  env: EvalEnv,
): { site: CallSite; values: readonly Argument['value'][]; entry: ScalarEntry | GeneratorEntry } {
  const entry = lookup(name)
  if (entry === undefined || entry.kind === 'aggregate') throw new TypeError(`no scalar function ${name}`)
  const args = loose.map(argument)
  const constantOf = (a: Argument): Value | undefined =>
    a.constant && typeof a.value !== 'function' ? a.value : undefined
  const types = args.map((a) => a.type)
  const resolved =
    entry.kind === 'generator'
      ? { args: types, type: VOID }
      : resolveCall(
          entry,
          args.map((a) => ({ type: a.type, nullable: true, constant: constantOf(a) })),
          env,
        )
  const values = args.map((a, i) => {
    const to = resolved.args[i]!
    if (a.value === null || typeof a.value === 'function' || sameType(a.type, to)) return a.value
    return caster(a.type, to, optionsOf(env, env.ansi ? 'ansi' : 'legacy'))(a.value)
  })
  const constants = args.map((a, i) => (constantOf(a) === undefined ? undefined : (values[i] as Value)))
  return { site: { name, args: resolved.args, type: resolved.type, constants, env }, values, entry }
}

/** Calls a scalar function: the text of its result and the name of its type. */
export function call(
  name: string,
  args: readonly Loose[],
  env: EvalEnv = session(),
): { text: string; type: string; value: Value } {
  const { site, values, entry } = prepare(name, args, env)
  const scalar = entry as ScalarEntry
  const body = (scalar.bind ? scalar.bind(site) : scalar.eval!) as (...args: readonly unknown[]) => Value
  const result = scalar.nulls !== 'handles' && values.includes(null) ? null : body(...values)
  return { text: formatValue(result, site.type, env.timeZone), type: typeName(site.type), value: result }
}

/** The text of the result alone. */
export const shows = (name: string, args: readonly Loose[], env: EvalEnv = session()): string =>
  call(name, args, env).text

/** The condition a call raises; undefined when it raises none. */
export function fault(name: string, args: readonly Loose[], env: EvalEnv = session()): string | undefined {
  try {
    call(name, args, env)
    return undefined
  } catch (e) {
    if (e instanceof MillraceError) return e.code
    throw e
  }
}

/** The rows a generator gives, and its columns as `name type`. */
export function rows(
  name: string,
  args: readonly Loose[],
  env: EvalEnv = session(),
): { rows: readonly (readonly Value[])[]; columns: readonly string[] } {
  const { site, values, entry } = prepare(name, args, env)
  const generator = entry as GeneratorEntry
  const columns = generator.columns(site.args, site.constants)
  const body = generator.bind(site) as (...args: readonly unknown[]) => Iterable<readonly Value[]>
  return { rows: [...body(...values)], columns: columns.map((c) => `${c.name} ${typeName(c.type)}`) }
}

const INT64_SHAPES = new Set(['bigint', 'timestamp', 'timestamp_ntz', 'interval_dt'])

/** What the generated code of a call gives in one mode; undefined when the entry leaves it to `eval`. */
export function generated(
  name: string,
  args: readonly Loose[],
  int64: 'narrow' | 'wide',
  env: EvalEnv = session(),
): Value | undefined {
  const { site, values, entry } = prepare(name, args, env)
  const kept: unknown[] = []
  const codegenSite: CodegenSite = { ...site, int64, constant: (v) => `k[${kept.push(v) - 1}]` }
  const inForm = (v: unknown, type: DataType): unknown =>
    int64 === 'narrow' && INT64_SHAPES.has(type.kind) ? Number(v) : v
  const code = (entry as ScalarEntry).codegen?.(
    values.map((_, i) => `a[${i}]`),
    codegenSite,
  )
  if (code === null || code === undefined) return undefined
  const rt = { n53: (n: number) => n }
  const run = new Function('a', 'k', 'rt', `return ${code}`) as (a: unknown[], k: unknown[], rt: unknown) => Value
  const result = run(
    values.map((v, i) => inForm(v, site.args[i]!)),
    kept,
    rt,
  )
  return int64 === 'narrow' && INT64_SHAPES.has(site.type.kind) ? BigInt(result as number) : result
}
