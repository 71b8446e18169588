import { compileProjection } from '../expr/compile.ts'
import type { Expr } from '../expr/bound.ts'
import { type ExprEnv, siteOf } from '../expr/env.ts'
import type { Operator } from '../operators/operator.ts'
import { Over, type OverCall, type RankingName } from '../operators/over.ts'
import type { OverBound, OverFrame } from '../operators/over-frame.ts'
import type { DataType, Schema } from '../types/data-type.ts'
import { aggregateEntry } from './aggregates.ts'
import type { OverBoundSpec, OverCallSpec, OverFrameSpec, OverNode } from './spec.ts'

const RANKING: ReadonlySet<string> = new Set<RankingName>([
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
])

/** Window functions of one window definition. */
export function makeOver(node: OverNode, input: Schema, env: ExprEnv): Operator {
  const exprs: Expr[] = [...node.partitionBy, ...node.orderBy.map((k) => k.expr)]
  const column = (e: Expr): number => exprs.push(e) - 1
  const calls = node.calls.map((call) => overCall(call, column, env))
  const projection = compileProjection(exprs, input, env)
  return new Over({
    schema: node.schema,
    columns: (batch) => projection.project(batch),
    types: exprs.map((e) => e.type),
    partitionBy: node.partitionBy.length,
    orderBy: node.orderBy.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
    calls,
  })
}

function overCall(call: OverCallSpec, column: (e: Expr) => number, env: ExprEnv): OverCall {
  const { fn, args, type, ignoreNulls } = call
  const constant = call.constant ?? 1
  if (RANKING.has(fn)) return { kind: 'ranking', fn: fn as RankingName, buckets: constant, type }
  if (fn === 'lag' || fn === 'lead') {
    const otherwise = args[2] === undefined ? null : column(args[2])
    return {
      kind: 'offset',
      shift: fn === 'lag' ? -constant : constant,
      value: column(args[0]!),
      otherwise,
      ignoreNulls,
      type,
    }
  }
  if (fn === 'counter_diff')
    return { kind: 'counter', value: column(args[0]!), since: args[1] === undefined ? null : column(args[1]), type }
  const frame = frameOf(call.frame, column)
  if (fn === 'nth_value') return { kind: 'nth', n: constant, value: column(args[0]!), frame, ignoreNulls, type }
  const entry = aggregateEntry(fn, env)
  const site = siteOf(fn, args, type, env)
  const body = entry.bind(site)
  const state = entry.state(site)
  const exact = [...site.args, ...state].every(isExact)
  // `try_` forms remember that they overflowed, and so cannot forget a row.
  const retracts = body.retract !== undefined && exact && !fn.startsWith('try_')
  const { filter } = call
  return {
    kind: 'aggregate',
    body,
    resultField: entry.resultField?.(site) ?? null,
    // What FILTER leaves out is not computed either.
    args: args.map((a) => column(filter === null || a.kind === 'literal' ? a : onlyWhere(filter, a))),
    filter: filter === null ? null : column(filter),
    skipsNulls: entry.nulls !== 'handles',
    retracts,
    commutes: retracts || ((fn === 'min' || fn === 'max') && exact),
    frame,
    type,
  }
}

/** Sums of these do not depend on the order, and a state of them is nothing but the rows added. */
const isExact = (type: DataType): boolean =>
  [
    'boolean',
    'tinyint',
    'smallint',
    'int',
    'bigint',
    'date',
    'timestamp',
    'timestamp_ntz',
    'string',
    'binary',
  ].includes(type.kind)

const onlyWhere = (when: Expr, then: Expr): Expr => ({
  kind: 'case',
  branches: [{ when, then }],
  otherwise: { kind: 'literal', value: null, type: then.type, nullable: true },
  type: then.type,
  nullable: true,
})

function frameOf(frame: OverFrameSpec, column: (e: Expr) => number): OverFrame {
  const bound = (b: OverBoundSpec): OverBound =>
    b.kind === 'range' ? { kind: 'range', at: column(b.at), key: column(b.key) } : b
  return { unit: frame.unit, start: bound(frame.start), end: bound(frame.end) }
}
