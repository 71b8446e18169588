import { UnsupportedError } from '../errors/errors.ts'
import type { AstExplain, AstStatement } from '../sql/ast.ts'
import { describe } from './describe-statements.ts'
import { executeImmediate } from './execute-immediate.ts'
import { createFunction, dropFunction } from './function-statements.ts'
import { insert } from './insert-statements.ts'
import { cache, refresh, setting, use } from './setting-statements.ts'
import { show, stopQuery } from './show-statements.ts'
import { table, type Outcome, type StatementContext } from './statement-context.ts'
import { createTable, dropTable, truncateTable } from './table-statements.ts'
import { declareVariable, dropVariable, setVariable } from './variable-statements.ts'
import { createView, dropView } from './view-statements.ts'

/** Carries out a statement whose parameters are bound; one file for each kind of statement. */
export function carryOut(s: AstStatement, ctx: StatementContext): Outcome {
  switch (s.kind) {
    case 'query_statement':
      return { plan: { op: 'sql', query: s.query } }
    case 'create_view':
      return createView(s, ctx)
    case 'drop_view':
      return dropView(s, ctx)
    case 'create_table':
      return createTable(s, ctx)
    case 'create_function':
      return createFunction(s, ctx)
    case 'drop':
      return s.what === 'table'
        ? dropTable(s, ctx)
        : s.what === 'function'
          ? dropFunction(s, ctx)
          : dropVariable(s, ctx)
    case 'insert':
      return insert(s, ctx)
    case 'truncate':
      return truncateTable(s, ctx)
    case 'show':
      return show(s, ctx)
    case 'stop_query':
      return stopQuery(s, ctx)
    case 'describe':
      return describe(s, ctx)
    case 'explain':
      return explain(s, ctx)
    case 'set':
      return setting(s, ctx)
    case 'set_variable':
      return setVariable(s, ctx)
    case 'declare':
      return declareVariable(s, ctx)
    case 'execute_immediate':
      return executeImmediate(s, ctx)
    case 'use':
      return use(s)
    case 'cache':
      return cache(s, ctx)
    case 'refresh':
      return refresh(s, ctx)
    case 'unparsed':
      throw new UnsupportedError('UNSUPPORTED', { feature: s.what }, { at: s.at })
  }
}

/** EXPLAIN of a query, or of the query inside CREATE VIEW, CREATE TABLE AS, INSERT and CACHE; nothing is carried out. */
function explain(s: AstExplain, ctx: StatementContext): Outcome {
  const inner = s.statement
  const query = 'query' in inner && typeof inner.query === 'object' ? inner.query : undefined
  if (!query)
    throw new UnsupportedError(
      'UNSUPPORTED',
      { feature: 'EXPLAIN of a statement without a query' },
      { at: inner.at ?? s.at },
    )
  return table('plan STRING', [[ctx.plans.explain({ op: 'sql', query }, s.mode)]])
}
