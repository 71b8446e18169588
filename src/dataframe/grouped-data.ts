import type { AstExpr, AstGroupBy } from '../sql/ast.ts'
import type { Unresolved } from '../plan/unresolved.ts'
import { callExpr, Column, columnExpr, type ColumnOrName } from './column.ts'
import type { DataFrame } from './data-frame.ts'

/** Rows in groups, waiting for aggregates. */
export class GroupedData {
  readonly #make: (plan: Unresolved) => DataFrame
  readonly #input: Unresolved
  readonly #kind: 'groupBy' | 'rollup' | 'cube'
  readonly #keys: readonly AstExpr[]

  constructor(make: (plan: Unresolved) => DataFrame, input: Unresolved, kind: 'groupBy' | 'rollup' | 'cube', keys: readonly AstExpr[]) {
    this.#make = make
    this.#input = input
    this.#kind = kind
    this.#keys = keys
  }

  /** The grouping columns, then one column per aggregate; also `agg({ price: 'max' })`. */
  agg(...given: readonly (Column | Readonly<Record<string, string>>)[]): DataFrame {
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
  count(): DataFrame {
    return this.agg(new Column(callExpr('count', [{ kind: 'star', qualifier: [] }])).as('count'))
  }
  sum(...columns: ColumnOrName[]): DataFrame {
    return this.#each('sum', columns)
  }
  avg(...columns: ColumnOrName[]): DataFrame {
    return this.#each('avg', columns)
  }
  mean(...columns: ColumnOrName[]): DataFrame {
    return this.#each('avg', columns)
  }
  min(...columns: ColumnOrName[]): DataFrame {
    return this.#each('min', columns)
  }
  max(...columns: ColumnOrName[]): DataFrame {
    return this.#each('max', columns)
  }

  #each(fn: string, columns: readonly ColumnOrName[]): DataFrame {
    return this.agg(...columns.map((c) => new Column(callExpr(fn, [columnExpr(c)]))))
  }
}
