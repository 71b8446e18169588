import { CHANGE_TYPE, OUTPUT_MODES, type OutputModeName } from '../connectors/provider.ts'
import { AnalysisError, OptionError, UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { conjuncts, transform, visit, type Expr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { checkChanges } from './changes.ts'
import { eventTimeColumns, joinBound } from './event-time.ts'
import { inputsOf, isStreaming, type Logical, type LogicalAggregate, type LogicalJoin } from './logical.ts'
import { sessionOf } from './session-of.ts'
import { conjunction } from './term.ts'
import type { JoinType } from './unresolved.ts'
import { expressionsOf, visitPlan } from './walk.ts'

/** Value of a session setting, or undefined. */
export type ConfReader = (key: string) => string | undefined

/**
 * Refuses what cannot run as a stream in an output mode: `plan` is the analyzed plan. The error underlines the clause at fault.
 * Conditions and SQLSTATEs are Spark's; our own names where Spark has only a legacy number.
 */
export function checkStreaming(plan: Logical, mode: string, conf: ConfReader, env: ExprEnv): void {
  checkConf(conf)
  const extensions = conf('millrace.extensions') !== 'false'
  const m = outputMode(mode, extensions)
  if (!isStreaming(plan)) throw new UnsupportedError('STREAM_REQUIRED', {}, { at: plan.at })
  checkMode(plan, m, extensions)
  visitPlan(plan, (node) => {
    if (isStreaming(node)) checkNode(node, m, extensions)
  })
  checkStateFunctions(plan, m)
  checkChains(plan, m, conf)
  checkEqualities(plan, [])
  checkChanges(plan, m, env)
}

/** A join of two streams needs an equality; that of an inner join may stand in a WHERE above it. */
function checkEqualities(node: Logical, above: readonly Expr[]): void {
  switch (node.op) {
    case 'filter':
      return checkEqualities(node.input, [...above, ...conjuncts(node.condition)])
    case 'project': {
      const items = new Map(node.items.map((i) => [i.attr.id, i.expr]))
      return checkEqualities(
        node.input,
        above.map((c) => transform(c, (n) => (n.kind === 'attr' ? (items.get(n.id) ?? n) : n))),
      )
    }
    case 'join': {
      const inner = node.type === 'inner' || node.type === 'cross'
      const condition = conjunction([...(node.condition ? [node.condition] : []), ...(inner ? above : [])])
      if (isStreamJoin(node) && joinBound({ ...node, condition }).equalities.length === 0)
        throw new UnsupportedError(
          'STREAMING_JOIN_WITHOUT_EQUALITY',
          {},
          { at: node.condition?.at ?? node.at, hint: 'join on l.key = r.key' },
        )
      checkEqualities(node.left, inner ? above : [])
      checkEqualities(node.right, inner ? above : [])
      return
    }
    default:
      for (const p of inputsOf(node)) checkEqualities(p, [])
  }
}

/** Refuses settings of streaming queries that have no meaning. */
export function checkConf(conf: ConfReader): void {
  const key = 'spark.sql.streaming.multipleWatermarkPolicy'
  const policy = conf(key)
  if (policy !== undefined && !['min', 'max'].includes(policy.toLowerCase()))
    throw new OptionError('INVALID_CONF_VALUE.REQUIREMENT', {
      key,
      value: policy,
      requirement: 'it must be min or max',
    })
}

/** The output mode a word names, in any case; STREAMING_OUTPUT_MODE.INVALID otherwise. `extensions`: changelog is one. */
export function outputMode(mode: string, extensions: boolean): OutputModeName {
  const known = OUTPUT_MODES.filter((m) => extensions || m !== 'changelog')
  const found = known.find((m) => m === mode.toLowerCase())
  if (found !== undefined) return found
  throw new UnsupportedError(
    'STREAMING_OUTPUT_MODE.INVALID',
    { mode },
    { hint: `the output modes are ${known.slice(0, -1).join(', ')} and ${known.at(-1)}` },
  )
}

const refuseMode = (operation: string, mode: OutputModeName, at: Span | undefined, hint?: string): never => {
  throw new UnsupportedError('STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION', { operation, mode }, { at, hint })
}

/** Aggregations over a stream, the topmost first. */
function streamingAggregates(plan: Logical): readonly LogicalAggregate[] {
  const own = plan.op === 'aggregate' && isStreaming(plan) ? [plan] : []
  return [...own, ...inputsOf(plan).flatMap(streamingAggregates)]
}

function checkMode(plan: Logical, mode: OutputModeName, extensions: boolean): void {
  const aggregates = streamingAggregates(plan)
  const first = aggregates[0]
  switch (mode) {
    case 'append':
      if (first && !first.keys.some((k) => k.attr.eventTime))
        refuseMode(
          first.aggregates.length === 0
            ? 'distinct rows without a watermark column among them'
            : 'an aggregation without a watermark on one of its grouping columns',
          mode,
          first.at,
          'set withWatermark(...) on the event time and group by it or a window of it, or write in output mode update or complete',
        )
      return
    case 'complete':
      if (!first) refuseMode('a query without an aggregation', mode, plan.at, 'write in output mode append or update')
      return
    case 'update': {
      const session = first && sessionOf(first)
      if (session && !extensions)
        refuseMode('session_window', mode, session.at, 'write in output mode append or complete')
      return
    }
    case 'changelog': {
      const taken = plan.attrs.find((a) => a.name.toLowerCase() === CHANGE_TYPE)
      if (taken) throw new AnalysisError('COLUMN_ALREADY_EXISTS', { name: taken.name }, { at: plan.at })
    }
  }
}

const isStreamJoin = (j: LogicalJoin): boolean => isStreaming(j.left) && isStreaming(j.right)

function checkNode(node: Logical, mode: OutputModeName, extensions: boolean): void {
  checkExpressions(node)
  switch (node.op) {
    case 'aggregate':
      return checkAggregate(node, extensions)
    case 'join':
      return checkJoin(node, mode)
    case 'dedup':
      if (node.withinWatermark && eventTimeColumns(node.input).length === 0)
        throw new UnsupportedError(
          'STREAMING_DEDUP_WITHOUT_WATERMARK',
          {},
          { at: node.at, hint: 'call withWatermark(...) before it' },
        )
      return
    case 'union':
      if (node.inputs.some((p) => !isStreaming(p)))
        throw new UnsupportedError('STREAMING_UNION_WITH_TABLE', {}, { at: node.at })
      return
    case 'setop':
      if (node.kind === 'except' && isStreaming(node.right))
        throw new UnsupportedError('STREAMING_EXCEPT', {}, { at: node.right.at ?? node.at })
      if (node.kind === 'intersect' && isStreaming(node.left) && isStreaming(node.right))
        throw new UnsupportedError('STREAMING_INTERSECT', {}, { at: node.at })
      if (mode === 'append' && !node.attrs.some((x) => x.eventTime))
        refuseMode(`${node.kind.toUpperCase()} without a watermark column`, mode, node.at)
      return
    case 'sort':
      if (mode !== 'complete' || streamingAggregates(node).length === 0)
        throw new UnsupportedError(
          'STREAMING_SORT',
          {},
          { at: node.at, hint: node.local ? 'leave SORT BY out' : 'sort where the result is read' },
        )
      return
    case 'limit':
      if (node.offset > 0 && (mode !== 'complete' || streamingAggregates(node).length === 0))
        throw new UnsupportedError('STREAMING_OFFSET', { mode }, { at: node.at })
      if (mode === 'update' || mode === 'changelog')
        throw new UnsupportedError('STREAMING_LIMIT', { mode }, { at: node.at, hint: 'write in output mode append' })
      return
    case 'userMap':
      if (node.kind === 'mapGroups' || node.kind === 'flatMapGroups')
        throw new UnsupportedError(
          'UNSUPPORTED',
          { feature: `${node.kind} over a stream` },
          { at: node.at, hint: 'use flatMapGroupsWithState, reduceGroups or an aggregate function' },
        )
      return
    case 'sample':
      throw new UnsupportedError('STREAMING_SAMPLE', {}, { at: node.at })
    case 'over':
      throw new UnsupportedError(
        'NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING',
        { function: node.calls[0]?.call.fn ?? 'a function' },
        { at: node.calls[0]?.call.at ?? node.at, hint: 'group by window(time, ...) instead' },
      )
    case 'watermark': {
      const column = node.input.attrs.find((x) => x.id === node.column)
      if (column?.eventTime)
        throw new UnsupportedError('STREAMING_WATERMARK_REDEFINED', { name: column.name }, { at: node.at })
    }
  }
}

function checkExpressions(node: Logical): void {
  for (const e of expressionsOf(node))
    visit(e, (n) => {
      if (n.kind === 'call' && n.fn === 'monotonically_increasing_id')
        throw new UnsupportedError('STREAMING_EXPRESSION', { function: n.fn }, { at: n.at })
    })
}

function checkAggregate(node: LogicalAggregate, extensions: boolean): void {
  if (node.pivot) throw new UnsupportedError('STREAMING_PIVOT', {}, { at: node.at })
  const distinct = node.aggregates.find((x) => x.call.distinct)
  if (distinct)
    throw new UnsupportedError(
      'STREAMING_DISTINCT_AGGREGATE',
      { function: distinct.call.fn },
      {
        at: distinct.call.at ?? node.at,
        hint:
          distinct.call.fn === 'count'
            ? 'use approx_count_distinct(...)'
            : 'aggregate over a subquery with dropDuplicates',
      },
    )
  const session = sessionOf(node)
  if (session && node.keys.length === 1 && !extensions)
    throw new UnsupportedError('STREAMING_SESSION_WITHOUT_KEY', {}, { at: session.at })
}

const JOIN_NAME: Readonly<Record<JoinType, string>> = {
  inner: 'inner',
  cross: 'cross',
  left: 'left outer',
  right: 'right outer',
  full: 'full outer',
  semi: 'left semi',
  anti: 'left anti',
}

function checkJoin(node: LogicalJoin, mode: OutputModeName): void {
  const join = JOIN_NAME[node.type]
  const [left, right] = [isStreaming(node.left), isStreaming(node.right)]
  if (left && right) {
    if (node.type === 'anti')
      throw new UnsupportedError('STREAMING_JOIN_TYPE', { join, side: 'right' }, { at: node.at })
    const outer = node.type === 'left' || node.type === 'right' || node.type === 'full'
    if (mode === 'complete' || (outer && mode === 'update'))
      throw new UnsupportedError(
        'STREAMING_JOIN_OUTPUT_MODE',
        { join, mode },
        { at: node.at, hint: 'write in output mode append' },
      )
    const bound = joinBound(node)
    if (outer || node.type === 'semi') {
      const released =
        node.type === 'right'
          ? bound.rightReleased
          : node.type === 'full'
            ? bound.leftReleased || bound.rightReleased
            : bound.leftReleased
      if (!released) {
        const missing =
          'an equality or a range of event-time columns with a watermark on the side that bounds the other'
        throw new UnsupportedError(
          'STREAMING_JOIN_WITHOUT_WATERMARK',
          { join, missing },
          {
            at: node.condition?.at ?? node.at,
            hint: 'set withWatermark(...) on both sides and add a condition such as r.time BETWEEN l.time AND l.time + INTERVAL 5 MINUTES',
          },
        )
      }
    }
    return
  }
  const refuse = (side: 'left' | 'right'): never => {
    throw new UnsupportedError(
      'STREAMING_JOIN_TYPE',
      { join, side },
      { at: node.at, hint: side === 'right' ? 'put the stream on the left side' : 'put the stream on the right side' },
    )
  }
  if (right && (node.type === 'left' || node.type === 'semi' || node.type === 'anti')) refuse('right')
  if (left && node.type === 'right') refuse('left')
  if (node.type === 'full') refuse(left ? 'left' : 'right')
}

/** The mode a state function emits in has to be that of the query; above it only append goes with aggregations. */
function checkStateFunctions(plan: Logical, mode: OutputModeName): void {
  const aggregated = streamingAggregates(plan).length > 0
  let singles = 0
  visitPlan(plan, (p) => {
    if (p.op !== 'groupsWithState' || !isStreaming(p)) return
    const { at, emits } = p
    const refuse = (place: string, hint: string): never => {
      throw new UnsupportedError('STREAMING_STATE_FUNCTION_MODE', { emits, place }, { at, hint })
    }
    if (p.single && ++singles > 1)
      throw new UnsupportedError('STREAMING_STATE_FUNCTION_COUNT', {}, { at, hint: 'use flatMapGroupsWithState' })
    if (aggregated && p.single)
      refuse('together with an aggregation', 'use flatMapGroupsWithState in output mode append')
    if (aggregated && emits === 'update')
      refuse('together with an aggregation', "give the function outputMode: 'append'")
    if (aggregated && streamingAggregates(p).length > 0) refuse('above an aggregation', 'aggregate in another query')
    if (!aggregated && emits !== mode && !(emits === 'append' && mode === 'changelog'))
      refuse(
        `in output mode ${mode}`,
        `write in output mode ${emits}${p.single ? '' : `, or give the function outputMode: '${mode}'`}`,
      )
    if (p.timeout === 'EventTimeTimeout' && p.time === null)
      throw new UnsupportedError(
        'STREAMING_STATE_FUNCTION_WITHOUT_WATERMARK',
        {},
        { at, hint: 'call withWatermark(...) before groupByKey' },
      )
  })
}

/** Operators with state whose output must not feed another one with state in this mode. */
function endsChain(p: Logical, mode: OutputModeName): boolean {
  if (p.op === 'groupsWithState') return p.timeout === 'EventTimeTimeout' && isStreaming(p)
  return p.op === 'aggregate' && mode !== 'append' && isStreaming(p)
}

/** Operators with state that judge lateness. */
function isStateful(p: Logical): boolean {
  if (!isStreaming(p)) return false
  switch (p.op) {
    case 'aggregate':
    case 'groupsWithState':
      return true
    case 'join':
      return isStreamJoin(p)
    case 'dedup':
      return p.withinWatermark || p.input.attrs.some((x) => x.eventTime && p.keys.includes(x.id))
    default:
      return false
  }
}

const describe = (p: Logical): string =>
  p.op === 'aggregate'
    ? p.aggregates.length === 0
      ? 'DISTINCT'
      : 'an aggregation'
    : p.op === 'join'
      ? 'a join of streams'
      : p.op === 'groupsWithState'
        ? p.label
        : 'dropDuplicates'

function checkChains(plan: Logical, mode: OutputModeName, conf: ConfReader): void {
  const single = conf('spark.sql.streaming.statefulOperator.allowMultiple')?.toLowerCase() === 'false'
  visitPlan(plan, (upper) => {
    if (!isStateful(upper)) return
    for (const input of inputsOf(upper))
      visitPlan(input, (lower) => {
        if (endsChain(lower, mode) || (single && isStateful(lower)))
          throw new UnsupportedError(
            'STREAMING_CHAINED_STATE',
            { upper: describe(upper), lower: describe(lower), mode },
            { at: upper.at ?? lower.at, hint: single ? undefined : 'write in output mode append' },
          )
      })
  })
}
