import { CHANGE_TYPE, OUTPUT_MODES, type OutputModeName } from '../connectors/provider.ts'
import { AnalysisError, OptionError, UnsupportedError } from '../errors/errors.ts'
import type { Span } from '../errors/span.ts'
import { visit } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { checkChanges } from './changes.ts'
import { eventTimeColumns, JOIN_NAME, joinBound, joinWithoutWatermark, keptSide } from './event-time.ts'
import { inputsOf, isStreaming, type Logical, type LogicalAggregate, type LogicalJoin } from './logical.ts'
import { sessionOf } from './session-of.ts'
import { isStreamJoin, streamJoins } from './stream-joins.ts'
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
  checkEqualities(plan)
  checkChanges(plan, m, env)
}

/** A join of two streams needs an equality. */
function checkEqualities(plan: Logical): void {
  for (const join of streamJoins(plan))
    if (joinBound(join).equalities.length === 0)
      throw new UnsupportedError(
        'STREAMING_JOIN_WITHOUT_EQUALITY',
        {},
        { at: join.condition?.at ?? join.at, hint: 'join on l.key = r.key' },
      )
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

function checkNode(node: Logical, mode: OutputModeName, extensions: boolean): void {
  checkExpressions(node)
  switch (node.op) {
    case 'aggregate':
      return checkAggregate(node, extensions)
    case 'generate':
      // Rows of a session have no key by which they could be taken back when it grows.
      if (mode === 'update' && node.input.op === 'aggregate' && sessionOf(node.input))
        refuseMode('rows of a session', mode, node.at, 'write in output mode append')
      return
    case 'join':
      return checkJoin(node, mode, extensions)
    case 'dedup':
      if (node.withinWatermark && eventTimeColumns(node.input).length === 0)
        throw new UnsupportedError(
          'STREAMING_DEDUP_WITHOUT_WATERMARK',
          {},
          { at: node.at, hint: 'call withWatermark(...) before it' },
        )
      // It would drop the rows of the result that it has seen in the batch before.
      if (mode === 'complete' && streamingAggregates(node.input).length > 0)
        throw new UnsupportedError(
          'STREAMING_CHAINED_STATE',
          { upper: describe(node), lower: 'an aggregation', mode },
          { at: node.at, hint: 'use SELECT DISTINCT where the result is read' },
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
      // With ALL every row is given at once; without, they are grouped.
      if (mode === 'append' && !(extensions && node.all) && !node.attrs.some((x) => x.eventTime))
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
    case 'transformWithState':
      if (mode === 'changelog' && node.emits === 'update')
        throw new UnsupportedError(
          'STREAMING_STATE_FUNCTION_MODE',
          { emits: node.emits, place: 'in output mode changelog' },
          { at: node.at, hint: 'nobody knows which row a result takes the place of: write in output mode update' },
        )
      if (node.initial !== null && isStreaming(node.initial))
        throw new UnsupportedError(
          'STREAMING_INITIAL_STATE',
          { function: node.label },
          { at: node.at, hint: 'give a bounded table as initialState, or read the stream as one of the inputs' },
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
  const distinct = extensions ? undefined : node.aggregates.find((x) => x.call.distinct)
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

function checkJoin(node: LogicalJoin, mode: OutputModeName, extensions: boolean): void {
  if (isStreamJoin(node)) return checkStreamJoin(node, mode, extensions)
  const kept = keptSide(node)
  if (kept === null) return
  if (extensions) return checkKeptTable(node, kept, mode)
  const side = kept === 0 ? 'right' : 'left'
  throw new UnsupportedError(
    'STREAMING_JOIN_TYPE',
    { join: JOIN_NAME[node.type], side },
    { at: node.at, hint: `put the stream on the ${kept === 0 ? 'left' : 'right'} side` },
  )
}

function checkStreamJoin(node: LogicalJoin, mode: OutputModeName, extensions: boolean): void {
  const join = JOIN_NAME[node.type]
  if (node.type === 'anti' && !extensions)
    throw new UnsupportedError('STREAMING_JOIN_TYPE', { join, side: 'right' }, { at: node.at })
  const keepsUnmatched = ['left', 'right', 'full', 'anti'].includes(node.type)
  if (mode === 'complete' || (keepsUnmatched && mode === 'update')) refuseJoinMode(node, mode)
  const { leftReleased, rightReleased } = joinBound(node)
  const released =
    node.type === 'right' ? rightReleased : node.type === 'full' ? leftReleased || rightReleased : leftReleased
  if ((keepsUnmatched || node.type === 'semi') && !released) throw joinWithoutWatermark(node)
}

/** A join that keeps the rows of a table on port `kept`: but for a semi join, the watermark must make them final. */
function checkKeptTable(node: LogicalJoin, kept: 0 | 1, mode: OutputModeName): void {
  visitPlan(kept === 0 ? node.left : node.right, (p) => {
    if (p.op === 'scan' && p.source.refresh !== undefined)
      throw new UnsupportedError(
        'STREAMING_JOIN_KEEPS_REFRESHED_TABLE',
        { join: JOIN_NAME[node.type] },
        {
          at: p.at ?? node.at,
          hint: 'rows it has given out cannot be taken back: read the table without refreshInterval, or keep the rows of the stream instead',
        },
      )
  })
  if (node.type === 'semi') return
  if (mode === 'update' || mode === 'complete') refuseJoinMode(node, mode)
  const { leftReleased, rightReleased } = joinBound(node)
  if (!(kept === 0 ? leftReleased : rightReleased)) throw joinWithoutWatermark(node)
}

const refuseJoinMode = (node: LogicalJoin, mode: OutputModeName): never => {
  throw new UnsupportedError(
    'STREAMING_JOIN_OUTPUT_MODE',
    { join: JOIN_NAME[node.type], mode },
    { at: node.at, hint: 'write in output mode append' },
  )
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
    case 'transformWithState':
      return true
    case 'join':
      return isStreamJoin(p) || keptSide(p) !== null
    case 'setop':
      return p.all
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
      ? 'a join over streams'
      : p.op === 'groupsWithState' || p.op === 'transformWithState'
        ? p.label
        : p.op === 'setop'
          ? `${p.kind.toUpperCase()} ALL`
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
