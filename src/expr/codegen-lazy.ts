import type { DataType } from '../types/data-type.ts'
import type { CaseExpr, CoalesceExpr, Expr, FieldExpr, InExpr, LogicExpr } from './bound.ts'
import { equalCode } from './codegen-compare.ts'
import type { Codegen } from './codegen.ts'
import { formOf, type Reg, type Target } from './emitter.ts'
import { constantOf } from './env.ts'
import { sourceOf } from './sources.ts'

/** Member of a struct that is a Value. (A member of a vector is read as a column.) */
export function fieldCode(gen: Codegen, e: FieldExpr): Reg {
  const arg = gen.expr(e.arg)
  const result = gen.declare(e.type)
  const member = gen.out.name('x')
  gen.out.open(arg.n === null ? '' : `if (!${arg.n})`)
  gen.out.line(`const ${member} = ${gen.named(arg)}[${Math.trunc(e.index)}];`)
  gen.assignValue(result, member)
  gen.out.close()
  return result
}

/** Three-valued; stops where the answer is settled. */
export function logicCode(gen: Codegen, e: LogicExpr): Reg {
  const and = e.kind === 'and'
  const v = gen.out.name('v')
  const n = gen.out.name('n')
  const label = gen.out.name('b')
  let nullable = false
  gen.expr(e.args[0]!) // always evaluated: known after the block too
  gen.out.line(`let ${v} = ${and}, ${n} = false;`)
  gen.out.open(`${label}:`)
  for (const a of e.args) {
    const arg = gen.expr(a)
    const settled = `${and ? '!' : ''}${arg.v}`
    const stop = `{ ${v} = ${!and}; ${n} = false; break ${label}; }`
    if (arg.n === 'true') gen.out.line(`${n} = true;`)
    else if (arg.n === null) gen.out.line(`if (${settled}) ${stop}`)
    else gen.out.line(`if (${arg.n}) ${n} = true; else if (${settled}) ${stop}`)
    nullable ||= arg.n !== null
  }
  gen.out.close()
  return { type: e.type, form: 'bool', v, n: nullable ? n : null }
}

/** The first branch whose test is TRUE; later tests and other values are not evaluated. */
export function caseCode(gen: Codegen, e: CaseExpr): Reg {
  const result = declareChoice(gen, e.type, [...e.branches.map((b) => b.then), e.otherwise])
  const label = gen.out.name('b')
  gen.expr(e.branches[0]!.when)
  gen.out.open(`${label}:`)
  for (const b of e.branches) {
    const when = gen.expr(b.when)
    gen.out.open(`if (${gen.isTrue(when)})`)
    gen.assign(result, gen.expr(b.then))
    gen.out.line(`break ${label};`)
    gen.out.close()
  }
  gen.assign(result, gen.expr(e.otherwise))
  gen.out.close()
  return result
}

/** The first value that is not NULL; later ones are not evaluated. */
export function coalesceCode(gen: Codegen, e: CoalesceExpr): Reg {
  const first = e.args[0]
  if (first === undefined) return gen.literal(null, e.type)
  const result = declareChoice(gen, e.type, e.args)
  const label = gen.out.name('b')
  let sure = false
  gen.expr(first)
  gen.out.open(`${label}:`)
  for (const a of e.args) {
    const arg = gen.expr(a)
    gen.assign(result, arg)
    sure = arg.n === null
    if (sure) break
    if (arg.n !== 'true') gen.out.line(`if (!${result.n}) break ${label};`)
  }
  gen.out.close()
  return sure ? { ...result, n: null } : result
}

/** Three-valued membership; a long list of constants becomes a Set. */
export function inCode(gen: Codegen, e: InExpr): Reg {
  const arg = gen.expr(e.arg)
  if (arg.n === 'true') return gen.literal(null, e.type)
  const result = gen.declare(e.type)
  gen.out.open(arg.n === null ? '' : `if (!${arg.n})`)
  const values = e.list.map(constantOf)
  if (e.list.length > 8 && arg.form !== 'value' && values.every((x) => x !== undefined)) {
    const held = values
      .filter((x) => x !== null)
      .map((x) => (arg.form === 'i64' && gen.int64 === 'narrow' ? Number(x) : x))
    gen.out.line(`${result.v} = ${gen.out.constant(new Set(held))}.has(${gen.named(arg)});`)
    gen.out.line(`${result.n} = ${values.includes(null) ? `!${result.v}` : 'false'};`)
  } else {
    const label = gen.out.name('b')
    const unknown = gen.out.name('u')
    gen.out.line(`let ${unknown} = false;`)
    gen.out.open(`${label}:`)
    for (const item of e.list) {
      const other = gen.expr(item)
      const found = (): string => `{ ${result.v} = true; ${result.n} = false; break ${label}; }`
      if (other.n === 'true') gen.out.line(`${unknown} = true;`)
      else if (other.n === null) gen.out.line(`if (${equalCode(gen, arg, other)}) ${found()}`)
      else {
        gen.out.open(`if (!${other.n})`)
        gen.out.line(`if (${equalCode(gen, arg, other)}) ${found()}`)
        gen.out.close(` else ${unknown} = true;`)
      }
    }
    gen.out.line(`${result.n} = ${unknown};`)
    gen.out.close()
  }
  gen.out.close()
  return result
}

/** Declares the result of a choice between `exprs`: bytes where all of them have bytes, so that nothing is decoded. */
function declareChoice(gen: Codegen, type: DataType, exprs: readonly Expr[]): Target {
  if (formOf(type) !== 'str' || !exprs.every((e) => hasBytes(gen, e))) return gen.declare(type)
  const [d, s, t, n] = [gen.out.name('d'), gen.out.name('d'), gen.out.name('d'), gen.out.name('n')]
  gen.out.line(`let ${d} = rt.NO_BYTES, ${s} = 0, ${t} = 0, ${n} = true;`)
  return {
    type,
    form: 'str',
    v: '',
    n,
    lazy: `rt.utf8(${d}, ${s}, ${t})`,
    bytes: { data: d, start: s, end: t, whole: false },
  }
}

/** True when the register of `e`, a STRING, will have bytes. */
function hasBytes(gen: Codegen, e: Expr): boolean {
  switch (e.kind) {
    case 'literal':
      return true
    case 'case':
      return [...e.branches.map((b) => b.then), e.otherwise].every((x) => hasBytes(gen, x))
    case 'coalesce':
      return e.args.every((x) => hasBytes(gen, x))
    default:
      return sourceOf(e, gen.bindings.env, gen.variant.kernels) !== null
  }
}
