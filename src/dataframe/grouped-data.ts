import type { Row } from '../columns/row.ts'
import type { With } from '../columns/typed-row.ts'
import type { AstExpr, AstGroupBy } from '../sql/ast.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import { callExpr, Column, columnExpr, type ColumnOrName } from './column.ts'
import type { DataFrame } from './data-frame.ts'

/** Grouping columns of ROLLUP and CUBE: NULL in the rows of sums. */
export type Nulls<K> = string extends keyof K ? K : { [C in keyof K]: K[C] | null }

/** Rows in groups, waiting for aggregates. `K` is the type of the grouping columns. */
export class GroupedData<K extends object = Row> {
  readonly #make: (plan: Unresolved) => DataFrame<never>
  readonly #input: Unresolved
  readonly #kind: 'groupBy' | 'rollup' | 'cube'
  readonly #keys: readonly AstExpr[]

  constructor(
    make: (plan: Unresolved) => DataFrame<never>,
    input: Unresolved,
    kind: 'groupBy' | 'rollup' | 'cube',
    keys: readonly AstExpr[],
  ) {
    this.#make = make
    this.#input = input
    this.#kind = kind
    this.#keys = keys
  }

  /** The grouping columns, then one column per aggregate; also `agg({ price: 'max' })`. */
  agg(...given: readonly (Column | Readonly<Record<string, string>>)[]): DataFrame<K & Row> {
    return this.#agg(given)
  }

  #agg(given: readonly (Column | Readonly<Record<string, string>>)[]): DataFrame<never> {
    const columns = given.flatMap((g) =>
      g instanceof Column ? [g] : Object.entries(g).map(([name, fn]) => new Column(callExpr(fn, [columnExpr(name)]))),
    )
    const elements: AstGroupBy['elements'] =
      this.#kind === 'groupBy'
        ? this.#keys.map((expr) => ({ kind: 'expr', expr }))
        : [{ kind: this.#kind, sets: this.#keys.map((k) => [k]) }]
    return this.#make({ op: 'aggregate', input: this.#input, groupBy: { elements }, items: columns.map((c) => c.expr) })
  }

  /** Rows per group, as `count`. */
  count<T extends object>(this: GroupedData<T>): DataFrame<With<T, { count: bigint }>> {
    return this.#agg([new Column(callExpr('count', [{ kind: 'star', qualifier: [] }])).as('count')])
  }
  sum(...columns: ColumnOrName[]): DataFrame<K & Row> {
    return this.#each('sum', columns)
  }
  avg(...columns: ColumnOrName[]): DataFrame<K & Row> {
    return this.#each('avg', columns)
  }
  mean(...columns: ColumnOrName[]): DataFrame<K & Row> {
    return this.#each('avg', columns)
  }
  min(...columns: ColumnOrName[]): DataFrame<K & Row> {
    return this.#each('min', columns)
  }
  max(...columns: ColumnOrName[]): DataFrame<K & Row> {
    return this.#each('max', columns)
  }

  #each(fn: string, columns: readonly ColumnOrName[]): DataFrame<K & Row> {
    return this.agg(...columns.map((c) => new Column(callExpr(fn, [columnExpr(c)]))))
  }
}
