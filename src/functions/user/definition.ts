import { AnalysisError, MillraceError } from '../../errors/errors.ts'
import type { DataType, Schema } from '../../types/data-type.ts'
import { parseSchema, parseType } from '../../types/ddl.ts'
import { arg, type EvalEnv, type Param, type Resolved } from '../entry.ts'
import { coerceToParams } from '../registry.ts'

/** How an asynchronous function is called: see AsyncCalls. */
export interface AsyncOptions {
  /** Calls in flight at a time; 16 unless given. */
  readonly concurrency?: number
  /** Tries after the first; 0 unless given. Waits `delayMs` (100) before the first of them, twice as long before each next. */
  readonly retry?: number | { readonly retries: number; readonly delayMs?: number }
  /** Milliseconds after which a try has failed. */
  readonly timeoutMs?: number
  /** Keeps results by arguments: `true` for 10 000 entries without a time limit. */
  readonly cache?: boolean | { readonly maxEntries?: number; readonly ttlMs?: number }
}

/** The declaration of a function for SQL. */
export interface FunctionDefinition {
  /** Types of the arguments: `'a STRING, b INT'`, `'STRING, INT'` or a list of types. Left out: any arguments. */
  readonly args?: string | readonly (string | DataType)[]
  /** Type of the result. */
  readonly returns: string | DataType
  /** False: never NULL, and a NULL result is an error. */
  readonly nullable?: boolean
  /** False: may give another result for the same arguments; it is never folded or moved. */
  readonly deterministic?: boolean
  /** Changes when the meaning changes: a query with state is not continued with another version. */
  readonly version?: string | number
  /** The function gives promises (assumed of an `async` function). */
  readonly async?: boolean | AsyncOptions
}

/** An aggregate of the user's: `zero` is the state of an empty group, `reduce` gives the state with one more row. */
export interface AggregateFunction<Buffer, In extends readonly unknown[]> {
  readonly zero?: Buffer | (() => Buffer)
  readonly init?: () => Buffer
  readonly reduce: (buffer: Buffer, ...args: In) => Buffer
  readonly merge: (left: Buffer, right: Buffer) => Buffer
  readonly finish?: (buffer: Buffer) => unknown
  /** Columns or type of the state, DDL: what a checkpoint keeps. */
  readonly buffer: string | Schema
}

/** The type a definition names. */
export const typeOf = (type: string | DataType): DataType => (typeof type === 'string' ? parseType(type) : type)

/**
 * The columns of results declared as DDL columns (`a INT, b STRING`), as one type (`STRING`, which makes a column
 * `value`), or as a struct type. Throws what the reading of a type throws.
 */
export function resultSchema(declared: string | Schema): Schema {
  if (typeof declared !== 'string') return declared
  const type = attempt(() => parseType(declared))
  if (type === null) return parseSchema(declared)
  return type.kind === 'struct' ? { fields: type.fields } : { fields: [{ name: 'value', type, nullable: true }] }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof MillraceError) return null
    throw error
  }
}

/** Parameters from the declared argument types; without them any number of any type. */
export function paramsOf(args: FunctionDefinition['args']): readonly Param[] {
  if (args === undefined) return [arg('args', 'ANY', { variadic: true })]
  if (typeof args !== 'string') return args.map((t, i) => arg(`arg${i + 1}`, typeOf(t)))
  if (args.trim() === '') return []
  const named = attempt(() => parseSchema(args))
  if (named !== null) return named.fields.map((f) => arg(f.name, f.type))
  return topLevel(args).map((t, i) => arg(`arg${i + 1}`, parseType(t)))
}

/** Splits at the commas outside brackets. */
function topLevel(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i <= text.length; i++) {
    const c = text[i]
    if (c === '<' || c === '(') depth++
    else if (c === '>' || c === ')') depth--
    else if (c === undefined || (c === ',' && depth === 0)) {
      parts.push(text.slice(from, i).trim())
      from = i + 1
    }
  }
  return parts
}

/** Typing of a function of fixed result type: arguments are cast to what it declares. */
export function resolveFixed(
  entry: { readonly params: readonly Param[] },
  type: DataType,
  nullable: boolean,
): (args: readonly DataType[], env: EvalEnv) => Resolved {
  return (args, env) => ({
    args: coerceToParams(entry as Parameters<typeof coerceToParams>[0], args, env),
    type,
    nullable,
  })
}

/** The name a function is called by, in lower case; INVALID_FUNCTION_DEFINITION for what SQL could not call. */
export function functionName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name.toLowerCase()
  throw new AnalysisError(
    'INVALID_FUNCTION_DEFINITION',
    { name, reason: 'a name has letters, digits and underscores' },
    {},
  )
}

/** Text of all that a function means besides its name. */
export const identityOf = (name: string, version: string | number | undefined, more = ''): string =>
  `${name}@${version ?? ''}${more === '' ? '' : ` ${more}`}`
