import { Lookahead, type Rule } from './lookahead.ts'
import * as t from './tokens.ts'
import { tokenMatcher } from 'chevrotain'

const k = t.keyword

/** Names, lists of names and types. */
export abstract class NameRules extends Lookahead {
  readonly name: Rule = this.RULE('name', () => {
    this.CONSUME(t.Identifier)
    this.MANY(() => {
      this.CONSUME(t.Dot)
      this.CONSUME2(t.Identifier)
    })
  })

  readonly identifierList: Rule = this.RULE('identifierList', () => {
    this.CONSUME(t.LeftParen)
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Identifier) })
    this.CONSUME(t.RightParen)
  })

  readonly dataType: Rule = this.RULE('dataType', () => {
    this.enterNesting()
    this.OR([
      {
        GATE: () => this.isAt(2, t.Less),
        ALT: () => {
          this.CONSUME(k.ARRAY)
          this.CONSUME(t.Less)
          this.SUBRULE(this.dataType)
          this.CONSUME(t.Greater)
        },
      },
      {
        GATE: () => this.isAt(2, t.Less),
        ALT: () => {
          this.CONSUME(k.MAP)
          this.CONSUME2(t.Less)
          this.SUBRULE2(this.dataType)
          this.CONSUME(t.Comma)
          this.SUBRULE3(this.dataType)
          this.CONSUME2(t.Greater)
        },
      },
      {
        GATE: () => this.isAt(2, t.Less, t.NotEqual),
        ALT: () => {
          this.CONSUME(k.STRUCT)
          this.OR2([
            { ALT: () => this.CONSUME(t.NotEqual) },
            {
              ALT: () => {
                this.CONSUME3(t.Less)
                this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.structField) })
                this.CONSUME3(t.Greater)
              },
            },
          ])
        },
      },
      {
        GATE: () => tokenMatcher(this.LA(2), t.IntervalUnit),
        ALT: () => {
          this.CONSUME(k.INTERVAL)
          this.CONSUME(t.IntervalUnit)
          this.OPTION(() => {
            this.CONSUME(k.TO)
            this.CONSUME2(t.IntervalUnit)
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Identifier)
          this.OPTION2(() => {
            this.CONSUME(t.LeftParen)
            this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.NumberLiteral) })
            this.CONSUME(t.RightParen)
          })
          this.OPTION3({
            GATE: () => this.LA(0).tokenType === k.STRING && this.nameAt(2),
            DEF: () => {
              this.CONSUME(k.COLLATE)
              this.SUBRULE(this.name)
            },
          })
        },
      },
    ])
    this.leaveNesting()
  })

  readonly structField: Rule = this.RULE('structField', () => {
    this.CONSUME(t.Identifier)
    this.OPTION(() => this.CONSUME(t.Colon))
    this.SUBRULE(this.dataType)
    this.OPTION2(() => {
      this.CONSUME(t.NotOperator)
      this.CONSUME(k.NULL)
    })
    this.OPTION3(() => {
      this.CONSUME(k.COMMENT)
      this.CONSUME(t.StringLiteral)
    })
  })
}
