import type { AstJoin, AstLateralView, AstRelation, AstTableAlias } from './ast.ts'
import { quoteString } from './literal-text.ts'
import { printQuery, printValues } from './print.ts'
import { printCall, printExpr, printIdent, printName } from './print-expr.ts'

/** SQL text of a relation with its joins; it parses to the same tree apart from spans. */
export function printRelation(relation: AstRelation): string {
  switch (relation.kind) {
    case 'table': {
      const options = Object.entries(relation.options ?? {}).map(
        ([key, value]) => `${quoteString(key)} = ${quoteString(value)}`,
      )
      const name = relation.stream ? `STREAM(${printName(relation.name)})` : printName(relation.name)
      return `${name}${options.length > 0 ? ` WITH (${options.join(', ')})` : ''}${printSuffix(relation)}`
    }
    case 'subquery':
      return `${relation.lateral ? 'LATERAL ' : ''}(${printQuery(relation.query)})${printSuffix(relation)}`
    case 'values':
      return `${printValues(relation.values)}${printSuffix(relation)}`
    case 'tablefunction':
      return `${relation.lateral ? 'LATERAL ' : ''}${printCall(relation.call)}${printSuffix(relation)}`
    case 'join': {
      const text = `${printRelation(relation.left)} ${printJoinTail(relation)}`
      const suffix = printSuffix(relation)
      return suffix === '' ? text : `(${text})${suffix}`
    }
    case 'pivot':
    case 'unpivot': {
      const text = `${printRelation(relation.input)} ${printExtension(relation)}`
      // an alias is part of PIVOT itself, the rest stands behind brackets
      const rest = printSuffix({ ...relation, alias: undefined })
      return rest === '' ? text : `(${text})${rest}`
    }
  }
}

function printSuffix(relation: Pick<AstRelation, 'alias' | 'watermark' | 'sample'>): string {
  const { alias, watermark, sample } = relation
  let text = ''
  if (sample) text += ` ${sample.text}`
  if (watermark) {
    const name = watermark.name ? ` AS ${printIdent(watermark.name)}` : ''
    text += ` WATERMARK ${printExpr(watermark.expr)}${name} DELAY OF ${printExpr(watermark.delay)}`
  }
  return text + (alias ? printAlias(alias) : '')
}

function printAlias(alias: AstTableAlias): string {
  return ` AS ${printIdent(alias.name)}${alias.columns ? `(${alias.columns.map(printIdent).join(', ')})` : ''}`
}

// prettier-ignore
const JOIN_WORDS: Readonly<Record<AstJoin['type'], string>> = {
  inner: 'INNER', cross: 'CROSS', left: 'LEFT', right: 'RIGHT', full: 'FULL', semi: 'LEFT SEMI', anti: 'LEFT ANTI',
}

/** A join without its left side. */
export function printJoinTail(join: AstJoin): string {
  const right = printRelation(join.right)
  const simple = join.right.kind !== 'join' && join.right.kind !== 'pivot' && join.right.kind !== 'unpivot'
  const on = join.on
    ? ` ON ${printExpr(join.on)}`
    : join.using
      ? ` USING (${join.using.map(printIdent).join(', ')})`
      : ''
  return `${join.natural ? 'NATURAL ' : ''}${JOIN_WORDS[join.type]} JOIN ${simple ? right : `(${right})`}${on}`
}

/** PIVOT or UNPIVOT without its input. */
export function printExtension(relation: AstRelation): string {
  const alias = relation.alias ? printAlias(relation.alias) : ''
  if (relation.kind === 'pivot') {
    const columns = relation.columns.map(printExpr)
    const target = columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`
    return `PIVOT (${relation.aggregates.map(printExpr).join(', ')} FOR ${target} IN (${relation.values.map(printExpr).join(', ')}))${alias}`
  }
  if (relation.kind !== 'unpivot') return printRelation(relation)
  const names = relation.valueColumns.map(printIdent)
  const sets = relation.sets.map((s) => {
    const columns = s.columns.map(printExpr)
    return `${columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`}${s.label ? ` AS ${printIdent(s.label)}` : ''}`
  })
  const target = names.length === 1 ? names[0]! : `(${names.join(', ')})`
  return `UNPIVOT ${relation.includeNulls ? 'INCLUDE NULLS ' : ''}(${target} FOR ${printIdent(relation.nameColumn)} IN (${sets.join(', ')}))${alias}`
}

/** LATERAL VIEW. */
export function printLateralView(view: AstLateralView): string {
  const table = view.table ? ` ${printIdent(view.table)}` : ''
  const columns = view.columns.length > 0 ? ` AS ${view.columns.map(printIdent).join(', ')}` : ''
  return `LATERAL VIEW ${view.outer ? 'OUTER ' : ''}${printCall(view.call)}${table}${columns}`
}
