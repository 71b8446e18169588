import { InternalError } from '../errors/errors.ts'
import { equalValues } from '../types/compare.ts'
import { decodeLiteral } from '../types/literal.ts'
import type { Value } from '../types/value.ts'
import type { CallExpr, CaseExpr, Expr, InExpr, LambdaExpr, LogicExpr } from './bound.ts'
import { casterOf, evalOf, scalarEntryOf, siteOf, type ExprEnv } from './env.ts'
import { locate } from './fault.ts'

/** How many rows were interpreted in this process: a test asserts that a running stream adds none. */
export const interpretCalls = { count: 0 }

/** Values of lambda parameters by id. */
type Frame = Map<number, Value>
/** Takes the error of a function or cast whose value is to be NULL; may throw it. */
export type OnFault = (error: unknown) => void
type Node = (row: readonly Value[], frame: Frame) => Value

/**
 * Evaluates `expr` one row at a time over plain Values: slow and obviously right. The judge of compiled code,
 * the folder of constants, and what locates a failing clause once compiled code has failed; never a hot path.
 * An ExecutionError of a function or cast carries the span of its node. With `onFault` it is told of the error and the
 * value of that node is NULL.
 */
export function interpret(expr: Expr, env: ExprEnv, onFault: OnFault | null = null): (row: readonly Value[]) => Value {
  const node = build(expr, env, onFault)
  return (row) => {
    interpretCalls.count++
    return node(row, new Map())
  }
}

function build(e: Expr, env: ExprEnv, onFault: OnFault | null): Node {
  switch (e.kind) {
    case 'attr':
      throw new InternalError(`column "${e.name}" was not bound to a position`)
    case 'column':
      return (row) => row[e.index]!
    case 'literal': {
      const value = decodeLiteral(e.value, e.type)
      return () => value
    }
    case 'param':
      return (_row, frame) => frame.get(e.id)!
    case 'context':
      return () => env.batchTimeUs()
    case 'field': {
      const arg = build(e.arg, env, onFault)
      return (row, frame) => {
        const struct = arg(row, frame) as readonly Value[] | null
        return struct === null ? null : struct[e.index]!
      }
    }
    case 'cast': {
      const arg = build(e.arg, env, onFault)
      const cast = casterOf(e, env)
      return (row, frame) => {
        const value = arg(row, frame)
        if (value === null) return null
        try {
          return cast(value)
        } catch (error) {
          return failed(locate(error, e.at), onFault)
        }
      }
    }
    case 'and':
    case 'or':
      return logic(e, env, onFault)
    case 'case':
      return branches(e, env, onFault)
    case 'coalesce': {
      const args = e.args.map((a) => build(a, env, onFault))
      return (row, frame) => {
        for (const arg of args) {
          const value = arg(row, frame)
          if (value !== null) return value
        }
        return null
      }
    }
    case 'in':
      return membership(e, env, onFault)
    case 'call':
      return call(e, env, onFault)
    case 'lambda':
      throw new InternalError('a lambda outside a function call')
  }
}

function failed(error: unknown, onFault: OnFault | null): null {
  if (onFault === null) throw error
  onFault(error)
  return null
}

/** Three-valued; stops at the first argument that settles the answer. */
function logic(e: LogicExpr, env: ExprEnv, onFault: OnFault | null): Node {
  const args = e.args.map((a) => build(a, env, onFault))
  const settles = e.kind === 'or'
  return (row, frame) => {
    let unknown = false
    for (const arg of args) {
      const value = arg(row, frame)
      if (value === settles) return settles
      if (value === null) unknown = true
    }
    return unknown ? null : !settles
  }
}

function branches(e: CaseExpr, env: ExprEnv, onFault: OnFault | null): Node {
  const list = e.branches.map((b) => ({ when: build(b.when, env, onFault), then: build(b.then, env, onFault) }))
  const otherwise = build(e.otherwise, env, onFault)
  return (row, frame) => {
    for (const b of list) if (b.when(row, frame) === true) return b.then(row, frame)
    return otherwise(row, frame)
  }
}

function membership(e: InExpr, env: ExprEnv, onFault: OnFault | null): Node {
  const arg = build(e.arg, env, onFault)
  const list = e.list.map((x) => build(x, env, onFault))
  const equal = equalValues(e.arg.type)
  return (row, frame) => {
    const value = arg(row, frame)
    if (value === null) return null
    let unknown = false
    for (const item of list) {
      const other = item(row, frame)
      if (other === null) unknown = true
      else if (equal(value, other)) return true
    }
    return unknown ? null : false
  }
}

/** NULL propagates from left to right: arguments behind a NULL are not evaluated. */
function call(e: CallExpr, env: ExprEnv, onFault: OnFault | null): Node {
  const entry = scalarEntryOf(e, env)
  const fn = evalOf(entry, siteOf(e.fn, e.args, e.type, env))
  const args = e.args.map((a) => (a.kind === 'lambda' ? lambda(a, env, onFault) : build(a, env, onFault)))
  const propagate = entry.nulls !== 'handles'
  return (row, frame) => {
    const values: unknown[] = []
    for (const arg of args) {
      const value = arg(row, frame)
      if (value === null && propagate) return null
      values.push(value)
    }
    try {
      return fn(...values)
    } catch (error) {
      return failed(locate(error, e.at), onFault)
    }
  }
}

/** A lambda as the function over Values that function bodies call. */
function lambda(
  e: LambdaExpr,
  env: ExprEnv,
  onFault: OnFault | null,
): (row: readonly Value[], frame: Frame) => (...args: readonly Value[]) => Value {
  const body = build(e.body, env, onFault)
  return (row, frame) =>
    (...args) => {
      e.params.forEach((p, i) => frame.set(p.id, args[i]!))
      return body(row, frame)
    }
}
