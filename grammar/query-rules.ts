import type { Rule, RuleOf } from './lookahead.ts'
import { PipeRules } from './pipe-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** Queries: WITH, set operations, SELECT with its clauses, ORDER BY … LIMIT. */
export abstract class QueryRules extends PipeRules {
  readonly query: Rule = this.RULE('query', () => {
    this.enterNesting()
    this.OPTION({ GATE: () => this.isAt(1, k.WITH), DEF: () => this.SUBRULE(this.with) })
    this.SUBRULE(this.queryTerm)
    this.SUBRULE(this.organization)
    this.leaveNesting()
  })

  readonly with: Rule = this.RULE('with', () => {
    this.CONSUME(k.WITH)
    this.OPTION({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.RECURSIVE) })
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.cte) })
  })

  readonly cte: Rule = this.RULE('cte', () => {
    this.CONSUME(t.Identifier)
    this.OPTION({ GATE: () => !this.queryAt(2), DEF: () => this.SUBRULE(this.identifierList) })
    this.OPTION2(() => {
      this.CONSUME(k.MAX)
      this.CONSUME(k.RECURSION)
      this.CONSUME(k.LEVEL)
      this.CONSUME(t.NumberLiteral)
    })
    this.OPTION3(() => this.CONSUME(k.AS))
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.query)
    this.CONSUME(t.RightParen)
  })

  readonly queryTerm: Rule = this.RULE('queryTerm', () => {
    this.SUBRULE(this.queryPrimary, { LABEL: 'first' })
    this.MANY({
      GATE: () => this.isAt(1, t.PipeInto) || this.clauseAt(1),
      DEF: () =>
        this.OR([
          { ALT: () => this.SUBRULE(this.setTail, { LABEL: 'tail' }) },
          { ALT: () => this.SUBRULE(this.pipeStep, { LABEL: 'tail' }) },
        ]),
    })
  })

  readonly setTail: Rule = this.RULE('setTail', () => {
    this.SUBRULE(this.setOperator)
    this.SUBRULE(this.queryPrimary)
  })

  readonly setOperator: Rule = this.RULE('setOperator', () => {
    this.OR([
      { ALT: () => this.CONSUME(k.UNION) },
      { ALT: () => this.CONSUME(k.EXCEPT) },
      { ALT: () => this.CONSUME(k.INTERSECT) },
      { ALT: () => this.CONSUME(k.MINUS) },
    ])
    this.OPTION(() => this.OR2([{ ALT: () => this.CONSUME(k.ALL) }, { ALT: () => this.CONSUME(k.DISTINCT) }]))
    this.OPTION2(() => {
      this.CONSUME(k.BY)
      this.CONSUME(k.NAME)
    })
  })

  readonly queryPrimary: Rule = this.RULE('queryPrimary', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.select) },
      { ALT: () => this.SUBRULE(this.fromFirst) },
      { ALT: () => this.SUBRULE(this.table) },
      { ALT: () => this.SUBRULE(this.inlineTable) },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.SUBRULE(this.query)
          this.CONSUME(t.RightParen)
        },
      },
    ])
  })

  readonly table: Rule = this.RULE('table', () => {
    this.CONSUME(k.TABLE)
    this.SUBRULE(this.name)
  })

  readonly select: Rule = this.RULE('select', () => {
    this.SUBRULE(this.selectClause)
    this.OPTION({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.fromClause) })
    this.SUBRULE(this.selectTail)
  })

  readonly fromFirst: Rule = this.RULE('fromFirst', () => {
    this.SUBRULE(this.fromClause)
    this.OPTION({
      GATE: () => this.relationClauseAt(1),
      DEF: () => {
        this.SUBRULE(this.selectClause)
        this.SUBRULE(this.selectTail)
      },
    })
  })

  readonly selectClause: Rule = this.RULE('selectClause', () => {
    this.CONSUME(k.SELECT)
    this.MANY(() => this.CONSUME(t.Hint))
    this.OPTION({
      GATE: () => this.startsExpressionAt(2),
      DEF: () => this.OR([{ ALT: () => this.CONSUME(k.DISTINCT) }, { ALT: () => this.CONSUME(k.ALL) }]),
    })
    this.SUBRULE(this.namedExpressions)
  })

  readonly selectTail: Rule = this.RULE('selectTail', () => {
    this.MANY({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.lateralView) })
    this.OPTION({
      GATE: () => this.clauseAt(1),
      DEF: () => {
        this.CONSUME(k.WHERE)
        this.SUBRULE(this.expression, { LABEL: 'where' })
      },
    })
    this.OPTION2({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.groupBy) })
    this.OPTION3({
      GATE: () => this.clauseAt(1),
      DEF: () => {
        this.CONSUME(k.HAVING)
        this.SUBRULE2(this.expression, { LABEL: 'having' })
      },
    })
    this.OPTION4({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.windowClause) })
    this.OPTION5({
      GATE: () => this.clauseAt(1),
      DEF: () => {
        this.CONSUME(k.QUALIFY)
        this.SUBRULE3(this.expression, { LABEL: 'qualify' })
      },
    })
    this.OPTION6({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE2(this.windowClause) })
  })

  readonly windowClause: Rule = this.RULE('windowClause', () => {
    this.CONSUME(k.WINDOW)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.namedWindow) })
  })

  readonly namedWindow: Rule = this.RULE('namedWindow', () => {
    this.CONSUME(t.Identifier)
    this.CONSUME(k.AS)
    this.SUBRULE(this.windowSpec)
  })

  readonly organization: Rule = this.RULE('organization', () => {
    this.MANY({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.ordering) })
    this.OPTION({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.windowClause) })
    this.OPTION2({
      GATE: () => this.clauseAt(1),
      DEF: () => {
        this.CONSUME(k.LIMIT)
        this.OR([
          { GATE: () => !this.isAt(2, t.LeftParen, t.Dot), ALT: () => this.CONSUME(k.ALL) },
          { ALT: () => this.SUBRULE(this.expression, { LABEL: 'limit' }) },
        ])
      },
    })
    this.OPTION3({
      GATE: () => this.clauseAt(1),
      DEF: () => {
        this.CONSUME(k.OFFSET)
        this.SUBRULE2(this.expression, { LABEL: 'offset' })
      },
    })
  })

  readonly ordering: Rule = this.RULE('ordering', () => {
    this.OR([
      { ALT: () => this.CONSUME(k.ORDER, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(k.SORT, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(k.CLUSTER, { LABEL: 'kind' }) },
      { ALT: () => this.CONSUME(k.DISTRIBUTE, { LABEL: 'kind' }) },
    ])
    this.CONSUME(k.BY)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.sortItem) })
  })

  readonly groupBy: RuleOf<[aliases?: boolean]> = this.RULE('groupBy', (aliases?: boolean) => {
    this.CONSUME(k.GROUP)
    this.CONSUME(k.BY)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.groupingElement, { ARGS: [aliases === true] }) })
    this.OPTION({
      GATE: () => this.isAt(2, k.ROLLUP, k.CUBE),
      DEF: () => {
        this.CONSUME(k.WITH)
        this.OR([{ ALT: () => this.CONSUME(k.ROLLUP) }, { ALT: () => this.CONSUME(k.CUBE) }])
      },
    })
    this.OPTION2({ GATE: () => this.isAt(2, k.SETS), DEF: () => this.SUBRULE(this.groupingSets) })
  })

  readonly groupingElement: RuleOf<[aliases?: boolean]> = this.RULE('groupingElement', (aliases?: boolean) => {
    this.enterNesting()
    this.OR([
      {
        GATE: () => this.isAt(2, t.LeftParen),
        ALT: () => {
          this.OR2([
            { ALT: () => this.CONSUME(k.ROLLUP, { LABEL: 'kind' }) },
            { ALT: () => this.CONSUME(k.CUBE, { LABEL: 'kind' }) },
          ])
          this.CONSUME(t.LeftParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.groupingSet) })
          this.CONSUME(t.RightParen)
        },
      },
      { GATE: () => this.isAt(2, k.SETS), ALT: () => this.SUBRULE(this.groupingSets) },
      { GATE: () => aliases === true, ALT: () => this.SUBRULE(this.namedExpression) },
      { ALT: () => this.SUBRULE(this.expression) },
    ])
    this.leaveNesting()
  })

  readonly groupingSets: Rule = this.RULE('groupingSets', () => {
    this.CONSUME(k.GROUPING)
    this.CONSUME(k.SETS)
    this.CONSUME(t.LeftParen)
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () =>
        this.OR([
          {
            GATE: () => this.isAt(1, t.LeftParen) && [t.Comma, t.RightParen].includes(this.behindBracket(1)),
            ALT: () => this.SUBRULE(this.groupingSet, { LABEL: 'element' }),
          },
          { ALT: () => this.SUBRULE(this.groupingElement, { LABEL: 'element' }) },
        ]),
    })
    this.CONSUME(t.RightParen)
  })

  readonly groupingSet: Rule = this.RULE('groupingSet', () => {
    this.OR([
      {
        GATE: () => [t.Comma, t.RightParen].includes(this.behindBracket(1)),
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) })
          this.CONSUME(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE2(this.expression, { LABEL: 'single' }) },
    ])
  })
}
