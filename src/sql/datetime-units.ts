import type { AstCall } from './ast.ts'

// prettier-ignore
const UNIT_FIRST: ReadonlySet<string> = new Set([
  'timestampadd', 'dateadd', 'date_add', 'timestampdiff', 'datediff', 'date_diff', 'timediff',
])
// prettier-ignore
const UNITS: ReadonlySet<string> = new Set([
  'year', 'quarter', 'month', 'week', 'day', 'dayofyear', 'hour', 'minute', 'second', 'millisecond', 'microsecond',
])

/** Whether a call may begin with a unit of time: `timestampadd(DAY, 1, t)`. */
export const mayTakeUnit = (call: Pick<AstCall, 'name' | 'args'>): boolean =>
  call.args.length === 3 && call.name.length === 1 && UNIT_FIRST.has(call.name[0]!.name.toLowerCase())

/** Whether a word is a unit of time, in any case. */
export const isUnitWord = (word: string): boolean => UNITS.has(word.toLowerCase())

/** Whether the first argument of a call is a unit, which is read into a text. */
export function beginsWithUnit(call: AstCall): boolean {
  const first = call.args[0]
  return mayTakeUnit(call) && first?.kind === 'literal' && first.type === 'string' && isUnitWord(first.text)
}
