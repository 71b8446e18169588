import { ExecutionError } from '../errors/errors.ts'
import type { CallExpr, LambdaExpr } from './bound.ts'
import { bytesComparison } from './codegen-compare.ts'
import type { Codegen } from './codegen.ts'
import { formOf, type Reg, type Target } from './emitter.ts'
import { scalarEntryOf } from './env.ts'
import type { ScalarEntry } from '../functions/entry.ts'

/** A call of a registry function. */
export function callCode(gen: Codegen, e: CallExpr): Reg {
  const entry = scalarEntryOf(e, gen.bindings.env)
  if (entry.name === 'isnull' || entry.name === 'isnotnull') return nullTest(gen, e, entry.name === 'isnull')
  if (entry.name === '<=>') return nullSafeEqual(gen, e, entry)
  return entry.nulls === 'handles' ? handling(gen, e, entry) : propagating(gen, e, entry)
}

function nullTest(gen: Codegen, e: CallExpr, wanted: boolean): Reg {
  const arg = gen.expr(e.args[0]!)
  const n = arg.n ?? 'false'
  return { type: e.type, form: 'bool', v: wanted ? n : `(!${n})`, n: null }
}

function nullSafeEqual(gen: Codegen, e: CallExpr, entry: ScalarEntry): Reg {
  const args = e.args.map((a) => gen.expr(a))
  const [a, b] = args as [Reg, Reg]
  const v = gen.out.name('v')
  if (a.n === null && b.n === null) {
    const result = { type: e.type, form: 'bool' as const, v, n: null }
    gen.out.line(`let ${v} = false;`)
    compute(gen, e, entry, args, [], { ...result, n: '' })
    return result
  }
  gen.out.line(`let ${v} = false;`)
  gen.out.open(`if (${a.n ?? 'false'} || ${b.n ?? 'false'})`)
  gen.out.line(`${v} = ${a.n ?? 'false'} && ${b.n ?? 'false'};`)
  gen.out.close()
  gen.out.open('else')
  compute(gen, e, entry, args, [], { type: e.type, form: 'bool', v, n: '' })
  gen.out.close()
  return { type: e.type, form: 'bool', v, n: null }
}

/** NULL in, NULL out; arguments behind a NULL one are not evaluated when that could be seen or costs. */
function propagating(gen: Codegen, e: CallExpr, entry: ScalarEntry): Reg {
  const { out } = gen
  const regs: (Reg | null)[] = []
  const lambdas: string[] = []
  let pending: string[] = []
  let result: Target | undefined
  let opened = 0
  const guard = (): void => {
    result ??= gen.declare(e.type)
    out.open(`if (!(${pending.join(' || ')}))`)
    opened++
    pending = []
  }
  for (const a of e.args) {
    if (pending.length > 0 && !gen.isCheap(a)) guard()
    if (a.kind === 'lambda') {
      regs.push(null)
      continue
    }
    const reg = gen.expr(a)
    regs.push(reg)
    if (reg.n !== null) pending.push(reg.n)
  }
  if (pending.includes('true') && opened === 0) return gen.literal(null, e.type)
  if (pending.length > 0) guard()
  for (const a of e.args) lambdas.push(a.kind === 'lambda' ? lambdaCode(gen, a) : '')
  if (result === undefined && isSure(gen, e, entry)) {
    const v = out.name('v')
    const code = codeOf(gen, e, entry, regs)
    if (code !== null) {
      out.line(`const ${v} = ${code};`)
      return { type: e.type, form: formOf(e.type), v, n: null }
    }
  }
  result ??= gen.declare(e.type)
  compute(gen, e, entry, regs, lambdas, result)
  for (; opened > 0; opened--) out.close()
  return result
}

/** Generated code that never gives NULL is to be had. */
const isSure = (_gen: Codegen, e: CallExpr, entry: ScalarEntry): boolean =>
  entry.canBeNull !== true && e.args.every((a) => a.kind !== 'lambda')

/** The function sees NULLs: generated code where no argument is NULL, `eval` otherwise. */
function handling(gen: Codegen, e: CallExpr, entry: ScalarEntry): Reg {
  const { out } = gen
  const regs = e.args.map((a) => (a.kind === 'lambda' ? null : gen.expr(a)))
  const lambdas = e.args.map((a) => (a.kind === 'lambda' ? lambdaCode(gen, a) : ''))
  const result = gen.declare(e.type)
  const nulls = regs.flatMap((r) => (r === null || r.n === null ? [] : [r.n]))
  if (nulls.length === 0) compute(gen, e, entry, regs, lambdas, result)
  else if (entry.codegen === undefined || lambdas.some((f) => f !== '')) callEval(gen, e, entry, regs, lambdas, result)
  else {
    out.open(`if (${nulls.join(' || ')})`)
    callEval(gen, e, entry, regs, lambdas, result)
    out.close()
    out.open('else')
    compute(
      gen,
      e,
      entry,
      regs.map((r) => r && { ...r, n: null }),
      lambdas,
      result,
    )
    out.close()
  }
  return result
}

/** Lines that assign the result of the call to `target`, where no argument is NULL. An empty `target.n` cannot be NULL. */
function compute(
  gen: Codegen,
  e: CallExpr,
  entry: ScalarEntry,
  regs: readonly (Reg | null)[],
  lambdas: readonly string[],
  target: Target,
): void {
  const given = regs.map((r) => r && { ...r, n: null })
  const code = given.includes(null) ? null : codeOf(gen, e, entry, given)
  if (code === null) return callEval(gen, e, entry, given, lambdas, target)
  if (target.n === '') return gen.out.line(`${target.v} = ${code};`)
  if (entry.canBeNull !== true && entry.nulls !== 'handles')
    return gen.out.line(`${target.v} = ${code}; ${target.n} = false;`)
  const t = gen.out.name('x')
  gen.out.line(`const ${t} = ${code};`)
  gen.out.line(`if (${t} !== null) { ${target.v} = ${t}; ${target.n} = false; }`)
}

function callEval(
  gen: Codegen,
  e: CallExpr,
  entry: ScalarEntry,
  regs: readonly (Reg | null)[],
  lambdas: readonly string[],
  target: Target,
): void {
  gen.bindings.fallbacks.set(gen.bindings.keys.of(e), entry.name)
  const fn = gen.out.constant(gen.bindings.eval(e))
  const args = regs.map((r, i) => (r === null ? lambdas[i]! : gen.valueOf(r)))
  if (target.n === '') return gen.out.line(`${target.v} = ${fn}(${args.join(', ')});`)
  const t = gen.out.name('x')
  gen.out.line(`const ${t} = ${fn}(${args.join(', ')});`)
  gen.assignValue(target, t)
}

/** The generated code of the call over arguments that are not NULL, or null. */
function codeOf(gen: Codegen, e: CallExpr, entry: ScalarEntry, regs: readonly (Reg | null)[]): string | null {
  const args = regs as readonly Reg[]
  if (args.length === 2 && args[0]!.form === 'str' && args[1]!.form === 'str') {
    const bytes = bytesComparison(entry.name, args[0]!, args[1]!)
    if (bytes !== null) return bytes
  }
  if (entry.codegen === undefined) return null
  const site = { ...gen.bindings.site(e), int64: gen.int64, constant: (value: unknown) => gen.out.constant(value) }
  try {
    // Text is made only for code that asks for it: try with placeholders first.
    const probe = args.some((a) => a.lazy !== undefined)
    if (
      probe &&
      entry.codegen(
        args.map((a, i) => (a.lazy === undefined ? a.v : `t_${i}`)),
        site,
      ) === null
    )
      return null
    return entry.codegen(
      args.map((a) => gen.named(a)),
      site,
    )
  } catch (error) {
    // A constant no row gets past (a bad pattern): `eval` raises it if a row comes.
    if (error instanceof ExecutionError) return null
    throw error
  }
}

/** Emits a lambda as a JavaScript function over Values and gives its name. */
function lambdaCode(gen: Codegen, e: LambdaExpr): string {
  const name = gen.out.name('f')
  const params = e.params.map(() => gen.out.name('p'))
  gen.out.open(`const ${name} = (${params.join(', ')}) =>`)
  e.params.forEach((p, i) => {
    const form = formOf(p.type)
    const [value, n] = [params[i]!, gen.out.name('n')]
    // A function may call with fewer arguments than the lambda names; what is missing is NULL.
    gen.out.line(`const ${n} = ${value} === null || ${value} === undefined;`)
    const v = gen.out.name('v')
    gen.out.line(`const ${v} = ${n} ? ${gen.empty(form)} : ${gen.fromValue(form, value)};`)
    gen.out.remember(gen.bindings.keys.of(p), { type: p.type, form, v, n })
  })
  gen.out.line(`return ${gen.valueOf(gen.expr(e.body))};`)
  gen.out.close(';')
  return name
}
