import { AnalysisError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import type { AstExpr } from '../sql/ast.ts'
import type { DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'

/** A session variable. `default` is what SET VAR … = DEFAULT computes anew. */
export interface Variable {
  readonly name: string
  readonly type: DataType
  readonly default: AstExpr | undefined
  readonly value: Value
}

const QUALIFIED: readonly (readonly string[])[] = [[], ['session'], ['system', 'session']]

/** The variables of a session; a name may be qualified with `session` or `system.session`. */
export class Variables {
  readonly #byName = new Map<string, Variable>()

  /** A variable by its dotted name, or undefined. */
  find(name: readonly string[]): Variable | undefined {
    const key = variableKey(name)
    return key === null ? undefined : this.#byName.get(key)
  }

  /** Adds one; VARIABLE_ALREADY_EXISTS unless `replace`. */
  declare(variable: Variable, replace: boolean, at: Span | undefined): void {
    const key = variable.name.toLowerCase()
    if (!replace && this.#byName.has(key))
      throw new AnalysisError(
        'VARIABLE_ALREADY_EXISTS',
        { name: variable.name },
        { at, hint: 'use DECLARE OR REPLACE' },
      )
    this.#byName.set(key, variable)
  }

  set(name: readonly string[], value: Value): void {
    const key = variableKey(name)!
    this.#byName.set(key, { ...this.#byName.get(key)!, value })
  }

  /** False when there is none. */
  drop(name: readonly string[]): boolean {
    const key = variableKey(name)
    return key !== null && this.#byName.delete(key)
  }

  get names(): readonly string[] {
    return [...this.#byName.values()].map((v) => v.name)
  }
}

function variableKey(name: readonly string[]): string | null {
  const qualifier = name.slice(0, -1).map((q) => q.toLowerCase())
  return QUALIFIED.some((q) => q.length === qualifier.length && q.every((x, i) => x === qualifier[i]))
    ? name.at(-1)!.toLowerCase()
    : null
}
