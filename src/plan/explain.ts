import { eventTimeColumns, joinBound, keptSide } from './event-time.ts'
import { exprText } from './expr-text.ts'
import {
  generatedAttrs,
  inputsOf,
  isStreaming,
  type AggregateCall,
  type Attr,
  type Logical,
  type Named,
  type SortKey,
} from './logical.ts'
import { stateType } from '../functions/user/group-state.ts'
import type { StateVariable } from '../functions/user/processor-handle.ts'
import type { AppliedRule } from './optimize.ts'
import { WEEKDAYS } from '../types/calendar.ts'
import { typeName } from '../types/data-type.ts'
import { streamJoins } from './stream-joins.ts'
import { stateWarnings } from './state-warnings.ts'
import { visitPlan } from './walk.ts'

/** What EXPLAIN shows: the plan as analyzed, and as it will run. */
export interface Explained {
  readonly analyzed: Logical
  readonly optimized?: { readonly plan: Logical; readonly applied: readonly AppliedRule[] } | undefined
}

/** How much EXPLAIN shows: `simple` the optimized plan; every other mode the analyzed plan, the rules applied and the state too. */
export function explain(what: Explained, mode: string): string {
  const { analyzed, optimized } = what
  const last = optimized?.plan ?? analyzed
  const sections: string[] = []
  if (mode !== 'simple') sections.push(`== Analyzed Plan ==\n${columnsLine(analyzed)}\n${describePlan(analyzed)}`)
  if (optimized && mode !== 'simple' && optimized.applied.length > 0)
    sections.push(`== Rules ==\n${optimized.applied.map((r) => `${r.rule}: ${r.note}`).join('\n')}`)
  sections.push(`== ${optimized ? 'Optimized' : 'Analyzed'} Plan ==\n${describePlan(last)}`)
  const state = stateLines(analyzed)
  if (state.length > 0) sections.push(`== State ==\n${state.join('\n')}`)
  const warnings = stateWarnings(analyzed)
  if (warnings.length > 0) sections.push(`== Warnings ==\n${warnings.join('\n')}`)
  return `${sections.join('\n\n')}\n`
}

const columnsLine = (plan: Logical): string => plan.attrs.map((x) => x.name).join(', ')

/** The plan as a tree, one node a line, inputs indented below. Stable: the same plan gives the same text. */
export function describePlan(plan: Logical): string {
  const lines: string[] = []
  const walk = (p: Logical, first: string, rest: string): void => {
    lines.push(first + describeNode(p))
    const inputs = inputsOf(p)
    inputs.forEach((x, i) => {
      const lastInput = i === inputs.length - 1
      walk(x, `${rest}${lastInput ? '+- ' : ':- '}`, `${rest}${lastInput ? '   ' : ':  '}`)
    })
  }
  walk(plan, '', '')
  return lines.join('\n')
}

const column = (x: Attr): string => `${x.name}#${x.id}${x.eventTime ? '*' : ''}`
const columns = (list: readonly Attr[]): string => `[${list.map(column).join(', ')}]`
const named = (n: Named): string =>
  n.expr.kind === 'attr' && n.expr.id === n.attr.id ? column(n.attr) : `${exprText(n.expr)} AS ${column(n.attr)}`
const sortKey = (k: SortKey): string =>
  `${exprText(k.expr)} ${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`

/** An aggregate call as text. */
export function callText(c: AggregateCall): string {
  const args = c.args.map(exprText).join(', ')
  return `${c.fn}(${c.distinct ? 'DISTINCT ' : ''}${args})${c.filter ? ` FILTER (WHERE ${exprText(c.filter)})` : ''}`
}

/** One node in one line. A `*` marks event time. */
export function describeNode(p: Logical): string {
  switch (p.op) {
    case 'scan': {
      const paths = p.columns === null ? '' : ` read=[${p.columns.map((c) => c.join('.')).join(', ')}]`
      const wanted =
        p.predicates.length === 0
          ? ''
          : ` where=[${p.predicates.map((x) => `${x.column.join('.')} ${x.op}${x.literal === null ? '' : ` ${JSON.stringify(x.literal)}`}`).join(', ')}]`
      const { format, streaming, refresh } = p.source
      const again = refresh === undefined ? '' : ` refresh=${refresh}${typeof refresh === 'number' ? 'ms' : ''}`
      return `Scan ${format}${streaming ? ' (stream)' : ''} ${columns(p.attrs)}${paths}${wanted}${again}`
    }
    case 'local':
      return `Values ${columns(p.attrs)} rows=${p.rows.length}`
    case 'range':
      return `Range ${p.start} to ${p.end} step ${p.step} ${columns(p.attrs)}`
    case 'project':
      return `Project [${p.items.map(named).join(', ')}]`
    case 'filter':
      return `Filter ${exprText(p.condition)}`
    case 'aggregate':
      if (p.aggregates.length === 0) return `Distinct [${p.keys.map(named).join(', ')}]`
      return `Aggregate keys=[${p.keys.map(named).join(', ')}] [${p.aggregates.map((x) => `${callText(x.call)} AS ${column(x.attr)}`).join(', ')}]`
    case 'expand':
      return `Expand ${columns(p.attrs)} sets=${p.projections.length} ${p.projections.map((list) => `[${list.map(exprText).join(', ')}]`).join(' ')}`
    case 'window':
      return p.gap
        ? `SessionWindow ${exprText(p.time)} gap=${exprText(p.gap)} AS ${column(p.attrs.at(-1)!)}`
        : p.calendar
          ? `CalendarWindow ${exprText(p.time)} every ${p.calendar.count} ${p.calendar.unit}${p.calendar.zone === null ? '' : ` zone=${p.calendar.zone}`}${p.calendar.unit === 'week' ? ` weekStart=${WEEKDAYS[p.calendar.weekStart]}` : ''} AS ${column(p.attrs.at(-1)!)}`
          : p.cumulates
            ? `CumulatingWindow ${exprText(p.time)} size=${p.sizeUs}us step=${p.slideUs}us start=${p.startUs}us AS ${column(p.attrs.at(-1)!)}`
            : `TimeWindow ${exprText(p.time)} size=${p.sizeUs}us slide=${p.slideUs}us start=${p.startUs}us AS ${column(p.attrs.at(-1)!)}`
    case 'watermark':
      return `Watermark #${p.column} delay=${p.delayUs}us`
    case 'join':
      return `Join ${p.type}${p.condition ? ` ON ${exprText(p.condition)}` : ''}`
    case 'union':
      return `Union ${columns(p.attrs)}`
    case 'setop':
      return `${p.kind === 'intersect' ? 'Intersect' : 'Except'}${p.all ? ' ALL' : ''} ${columns(p.attrs)}`
    case 'sort':
      return `Sort${p.local ? ' local' : ''} [${p.keys.map(sortKey).join(', ')}]`
    case 'limit':
      return `Limit ${p.count === null ? 'all' : p.count}${p.offset > 0 ? ` offset ${p.offset}` : ''}`
    case 'dedup':
      return `Deduplicate${p.withinWatermark ? ' within watermark' : ''} keys=[${p.attrs
        .filter((x) => p.keys.includes(x.id))
        .map(column)
        .join(', ')}]`
    case 'generate':
      return `Generate${p.outer ? ' outer' : ''} ${p.fn}(${p.args.map(exprText).join(', ')}) AS ${columns(generatedAttrs(p))}`
    case 'over':
      return `Over partition=[${p.partitionBy.map(exprText).join(', ')}] order=[${p.orderBy.map(sortKey).join(', ')}] [${p.calls.map((c) => `${callText(c.call)} AS ${column(c.attr)}`).join(', ')}]`
    case 'userMap':
      return `UserFunction ${p.label}${p.version === null ? '' : ` version=${p.version}`} AS ${columns(p.attrs)}`
    case 'groupsWithState':
      return `StateFunction ${p.label}${p.version === null ? '' : ` version=${p.version}`} emits=${p.emits} timeout=${p.timeout} state=[${p.state.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(', ')}] AS ${columns(p.attrs)}`
    case 'transformWithState':
      return `StatefulProcessor ${p.label}${p.version === null ? '' : ` version=${p.version}`} emits=${p.emits} timeMode=${p.timeMode} states=[${p.states.variables.map(variable).join(', ')}] AS ${columns(p.attrs)}`
    case 'asyncCall':
      return `AsyncCall ${p.fn}(${p.args.map(exprText).join(', ')}) AS ${column(p.attrs.at(-1)!)}`
    case 'observe':
      return `Observe ${p.name} [${p.calls.map((x) => `${callText(x.call)} AS ${column(x.attr)}`).join(', ')}]`
    case 'recursive':
      return `Recursive ${p.name} rounds=${p.maxLevel} AS ${columns(p.attrs)}`
    case 'previous':
      return `PreviousRound ${columns(p.attrs)}`
    case 'sample':
      return `Sample ${p.text}`
  }
}

function variable({ kind, name, key, value, ttlMs }: StateVariable): string {
  const types = [key, value].flatMap((s) => (s === null ? [] : [typeName(stateType(s))])).join(', ')
  return `${name} ${kind}<${types}>${ttlMs === null ? '' : ` ttl=${ttlMs}ms`}`
}

/** What each stateful node of a stream remembers, and what bounds it. */
function stateLines(plan: Logical): readonly string[] {
  const lines: string[] = []
  const joins = new Map(streamJoins(plan).map((j) => [j.id, j]))
  visitPlan(plan, (p) => {
    if (!isStreaming(p)) return
    const bound = boundOf(joins.get(p.id) ?? p)
    if (bound !== null) lines.push(`${describeNode(p).split(' ')[0]} #${p.id}: ${bound}`)
  })
  return lines
}

const distinctText = (c: AggregateCall): string =>
  `(${c.args.map(exprText).join(', ')})${c.filter ? ` WHERE ${exprText(c.filter)}` : ''}`

const UNBOUNDED = 'UNBOUNDED, it grows with every new key'

function boundOf(p: Logical): string | null {
  switch (p.op) {
    case 'aggregate': {
      const seen = [...new Set(p.aggregates.flatMap((x) => (x.call.distinct ? [distinctText(x.call)] : [])))].join('; ')
      const values = seen === '' ? '' : `, and one a group and distinct value of ${seen}`
      if (p.keys.length === 0)
        return seen === '' ? 'one row' : `one row${values}: UNBOUNDED, it grows with every new value`
      return p.keys.some((k) => k.attr.eventTime)
        ? `one row a group${values}, until the watermark passes it (append and update)`
        : `${UNBOUNDED}${seen === '' ? '' : `; one row a group${values}`}`
    }
    case 'dedup':
      if (p.withinWatermark) return 'one row a key, until the watermark passes its first event time plus the delay'
      return eventTimeColumns(p.input).some((x) => p.keys.includes(x.id))
        ? 'one row a key, until the watermark passes its time'
        : UNBOUNDED
    case 'groupsWithState':
      return p.timeout === 'NoTimeout'
        ? 'one row a key, until the function removes it: UNBOUNDED otherwise'
        : 'one row a key, until the function removes it or, called at its timeout, keeps it no longer'
    case 'setop':
      return p.all ? 'one count for each distinct row of the table' : null
    case 'transformWithState':
      return 'what its states hold, until the processor clears it or its TTL is over: UNBOUNDED otherwise'
    case 'join': {
      const kept = keptSide(p)
      const b = joinBound(p)
      if (kept !== null)
        return `rows of the table as of the first start${p.type === 'semi' ? ' until they match' : ''}${(kept === 0 ? b.leftReleased : b.rightReleased) ? ', until the watermark passes what they can match' : ''}`
      if (!isStreaming(p.left) || !isStreaming(p.right)) return null
      const side = (released: boolean): string =>
        released ? 'until the watermark passes what it can match' : 'UNBOUNDED'
      return `rows of the left side ${side(b.leftReleased)}; rows of the right side ${side(b.rightReleased)}`
    }
    default:
      return null
  }
}
