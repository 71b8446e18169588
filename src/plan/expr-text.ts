import type { Expr } from '../expr/bound.ts'
import { typeName } from '../types/data-type.ts'
import { formatValue } from '../types/format.ts'
import { decodeLiteral } from '../types/literal.ts'

const INFIX = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  'div',
  '=',
  '<>',
  '<=>',
  '<',
  '<=',
  '>',
  '>=',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
])

/** An expression as EXPLAIN shows it: columns as `name#id`, casts spelled out, times in UTC. */
export function exprText(e: Expr): string {
  switch (e.kind) {
    case 'attr':
      return `${e.name}#${e.id}`
    case 'column':
      return `${e.name}@${e.index}`
    case 'literal': {
      const value = decodeLiteral(e.value, e.type)
      if (value === null) return 'NULL'
      const text = formatValue(value, e.type, 'UTC')
      return e.type.kind === 'string' ? `'${text}'` : text
    }
    case 'context':
      return `${e.name}()`
    case 'param':
      return e.name
    case 'cast':
      return `${e.mode === 'try' ? 'try_cast' : 'cast'}(${exprText(e.arg)} as ${typeName(e.type)})`
    case 'field': {
      const name = e.arg.type.kind === 'struct' ? e.arg.type.fields[e.index]!.name : String(e.index)
      return `${exprText(e.arg)}.${name}`
    }
    case 'and':
    case 'or':
      return `(${e.args.map(exprText).join(` ${e.kind.toUpperCase()} `)})`
    case 'case':
      return `CASE ${e.branches.map((b) => `WHEN ${exprText(b.when)} THEN ${exprText(b.then)}`).join(' ')} ELSE ${exprText(e.otherwise)} END`
    case 'coalesce':
      return `coalesce(${e.args.map(exprText).join(', ')})`
    case 'in':
      return `(${exprText(e.arg)} IN (${e.list.map(exprText).join(', ')}))`
    case 'lambda':
      return `(${e.params.map((p) => p.name).join(', ')}) -> ${exprText(e.body)}`
    case 'call':
      if (INFIX.has(e.fn) && e.args.length === 2) return `(${exprText(e.args[0]!)} ${e.fn} ${exprText(e.args[1]!)})`
      if (e.fn === 'not') return `(NOT ${exprText(e.args[0]!)})`
      if (e.fn === 'isnull') return `(${exprText(e.args[0]!)} IS NULL)`
      if (e.fn === 'isnotnull') return `(${exprText(e.args[0]!)} IS NOT NULL)`
      return `${e.fn}(${e.args.map(exprText).join(', ')})`
  }
}
