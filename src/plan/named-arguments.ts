import { AnalysisError } from '../errors/errors.ts'
import type { FunctionEntry } from '../functions/entry.ts'
import type { AstCall, AstExpr } from '../sql/ast.ts'

/** Functions whose parameters may be given by name (in Spark few declare their names). */
const BY_NAME = new Set([
  'mask',
  'explode',
  'explode_outer',
  'variant_explode',
  'variant_explode_outer',
  'count_min_sketch',
])

/** Names Spark gives the parameters of those functions. */
const PARAMETER_NAMES: Readonly<Record<string, readonly string[]>> = {
  mask: ['str', 'upperChar', 'lowerChar', 'digitChar', 'otherChar'],
  explode: ['collection'],
  explode_outer: ['collection'],
}

/** Values of parameters of those functions that are left out between others. */
const DEFAULTS: Readonly<Record<string, readonly (string | null)[]>> = { mask: [null, 'X', 'x', 'n', null] }

/**
 * The arguments of a call by parameter, given in order or by name; those left out are undefined, and missing where they
 * are `required`.
 */
export function byParameter(
  call: AstCall,
  fn: string,
  parameters: readonly string[],
  required: number,
): readonly (AstExpr | undefined)[] {
  const out: (AstExpr | undefined)[] = []
  call.args.forEach((arg, i) => {
    const name = call.argNames?.[i]
    const at = name === undefined ? i : parameters.indexOf(name.toLowerCase())
    if (at < 0)
      throw new AnalysisError(
        'UNRECOGNIZED_PARAMETER_NAME',
        { function: fn, name: name! },
        { at: arg.at ?? call.at, hint: `its parameters: ${parameters.join(', ')}` },
      )
    if (out[at] !== undefined)
      throw new AnalysisError(
        'DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE',
        { function: fn, name: parameters[at]! },
        { at: arg.at ?? call.at },
      )
    out[at] = arg
  })
  for (let at = 0; at < required; at++)
    if (out[at] === undefined)
      throw new AnalysisError('REQUIRED_PARAMETER_NOT_FOUND', { function: fn, name: parameters[at]! }, { at: call.at })
  return out
}

/** The arguments of a call in the order of the parameters, where some are given as `name => value`. */
export function orderedByName(call: AstCall, entry: FunctionEntry): readonly AstExpr[] {
  const argNames = call.argNames
  if (!argNames?.some((n) => n !== undefined)) return call.args
  const fn = entry.name
  // Functions of the user's declare the names of their parameters.
  const declared = entry.group === 'user' && !entry.params.some((p) => p.variadic)
  if (!BY_NAME.has(fn) && !declared)
    throw new AnalysisError('NAMED_PARAMETERS_NOT_SUPPORTED', { function: fn }, { at: call.at })
  const names = PARAMETER_NAMES[fn] ?? entry.params.map((p) => p.name)
  const out: (AstExpr | undefined)[] = []
  const named = new Set<number>()
  call.args.forEach((value, i) => {
    const name = argNames[i]
    if (name === undefined) {
      out[i] = value
      return
    }
    const index = names.findIndex((n) => n.toLowerCase() === name.toLowerCase())
    if (index < 0)
      throw new AnalysisError(
        'UNRECOGNIZED_PARAMETER_NAME',
        { function: fn, name },
        { at: value.at ?? call.at, hint: `its parameters: ${names.join(', ')}` },
      )
    if (out[index] !== undefined)
      throw new AnalysisError(
        named.has(index)
          ? 'DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE'
          : 'DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED',
        { function: fn, name },
        { at: value.at ?? call.at },
      )
    named.add(index)
    out[index] = value
  })
  return Array.from({ length: out.length }, (_, i): AstExpr => {
    const given = out[i]
    if (given) return given
    const value = DEFAULTS[fn]?.[i]
    if (value === undefined || i === 0)
      throw new AnalysisError('REQUIRED_PARAMETER_NOT_FOUND', { function: fn, name: names[i]! }, { at: call.at })
    return value === null
      ? { kind: 'literal', type: 'null', text: 'NULL', at: call.at }
      : { kind: 'literal', type: 'string', text: value, at: call.at }
  })
}
