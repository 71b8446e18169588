import { AnalysisError } from '../../errors/errors.ts'
import { isOrderable } from '../../types/coercion.ts'
import { compareValues } from '../../types/compare.ts'
import { arrayOf, BOOLEAN, INT, typeName, type DataType } from '../../types/data-type.ts'
import { shapeOf } from '../../columns/vector.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type AggregateCodegen, type CallSite, type FunctionEntry } from '../entry.ts'
import { aggregate } from './aggregate.ts'

function ordered(fn: string, type: DataType): void {
  if (!isOrderable(type))
    throw new AnalysisError('DATATYPE_MISMATCH.INVALID_ORDERING_TYPE', { function: fn, actual: typeName(type) })
}

function extremeBody(site: CallSite, want: 1 | -1): AggregateBody {
  const compare = compareValues(site.type)
  const put = (state: Value[], v: Value): void => {
    if (v !== null && (state[0] === null || compare(v, state[0]!) * want > 0)) state[0] = v
  }
  return {
    init: () => [null],
    add: (state, [v]) => put(state, v!),
    merge: (state, other) => put(state, other[0]!),
    finish: (state) => state[0]!,
  }
}

const extremeCode =
  (want: 1 | -1): AggregateCodegen =>
  ([s], [v], [x], site) => {
    const op = want === 1 ? '>' : '<'
    const take = (value: string, better: string): string =>
      `if (${v} === 0 || ${better}) { ${s} = ${value}; ${v} = 1; }`
    switch (shapeOf(site.type)) {
      case 'i32':
        return take(x!, `${x} ${op} ${s}`)
      case 'i64':
        if (site.int64 === 'wide') return take(x!, `${x} ${op} ${s}`)
        return `{ const b = BigInt(${x}); ${take('b', `b ${op} ${s}`)} }`
      case 'f32':
      case 'f64':
        // NaN is above every number.
        return take(
          x!,
          want === 1
            ? `${x} > ${s} || (${x} !== ${x} && ${s} === ${s})`
            : `${x} < ${s} || (${s} !== ${s} && ${x} === ${x})`,
        )
      case 'bool':
        return `{ const b = ${x} ? 1 : 0; ${take('b', `b ${op} ${s}`)} }`
      default:
        return null
    }
  }

function extremeEntry(name: 'min' | 'max', want: 1 | -1, gives: string): FunctionEntry {
  return aggregate(name, [arg('value', 'ANY')], undefined, {
    doc: `Returns the ${want === 1 ? 'greatest' : 'least'} value that is not NULL.`,
    examples: [{ sql: `${name}(x) FROM VALUES (2), (1), (3) AS t(x)`, gives }],
    resolve: ([type]) => {
      ordered(name, type!)
      return { args: [type!], type: type! }
    },
    state: (site) => [site.type],
    bind: (site) => extremeBody(site, want),
    resultField: () => 0,
    codegen: extremeCode(want),
  })
}

// ---- max_by, min_by ----

/** State: the value, its rank, and whether there is one; a later row of equal rank takes the place. */
function byBody(site: CallSite, want: 1 | -1): AggregateBody {
  const compare = compareValues(site.args[1]!)
  const put = (state: Value[], value: Value, rank: Value): void => {
    if (rank === null || (state[1] !== null && compare(rank, state[1]!) * want < 0)) return
    state[0] = value
    state[1] = rank
  }
  return {
    init: () => [null, null],
    add: (state, [value, rank]) => put(state, value!, rank!),
    merge: (state, other) => put(state, other[0]!, other[1]!),
    finish: (state) => state[0]!,
  }
}

/** State: the values and ranks of the best `count` rows, best first, and the count. */
function topBody(site: CallSite, want: 1 | -1): AggregateBody {
  const compare = compareValues(site.args[1]!)
  const put = (state: Value[], value: Value, rank: Value, count: number): void => {
    if (rank === null) return
    const values = state[0] as Value[]
    const ranks = state[1] as Value[]
    let i = ranks.length
    while (i > 0 && compare(rank, ranks[i - 1]!) * want > 0) i--
    values.splice(i, 0, value)
    ranks.splice(i, 0, rank)
    if (values.length > count) {
      values.pop()
      ranks.pop()
    }
    state[2] = count
  }
  return {
    init: () => [[], [], 0],
    add: (state, [value, rank, count]) => put(state, value!, rank!, count as number),
    merge: (state, other) =>
      (other[0] as readonly Value[]).forEach((v, i) =>
        put(state, v, (other[1] as readonly Value[])[i]!, other[2] as number),
      ),
    finish: (state) => ((state[0] as readonly Value[]).length === 0 ? null : [...(state[0] as readonly Value[])]),
  }
}

function byEntry(name: string, want: 1 | -1, sql: string, gives: string): FunctionEntry {
  return aggregate(
    name,
    [arg('value', 'ANY'), arg('rank', 'ANY'), arg('count', INT, { optional: true, foldable: true })],
    undefined,
    {
      doc: `Returns \`value\` of the row where \`rank\` is ${want === 1 ? 'greatest' : 'least'}; with \`count\` an array of the first so many.`,
      examples: [{ sql, gives }],
      nulls: 'handles',
      resolve: (args) => {
        ordered(name, args[1]!)
        return args.length > 2 ? { args: [args[0]!, args[1]!, INT], type: arrayOf(args[0]!) } : { args, type: args[0]! }
      },
      state: (site) =>
        site.args.length > 2 ? [arrayOf(site.args[0]!), arrayOf(site.args[1]!), INT] : [site.args[0]!, site.args[1]!],
      bind: (site) => (site.args.length > 2 ? topBody(site, want) : byBody(site, want)),
    },
  )
}

// ---- first, last ----

function edgeBody(last: boolean): AggregateBody {
  const put = (state: Value[], value: Value, ignoreNulls: boolean): void => {
    if ((!last && state[1] === true) || (ignoreNulls && value === null)) return
    state[0] = value
    state[1] = true
  }
  return {
    init: () => [null, false],
    add: (state, [value, ignoreNulls]) => put(state, value!, ignoreNulls === true),
    merge: (state, other) => {
      if (other[1] === true) put(state, other[0]!, false)
    },
    finish: (state) => state[0]!,
  }
}

function edgeEntry(
  name: string,
  aliases: readonly string[],
  last: boolean,
  isOrdered: boolean,
  doc: string,
  gives: string,
): FunctionEntry {
  return aggregate(
    name,
    [arg('value', 'ANY'), arg('ignoreNulls', BOOLEAN, { optional: true, foldable: true })],
    (args) => args[0]!,
    {
      aliases,
      doc,
      examples: [{ sql: `${name}(x) FROM VALUES (3), (1), (2) AS t(x)`, gives }],
      nulls: 'handles',
      ...(isOrdered ? { ordered: true } : {}),
      state: (site) => [site.type, BOOLEAN],
      bind: () => edgeBody(last),
    },
  )
}

/** Least, greatest, first and last values. */
export const entries: readonly FunctionEntry[] = [
  extremeEntry('min', -1, '1'),
  extremeEntry('max', 1, '3'),
  byEntry('max_by', 1, "max_by(k, x) FROM VALUES ('a', 1), ('b', 2) AS t(k, x)", 'b'),
  byEntry('min_by', -1, "min_by(k, x) FROM VALUES ('a', 1), ('b', 2) AS t(k, x)", 'a'),
  edgeEntry(
    'first',
    ['first_value'],
    false,
    true,
    'Returns the first value; the first that is not NULL with `ignoreNulls`.',
    '3',
  ),
  edgeEntry(
    'last',
    ['last_value'],
    true,
    true,
    'Returns the last value; the last that is not NULL with `ignoreNulls`.',
    '2',
  ),
  edgeEntry('any_value', [], false, false, 'Returns some value of the group: the first one seen.', '3'),
]
