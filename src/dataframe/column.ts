import type { AstCall, AstExpr, AstSortItem, AstWindowSpec, Ident } from '../sql/ast.ts'
import { parseSelectItem } from '../sql/parse.ts'
import { parseType } from '../types/ddl.ts'

/** What may stand where a column is wanted: a Column, or a value that becomes a constant. */
export type ColumnOrValue = Column | string | number | bigint | boolean | null | Date
/** A column or its name. */
export type ColumnOrName = Column | string

const ident = (name: string): Ident => ({ name, quoted: true })

/** A reference by name; dots reach into qualifiers and struct members, backquotes keep them together. */
export function nameExpr(name: string): AstExpr {
  if (name === '*') return { kind: 'star', qualifier: [] }
  if (name.endsWith('.*')) return { kind: 'star', qualifier: splitName(name.slice(0, -2)).map(ident) }
  return { kind: 'name', parts: splitName(name).map(ident) }
}

/** Splits `a.b` and `` `a.b`.c `` into parts. */
export function splitName(name: string): string[] {
  const parts = name.match(/`(?:[^`]|``)*`|[^.`]+/g) ?? [name]
  return parts.map((p) => (p.startsWith('`') ? p.slice(1, -1).replaceAll('``', '`') : p))
}

/** A constant as syntax. */
export function literalExpr(value: Exclude<ColumnOrValue, Column>): AstExpr {
  if (value === null) return { kind: 'literal', type: 'null', text: 'NULL' }
  switch (typeof value) {
    case 'boolean':
      return { kind: 'literal', type: 'boolean', text: String(value) }
    case 'bigint':
      return signed(value < 0n, { kind: 'literal', type: 'bigint', text: String(value < 0n ? -value : value) })
    case 'number': {
      const magnitude = Math.abs(value)
      if (Number.isInteger(value) && magnitude <= Number.MAX_SAFE_INTEGER)
        return signed(value < 0, { kind: 'literal', type: 'integer', text: String(magnitude) })
      if (!Number.isFinite(value))
        return {
          kind: 'cast',
          mode: 'cast',
          arg: { kind: 'literal', type: 'string', text: String(value) },
          type: { text: 'double' },
        }
      return signed(value < 0, { kind: 'literal', type: 'double', text: String(magnitude) })
    }
    case 'string':
      return { kind: 'literal', type: 'string', text: value }
    default:
      return { kind: 'literal', type: 'timestamp', text: value.toISOString() }
  }
}

const signed = (negative: boolean, literal: AstExpr): AstExpr =>
  negative ? { kind: 'unary', op: '-', arg: literal } : literal

/** The expression behind a column or constant. */
export const exprOf = (value: ColumnOrValue): AstExpr => (value instanceof Column ? value.expr : literalExpr(value))
/** The expression behind a column or the column of that name. */
export const columnExpr = (value: ColumnOrName): AstExpr => (value instanceof Column ? value.expr : nameExpr(value))

/** A call of a function by name. */
export const callExpr = (name: string, args: readonly AstExpr[], more: Partial<AstCall> = {}): AstCall => ({
  kind: 'call',
  name: [{ name }],
  args,
  ...more,
})

/**
 * An expression over columns, not yet resolved: the same syntax tree that SQL text gives. Names and types are checked
 * when a DataFrame takes it.
 */
export class Column {
  readonly expr: AstExpr

  constructor(expr: AstExpr) {
    this.expr = expr
  }

  #binary(op: (AstExpr & { kind: 'binary' })['op'], other: ColumnOrValue): Column {
    return new Column({ kind: 'binary', op, left: this.expr, right: exprOf(other) })
  }
  #call(name: string, ...args: ColumnOrValue[]): Column {
    return new Column(callExpr(name, [this.expr, ...args.map(exprOf)]))
  }

  eq(other: ColumnOrValue): Column {
    return this.#binary('=', other)
  }
  /** Spark's `===`. */
  equalTo(other: ColumnOrValue): Column {
    return this.#binary('=', other)
  }
  notEqual(other: ColumnOrValue): Column {
    return this.#binary('<>', other)
  }
  /** `<=>`: NULL equals NULL. */
  eqNullSafe(other: ColumnOrValue): Column {
    return this.#binary('<=>', other)
  }
  lt(other: ColumnOrValue): Column {
    return this.#binary('<', other)
  }
  leq(other: ColumnOrValue): Column {
    return this.#binary('<=', other)
  }
  gt(other: ColumnOrValue): Column {
    return this.#binary('>', other)
  }
  geq(other: ColumnOrValue): Column {
    return this.#binary('>=', other)
  }
  and(other: ColumnOrValue): Column {
    return this.#binary('and', other)
  }
  or(other: ColumnOrValue): Column {
    return this.#binary('or', other)
  }
  not(): Column {
    return new Column({ kind: 'unary', op: 'not', arg: this.expr })
  }
  plus(other: ColumnOrValue): Column {
    return this.#binary('+', other)
  }
  minus(other: ColumnOrValue): Column {
    return this.#binary('-', other)
  }
  multiply(other: ColumnOrValue): Column {
    return this.#binary('*', other)
  }
  divide(other: ColumnOrValue): Column {
    return this.#binary('/', other)
  }
  mod(other: ColumnOrValue): Column {
    return this.#binary('%', other)
  }
  negate(): Column {
    return new Column({ kind: 'unary', op: '-', arg: this.expr })
  }
  bitwiseAND(other: ColumnOrValue): Column {
    return this.#binary('&', other)
  }
  bitwiseOR(other: ColumnOrValue): Column {
    return this.#binary('|', other)
  }
  bitwiseXOR(other: ColumnOrValue): Column {
    return this.#binary('^', other)
  }
  isNull(): Column {
    return new Column({ kind: 'is', not: false, what: 'null', arg: this.expr })
  }
  isNotNull(): Column {
    return new Column({ kind: 'is', not: true, what: 'null', arg: this.expr })
  }
  isNaN(): Column {
    return this.#call('isnan')
  }
  /** `value` IN the given values. */
  isin(...values: ColumnOrValue[]): Column {
    return new Column({ kind: 'in', not: false, arg: this.expr, list: values.map(exprOf) })
  }
  between(low: ColumnOrValue, high: ColumnOrValue): Column {
    return new Column({ kind: 'between', not: false, arg: this.expr, low: exprOf(low), high: exprOf(high) })
  }
  like(pattern: string): Column {
    return new Column({ kind: 'like', op: 'like', not: false, arg: this.expr, patterns: [literalExpr(pattern)] })
  }
  ilike(pattern: string): Column {
    return new Column({ kind: 'like', op: 'ilike', not: false, arg: this.expr, patterns: [literalExpr(pattern)] })
  }
  rlike(pattern: string): Column {
    return new Column({ kind: 'like', op: 'rlike', not: false, arg: this.expr, patterns: [literalExpr(pattern)] })
  }
  startsWith(other: ColumnOrValue): Column {
    return this.#call('startswith', other)
  }
  endsWith(other: ColumnOrValue): Column {
    return this.#call('endswith', other)
  }
  contains(other: ColumnOrValue): Column {
    return this.#call('contains', other)
  }
  substr(start: ColumnOrValue, length: ColumnOrValue): Column {
    return this.#call('substr', start, length)
  }
  /** Cast to a type given as DDL text, `cast('decimal(10,2)')`. */
  cast(type: string): Column {
    parseType(type)
    return new Column({ kind: 'cast', mode: 'cast', arg: this.expr, type: { text: type } })
  }
  try_cast(type: string): Column {
    parseType(type)
    return new Column({ kind: 'cast', mode: 'try_cast', arg: this.expr, type: { text: type } })
  }
  /** A struct member by name. */
  getField(name: string): Column {
    return new Column({ kind: 'field', arg: this.expr, member: ident(name) })
  }
  /** An array element by 0-based index, or a map value by key. */
  getItem(key: ColumnOrValue): Column {
    return new Column({ kind: 'subscript', arg: this.expr, index: exprOf(key) })
  }
  /** Names the result; several names for generators. */
  as(...names: string[]): Column {
    return new Column({ kind: 'alias', arg: this.expr, names: names.map(ident) })
  }
  alias(...names: string[]): Column {
    return this.as(...names)
  }
  /** Names the result. */
  name(name: string): Column {
    return this.as(name)
  }
  asc(): SortColumn {
    return new SortColumn({ expr: this.expr, descending: false })
  }
  asc_nulls_last(): SortColumn {
    return new SortColumn({ expr: this.expr, descending: false, nulls: 'last' })
  }
  desc(): SortColumn {
    return new SortColumn({ expr: this.expr, descending: true })
  }
  desc_nulls_first(): SortColumn {
    return new SortColumn({ expr: this.expr, descending: true, nulls: 'first' })
  }
  /** CASE … WHEN, continued: after `when(…)`. */
  when(condition: Column, value: ColumnOrValue): Column {
    const branch = { when: condition.expr, then: exprOf(value) }
    return new Column(
      this.expr.kind === 'case'
        ? { ...this.expr, branches: [...this.expr.branches, branch] }
        : { kind: 'case', branches: [branch] },
    )
  }
  otherwise(value: ColumnOrValue): Column {
    return this.expr.kind === 'case' ? new Column({ ...this.expr, otherwise: exprOf(value) }) : this
  }
  /** Runs an aggregate or window function over a window. */
  over(spec: AstWindowSpec): Column {
    return this.expr.kind === 'call' ? new Column({ ...this.expr, over: spec }) : this
  }
}

/** A column with a direction, for orderBy. */
export class SortColumn {
  readonly item: AstSortItem
  constructor(item: AstSortItem) {
    this.item = item
  }
}

/** The column of that name; dots reach into struct members and qualifiers. */
export const col = (name: string): Column => new Column(nameExpr(name))
/** A constant. */
export const lit = (value: ColumnOrValue): Column => (value instanceof Column ? value : new Column(literalExpr(value)))
/** An expression in SQL text. */
export const expr = (sql: string): Column => new Column(parseSelectItem(sql))
