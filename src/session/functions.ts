import { callExpr, Column, columnExpr, type ColumnOrName } from '../dataframe/column.ts'
import { AnalysisError } from '../errors/errors.ts'
import type { FunctionEntry } from '../functions/entry.ts'
import { aggregateFunction, reduceEntry } from '../functions/user/aggregate.ts'
import {
  type AggregateFunction,
  type FunctionDefinition,
  functionName,
  resultSchema,
} from '../functions/user/definition.ts'
import { scalarFunction } from '../functions/user/scalar.ts'
import { tableFunction, type TableFunctionDefinition } from '../functions/user/table.ts'
import type { Closure } from '../plan/unresolved.ts'
import type { DataType } from '../types/data-type.ts'

type AnyFunction = (...args: never[]) => unknown

/** A registered function as a call over columns; a string names a column, as everywhere in the DataFrame API. */
export type RegisteredFunction = (...columns: ColumnOrName[]) => Column

/**
 * The functions of one session: registered ones by name, closures by id. Plans hold names and ids only. A closure is
 * found as long as a plan or a query holds it.
 */
export class SessionFunctions {
  readonly #entries = new Map<string, FunctionEntry>()
  readonly #closures = new Map<string, WeakRef<Closure>>()
  readonly #reduces = new WeakMap<Closure, FunctionEntry>()
  readonly #gone = new FinalizationRegistry<string>((id) => this.#closures.delete(id))
  #next = 0

  /** Puts a function under its name; one of the same name is replaced. */
  add(entry: FunctionEntry): void {
    this.#entries.set(entry.name, entry)
  }

  /** Takes a function out; false when there is none of that name. */
  remove(name: string): boolean {
    return this.#entries.delete(name.toLowerCase())
  }

  /** Registered functions in the order of their registration. */
  list(): readonly FunctionEntry[] {
    return [...this.#entries.values()]
  }

  /** A closure under a fresh id. */
  closure(kind: string, fn: AnyFunction, version: string | number | undefined): Closure {
    const id = `closure:${kind.toLowerCase()}:${this.#next++}`
    const method = kind === 'key' ? 'groupByKey' : kind
    const label = fn.name === '' ? method : `${method}(${fn.name})`
    const closure: Closure = { id, label, version: version === undefined ? null : String(version), fn }
    this.#closures.set(id, new WeakRef(closure))
    this.#gone.register(closure, id)
    return closure
  }

  /** The function of a closure; for `ExprEnv.closure`. */
  readonly find = (id: string): AnyFunction | undefined => this.#closures.get(id)?.deref()?.fn

  /** The entry a name calls; for `ExprEnv.lookup`. */
  readonly lookup = (name: string): FunctionEntry | undefined => {
    const key = name.toLowerCase()
    const entry = this.#entries.get(key)
    if (entry !== undefined || !key.startsWith('closure:reducegroups:')) return entry
    const closure = this.#closures.get(key)?.deref()
    if (closure === undefined) return undefined
    let reduce = this.#reduces.get(closure)
    if (reduce === undefined) this.#reduces.set(closure, (reduce = reduceEntry(key, closure.version, closure.fn)))
    return reduce
  }

  /** What a function means besides its name; for fingerprints. */
  readonly identityOf = (name: string): string | undefined => this.lookup(name)?.identity
}

/** `session.udf`: functions of the program that SQL and DataFrames call by name. */
export class UdfRegistration {
  readonly #functions: SessionFunctions

  constructor(functions: SessionFunctions) {
    this.#functions = functions
  }

  /**
   * Registers a function: a scalar one (asynchronous when `async` is declared or written), an aggregate (an object with
   * `zero` or `init`, `reduce`, `merge`, `finish`, `buffer`), or a table function (`function*`, its columns in
   * `returns`). `returns` is a type as DDL. Gives the function as a call over columns.
   */
  register(name: string, fn: AnyFunction, returns: string | DataType | FunctionDefinition): RegisteredFunction
  register<Buffer, In extends readonly unknown[]>(
    name: string,
    fn: AggregateFunction<Buffer, In>,
    returns: string | DataType | FunctionDefinition,
  ): RegisteredFunction
  register(
    name: string,
    fn: AnyFunction | object,
    returns: string | DataType | FunctionDefinition,
  ): RegisteredFunction {
    const definition: FunctionDefinition = typeof returns === 'object' && 'returns' in returns ? returns : { returns }
    if (typeof fn !== 'function') {
      for (const part of ['reduce', 'merge'] as const)
        if (typeof (fn as Readonly<Record<string, unknown>> | null)?.[part] !== 'function')
          throw new AnalysisError('INVALID_FUNCTION_DEFINITION', {
            name,
            reason: `it is neither a function nor an aggregate with ${part}(…)`,
          })
      this.#functions.add(aggregateFunction(name, fn as AggregateFunction<never, never[]>, definition))
    } else if (fn.constructor.name === 'GeneratorFunction')
      return this.registerTable(name, fn as AnyFunction, definition as TableFunctionDefinition)
    else this.#functions.add(scalarFunction(name, fn as AnyFunction, definition))
    return caller(name)
  }

  /** Registers a table function: `fn` gives the rows for its arguments, `returns` are their columns as DDL. */
  registerTable(name: string, fn: AnyFunction, returns: string | TableFunctionDefinition): RegisteredFunction {
    const definition: TableFunctionDefinition = typeof returns === 'string' ? { returns } : returns
    resultSchema(definition.returns)
    this.#functions.add(tableFunction(name, fn, definition))
    return caller(name)
  }

  /** Takes a registered function out; false when there is none of that name. */
  unregister(name: string): boolean {
    return this.#functions.remove(name)
  }

  /** Names of the registered functions. */
  list(): readonly string[] {
    return this.#functions.list().map((e) => e.name)
  }
}

const caller = (name: string): RegisteredFunction => {
  const key = functionName(name)
  return (...columns) => new Column(callExpr(key, columns.map(columnExpr)))
}
