import { caster } from '../types/cast.ts'
import { binaryOperands, commonTypeOf } from '../types/coercion.ts'
import { BOOLEAN, INT, type DataType } from '../types/data-type.ts'
import type { Value } from '../types/value.ts'
import { arg, scalar, type FunctionEntry, type ScalarEntry } from './entry.ts'
import { operandsDiffer, typesDiffer, unexpectedType } from './faults.ts'
import { comparison } from './comparison.ts'

const group = 'conditional'
const any = (name: string): ReturnType<typeof arg> => arg(name, 'ANY')
const common = (fn: string, types: readonly DataType[], ansi: boolean): DataType =>
  commonTypeOf(types, ansi) ?? typesDiffer(fn, types)

/** The first argument that is not NULL. In a plan the analyzer writes these as `coalesce` nodes, which leave later arguments alone. */
function firstOf(name: string, aliases: readonly string[], variadic: boolean, sql: string, gives: string): ScalarEntry {
  return scalar(
    name,
    variadic ? [any('first'), arg('more', 'ANY', { variadic: true })] : [any('value'), any('other')],
    undefined,
    {
      group,
      aliases,
      doc: 'Returns the first argument that is not NULL.',
      examples: [{ sql, gives }],
      nulls: 'handles',
      resolve: (args, env) => {
        const type = common(name, args, env.ansi)
        return { args: args.map(() => type), type }
      },
      eval: (...args: readonly Value[]) => args.find((a) => a !== null) ?? null,
    },
  )
}

/**
 * Functions that choose. `if`, `coalesce`, `nvl`, `nvl2` and `nullif` evaluate all their arguments when called
 * as functions; the analyzer turns them into lazy nodes and takes only the typing from here.
 */
export const entries: readonly FunctionEntry[] = [
  firstOf('coalesce', [], true, 'coalesce(NULL, NULL, 3)', '3'),
  firstOf('nvl', ['ifnull'], false, "nvl(NULL, 'd')", 'd'),
  scalar('nvl2', [any('value'), any('there'), any('missing')], undefined, {
    group,
    doc: 'Returns `there` when `value` is not NULL, else `missing`.',
    examples: [{ sql: 'nvl2(NULL, 1, 2)', gives: '2' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const type = common('nvl2', args.slice(1), env.ansi)
      return { args: [args[0]!, type, type], type }
    },
    eval: (v: Value, a: Value, b: Value) => (v === null ? b : a),
  }),
  scalar('if', [any('condition'), any('then'), any('otherwise')], undefined, {
    group,
    doc: 'Returns `then` when `condition` is true, else `otherwise`.',
    examples: [{ sql: "if(1 > 2, 'a', 'b')", gives: 'b' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const c = args[0]!
      if (c.kind !== 'boolean' && c.kind !== 'void') unexpectedType('if', 1, 'BOOLEAN', c)
      const type = common('if', args.slice(1), env.ansi)
      return { args: [BOOLEAN, type, type], type }
    },
    eval: (c: Value, a: Value, b: Value) => (c === true ? a : b),
  }),
  scalar('nullif', [any('value'), any('other')], undefined, {
    group,
    doc: 'Returns NULL when `value` equals `other`, else `value`.',
    examples: [{ sql: 'nullif(1, 1)', gives: 'NULL' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const [a, b] = args as [DataType, DataType]
      if (binaryOperands('=', a, b, env.ansi) === null) operandsDiffer('=', a, b)
      return { args, type: a }
    },
    bind: (site) => {
      const [a, b] = site.args as [DataType, DataType]
      const operands = binaryOperands('=', a, b, site.env.ansi)!
      const options = { mode: site.env.ansi ? 'ansi' : 'legacy', timeZone: site.env.timeZone } as const
      const left = caster(a, operands.left, options)
      const right = caster(b, operands.right, options)
      const compare = comparison('=', operands.left) as (a: Value, b: Value) => boolean
      const equal = (x: Value, y: Value): boolean => {
        const l = left(x)
        const r = right(y)
        return l !== null && r !== null && compare(l, r)
      }
      return (a: Value, b: Value) => (a !== null && b !== null && equal(a, b) ? null : a)
    },
  }),
  scalar('zeroifnull', [any('value')], undefined, {
    group,
    doc: 'Returns `value`, or 0 when it is NULL.',
    examples: [{ sql: 'zeroifnull(NULL)', gives: '0' }],
    nulls: 'handles',
    resolve: (args, env) => {
      const type = common('zeroifnull', [args[0]!, INT], env.ansi)
      return { args: [type], type, nullable: false }
    },
    bind: (site) => {
      const { kind } = site.type
      const zero: Value = kind === 'bigint' || kind === 'decimal' ? 0n : kind === 'string' ? '0' : 0
      return (v: Value) => v ?? zero
    },
  }),
  scalar('nullifzero', [any('value')], undefined, {
    group,
    doc: 'Returns `value`, or NULL when it is 0.',
    examples: [{ sql: 'nullifzero(0)', gives: 'NULL' }],
    canBeNull: true,
    resolve: (args, env) => {
      const operands = binaryOperands('=', args[0]!, INT, env.ansi)
      if (operands === null) operandsDiffer('=', args[0]!, INT)
      return { args, type: args[0]! }
    },
    eval: (v: Value) => (v === 0 || v === 0n ? null : v),
  }),
]
