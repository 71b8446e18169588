import { formatCalendarInterval } from '../types/interval-format.ts'
import { CalendarInterval } from '../types/value.ts'
import { callText, columnsText, describeNode, namedText, predicateText, sortKeyText } from './describe-plan.ts'
import { exprText } from './expr-text.ts'
import { inputsOf, isStreaming, type Attr, type Logical } from './logical.ts'
import { stateText, watermarkText, type StateFact } from './state-facts.ts'

/**
 * EXPLAIN FORMATTED: the tree with a number for each operator (inputs before what stands over them), then the details of
 * each under its number: what it reads, what it computes, its columns, and of a stream what it remembers.
 */
export function formattedPlan(plan: Logical, facts: readonly StateFact[]): string {
  const numbers = new Map<Logical, number>()
  const sections: string[] = []
  const walk = (p: Logical): void => {
    for (const input of inputsOf(p)) walk(input)
    const number = numbers.size + 1
    numbers.set(p, number)
    const state = facts.filter((f) => f.nodeId === p.id).map((f) => `State: ${stateText(f)}`)
    sections.push([`(${number}) ${nodeTitle(p)}`, ...details(p), ...state].join('\n'))
  }
  walk(plan)
  return `${tree(plan, numbers)}\n\n${sections.join('\n\n')}`
}

/** Names of the operators as they stand in the tree, with their numbers. */
function tree(plan: Logical, numbers: ReadonlyMap<Logical, number>): string {
  const lines: string[] = []
  const walk = (p: Logical, first: string, rest: string): void => {
    lines.push(`${first}${nodeTitle(p)} (${numbers.get(p)})`)
    const inputs = inputsOf(p)
    inputs.forEach((x, i) => {
      const last = i === inputs.length - 1
      walk(x, `${rest}${last ? '+- ' : ':- '}`, `${rest}${last ? '   ' : ':  '}`)
    })
  }
  walk(plan, '', '')
  return lines.join('\n')
}

/** An operator by name, in two or three words. */
export function nodeTitle(p: Logical): string {
  switch (p.op) {
    case 'scan':
      return `Scan ${p.source.format}${p.source.streaming ? ' (stream)' : ''}`
    case 'join':
      return `Join ${p.type}${isStreaming(p.left) && isStreaming(p.right) ? ' of streams' : ''}`
    default:
      return describeNode(p).split(' ', 1)[0]!
  }
}

const list = (name: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [] : [`${name} [${items.length}]: [${items.join(', ')}]`]
const columns = (name: string, attrs: readonly Attr[]): string => `${name} [${attrs.length}]: ${columnsText(attrs)}`
const spanText = (us: string): string => formatCalendarInterval(new CalendarInterval(0, 0, BigInt(us)))

/** The lines of an operator: its inputs, what it does, its columns. */
function details(p: Logical): readonly string[] {
  const inputs = inputsOf(p)
  const input = inputs.length === 1 ? [columns('Input', inputs[0]!.attrs)] : []
  const sides = inputs.length === 2 ? [columns('Left', inputs[0]!.attrs), columns('Right', inputs[1]!.attrs)] : []
  const output = columns('Output', p.attrs)
  switch (p.op) {
    case 'scan': {
      const read = p.columns?.map((c) => c.join('.')) ?? p.attrs.map((a) => a.name)
      const name = p.source.name === undefined ? [] : [`Stream: ${p.source.name}`]
      return [...name, output, ...list('Read', read), ...list('Wanted', p.predicates.map(predicateText))]
    }
    case 'project':
      return [...input, ...list('Columns', p.items.map(namedText))]
    case 'filter':
      return [...input, `Condition: ${exprText(p.condition)}`]
    case 'watermark':
      return [...input, `Watermark: ${watermarkText(p)}`]
    case 'window':
      if (p.gap) return [...input, `Time: ${exprText(p.time)}`, `Gap: ${exprText(p.gap)}`, output]
      if (p.sizeUs === '0') break
      return [
        ...input,
        `Time: ${exprText(p.time)}`,
        `Window: ${spanText(p.sizeUs)}${p.slideUs === p.sizeUs ? '' : ` every ${spanText(p.slideUs)}`}${p.startUs === '0' ? '' : ` from ${spanText(p.startUs)}`}`,
        output,
      ]
    case 'aggregate': {
      const functions = p.aggregates.map((x) => callText(x.call))
      return [...input, ...list('Keys', p.keys.map(namedText)), ...list('Functions', functions), output]
    }
    case 'join':
      return [...sides, ...(p.condition ? [`Condition: ${exprText(p.condition)}`] : []), output]
    case 'sort':
      return [...input, ...list('Order', p.keys.map(sortKeyText))]
  }
  return [...input, ...sides, `Arguments: ${describeNode(p)}`, output]
}
