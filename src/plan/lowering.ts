/**
 * What the analyzer does to a query so that it can run at all. These are no rules of the optimizer, since a plan holds no
 * subqueries; EXPLAIN shows them with the rules.
 */
export type Lowering = 'in-to-semi-join' | 'subquery-to-join' | 'decorrelate'

/** What each does, in one line. */
export const LOWERINGS: Readonly<Record<Lowering, string>> = {
  'in-to-semi-join': 'runs IN and EXISTS of WHERE as semi and anti joins',
  'subquery-to-join': 'joins subqueries that stand as values',
  decorrelate: 'joins a subquery on what ties it to the query around it',
}
