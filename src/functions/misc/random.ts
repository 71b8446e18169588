import { randomBytes } from 'node:crypto'
import { commonTypeOf, implicitCast } from '../../types/coercion.ts'
import { BIGINT, DOUBLE, INT, isIntegral, isNumeric, STRING, type DataType } from '../../types/data-type.ts'
import { AnalysisError } from '../../errors/errors.ts'
import type { Value } from '../../types/value.ts'
import { arg, scalar, type CallSite, type EvalFn, type FunctionEntry, type ScalarEntry } from '../entry.ts'
import { outOfRange, notConstant, typesDiffer, unexpectedType } from '../faults.ts'
import { XorShift } from './xorshift.ts'

const group = 'random'

/** The generator of a call: from its seed where that is a constant, else from the operating system's entropy. */
function generator(site: CallSite, at: number): XorShift {
  const c = site.constants[at]
  const seed =
    c === null ? 0n : typeof c === 'bigint' ? c : typeof c === 'number' ? BigInt(c) : randomBytes(8).readBigInt64LE()
  return new XorShift(seed)
}

function checkSeed(fn: string, constants: readonly (Value | undefined)[], args: readonly DataType[], at: number): void {
  if (args.length <= at) return
  if (constants[at] === undefined) throw new AnalysisError('SEED_EXPRESSION_IS_UNFOLDABLE', { function: fn })
  if (!isIntegral(args[at]!) && args[at]!.kind !== 'void') unexpectedType(fn, at + 1, 'INT or BIGINT', args[at]!)
}

function random(name: string, aliases: readonly string[], doc: string, next: (g: XorShift) => number): ScalarEntry {
  return scalar(name, [arg('seed', 'ANY', { optional: true })], undefined, {
    group,
    aliases,
    doc,
    examples: [{ sql: `typeof(${name}(1))`, gives: 'double' }],
    deterministic: false,
    nulls: 'handles',
    resolve: (args, _env, constants) => {
      checkSeed(name, constants, args, 0)
      return { args, type: DOUBLE, nullable: false }
    },
    bind: (site): EvalFn => {
      const g = generator(site, 0)
      return () => next(g)
    },
  })
}

/** Integers give an integer from `low` to `high` − 1, decimals and doubles one between; both bounds must be constant. */
function uniform(site: CallSite): EvalFn {
  const g = generator(site, 2)
  return (low: number | bigint | null, high: number | bigint | null) => {
    if (low === null || high === null) return null
    if (typeof low === 'bigint') return low + BigInt(Math.trunc(g.double() * Number((high as bigint) - low)))
    const x = low + g.double() * ((high as number) - low)
    return isIntegral(site.type) ? Math.trunc(x) : x
  }
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A version 4 UUID from 128 random bits. */
function uuid(g: XorShift): string {
  let hex = ''
  for (let i = 0; i < 8; i++) hex += g.below(65536).toString(16).padStart(4, '0')
  const variant = '89ab'[parseInt(hex[16]!, 16) & 3]!
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Random numbers. Without a seed every call draws its own. */
export const entries: readonly FunctionEntry[] = [
  random('rand', ['random'], 'Returns a random number, uniform from 0 (inclusive) to 1 (exclusive).', (g) =>
    g.double(),
  ),
  random('randn', [], 'Returns a random number of the standard normal distribution.', (g) => g.gaussian()),
  scalar('uniform', [arg('low', 'ANY'), arg('high', 'ANY'), arg('seed', 'ANY', { optional: true })], undefined, {
    group,
    doc: 'Returns a random number from `low` (inclusive) to `high` (exclusive), an integer when both are.',
    examples: [{ sql: 'uniform(1, 1, 3)', gives: '1' }],
    deterministic: false,
    nulls: 'handles',
    resolve: (args, env, constants) => {
      args.slice(0, 2).forEach((a, i) => {
        if (constants[i] === undefined) notConstant('uniform', i === 0 ? 'low' : 'high')
        if (!isNumeric(a) && a.kind !== 'void') unexpectedType('uniform', i + 1, 'a number', a)
      })
      checkSeed('uniform', constants, args, 2)
      const common = commonTypeOf(args.slice(0, 2), env.ansi) ?? typesDiffer('uniform', args)
      const type = common.kind === 'void' ? INT : common
      return { args: [type, type, ...args.slice(2)], type }
    },
    bind: uniform,
  }),
  scalar('randstr', [arg('length', INT), arg('seed', 'ANY', { optional: true })], undefined, {
    group,
    doc: 'Returns a text of `length` random letters and digits.',
    examples: [{ sql: 'length(randstr(7, 3))', gives: '7' }],
    deterministic: false,
    resolve: (args, env, constants) => {
      if (constants[0] === undefined) notConstant('randstr', 'length')
      if (implicitCast(args[0]!, INT, env.ansi) === null) unexpectedType('randstr', 1, 'INT', args[0]!)
      if (constants[0] !== null && Number(constants[0]) < 0)
        outOfRange('randstr', 'length', '0 or more', String(constants[0]))
      checkSeed('randstr', constants, args, 1)
      return { args: [INT, ...args.slice(1)], type: STRING }
    },
    bind: (site) => {
      const g = generator(site, 1)
      return (length: number) => Array.from({ length }, () => LETTERS[g.below(LETTERS.length)]!).join('')
    },
  }),
  scalar('uuid', [arg('seed', BIGINT, { optional: true, foldable: true })], STRING, {
    group,
    doc: 'Returns a random UUID as text.',
    examples: [{ sql: 'length(uuid())', gives: '36' }],
    deterministic: false,
    bind: (site) => {
      const g = generator(site, 0)
      return () => uuid(g)
    },
  }),
]
