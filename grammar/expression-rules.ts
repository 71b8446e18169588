import { CallRules } from './call-rules.ts'
import type { Rule } from './lookahead.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** Expressions. Operators come as flat lists; who builds the tree applies precedence. */
export abstract class ExpressionRules extends CallRules {
  readonly expression: Rule = this.RULE('expression', () => {
    this.enterNesting()
    this.SUBRULE(this.predicated)
    this.MANY({
      GATE: () => this.operandFollows(),
      DEF: () => {
        this.CONSUME(t.LogicOperator, { LABEL: 'op' })
        this.SUBRULE2(this.predicated)
      },
    })
    this.leaveNesting()
  })

  readonly predicated: Rule = this.RULE('predicated', () => {
    this.MANY({
      GATE: () => this.isAt(1, t.Bang) || this.operandFollows(),
      DEF: () => this.CONSUME(t.NotOperator, { LABEL: 'not' }),
    })
    this.OR([
      {
        GATE: () => this.isAt(2, t.LeftParen) && this.queryAt(3),
        ALT: () => {
          this.CONSUME(k.EXISTS)
          this.CONSUME(t.LeftParen)
          this.SUBRULE(this.query)
          this.CONSUME(t.RightParen)
        },
      },
      {
        ALT: () => {
          this.SUBRULE(this.value)
          this.OPTION({ GATE: () => this.predicateHere(), DEF: () => this.SUBRULE(this.predicate) })
        },
      },
    ])
  })

  readonly predicate: Rule = this.RULE('predicate', () => {
    this.OPTION(() => this.CONSUME(t.NotOperator, { LABEL: 'not' }))
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.BETWEEN)
          this.SUBRULE(this.value)
          this.CONSUME(k.AND)
          this.SUBRULE2(this.value)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.IN)
          this.CONSUME(t.LeftParen)
          this.OR2([
            { GATE: () => this.queryAt(), ALT: () => this.SUBRULE(this.query) },
            { ALT: () => this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) }) },
          ])
          this.CONSUME(t.RightParen)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.RLIKE)
          this.SUBRULE3(this.value)
        },
      },
      {
        ALT: () => {
          this.OR3([{ ALT: () => this.CONSUME(k.LIKE) }, { ALT: () => this.CONSUME(k.ILIKE) }])
          this.OR4([
            {
              GATE: () => this.isAt(1, k.ANY, k.SOME, k.ALL) && this.isAt(2, t.LeftParen),
              ALT: () => {
                this.OR5([
                  { ALT: () => this.CONSUME(k.ANY) },
                  { ALT: () => this.CONSUME(k.SOME) },
                  { ALT: () => this.CONSUME(k.ALL) },
                ])
                this.CONSUME2(t.LeftParen)
                this.MANY_SEP2({ SEP: t.Comma, DEF: () => this.SUBRULE2(this.expression) })
                this.CONSUME2(t.RightParen)
              },
            },
            {
              ALT: () => {
                this.SUBRULE4(this.value)
                this.OPTION2({
                  GATE: () => this.isAt(2, t.StringLiteral),
                  DEF: () => {
                    this.CONSUME(k.ESCAPE)
                    this.CONSUME(t.StringLiteral)
                  },
                })
              },
            },
          ])
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.IS)
          this.OPTION3(() => this.CONSUME2(t.NotOperator, { LABEL: 'not' }))
          this.OR6([
            { ALT: () => this.CONSUME(k.NULL, { LABEL: 'what' }) },
            { ALT: () => this.CONSUME(k.TRUE, { LABEL: 'what' }) },
            { ALT: () => this.CONSUME(k.FALSE, { LABEL: 'what' }) },
            { ALT: () => this.CONSUME(k.UNKNOWN, { LABEL: 'what' }) },
            {
              ALT: () => {
                this.CONSUME(k.DISTINCT, { LABEL: 'what' })
                this.CONSUME(k.FROM)
                this.SUBRULE5(this.value)
              },
            },
          ])
        },
      },
    ])
  })

  /** Operands and operators in a row; `>` `>` side by side are a shift. */
  readonly value: Rule = this.RULE('value', () => {
    this.SUBRULE(this.unary)
    this.MANY({
      GATE: () => !this.isAt(1, k.DIV) || this.operandFollows(),
      DEF: () => {
        this.CONSUME(t.BinaryOperator, { LABEL: 'op' })
        this.MANY2({
          GATE: () => {
            const last = this.LA(0)
            return last.tokenType === t.Greater && this.LA(1).startOffset === last.startOffset + 1
          },
          DEF: () => this.CONSUME(t.Greater, { LABEL: 'more' }),
        })
        this.SUBRULE2(this.unary)
      },
    })
  })

  readonly unary: Rule = this.RULE('unary', () => {
    this.MANY(() => this.CONSUME(t.UnaryOperator, { LABEL: 'op' }))
    this.SUBRULE(this.primary)
    this.MANY2({
      GATE: () => !this.isAt(1, k.COLLATE, t.Colon) || this.nameAt(2),
      DEF: () => this.SUBRULE(this.postfix),
    })
  })

  readonly postfix: Rule = this.RULE('postfix', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Dot)
          this.CONSUME(t.Identifier)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftBracket)
          this.enterNesting()
          this.SUBRULE(this.value)
          this.leaveNesting()
          this.CONSUME(t.RightBracket)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.DoubleColon)
          this.SUBRULE(this.dataType)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.COLLATE)
          this.SUBRULE(this.name)
        },
      },
      { ALT: () => this.SUBRULE(this.path) },
    ])
  })

  /** `column:field.member[0]`, a path into a variant. */
  readonly path: Rule = this.RULE('path', () => {
    this.CONSUME(t.Colon)
    this.CONSUME(t.Identifier)
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Dot)
            this.CONSUME2(t.Identifier)
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.LeftBracket)
            this.OR2([
              { ALT: () => this.CONSUME(t.NumberLiteral) },
              { ALT: () => this.CONSUME(t.StringLiteral) },
              { ALT: () => this.CONSUME(t.Star) },
            ])
            this.CONSUME(t.RightBracket)
          },
        },
      ]),
    )
  })

  readonly primary: Rule = this.RULE('primary', () => {
    this.OR([
      { ALT: () => this.AT_LEAST_ONE(() => this.CONSUME(t.StringLiteral)) },
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.SUBRULE(this.parameter) },
      { GATE: () => this.isAt(1, t.Star), ALT: () => this.SUBRULE(this.star) },
      {
        GATE: () => this.isAt(1, t.LeftParen) && this.behindBracket(1) === t.Arrow,
        ALT: () => this.SUBRULE(this.lambda),
      },
      { ALT: () => this.SUBRULE(this.bracketed) },
      { GATE: () => this.isAt(2, t.Arrow), ALT: () => this.SUBRULE2(this.lambda) },
      { GATE: () => this.operandFollows() && !this.isAt(2, k.END, k.AS, t.Star), ALT: () => this.SUBRULE(this.case) },
      { GATE: () => this.inBracket(2, k.AS), ALT: () => this.SUBRULE(this.cast) },
      { GATE: () => this.intervalHere(), ALT: () => this.SUBRULE(this.interval) },
      {
        GATE: () => this.isAt(2, t.StringLiteral) && !this.isAt(1, k.NULL, k.TRUE, k.FALSE),
        ALT: () => this.SUBRULE(this.typedLiteral),
      },
      { GATE: () => !this.isAt(2, t.LeftParen, t.Dot), ALT: () => this.SUBRULE(this.constant) },
      {
        GATE: () => this.isAt(2, t.LeftParen) && this.nameAt(3) && this.isAt(4, k.FROM),
        ALT: () => this.SUBRULE(this.extract),
      },
      { GATE: () => this.inBracket(2, k.IN), ALT: () => this.SUBRULE(this.position) },
      { GATE: () => this.inBracket(2, k.FROM), ALT: () => this.SUBRULE(this.substring) },
      { GATE: () => this.inBracket(2, k.FROM), ALT: () => this.SUBRULE(this.trim) },
      { GATE: () => this.inBracket(2, k.PLACING), ALT: () => this.SUBRULE(this.overlay) },
      { GATE: () => this.isAt(2, t.LeftParen), ALT: () => this.SUBRULE(this.struct) },
      {
        GATE: () => {
          const n = this.nameLength()
          return n > 0 && this.isAt(n + 1, t.LeftParen)
        },
        ALT: () => this.SUBRULE(this.call),
      },
      {
        GATE: () => {
          const n = this.nameLength()
          return n > 0 && this.isAt(n + 1, t.Dot) && this.isAt(n + 2, t.Star)
        },
        ALT: () => this.SUBRULE2(this.star),
      },
      { ALT: () => this.CONSUME(t.Identifier) },
    ])
  })

  readonly parameter: Rule = this.RULE('parameter', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Colon)
          this.CONSUME(t.Identifier)
        },
      },
      { ALT: () => this.CONSUME(t.Question) },
    ])
  })

  readonly star: Rule = this.RULE('star', () => {
    this.MANY(() => {
      this.CONSUME(t.Identifier)
      this.CONSUME(t.Dot)
    })
    this.CONSUME(t.Star)
    this.OPTION({
      GATE: () => this.isAt(2, t.LeftParen) && !this.queryAt(2),
      DEF: () => {
        this.CONSUME(k.EXCEPT)
        this.CONSUME(t.LeftParen)
        this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
        this.CONSUME(t.RightParen)
      },
    })
  })

  readonly bracketed: Rule = this.RULE('bracketed', () => {
    this.CONSUME(t.LeftParen)
    this.OR([
      { GATE: () => this.queryAt(), ALT: () => this.SUBRULE(this.query) },
      { ALT: () => this.SUBRULE(this.namedExpressions) },
    ])
    this.CONSUME(t.RightParen)
  })

  readonly lambda: Rule = this.RULE('lambda', () => {
    this.OR([{ ALT: () => this.CONSUME(t.Identifier) }, { ALT: () => this.SUBRULE(this.identifierList) }])
    this.CONSUME(t.Arrow)
    this.SUBRULE(this.expression)
  })

  readonly case: Rule = this.RULE('case', () => {
    this.CONSUME(k.CASE)
    this.OPTION({ GATE: () => !this.isAt(1, k.WHEN), DEF: () => this.SUBRULE(this.expression, { LABEL: 'operand' }) })
    this.AT_LEAST_ONE(() => {
      this.CONSUME(k.WHEN)
      this.SUBRULE2(this.expression, { LABEL: 'when' })
      this.CONSUME(k.THEN)
      this.SUBRULE3(this.expression, { LABEL: 'then' })
    })
    this.OPTION2(() => {
      this.CONSUME(k.ELSE)
      this.SUBRULE4(this.expression, { LABEL: 'else' })
    })
    this.CONSUME(k.END)
  })

  readonly cast: Rule = this.RULE('cast', () => {
    this.OR([{ ALT: () => this.CONSUME(k.CAST) }, { ALT: () => this.CONSUME(k.TRY_CAST) }])
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.expression)
    this.CONSUME(k.AS)
    this.SUBRULE(this.dataType)
    this.CONSUME(t.RightParen)
  })

  readonly interval: Rule = this.RULE('interval', () => {
    this.CONSUME(k.INTERVAL)
    this.SUBRULE(this.intervalPart)
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.TO)
          this.CONSUME(t.IntervalUnit, { LABEL: 'toUnit' })
        },
      },
      { ALT: () => this.MANY({ GATE: () => this.intervalPartHere(), DEF: () => this.SUBRULE2(this.intervalPart) }) },
    ])
  })

  readonly intervalPart: Rule = this.RULE('intervalPart', () => {
    this.OPTION(() => this.OR([{ ALT: () => this.CONSUME(t.Plus) }, { ALT: () => this.CONSUME(t.Minus) }]))
    this.OR2([
      {
        ALT: () => {
          this.CONSUME(t.StringLiteral)
          this.OPTION2(() => this.CONSUME(t.IntervalUnit, { LABEL: 'unit' }))
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.NumberLiteral)
          this.CONSUME2(t.IntervalUnit, { LABEL: 'unit' })
        },
      },
    ])
  })

  readonly typedLiteral: Rule = this.RULE('typedLiteral', () => {
    this.CONSUME(t.Identifier)
    this.CONSUME(t.StringLiteral)
  })

  readonly constant: Rule = this.RULE('constant', () => {
    this.OR([
      { ALT: () => this.CONSUME(k.NULL) },
      { ALT: () => this.CONSUME(k.TRUE) },
      { ALT: () => this.CONSUME(k.FALSE) },
    ])
  })

  readonly namedExpressions: Rule = this.RULE('namedExpressions', () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.namedExpression) })
  })

  readonly namedExpression: Rule = this.RULE('namedExpression', () => {
    this.SUBRULE(this.expression)
    this.OPTION({
      GATE: () => this.aliasHere() || (this.isAt(1, t.LeftParen) && this.nameAt(2)),
      DEF: () => {
        this.OPTION2({
          GATE: () => (this.nameAt(2) && !this.isAt(1, t.LeftParen)) || this.isAt(2, t.LeftParen),
          DEF: () => this.CONSUME(k.AS),
        })
        this.OR([{ ALT: () => this.SUBRULE(this.identifierList) }, { ALT: () => this.CONSUME(t.Identifier) }])
      },
    })
  })
}
