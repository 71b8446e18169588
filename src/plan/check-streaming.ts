import type { OutputModeName } from '../connectors/provider.ts'
import { OptionError, UnsupportedError } from '../errors/errors.ts'
import { visit } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import { checkChanges } from './changes.ts'
import { checkChains } from './check-chains.ts'
import { checkEqualities, checkJoin } from './check-joins.ts'
import { checkProcessor, checkStateFunctions } from './check-state-functions.ts'
import { eventTimeColumns } from './event-time.ts'
import { isStreaming, type Logical, type LogicalAggregate } from './logical.ts'
import { checkMode, outputMode, refuseMode } from './output-mode.ts'
import { sessionOf } from './session-of.ts'
import { streamingAggregates } from './streaming-aggregates.ts'
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
  checkChains(plan, m, conf('spark.sql.streaming.statefulOperator.allowMultiple')?.toLowerCase() === 'false')
  checkEqualities(plan)
  checkChanges(plan, m, env)
}

/** Refuses settings of streaming queries that have no meaning. */
function checkConf(conf: ConfReader): void {
  const key = 'spark.sql.streaming.multipleWatermarkPolicy'
  const policy = conf(key)
  if (policy !== undefined && !['min', 'max'].includes(policy.toLowerCase()))
    throw new OptionError('INVALID_CONF_VALUE.REQUIREMENT', {
      key,
      value: policy,
      requirement: 'it must be min or max',
    })
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
          { upper: 'dropDuplicates', lower: 'an aggregation', mode },
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
      return checkProcessor(node, mode)
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
