import { hashKey } from '../../types/compare.ts'
import { arrayOf, INT, STRING, structOf, field, BINARY, type ArrayType, type DataType } from '../../types/data-type.ts'
import { compareValues, nullsFirst } from '../../types/compare.ts'
import { implicitCast } from '../../types/coercion.ts'
import type { Value } from '../../types/value.ts'
import { arg, type AggregateBody, type CallSite, type FunctionEntry } from '../entry.ts'
import { unexpectedType } from '../faults.ts'
import { aggregate } from './aggregate.ts'

const list = (v: Value | undefined): Value[] => v as Value[]

function listBody(): AggregateBody {
  return {
    init: () => [[]],
    add: (state, [v]) => {
      list(state[0]).push(v!)
    },
    merge: (state, other) => {
      for (const v of list(other[0])) list(state[0]).push(v)
    },
    finish: (state) => [...list(state[0])],
  }
}

/** Keeps each value once, in the order they came. The set beside the list is made anew for a state from a checkpoint. */
function setBody(type: DataType, spread: boolean): AggregateBody {
  const key = hashKey(type)
  const sets = new WeakMap<readonly Value[], Set<unknown>>()
  const put = (state: Value[], v: Value): void => {
    const values = list(state[0])
    let set = sets.get(values)
    if (set === undefined) sets.set(values, (set = new Set(values.map((x) => (x === null ? null : key(x))))))
    const k = v === null ? null : key(v)
    if (set.has(k)) return
    set.add(k)
    values.push(v)
  }
  return {
    init: () => [[]],
    add: (state, [v]) => {
      if (spread) for (const x of v as readonly Value[]) put(state, x)
      else put(state, v!)
    },
    merge: (state, other) => {
      for (const v of list(other[0])) put(state, v)
    },
    finish: (state) => [...list(state[0])],
  }
}

// ---- listagg ----

const joined = (values: readonly Value[], delimiter: string): Value =>
  typeof values[0] === 'string'
    ? values.join(delimiter)
    : Buffer.concat(
        values.flatMap((v, i) => (i === 0 ? [v as Uint8Array] : [Buffer.from(delimiter, 'utf8'), v as Uint8Array])),
      )

/** State: the values, the delimiter, and the sort keys of each value (structs) where an order is asked for. */
function joinBody(site: CallSite): AggregateBody {
  const keyTypes = site.args.slice(2).filter((_, i) => i % 2 === 0)
  const compares = keyTypes.map((t) => nullsFirst(compareValues(t)))
  return {
    init: () => [[], null, [], []],
    add: (state, [value, delimiter, ...order]) => {
      if (value === null) return
      list(state[0]).push(value!)
      state[1] = delimiter === undefined ? '' : delimiter
      if (order.length === 0) return
      list(state[2]).push(order.filter((_, i) => i % 2 === 0))
      state[3] = order.filter((_, i) => i % 2 === 1)
    },
    merge: (state, other) => {
      list(state[0]).push(...list(other[0]))
      list(state[2]).push(...list(other[2]))
      if (other[1] !== null) state[1] = other[1]!
      if (list(other[3]).length > 0) state[3] = other[3]!
    },
    finish: (state) => {
      const values = list(state[0])
      if (values.length === 0) return null
      const delimiter = (state[1] ?? '') as string
      if (compares.length === 0) return joined(values, delimiter)
      const keys = list(state[2]) as (readonly Value[])[]
      const flags = list(state[3]) as number[]
      const rows = values.map((_, i) => i)
      rows.sort((a, b) => {
        for (const [k, compare] of compares.entries()) {
          const [x, y] = [keys[a]![k]!, keys[b]![k]!]
          const flag = flags[k]!
          if ((x === null) !== (y === null)) return (x === null) === ((flag & 2) !== 0) ? -1 : 1
          const c = compare(x, y)
          if (c !== 0) return flag & 1 ? -c : c
        }
        return a - b
      })
      return joined(
        rows.map((i) => values[i]!),
        delimiter,
      )
    },
  }
}

function joinEntry(
  name: string,
  aliases: readonly string[],
  orders: boolean,
  doc: string,
  sql: string,
  gives: string,
): FunctionEntry {
  const params = [arg('value', [STRING, BINARY]), arg('delimiter', STRING, { optional: true, foldable: true })]
  return aggregate(name, orders ? [...params, arg('order', 'ANY', { variadic: true })] : params, undefined, {
    aliases,
    doc,
    examples: [{ sql, gives }],
    nulls: 'handles',
    ordered: true,
    resolve: (args, env) => {
      const first = args[0]!
      const value =
        first.kind === 'void'
          ? STRING
          : (implicitCast(first, [STRING, BINARY], env.ansi) ?? unexpectedType(name, 1, 'STRING or BINARY', first))
      const rest = args
        .slice(1)
        .map((t, i) =>
          i === 0 ? (implicitCast(t, STRING, env.ansi) ?? unexpectedType(name, 2, 'STRING', t)) : i % 2 === 0 ? INT : t,
        )
      return { args: [value, ...rest], type: value }
    },
    state: (site) => [
      arrayOf(site.type),
      STRING,
      arrayOf(structOf(site.args.slice(2).flatMap((t, i) => (i % 2 === 0 ? [field(`k${i / 2}`, t)] : [])))),
      arrayOf(INT),
    ],
    bind: joinBody,
  })
}

/** Aggregates that keep their values. */
export const entries: readonly FunctionEntry[] = [
  aggregate('collect_list', [arg('value', 'ANY')], (args) => arrayOf(args[0]!, false), {
    aliases: ['array_agg'],
    doc: 'Returns an array of the values that are not NULL.',
    examples: [{ sql: 'collect_list(x) FROM VALUES (2), (1), (NULL), (2) AS t(x)', gives: '[2, 1, 2]' }],
    ordered: true,
    neverNull: true,
    state: (site) => [site.type],
    bind: listBody,
  }),
  aggregate('collect_set', [arg('value', 'ANY')], (args) => arrayOf(args[0]!, false), {
    doc: 'Returns an array of the different values that are not NULL.',
    examples: [{ sql: 'size(collect_set(x)) FROM VALUES (2), (1), (2) AS t(x)', gives: '2' }],
    ordered: true,
    neverNull: true,
    state: (site) => [site.type],
    bind: (site) => setBody(site.args[0]!, false),
  }),
  aggregate('collect_union', [arg('array', 'ARRAY')], (args) => args[0]!, {
    doc: 'Returns an array of the different elements of all arrays.',
    examples: [{ sql: 'size(collect_union(x)) FROM VALUES (array(1, 2)), (array(2, 3)) AS t(x)', gives: '3' }],
    ordered: true,
    neverNull: true,
    state: (site) => [site.type],
    bind: (site) => setBody((site.args[0] as ArrayType).element, true),
  }),
  joinEntry(
    'listagg',
    ['string_agg'],
    false,
    'Returns the values that are not NULL as one text, with `delimiter` between them.',
    "listagg(k, ',') FROM VALUES ('a'), (NULL), ('b') AS t(k)",
    'a,b',
  ),
  joinEntry(
    'listagg_within',
    [],
    true,
    'What LISTAGG … WITHIN GROUP (ORDER BY …) becomes: behind `delimiter` come pairs of a sort key and a number, 1 for descending plus 2 for NULLs first.',
    "listagg_within(k, ',', k, 1) FROM VALUES ('a'), ('c'), ('b') AS t(k)",
    'c,b,a',
  ),
]
