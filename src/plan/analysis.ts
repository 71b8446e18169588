import type { Span } from '../errors/span.ts'
import type { UseCounter } from './complexity.ts'
import type { AttrExpr, Expr } from '../expr/bound.ts'
import type { ExprEnv } from '../expr/env.ts'
import type { AstQuery, Ident } from '../sql/ast.ts'
import type { DataType } from '../types/data-type.ts'
import type { Attr, Logical, Named } from './logical.ts'
import type { Term } from './term.ts'
import type { PlanCatalog, Unresolved } from './unresolved.ts'

/**
 * A plan under analysis and the columns names see, in order. `columns` may rename and requalify attributes of the
 * plan (same ids), and leave some out; `hidden` ones answer only to what no visible column answers to.
 */
export interface Relation {
  readonly plan: Logical
  readonly columns: readonly Attr[]
  readonly hidden: readonly Attr[]
}

/** A WITH entry: analyzed anew at each use, in the surroundings of its definition. */
export interface Cte {
  readonly query: AstQuery
  readonly columns?: readonly string[] | undefined
  readonly surroundings: Surroundings
  /** It reads itself. */
  readonly recursion?: Recursion | undefined
  /** Within the definition of a recursive table, its own name: the rows of the round before. */
  readonly previous?: (() => Relation) | undefined
}

/** A table of WITH RECURSIVE; `maxLevel` rounds where its definition says. */
export interface Recursion {
  readonly name: string
  readonly maxLevel?: number | undefined
  readonly at?: Span | undefined
}

/** What a query sees from outside itself. */
export interface Surroundings {
  readonly ctes: ReadonlyMap<string, Cte>
  /** Columns of the enclosing query that a subquery may name; null at the top. */
  readonly outer: OuterColumns | null
  /** Names of views being expanded, against views that hold themselves. */
  readonly views: readonly string[]
}

/** The columns of an enclosing query, and which of them the subquery used. */
export interface OuterColumns {
  readonly columns: readonly Attr[]
  readonly hidden: readonly Attr[]
  readonly parent: OuterColumns | null
  readonly used: Set<number>
}

/** One run of the analyzer. `query` and `plan` lead back into it from the files that need it. */
export interface Analysis {
  readonly catalog: PlanCatalog
  readonly env: ExprEnv
  /** What the plan has read so far. */
  readonly uses: UseCounter
  /** A number unique in the plan: for columns, nodes and lambda parameters. */
  freshId(): number
  query(query: AstQuery, surroundings: Surroundings): Relation
  plan(plan: Unresolved, surroundings: Surroundings): Relation
  /** Values that names stand for where no column answers: the parameters of the SQL function being expanded. */
  readonly values?: ValueNames | undefined
  /** The same run with other values. */
  withValues(values: ValueNames | undefined): Analysis
}

/** What a name that is no column stands for; null when nothing. */
export type ValueNames = (parts: readonly Ident[], at: Span | undefined) => Term | null

/** A relation that shows all columns of its plan. */
export const relationOf = (plan: Logical, columns: readonly Attr[] = plan.attrs): Relation => ({
  plan,
  columns,
  hidden: [],
})

/** A column as an expression. */
export const attrExpr = (attr: Attr, at?: Span): AttrExpr => ({
  kind: 'attr',
  id: attr.id,
  name: attr.name,
  type: attr.type,
  nullable: attr.nullable,
  at,
})

/** A column passed on as it is. */
export const passOn = (attr: Attr): Named => ({ expr: attrExpr(attr), attr })

/** A fresh column. */
export function freshAttr(a: Analysis, name: string, type: DataType, nullable: boolean, eventTime = false): Attr {
  return { id: a.freshId(), name, type, nullable, qualifier: [], ...(eventTime ? { eventTime: true } : {}) }
}

/** A project of `items`; its columns are theirs. */
export function project(a: Analysis, input: Logical, items: readonly Named[], at?: Span): Logical {
  return { op: 'project', id: a.freshId(), input, items, attrs: items.map((i) => i.attr), at }
}

/** A filter over `input`. */
export function filter(a: Analysis, input: Logical, condition: Expr, at?: Span): Logical {
  return { op: 'filter', id: a.freshId(), input, condition, attrs: input.attrs, at }
}

/** The same relation with `name` as the only qualifier of its visible columns, and other column names when given. */
export function aliased(relation: Relation, name: string, columns?: readonly string[]): Relation {
  return {
    plan: relation.plan,
    columns: relation.columns.map((c, i) => ({ ...c, name: columns?.[i] ?? c.name, qualifier: [name] })),
    hidden: relation.hidden.filter((c) => c.metadata === true).map((c) => ({ ...c, qualifier: [name] })),
  }
}

/** The plan with exactly the visible columns, in order and by their names: adds a project where it must. */
export function shown(a: Analysis, relation: Relation): Logical {
  const { plan, columns } = relation
  const same =
    plan.attrs.length === columns.length &&
    plan.attrs.every((x, i) => x.id === columns[i]!.id && x.name === columns[i]!.name)
  return same ? plan : project(a, plan, columns.map(passOn))
}

/** True where what the recorded engine refuses may be run (`millrace.extensions`). */
export const extended = (a: Analysis): boolean => a.catalog.conf('millrace.extensions')?.toLowerCase() !== 'false'
