import { MillraceError } from '../../src/errors/errors.ts'
import type { Expr, LambdaExpr, ParamExpr } from '../../src/expr/bound.ts'
import type { FunctionEntry, Param, TypeSpec } from '../../src/functions/entry.ts'
import {
  arrayOf,
  BIGINT,
  BINARY,
  BOOLEAN,
  CALENDAR_INTERVAL,
  DATE,
  dayTimeInterval,
  decimal,
  DOUBLE,
  field,
  FLOAT,
  INT,
  mapOf,
  SMALLINT,
  STRING,
  structOf,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  TINYINT,
  yearMonthInterval,
  type DataType,
} from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { pick, randomValue } from './random-values.ts'

/** Random argument types that a registry entry may take. */

/** The types sampled. */
export const POOL: readonly DataType[] = [
  BOOLEAN,
  TINYINT,
  SMALLINT,
  INT,
  BIGINT,
  FLOAT,
  DOUBLE,
  decimal(9, 2),
  decimal(18, 6),
  decimal(30, 4),
  decimal(38, 0),
  decimal(38, 38),
  STRING,
  BINARY,
  DATE,
  TIMESTAMP,
  TIMESTAMP_NTZ,
  dayTimeInterval(),
  yearMonthInterval(),
  CALENDAR_INTERVAL,
  arrayOf(INT),
  arrayOf(STRING),
  arrayOf(BIGINT),
  arrayOf(arrayOf(INT)),
  mapOf(STRING, INT),
  mapOf(INT, STRING),
  structOf([field('a', INT), field('b', STRING)]),
  arrayOf(structOf([field('k', STRING), field('v', INT)])),
  arrayOf(DOUBLE, false),
  mapOf(STRING, arrayOf(DOUBLE)),
  structOf([field('start', TIMESTAMP, false), field('end', TIMESTAMP, false)]),
]

/** The types of POOL in each class of parameters. */
export const CLASSES: Readonly<Record<string, (t: DataType) => boolean>> = {
  NUMERIC: (t) => ['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal'].includes(t.kind),
  INTEGRAL: (t) => ['tinyint', 'smallint', 'int', 'bigint'].includes(t.kind),
  DECIMAL: (t) => t.kind === 'decimal',
  ARRAY: (t) => t.kind === 'array',
  MAP: (t) => t.kind === 'map',
  STRUCT: (t) => t.kind === 'struct',
  INTERVAL: (t) => t.kind.startsWith('interval'),
}

/** One argument: a constant, a lambda, or else a column of `type`. */
export type Argument = { readonly type: DataType; readonly constant: Value | undefined; readonly lambda?: LambdaExpr }

function typeFor(spec: TypeSpec, random: () => number): DataType {
  if (Array.isArray(spec)) return typeFor(pick(random, spec as readonly TypeSpec[]), random)
  if (typeof spec !== 'string') return random() < 0.85 ? (spec as DataType) : pick(random, POOL)
  const fits = CLASSES[spec]
  return pick(random, fits ? POOL.filter(fits) : POOL)
}

let nextParam = 1

/** A lambda whose body is a parameter, a test of one, or a constant: one of them suits most functions. */
function lambdaFor(param: Param, before: readonly DataType[], random: () => number): LambdaExpr | null {
  const arity = 1 + Math.floor(random() * 3)
  let types: readonly DataType[]
  try {
    types = param.lambda!(before, arity)
  } catch (error) {
    if (error instanceof MillraceError) return null
    throw error
  }
  if (types.length !== arity) return null
  const params = types.map((type): ParamExpr => ({ kind: 'param', id: nextParam++, name: 'p', type, nullable: true }))
  const chosen = pick(random, params)
  const body: Expr =
    random() < 0.5 ? chosen : { kind: 'call', fn: 'isnotnull', args: [chosen], type: BOOLEAN, nullable: false }
  return { kind: 'lambda', params, body, type: body.type, nullable: true }
}

/** Arguments `entry` may take, or null when this throw of the dice gave none. */
export function argumentsFor(entry: FunctionEntry, small: boolean, random: () => number): Argument[] | null {
  const fixed = entry.params.filter((p) => p.variadic !== true)
  const optional = fixed.filter((p) => p.optional === true).length
  const variadic = entry.params.some((p) => p.variadic === true) ? Math.floor(random() * 4) : 0
  const wanted = [
    ...fixed.slice(0, fixed.length - Math.floor(random() * (optional + 1))),
    ...Array<Param>(variadic).fill(entry.params.at(-1)!),
  ]
  const same = random() < 0.6 ? pick(random, POOL) : null
  const out: Argument[] = []
  for (const p of wanted) {
    if (p.accepts === 'FUNCTION') {
      const lambda = lambdaFor(
        p,
        out.map((a) => a.type),
        random,
      )
      if (lambda === null) return null
      out.push({ type: lambda.type, constant: undefined, lambda })
      continue
    }
    const type = same !== null && (p.accepts === 'ANY' || p.accepts === 'ORDERABLE') ? same : typeFor(p.accepts, random)
    if (p.accepts === 'ANY' && random() < 0.05) out.push({ type: DOUBLE, constant: pick(random, [0, 0.25, 0.5, 1]) })
    else if (p.foldable !== true && random() >= 0.2) out.push({ type, constant: undefined })
    // Constants that must be constant are often shares.
    else if (p.foldable === true && type.kind === 'double' && random() < 0.5)
      out.push({ type, constant: pick(random, [0, 0.25, 0.5, 1]) })
    else out.push({ type, constant: randomValue(type, random, small, p.foldable === true ? 0.03 : 0.1) })
  }
  return out
}
