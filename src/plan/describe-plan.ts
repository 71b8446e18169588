import type { DecodePredicate } from '../formats/decode-plan.ts'
import { stateType } from '../functions/user/group-state.ts'
import type { StateVariable } from '../functions/user/processor-handle.ts'
import { WEEKDAYS } from '../types/calendar.ts'
import { exprText } from './expr-text.ts'
import {
  generatedAttrs,
  inputsOf,
  type AggregateCall,
  type Attr,
  type Logical,
  type Named,
  type SortKey,
} from './logical.ts'
import { typeName } from '../types/data-type.ts'

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
/** Columns with their ids, in brackets. */
export const columnsText = (list: readonly Attr[]): string => `[${list.map(column).join(', ')}]`
/** A computed column: the expression and the name it gets. */
export const namedText = (n: Named): string =>
  n.expr.kind === 'attr' && n.expr.id === n.attr.id ? column(n.attr) : `${exprText(n.expr)} AS ${column(n.attr)}`
/** An ordering of rows. */
export const sortKeyText = (k: SortKey): string =>
  `${exprText(k.expr)} ${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`

/** A condition that a decoder may check. */
export const predicateText = (x: DecodePredicate): string =>
  `${x.column.join('.')} ${x.op}${x.literal === null ? '' : ` ${JSON.stringify(x.literal)}`}`

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
      const wanted = p.predicates.length === 0 ? '' : ` where=[${p.predicates.map(predicateText).join(', ')}]`
      const { format, streaming, refresh } = p.source
      const again = refresh === undefined ? '' : ` refresh=${refresh}${typeof refresh === 'number' ? 'ms' : ''}`
      return `Scan ${format}${streaming ? ' (stream)' : ''} ${columnsText(p.attrs)}${paths}${wanted}${again}`
    }
    case 'local':
      return `Values ${columnsText(p.attrs)} rows=${p.rows.length}`
    case 'range':
      return `Range ${p.start} to ${p.end} step ${p.step} ${columnsText(p.attrs)}`
    case 'project':
      return `Project [${p.items.map(namedText).join(', ')}]`
    case 'filter':
      return `Filter ${exprText(p.condition)}`
    case 'aggregate':
      if (p.aggregates.length === 0) return `Distinct [${p.keys.map(namedText).join(', ')}]`
      return `Aggregate keys=[${p.keys.map(namedText).join(', ')}] [${p.aggregates.map((x) => `${callText(x.call)} AS ${column(x.attr)}`).join(', ')}]`
    case 'expand':
      return `Expand ${columnsText(p.attrs)} sets=${p.projections.length} ${p.projections.map((list) => `[${list.map(exprText).join(', ')}]`).join(' ')}`
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
      return `Union ${columnsText(p.attrs)}`
    case 'setop':
      return `${p.kind === 'intersect' ? 'Intersect' : 'Except'}${p.all ? ' ALL' : ''} ${columnsText(p.attrs)}`
    case 'sort':
      return `Sort${p.local ? ' local' : ''} [${p.keys.map(sortKeyText).join(', ')}]`
    case 'limit':
      return `Limit ${p.count === null ? 'all' : p.count}${p.offset > 0 ? ` offset ${p.offset}` : ''}`
    case 'dedup':
      return `Deduplicate${p.withinWatermark ? ' within watermark' : ''} keys=[${p.attrs
        .filter((x) => p.keys.includes(x.id))
        .map(column)
        .join(', ')}]`
    case 'generate':
      return `Generate${p.outer ? ' outer' : ''} ${p.fn}(${p.args.map(exprText).join(', ')}) AS ${columnsText(generatedAttrs(p))}`
    case 'over':
      return `Over partition=[${p.partitionBy.map(exprText).join(', ')}] order=[${p.orderBy.map(sortKeyText).join(', ')}] [${p.calls.map((c) => `${callText(c.call)} AS ${column(c.attr)}`).join(', ')}]`
    case 'userMap':
      return `UserFunction ${p.label}${p.version === null ? '' : ` version=${p.version}`} AS ${columnsText(p.attrs)}`
    case 'groupsWithState':
      return `StateFunction ${p.label}${p.version === null ? '' : ` version=${p.version}`} emits=${p.emits} timeout=${p.timeout} state=[${p.state.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(', ')}] AS ${columnsText(p.attrs)}`
    case 'transformWithState':
      return `StatefulProcessor ${p.label}${p.version === null ? '' : ` version=${p.version}`} emits=${p.emits} timeMode=${p.timeMode} states=[${p.states.variables.map(variable).join(', ')}] AS ${columnsText(p.attrs)}`
    case 'asyncCall':
      return `AsyncCall ${p.fn}(${p.args.map(exprText).join(', ')}) AS ${column(p.attrs.at(-1)!)}`
    case 'observe':
      return `Observe ${p.name} [${p.calls.map((x) => `${callText(x.call)} AS ${column(x.attr)}`).join(', ')}]`
    case 'recursive':
      return `Recursive ${p.name} rounds=${p.maxLevel} AS ${columnsText(p.attrs)}`
    case 'previous':
      return `PreviousRound ${columnsText(p.attrs)}`
    case 'sample':
      return `Sample ${p.text}`
  }
}

function variable({ kind, name, key, value, ttlMs }: StateVariable): string {
  const types = [key, value].flatMap((s) => (s === null ? [] : [typeName(stateType(s))])).join(', ')
  return `${name} ${kind}<${types}>${ttlMs === null ? '' : ` ttl=${ttlMs}ms`}`
}
