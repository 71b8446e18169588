import { formatCalendarInterval } from '../types/interval-format.ts'
import { CalendarInterval } from '../types/value.ts'
import { joinBound, keptSide } from './event-time.ts'
import { exprText } from './expr-text.ts'
import {
  inputsOf,
  isStreaming,
  type Logical,
  type LogicalAggregate,
  type LogicalDedup,
  type LogicalGroupsWithState,
  type LogicalJoin,
  type LogicalWatermark,
} from './logical.ts'
import type { OutputModeName } from '../connectors/provider.ts'
import { streamJoins } from './stream-joins.ts'
import { visitPlan } from './walk.ts'

/** What ends the life of a row of state. */
export type StateBound =
  /** Released when the watermark has reached `until`; `by` are the watermarks it may be. */
  | { readonly kind: 'watermark'; readonly until: string; readonly by: readonly string[] }
  /** Never more than `rows` rows. */
  | { readonly kind: 'count'; readonly rows: number }
  /** Never more rows than the bounded table has. */
  | { readonly kind: 'table' }
  /** The user's function removes it; with a timeout it is asked when a key is silent. */
  | { readonly kind: 'function'; readonly timeout: LogicalGroupsWithState['timeout'] }
  /** The user's processor clears it, or its time to live is over. */
  | { readonly kind: 'processor' }
  /** It grows with every new key or row. `why`: where that is no matter of the query alone. */
  | { readonly kind: 'never'; readonly why?: string }

/** One kind of rows that an operator keeps from batch to batch. */
export interface StateFact {
  /** Id of the logical node. */
  readonly nodeId: number
  readonly operator:
    'aggregation' | 'session windows' | 'deduplication' | 'join' | 'set operation' | 'state function' | 'limit'
  /** What a row of the state stands for. */
  readonly row: string
  /** Names of the columns it is kept by; empty where it is kept by none. */
  readonly key: readonly string[]
  readonly bound: StateBound
}

/**
 * What the operators of a streaming plan remember and what bounds it, inputs before the operators over them: the one
 * place that EXPLAIN and the docs have it from. `mode` null: the plan is looked at before it is known.
 */
export function stateFacts(plan: Logical, mode: OutputModeName | null): readonly StateFact[] {
  const out: StateFact[] = []
  const joins = new Map(streamJoins(plan).map((j) => [j.id, j]))
  visitPlan(plan, (node) => {
    if (isStreaming(node)) out.push(...factsOf(joins.get(node.id) ?? node, mode))
  })
  return out
}

function factsOf(node: Logical, mode: OutputModeName | null): readonly StateFact[] {
  switch (node.op) {
    case 'aggregate':
      return aggregateFacts(node, mode)
    case 'dedup':
      return [dedupFact(node)]
    case 'groupsWithState':
      return [
        {
          nodeId: node.id,
          operator: 'state function',
          row: 'one row per key',
          key: ['key'],
          bound: { kind: 'function', timeout: node.timeout },
        },
      ]
    case 'transformWithState':
      return [
        {
          nodeId: node.id,
          operator: 'state function',
          row: 'what the states of each key hold',
          key: ['key'],
          bound: { kind: 'processor' },
        },
      ]
    case 'setop':
      if (!node.all) return []
      return [
        {
          nodeId: node.id,
          operator: 'set operation',
          row: 'one count per distinct row of the table',
          key: node.attrs.map((a) => a.name),
          bound: { kind: 'table' },
        },
      ]
    case 'join':
      return joinFacts(node)
    case 'limit':
      // Over a result that is written whole each time it counts anew.
      if (aggregates(node.input)) return []
      return [
        {
          nodeId: node.id,
          operator: 'limit',
          row: 'one row with the number of rows that have passed',
          key: [],
          bound: { kind: 'count', rows: 1 },
        },
      ]
    default:
      return []
  }
}

/** The groups, and of each set of arguments with DISTINCT the values that each group has seen. */
function aggregateFacts(node: LogicalAggregate, mode: OutputModeName | null): readonly StateFact[] {
  const groups = groupFact(node, mode)
  const distinct = new Set(
    node.aggregates.flatMap(({ call }) => (call.distinct ? [call.args.map(exprText).join(', ')] : [])),
  )
  const values = [...distinct].map((value): StateFact => {
    // Names are enough here; the numbers of columns are for the plan.
    const row = `one row per (${[...groups.key, `distinct ${value.replaceAll(/#\d+/g, '')}`].join(', ')})`
    return { ...groups, row, bound: groups.bound.kind === 'count' ? { kind: 'never' } : groups.bound }
  })
  return [groups, ...values]
}

function groupFact(node: LogicalAggregate, mode: OutputModeName | null): StateFact {
  const key = node.keys.map((k) => k.attr.name)
  const session = node.keys.some((k) => k.expr.kind === 'attr' && isSession(node.input, k.expr.id))
  const base = {
    nodeId: node.id,
    operator: session ? 'session windows' : 'aggregation',
    row: key.length === 0 ? 'one row' : `one row per (${key.join(', ')})`,
    key,
  } as const
  if (key.length === 0) return { ...base, bound: { kind: 'count', rows: 1 } }
  if (mode === 'complete') return { ...base, bound: { kind: 'never', why: 'mode complete shows every group' } }
  const time = node.keys.find((k) => k.attr.eventTime === true)?.attr
  if (time === undefined) return { ...base, bound: { kind: 'never' } }
  const until = time.type.kind === 'struct' ? `the end of ${time.name}` : time.name
  return { ...base, bound: { kind: 'watermark', until, by: watermarksBelow(node) } }
}

function dedupFact(node: LogicalDedup): StateFact {
  const keys = node.input.attrs.filter((a) => node.keys.includes(a.id))
  const base = {
    nodeId: node.id,
    operator: 'deduplication',
    row: `one row per (${keys.map((a) => a.name).join(', ')})`,
    key: keys.map((a) => a.name),
  } as const
  const by = watermarksBelow(node)
  if (node.withinWatermark)
    return { ...base, bound: { kind: 'watermark', until: 'its first event time plus the delay', by } }
  const time = keys.find((a) => a.eventTime === true)
  return { ...base, bound: time ? { kind: 'watermark', until: time.name, by } : { kind: 'never' } }
}

function joinFacts(node: LogicalJoin): readonly StateFact[] {
  const kept = keptSide(node)
  if (kept !== null) return [keptTableFact(node, kept)]
  if (!isStreaming(node.left) || !isStreaming(node.right)) return []
  const { equalities, leftReleased, rightReleased } = joinBound(node)
  const by = watermarksBelow(node)
  const side = (name: 'left' | 'right', released: boolean): StateFact => {
    const other = name === 'left' ? 'right' : 'left'
    return {
      nodeId: node.id,
      operator: 'join',
      row: `every row of the ${name} side`,
      key: equalities.flatMap((e) => (e[name].kind === 'attr' ? [e[name].name] : [])),
      bound: released
        ? { kind: 'watermark', until: `the last time at which a row of the ${other} side can match`, by }
        : { kind: 'never' },
    }
  }
  return [side('left', leftReleased), side('right', rightReleased)]
}

/** The rows of a table that a join keeps beside a stream, on port `kept`. */
function keptTableFact(node: LogicalJoin, kept: 0 | 1): StateFact {
  const { leftReleased, rightReleased } = joinBound(node)
  const released = kept === 0 ? leftReleased : rightReleased
  const until = 'the last time at which a row of the stream can match'
  return {
    nodeId: node.id,
    operator: 'join',
    row: `every row of the table as of the first start${node.type === 'semi' ? ' that has not matched' : ''}`,
    key: [],
    bound: released ? { kind: 'watermark', until, by: watermarksBelow(node) } : { kind: 'table' },
  }
}

const aggregates = (plan: Logical): boolean =>
  (plan.op === 'aggregate' && isStreaming(plan)) || inputsOf(plan).some(aggregates)

const isSession = (plan: Logical, column: number): boolean =>
  plan.op === 'window'
    ? (plan.gap !== undefined && plan.attrs.at(-1)!.id === column) || isSession(plan.input, column)
    : inputsOf(plan).some((p) => isSession(p, column))

/** The watermarks that may bound a node, as text: `ts (10 seconds behind)`. */
function watermarksBelow(plan: Logical): readonly string[] {
  const found = new Set<string>()
  visitPlan(plan, (p) => {
    if (p.op === 'watermark') found.add(watermarkText(p))
  })
  return [...found]
}

/** A watermark in words: its column and how far it stays behind. */
export function watermarkText(node: LogicalWatermark): string {
  const name = node.attrs.find((a) => a.id === node.column)?.name ?? '?'
  const delayUs = BigInt(node.delayUs)
  return delayUs === 0n ? name : `${name} (${formatCalendarInterval(new CalendarInterval(0, 0, delayUs))} behind)`
}

/** A bound in words. What is never released is called UNBOUNDED. */
export function boundText(bound: StateBound): string {
  switch (bound.kind) {
    case 'watermark':
      return `released when the watermark on ${bound.by.join(' or ')} reaches ${bound.until}`
    case 'count':
      return bound.rows === 1 ? 'never more' : `never more than ${bound.rows}`
    case 'table':
      return 'never more than the table has'
    case 'processor':
      return 'UNBOUNDED unless the processor clears it or its time to live is over'
    case 'function':
      return bound.timeout === 'NoTimeout'
        ? 'UNBOUNDED unless the function removes it'
        : `until the function removes it, which is called at its ${bound.timeout}`
    case 'never':
      return bound.why === undefined ? 'UNBOUNDED: never released' : `UNBOUNDED: never released, ${bound.why}`
  }
}

/** A fact in a line. */
export const stateText = (fact: StateFact): string => `${fact.row}, ${boundText(fact.bound)}`
