import { AnalysisError } from '../errors/errors.ts'
import { visit, type Expr } from '../expr/bound.ts'
import type { Span } from '../errors/span.ts'
import type { AstExpr, AstGroupBy, AstSortItem, AstWindowSpec, Ident } from '../sql/ast.ts'
import {
  attrExpr,
  filter,
  freshAttr,
  passOn,
  project,
  type Analysis,
  type Relation,
  type Surroundings,
} from './analysis.ts'
import { AggregateCalls } from './aggregate-calls.ts'
import { Base } from './base.ts'
import type { ExprContext, GroupingSets, Names } from './expr-context.ts'
import { attrIds } from './expr-key.ts'
import { generatorColumns, generatorNode } from './generator.ts'
import { groupedInput, groupingOfAll, overAggregate, resolveGrouping, type Grouping } from './grouping.ts'
import type { Attr, Logical, LogicalAggregate, Named } from './logical.ts'
import { OverCalls } from './over.ts'
import { findFunction, calledName } from './resolve-call.ts'
import { booleanCondition, castTerm, resolveExpr } from './resolve-expr.ts'
import { BOOLEAN } from '../types/data-type.ts'
import { aliasNames, columnNames, firstOf } from './resolve-name.ts'
import { expandItems, type SelectItem } from './select-items.ts'
import { unresolvedColumn } from './scope.ts'
import { distinctRows, sorted, type SortTarget } from './sorting.ts'
import type { Term } from './term.ts'
import { impliedEnd } from './implied-end.ts'
import { where } from './where.ts'

/** What a SELECT, a pipe step or a DataFrame call asks of the relation below it. */
export interface SelectSpec {
  readonly items: readonly AstExpr[]
  readonly distinct?: boolean | undefined
  readonly where?: AstExpr | undefined
  readonly groupBy?: AstGroupBy | undefined
  readonly having?: AstExpr | undefined
  readonly qualify?: AstExpr | undefined
  readonly windows?: readonly { readonly name: Ident; readonly spec: AstWindowSpec }[] | undefined
  readonly orderBy?:
    { readonly all?: boolean; readonly items: readonly AstSortItem[]; readonly at?: Span | undefined } | undefined
  readonly sortBy?:
    | {
        readonly kind: 'sort' | 'cluster' | 'distribute'
        readonly items: readonly AstSortItem[]
        readonly at?: Span | undefined
      }
    | undefined
  /** The grouping columns come before the items (DataFrame `groupBy().agg()`, `|> AGGREGATE`). */
  readonly keysFirst?: boolean | undefined
  readonly at?: Span | undefined
}

interface ResolvedItem {
  readonly term: Term
  readonly name: string
  readonly ast: AstExpr
}

/** One SELECT over a relation: WHERE, grouping, HAVING, window functions, QUALIFY, the list, DISTINCT, ORDER BY. */
export function analyzeSelect(a: Analysis, from: Relation, spec: SelectSpec, surroundings: Surroundings): Relation {
  return new Select(a, spec.where ? where(a, from, spec.where, surroundings) : from, spec, surroundings).run()
}

class Select {
  readonly #a: Analysis
  readonly #input: Relation
  readonly #spec: SelectSpec
  readonly #base: Base
  readonly #above: Base
  readonly #calls: AggregateCalls
  readonly #overs: OverCalls
  readonly #generated: {
    readonly put: (plan: Logical, f: (e: Expr) => Expr) => Logical
    readonly attrs: readonly Attr[]
  }[] = []
  readonly #slots: readonly SelectItem[]
  readonly #done: (readonly ResolvedItem[] | 'busy' | undefined)[] = []
  readonly #inputNames: Names
  readonly #itemNames: Names
  readonly #surroundings: Surroundings
  #grouping: GroupingSets | undefined
  /** The keys are being resolved, and with them the items they name. */
  #inGroupBy = false

  constructor(a: Analysis, input: Relation, spec: SelectSpec, surroundings: Surroundings) {
    this.#a = a
    this.#input = input
    this.#spec = spec
    this.#surroundings = surroundings
    this.#base = new Base(a, input.plan)
    this.#above = new Base(a, null)
    this.#calls = new AggregateCalls(a)
    this.#overs = new OverCalls(a, spec.windows ?? [])
    this.#slots = expandItems(a, spec.items, input.columns, input.hidden)
    this.#inputNames = columnNames(a, input.columns, input.hidden, null)
    const added: Names = {
      columns: [],
      find: (parts, at) => (spec.groupBy ? columnNames(a, this.#base.added, [], null).find(parts, at) : null),
    }
    const outer = columnNames(a, [], [], surroundings.outer)
    // An alias answers to what no column of the input answers to: SELECT a AS x, x + 1.
    this.#itemNames = firstOf(
      this.#inputNames,
      added,
      aliasNames(a, () => this.#aliases()),
      { ...outer, columns: [] },
    )
  }

  run(): Relation {
    const a = this.#a
    const { groupBy, having, qualify, orderBy, sortBy } = this.#spec
    let grouping: Grouping | null = groupBy && !groupBy.all ? this.#resolveGroupBy(groupBy) : null
    if (grouping?.sets)
      this.#grouping = {
        keys: grouping.keys.map((k) => ({ key: k.key, text: k.term.text })),
        id: freshAttr(a, 'spark_grouping_id', { kind: 'bigint' }, false),
      }
    const items = this.#slots.flatMap((_s, i) => this.#item(i))
    if (groupBy?.all)
      grouping = groupingOfAll(
        items.map((i) => i.term),
        (id) => this.#calls.has(id),
      )
    const keyItems =
      this.#spec.keysFirst && grouping
        ? grouping.keys.map((k): ResolvedItem => ({
            term: k.term,
            name: k.term.name ?? k.term.text,
            ast: { kind: 'literal', type: 'null', text: '' },
          }))
        : []
    const all = [...keyItems, ...items]
    const outputNames = aliasNames(a, () => all.map((i) => ({ name: i.name, term: i.term })))
    const afterNames = firstOf(outputNames, this.#itemNames)
    const havingTerm = having
      ? booleanCondition(
          this.#asCondition(having, this.#context('HAVING', firstOf(outputNames, this.#itemNames))),
          having.at,
          this.#context('HAVING', this.#itemNames),
        )
      : null
    const qualifyTerm = qualify ? this.#resolveQualify(qualify) : null

    // The items' own columns, then what ORDER BY adds to them.
    const sources = all.map((i) => this.#named(i))
    const target: SortTarget = {
      items: sources,
      names: this.#orderNames(sources, afterNames),
      context: (names) => this.#context('ORDER BY', names),
    }
    const order = orderBy ? sorted.resolve(a, orderBy, target) : []
    const local = sortBy ? sorted.resolve(a, sortBy, target) : []

    const aggregated = groupBy !== undefined || having !== undefined || this.#calls.size > 0
    let plan = this.#base.plan
    let rewrite = (e: Expr): Expr => e
    let rewriteOrder = rewrite
    if (aggregated) {
      const grouped = this.#aggregate(plan, grouping ?? { keys: [], sets: null }, having !== undefined && !groupBy)
      plan = grouped.plan
      rewrite = grouped.rewrite
      rewriteOrder = grouped.rewriteOrder
    }
    plan = this.#above.settle(plan)
    if (havingTerm) plan = filter(a, plan, rewrite(havingTerm), having!.at)
    plan = this.#overs.plan(plan, rewrite)
    if (qualifyTerm) plan = filter(a, plan, rewrite(qualifyTerm), qualify!.at)
    for (const g of this.#generated) plan = g.put(plan, rewrite)
    const named = sources.map((s): Named => this.#settled(plan, { expr: rewrite(s.expr), attr: s.attr }))
    return this.#finish(
      plan,
      named,
      order.map((k) => ({ ...k, expr: rewriteOrder(k.expr) })),
      local.map((k) => ({ ...k, expr: rewriteOrder(k.expr) })),
    )
  }

  #finish(
    input: Logical,
    named: readonly Named[],
    order: Parameters<typeof sorted.put>[3],
    local: Parameters<typeof sorted.put>[3],
  ): Relation {
    const a = this.#a
    const spec = this.#spec
    const outputs = named.map((n) => n.attr)
    const done = (plan: Logical): Relation => ({ plan, columns: outputs, hidden: [] })
    if (spec.distinct) {
      const rows = distinctRows(a, project(a, input, named, spec.at), 'SELECT DISTINCT', spec.at)
      const first = sorted.put(a, rows, named, local, { local: true, at: spec.sortBy?.at, distinct: true })
      return done(sorted.put(a, first, named, order, { at: spec.orderBy?.at, distinct: true }))
    }
    const keys = [...local, ...order]
    const { items, resolved } = sorted.withHidden(a, input, named, keys)
    let plan: Logical = project(a, input, items, spec.at)
    if (local.length > 0 && spec.sortBy?.kind !== 'distribute')
      plan = sorted.node(a, plan, resolved.slice(0, local.length), spec.sortBy?.at, true)
    if (order.length > 0) plan = sorted.node(a, plan, resolved.slice(local.length), spec.orderBy?.at, false)
    if (items.length > named.length) plan = project(a, plan, outputs.map(passOn), spec.at)
    return done(plan)
  }

  #context(clause: ExprContext['clause'], names: Names): ExprContext {
    return {
      a: this.#a,
      surroundings: this.#surroundings,
      clause,
      names,
      inputNames: {
        ...firstOf(this.#inputNames, columnNames(this.#a, [], [], this.#surroundings.outer), names),
        columns: this.#inputNames.columns,
      },
      aggregates: clause === 'GROUP BY' ? undefined : this.#calls,
      base: this.#base,
      subqueryBase: clause === 'GROUP BY' ? this.#base : this.#above,
      over:
        clause === 'GROUP BY' || clause === 'HAVING'
          ? undefined
          : (call, over, ctx) => this.#overs.resolve(call, over, ctx),
      grouping: clause === 'GROUP BY' ? undefined : this.#grouping,
    }
  }

  /** Item `i`, resolved at its first use: GROUP BY and later items may ask before its turn. */
  #item(i: number): readonly ResolvedItem[] {
    const known = this.#done[i]
    const slot = this.#slots[i]!
    if (known === 'busy')
      throw new AnalysisError(
        'UNRESOLVED_COLUMN.WITHOUT_SUGGESTION',
        { name: slot.kind === 'expr' ? (slot.alias ?? '') : '' },
        { at: slot.ast.at },
      )
    if (known) return known
    this.#done[i] = 'busy'
    const made = this.#resolveItem(slot)
    this.#done[i] = made
    return made
  }

  #resolveItem(slot: SelectItem): readonly ResolvedItem[] {
    if (slot.kind === 'term') return [{ term: slot.term, name: slot.term.name ?? slot.term.text, ast: slot.ast }]
    const { ast, names } = slot
    const ctx = this.#context('SELECT', this.#itemNames)
    if (ast.kind === 'call' && !ast.over) {
      const entry = findFunction(calledName(ast), this.#a.env)
      if (entry?.kind === 'generator') {
        const generator = generatorColumns(ast, entry, names, ctx)
        this.#generated.push({ attrs: generator.attrs, put: (plan, f) => generatorNode(this.#a, plan, generator, f) })
        return generator.attrs.map((attr) => ({
          term: { expr: attrExpr(attr, ast.at), text: attr.name, name: attr.name },
          name: attr.name,
          ast,
        }))
      }
    }
    const subqueries = new Base(this.#a, null)
    const term = resolveExpr(ast, { ...ctx, subqueryBase: subqueries })
    this.#placeOf(term).take(subqueries)
    return [{ term, name: slot.alias ?? term.name ?? term.text, ast }]
  }

  /** Where the subqueries of an item go: below the aggregation when the item is one of its keys. */
  #placeOf(term: Term): Base {
    const isKey = this.#spec.groupBy?.all ? !this.#isAggregated(term.expr) : this.#inGroupBy
    return isKey ? this.#base : this.#above
  }

  #isAggregated(e: Expr): boolean {
    return [...attrIds(e)].some((id) => this.#calls.has(id))
  }

  #aliases(): readonly { readonly name: string; readonly term: Term }[] {
    return this.#slots.flatMap((s, i) => {
      const done = this.#done[i]
      return s.kind === 'expr' && s.alias !== undefined && done !== undefined && done !== 'busy'
        ? done.map((d) => ({ name: d.name, term: d.term }))
        : []
    })
  }

  #resolveGroupBy(groupBy: AstGroupBy): Grouping {
    const fold = (s: string): string => (this.#a.env.caseSensitive ? s : s.toLowerCase())
    const aliases = new Map(
      this.#slots.flatMap((s, i) => (s.kind === 'expr' && s.alias !== undefined ? [[fold(s.alias), i] as const] : [])),
    )
    const names = firstOf(this.#inputNames, columnNames(this.#a, [], [], this.#surroundings.outer))
    const targets = {
      size: this.#slots.length,
      item: (i: number) => ({ term: this.#item(i)[0]!.term, ast: this.#slots[i]!.ast }),
      aliases,
      isAggregated: (e: Expr): boolean => this.#isAggregated(e),
    }
    this.#inGroupBy = true
    const grouping = resolveGrouping(groupBy, targets, this.#context('GROUP BY', names))
    this.#inGroupBy = false
    return grouping
  }

  /** HAVING, unlike WHERE, reads a value of another type as BOOLEAN by a cast. */
  #asCondition(ast: AstExpr, ctx: ExprContext): Term {
    const term = resolveExpr(ast, ctx)
    const { kind } = term.expr.type
    return kind === 'boolean' || kind === 'void' ? term : castTerm(term, BOOLEAN, false, ast.at, ctx)
  }

  #resolveQualify(qualify: AstExpr): Expr {
    const ctx = this.#context('QUALIFY', this.#itemNames)
    const term = resolveExpr(qualify, ctx)
    if (this.#overs.size === 0) throw new AnalysisError('QUALIFY_REQUIRES_WINDOW_FUNCTION', {}, { at: qualify.at })
    return booleanCondition(term, qualify.at, ctx)
  }

  /** The item's output column: a column passed on under its own name keeps its identity. */
  #named(item: ResolvedItem): Named {
    const e = item.term.expr
    if (e.kind === 'attr') {
      const from = [...this.#input.columns, ...this.#input.hidden].find((c) => c.id === e.id)
      const generated = this.#generated.flatMap((g) => g.attrs).find((x) => x.id === e.id)
      const known = from ?? generated
      if (known && known.name.toLowerCase() === item.name.toLowerCase())
        return { expr: e, attr: { ...known, name: item.name } }
    }
    return { expr: e, attr: freshAttr(this.#a, item.name, e.type, e.nullable) }
  }

  /** Event time and nullability of a column passed on are those of the plan below. */
  #settled(plan: Logical, named: Named): Named {
    const e = named.expr
    if (e.kind !== 'attr') return { expr: e, attr: { ...named.attr, nullable: e.nullable } }
    const below = plan.attrs.find((x) => x.id === e.id)
    if (!below) return named
    const { eventTime: _mark, ...rest } = named.attr
    return { expr: e, attr: { ...rest, nullable: below.nullable, ...(below.eventTime ? { eventTime: true } : {}) } }
  }

  /** ORDER BY sees the output columns first, then all the items could see. */
  #orderNames(sources: readonly Named[], rest: Names): Names {
    const own = columnNames(
      this.#a,
      sources.map((s) => s.attr),
      [],
      null,
    )
    return firstOf(own, rest)
  }

  #aggregate(
    input: Logical,
    grouping: Grouping,
    havingOnly: boolean,
  ): { readonly plan: Logical; readonly rewrite: (e: Expr) => Expr; readonly rewriteOrder: (e: Expr) => Expr } {
    const a = this.#a
    const grouped = groupedInput(a, input, grouping)
    const extra = grouped.id
      ? grouped.extra.map((x) => (x.attr.id === grouped.id!.id ? { expr: x.expr, attr: this.#grouping!.id } : x))
      : []
    const aggregates = this.#calls.list
    const end = grouping.sets ? null : impliedEnd(a, grouped.input, grouped.keys)
    const keys = [...grouped.keys, ...extra, ...(end ? [end.key] : [])]
    const plan: LogicalAggregate = {
      op: 'aggregate',
      id: a.freshId(),
      input: end?.input ?? grouped.input,
      keys,
      aggregates,
      attrs: [...keys.map((k) => k.attr), ...aggregates.map((x) => x.attr)],
      at: this.#spec.groupBy?.at ?? aggregates[0]?.call.at ?? this.#spec.at,
    }
    const byKey = new Map(grouping.keys.map((k, i) => [k.key, grouped.keys[i]!.attr]))
    const columnIds = new Set(input.attrs.map((x) => x.id))
    const allowed = (id: number): boolean => !columnIds.has(id) || plan.attrs.some((x) => x.id === id)
    const refuse = (column: Expr & { kind: 'attr' }): never => {
      const keyless = grouping.sets !== null && grouping.keys.length === 0
      if (!keyless && (grouping.keys.length > 0 || this.#spec.groupBy !== undefined)) {
        throw new AnalysisError(
          'MISSING_AGGREGATION',
          { expression: `"${column.name}"` },
          { at: column.at, hint: `add it to GROUP BY, or take any_value(${column.name})` },
        )
      }
      if (havingOnly && aggregates.length > 0 && this.#spec.having && !itemsRead(this.#slots, this.#done, column.id)) {
        throw new AnalysisError(
          'UNRESOLVED_COLUMN.WITH_SUGGESTION',
          { name: column.name },
          { at: column.at, hint: 'HAVING sees the select list and what is grouped' },
        )
      }
      throw new AnalysisError(
        'MISSING_GROUP_BY',
        { expression: `"${column.name}"` },
        { at: column.at, hint: `add GROUP BY ${column.name}, or take any_value(${column.name})` },
      )
    }
    // A subquery over the aggregation can be tied to what the aggregation gives only.
    for (const { ids, at } of this.#above.reads)
      for (const column of input.attrs)
        if (ids.has(column.id) && !allowed(column.id)) refuse({ ...attrExpr(column, at), at })
    // ORDER BY sees what is grouped and the select list: another column is not there at all.
    const unseen = (column: Expr & { kind: 'attr' }): never => {
      throw unresolvedColumn([{ name: column.name }], plan.attrs, column.at)
    }
    return {
      plan,
      rewrite: (e) => overAggregate(e, byKey, allowed, refuse),
      rewriteOrder: (e) => overAggregate(e, byKey, allowed, unseen),
    }
  }
}

function itemsRead(
  slots: readonly SelectItem[],
  done: readonly (readonly ResolvedItem[] | 'busy' | undefined)[],
  id: number,
): boolean {
  let found = false
  slots.forEach((_s, i) => {
    const items = done[i]
    if (items && items !== 'busy')
      for (const item of items)
        visit(item.term.expr, (n) => {
          if (n.kind === 'attr' && n.id === id) found = true
        })
  })
  return found
}
