import { ExpressionRules } from './expression-rules.ts'
import type { Rule, RuleOf } from './lookahead.ts'
import { joinWords } from './lookahead.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** FROM: tables, subqueries, table functions, joins, PIVOT, samples, watermarks. */
export abstract class RelationRules extends ExpressionRules {
  readonly fromClause: Rule = this.RULE('fromClause', () => {
    this.CONSUME(k.FROM)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.relation) })
    this.MANY({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.lateralView) })
  })

  readonly relation: Rule = this.RULE('relation', () => {
    this.enterNesting()
    this.SUBRULE(this.lateralPrimary, { LABEL: 'first' })
    this.MANY({
      GATE: () => this.joinHere() || this.isAt(1, k.PIVOT, k.UNPIVOT),
      DEF: () =>
        this.OR([
          { ALT: () => this.SUBRULE(this.join, { LABEL: 'extension' }) },
          { ALT: () => this.SUBRULE(this.pivot, { LABEL: 'extension' }) },
          { ALT: () => this.SUBRULE(this.unpivot, { LABEL: 'extension' }) },
        ]),
    })
    this.leaveNesting()
  })

  readonly lateralPrimary: Rule = this.RULE('lateralPrimary', () => {
    this.OPTION({
      GATE: () =>
        this.isAt(2, t.LeftParen) ||
        (this.nameAt(2) && !joinWords.has(this.LA(2).tokenType) && !this.relationClauseAt(2) && !this.isAt(2, k.AS)),
      DEF: () => this.CONSUME(k.LATERAL),
    })
    this.SUBRULE(this.relationPrimary)
  })

  readonly relationPrimary: Rule = this.RULE('relationPrimary', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.OR2([
            { GATE: () => this.queryAt(), ALT: () => this.SUBRULE(this.query) },
            { ALT: () => this.SUBRULE(this.relation) },
          ])
          this.CONSUME(t.RightParen)
          this.SUBRULE(this.relationSuffix)
        },
      },
      {
        GATE: () =>
          this.isAt(2, t.NumberLiteral, t.StringLiteral, t.Minus, t.Plus) ||
          (this.isAt(2, t.LeftParen) && !this.isAt(3, t.RightParen)),
        ALT: () => this.SUBRULE(this.inlineTable),
      },
      {
        GATE: () => {
          if (!this.isAt(1, k.STREAM)) return false
          if (this.isAt(2, t.LeftParen)) return this.nameAt(3) && this.isAt(4, t.Dot, t.RightParen)
          return (
            this.nameAt(2) && !joinWords.has(this.LA(2).tokenType) && !this.relationClauseAt(2) && !this.isAt(2, k.AS)
          )
        },
        ALT: () => this.SUBRULE(this.streamTable),
      },
      {
        GATE: () => this.isAt(this.nameLength() + 1, t.LeftParen),
        ALT: () => {
          this.SUBRULE(this.call)
          this.SUBRULE2(this.relationSuffix, { ARGS: [false] })
        },
      },
      {
        ALT: () => {
          this.SUBRULE(this.name)
          this.SUBRULE3(this.relationSuffix)
        },
      },
    ])
  })

  readonly streamTable: Rule = this.RULE('streamTable', () => {
    this.CONSUME(k.STREAM)
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.SUBRULE(this.name)
          this.CONSUME(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE2(this.name) },
    ])
    this.OPTION({
      GATE: () => this.isAt(2, t.LeftParen) && !this.insertTailHere(),
      DEF: () => {
        this.CONSUME(k.WITH)
        this.SUBRULE(this.properties)
      },
    })
    this.SUBRULE(this.relationSuffix)
  })

  readonly properties: Rule = this.RULE('properties', () => {
    this.CONSUME(t.LeftParen)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.property) })
    this.CONSUME(t.RightParen)
  })

  readonly property: Rule = this.RULE('property', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.name) }, { ALT: () => this.CONSUME(t.StringLiteral, { LABEL: 'key' }) }])
    this.OPTION(() => this.CONSUME(t.Equal))
    this.OR2([
      { ALT: () => this.CONSUME2(t.StringLiteral, { LABEL: 'value' }) },
      { ALT: () => this.CONSUME(t.NumberLiteral, { LABEL: 'value' }) },
      { ALT: () => this.CONSUME(k.TRUE, { LABEL: 'value' }) },
      { ALT: () => this.CONSUME(k.FALSE, { LABEL: 'value' }) },
    ])
  })

  /** `sampled`: whether TABLESAMPLE may stand there; not behind table functions. */
  readonly relationSuffix: RuleOf<[sampled?: boolean]> = this.RULE('relationSuffix', (sampled?: boolean) => {
    this.OPTION({
      GATE: () => sampled !== false && this.relationClauseAt(1),
      DEF: () => this.SUBRULE(this.sample),
    })
    this.OPTION2({ GATE: () => this.relationClauseAt(1), DEF: () => this.SUBRULE(this.watermark) })
    this.SUBRULE(this.tableAlias)
    this.OPTION3({ GATE: () => this.relationClauseAt(1), DEF: () => this.SUBRULE2(this.watermark) })
  })

  readonly tableAlias: Rule = this.RULE('tableAlias', () => {
    this.OPTION({
      GATE: () => this.tableAliasHere(),
      DEF: () => {
        this.OPTION2({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.AS) })
        this.CONSUME(t.Identifier)
        this.OPTION3(() => this.SUBRULE(this.identifierList))
      },
    })
  })

  readonly sample: Rule = this.RULE('sample', () => {
    this.CONSUME(k.TABLESAMPLE)
    this.CONSUME(t.LeftParen)
    this.OR([
      {
        GATE: () => this.isAt(this.isAt(1, t.Minus) ? 3 : 2, k.PERCENT),
        ALT: () => {
          this.OPTION(() => this.CONSUME(t.Minus))
          this.CONSUME(t.NumberLiteral)
          this.CONSUME(k.PERCENT)
        },
      },
      {
        GATE: () => this.isAt(2, t.NumberLiteral),
        ALT: () => {
          this.CONSUME(k.BUCKET)
          this.CONSUME2(t.NumberLiteral)
          this.CONSUME(k.OUT)
          this.CONSUME(k.OF)
          this.CONSUME3(t.NumberLiteral)
          this.OPTION2(() => {
            this.CONSUME(k.ON)
            this.SUBRULE(this.expression)
          })
        },
      },
      {
        ALT: () => {
          this.SUBRULE2(this.expression)
          this.CONSUME(k.ROWS)
        },
      },
    ])
    this.CONSUME(t.RightParen)
    this.OPTION3({
      GATE: () => this.isAt(2, t.LeftParen),
      DEF: () => {
        this.CONSUME(k.REPEATABLE)
        this.CONSUME2(t.LeftParen)
        this.CONSUME4(t.NumberLiteral, { LABEL: 'seed' })
        this.CONSUME2(t.RightParen)
      },
    })
  })

  readonly watermark: Rule = this.RULE('watermark', () => {
    this.CONSUME(k.WATERMARK)
    this.SUBRULE(this.expression)
    this.OPTION({
      GATE: () => this.aliasHere(),
      DEF: () => {
        this.OPTION2({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.AS) })
        this.CONSUME(t.Identifier)
      },
    })
    this.CONSUME(k.DELAY)
    this.CONSUME(k.OF)
    this.SUBRULE(this.interval)
  })

  readonly join: Rule = this.RULE('join', () => {
    this.OPTION(() => this.CONSUME(k.NATURAL))
    this.OPTION2({
      GATE: () => !this.isAt(1, k.JOIN),
      DEF: () =>
        this.OR([
          { ALT: () => this.CONSUME(k.INNER, { LABEL: 'type' }) },
          { ALT: () => this.CONSUME(k.CROSS, { LABEL: 'type' }) },
          {
            ALT: () => {
              this.CONSUME(k.LEFT, { LABEL: 'type' })
              this.OPTION3(() =>
                this.OR2([
                  { ALT: () => this.CONSUME(k.OUTER) },
                  { ALT: () => this.CONSUME(k.SEMI, { LABEL: 'type' }) },
                  { ALT: () => this.CONSUME(k.ANTI, { LABEL: 'type' }) },
                ]),
              )
            },
          },
          {
            ALT: () => {
              this.CONSUME(k.RIGHT, { LABEL: 'type' })
              this.OPTION4(() => this.CONSUME2(k.OUTER))
            },
          },
          {
            ALT: () => {
              this.CONSUME(k.FULL, { LABEL: 'type' })
              this.OPTION5(() => this.CONSUME3(k.OUTER))
            },
          },
          { ALT: () => this.CONSUME2(k.SEMI, { LABEL: 'type' }) },
          { ALT: () => this.CONSUME2(k.ANTI, { LABEL: 'type' }) },
        ]),
    })
    this.CONSUME(k.JOIN)
    this.SUBRULE(this.lateralPrimary)
    this.OPTION6(() =>
      this.OR3([
        {
          ALT: () => {
            this.CONSUME(k.ON)
            this.SUBRULE(this.expression)
          },
        },
        {
          ALT: () => {
            this.CONSUME(k.USING)
            this.SUBRULE(this.identifierList)
          },
        },
      ]),
    )
  })

  readonly pivot: Rule = this.RULE('pivot', () => {
    this.CONSUME(k.PIVOT)
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.namedExpressions, { LABEL: 'aggregates' })
    this.CONSUME(k.FOR)
    this.OR([
      {
        ALT: () => {
          this.CONSUME2(t.LeftParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
          this.CONSUME2(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE2(this.name) },
    ])
    this.CONSUME(k.IN)
    this.CONSUME3(t.LeftParen)
    this.SUBRULE2(this.namedExpressions, { LABEL: 'values' })
    this.CONSUME3(t.RightParen)
    this.CONSUME(t.RightParen)
    this.SUBRULE(this.tableAlias)
  })

  readonly unpivot: Rule = this.RULE('unpivot', () => {
    this.CONSUME(k.UNPIVOT)
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(k.INCLUDE) }, { ALT: () => this.CONSUME(k.EXCLUDE) }])
      this.CONSUME(k.NULLS)
    })
    this.CONSUME(t.LeftParen)
    this.OR2([
      { ALT: () => this.SUBRULE(this.identifierList, { LABEL: 'valueColumns' }) },
      { ALT: () => this.CONSUME(t.Identifier, { LABEL: 'valueColumn' }) },
    ])
    this.CONSUME(k.FOR)
    this.CONSUME2(t.Identifier, { LABEL: 'nameColumn' })
    this.CONSUME(k.IN)
    this.CONSUME2(t.LeftParen)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.unpivotSet) })
    this.CONSUME2(t.RightParen)
    this.CONSUME(t.RightParen)
    this.SUBRULE(this.tableAlias)
  })

  readonly unpivotSet: Rule = this.RULE('unpivotSet', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
          this.CONSUME(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE2(this.name) },
    ])
    this.OPTION(() => {
      this.OPTION2({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.AS) })
      this.CONSUME(t.Identifier)
    })
  })

  readonly lateralView: Rule = this.RULE('lateralView', () => {
    this.CONSUME(k.LATERAL)
    this.CONSUME(k.VIEW)
    this.OPTION({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.OUTER) })
    this.SUBRULE(this.call)
    this.OPTION2({
      GATE: () => !this.isAt(1, k.AS) && this.tableAliasHere(),
      DEF: () => this.CONSUME(t.Identifier, { LABEL: 'table' }),
    })
    this.OPTION3({
      GATE: () => (this.isAt(1, k.AS) ? this.nameAt(2) : this.nameAt(1) && this.tableAliasHere()),
      DEF: () => {
        this.OPTION4({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.AS) })
        this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME2(t.Identifier) })
      },
    })
  })

  readonly inlineTable: Rule = this.RULE('inlineTable', () => {
    this.CONSUME(k.VALUES)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) })
    this.SUBRULE(this.tableAlias)
  })
}
