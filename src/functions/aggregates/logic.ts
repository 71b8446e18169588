import { BOOLEAN, type DataType } from '../../types/data-type.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type FunctionEntry } from '../entry.ts'
import { aggregate } from './aggregate.ts'

/** Folds the values that are not NULL; the state is the result. */
function folding(f: (a: Value, b: Value) => Value): AggregateBody {
  const put = (state: Value[], v: Value): void => {
    if (v !== null) state[0] = state[0] === null ? v : f(state[0]!, v)
  }
  return {
    init: () => [null],
    add: (state, [v]) => put(state, v!),
    merge: (state, other) => put(state, other[0]!),
    finish: (state) => state[0]!,
  }
}

function boolean(
  name: string,
  aliases: readonly string[],
  all: boolean,
  doc: string,
  sql: string,
  gives: string,
): FunctionEntry {
  return aggregate(name, [arg('condition', BOOLEAN)], BOOLEAN, {
    aliases,
    doc,
    examples: [{ sql, gives }],
    state: () => [BOOLEAN],
    bind: () => folding(all ? (a, b) => a === true && b === true : (a, b) => a === true || b === true),
    resultField: () => 0,
    codegen: ([s], [v], [x]) => `if (${v} === 0 || ${all ? `!${x}` : x}) { ${s} = ${x} ? 1 : 0; ${v} = 1; }`,
  })
}

function bits(name: string, op: '&' | '|' | '^', doc: string, sql: string, gives: string): FunctionEntry {
  const on32 = (a: Value, b: Value): Value =>
    op === '&'
      ? (a as number) & (b as number)
      : op === '|'
        ? (a as number) | (b as number)
        : (a as number) ^ (b as number)
  const on64 = (a: Value, b: Value): Value =>
    op === '&'
      ? (a as bigint) & (b as bigint)
      : op === '|'
        ? (a as bigint) | (b as bigint)
        : (a as bigint) ^ (b as bigint)
  return aggregate(name, [arg('value', 'INTEGRAL')], (args: readonly DataType[]) => args[0]!, {
    doc,
    examples: [{ sql, gives }],
    state: (site) => [site.type],
    bind: (site) => folding(site.type.kind === 'bigint' ? on64 : on32),
    resultField: () => 0,
    codegen: ([s], [v], [x], site) => {
      const value = site.type.kind === 'bigint' && site.int64 === 'narrow' ? `BigInt(${x})` : x
      return `{ ${s} = ${v} === 0 ? ${value} : ${s} ${op} ${value}; ${v} = 1; }`
    },
  })
}

/** Aggregates over conditions and bits. */
export const entries: readonly FunctionEntry[] = [
  boolean(
    'bool_and',
    ['every'],
    true,
    'True when `condition` is true for every row where it is not NULL.',
    'bool_and(x > 1) FROM VALUES (1), (2) AS t(x)',
    'false',
  ),
  boolean(
    'bool_or',
    ['some', 'any'],
    false,
    'True when `condition` is true for some row.',
    'bool_or(x > 1) FROM VALUES (1), (2) AS t(x)',
    'true',
  ),
  bits('bit_and', '&', 'Returns the bits set in every value.', 'bit_and(x) FROM VALUES (3), (5) AS t(x)', '1'),
  bits('bit_or', '|', 'Returns the bits set in some value.', 'bit_or(x) FROM VALUES (3), (5) AS t(x)', '7'),
  bits(
    'bit_xor',
    '^',
    'Returns the bits set in an odd number of values.',
    'bit_xor(x) FROM VALUES (3), (5) AS t(x)',
    '6',
  ),
]
