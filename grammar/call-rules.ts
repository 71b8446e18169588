import type { Rule } from './lookahead.ts'
import { NameRules } from './name-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** Function calls with what may follow their brackets, and the functions with a grammar of their own. */
export abstract class CallRules extends NameRules {
  abstract readonly expression: Rule
  abstract readonly namedExpression: Rule
  abstract readonly query: Rule
  abstract readonly value: Rule

  readonly extract: Rule = this.RULE('extract', () => {
    this.CONSUME(k.EXTRACT)
    this.CONSUME(t.LeftParen)
    this.CONSUME(t.Identifier)
    this.CONSUME(k.FROM)
    this.SUBRULE(this.value)
    this.CONSUME(t.RightParen)
  })

  readonly position: Rule = this.RULE('position', () => {
    this.CONSUME(k.POSITION)
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.value)
    this.CONSUME(k.IN)
    this.SUBRULE2(this.value)
    this.CONSUME(t.RightParen)
  })

  readonly substring: Rule = this.RULE('substring', () => {
    this.OR([{ ALT: () => this.CONSUME(k.SUBSTRING) }, { ALT: () => this.CONSUME(k.SUBSTR) }])
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.value)
    this.CONSUME(k.FROM)
    this.SUBRULE2(this.value)
    this.OPTION(() => {
      this.OR2([{ ALT: () => this.CONSUME(k.FOR) }, { ALT: () => this.CONSUME(t.Comma) }])
      this.SUBRULE3(this.value)
    })
    this.CONSUME(t.RightParen)
  })

  readonly trim: Rule = this.RULE('trim', () => {
    this.CONSUME(k.TRIM)
    this.CONSUME(t.LeftParen)
    this.OPTION(() =>
      this.OR([
        { ALT: () => this.CONSUME(k.BOTH, { LABEL: 'side' }) },
        { ALT: () => this.CONSUME(k.LEADING, { LABEL: 'side' }) },
        { ALT: () => this.CONSUME(k.TRAILING, { LABEL: 'side' }) },
      ]),
    )
    this.OPTION2({ GATE: () => !this.isAt(1, k.FROM), DEF: () => this.SUBRULE(this.value, { LABEL: 'characters' }) })
    this.CONSUME(k.FROM)
    this.SUBRULE2(this.value)
    this.CONSUME(t.RightParen)
  })

  readonly overlay: Rule = this.RULE('overlay', () => {
    this.CONSUME(k.OVERLAY)
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.value)
    this.CONSUME(k.PLACING)
    this.SUBRULE2(this.value)
    this.CONSUME(k.FROM)
    this.SUBRULE3(this.value)
    this.OPTION(() => {
      this.CONSUME(k.FOR)
      this.SUBRULE4(this.value)
    })
    this.CONSUME(t.RightParen)
  })

  readonly struct: Rule = this.RULE('struct', () => {
    this.CONSUME(k.STRUCT)
    this.CONSUME(t.LeftParen)
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.namedExpression) })
    this.CONSUME(t.RightParen)
  })

  readonly call: Rule = this.RULE('call', () => {
    this.OR([
      {
        GATE: () => this.isAt(1, k.IDENTIFIER) && this.behindBracket(2) === t.LeftParen,
        ALT: () => {
          this.CONSUME(k.IDENTIFIER)
          this.CONSUME(t.LeftParen)
          this.SUBRULE(this.expression, { LABEL: 'nameExpression' })
          this.CONSUME(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE(this.name) },
    ])
    this.CONSUME2(t.LeftParen)
    this.OPTION({
      GATE: () => this.startsExpressionAt(2),
      DEF: () => this.OR2([{ ALT: () => this.CONSUME(k.DISTINCT) }, { ALT: () => this.CONSUME(k.ALL) }]),
    })
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.argument) })
    this.OPTION2(() => this.SUBRULE(this.nullTreatment))
    this.CONSUME2(t.RightParen)
    this.OPTION3({
      GATE: () => this.isAt(2, k.GROUP),
      DEF: () => {
        this.CONSUME(k.WITHIN)
        this.CONSUME(k.GROUP)
        this.CONSUME3(t.LeftParen)
        this.CONSUME(k.ORDER)
        this.CONSUME(k.BY)
        this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.sortItem) })
        this.CONSUME3(t.RightParen)
      },
    })
    this.OPTION4({
      GATE: () => this.isAt(2, t.LeftParen) && this.isAt(3, k.WHERE),
      DEF: () => {
        this.CONSUME(k.FILTER)
        this.CONSUME4(t.LeftParen)
        this.CONSUME(k.WHERE)
        this.SUBRULE2(this.expression, { LABEL: 'filter' })
        this.CONSUME4(t.RightParen)
      },
    })
    this.OPTION5({ GATE: () => this.isAt(2, k.NULLS), DEF: () => this.SUBRULE2(this.nullTreatment) })
    this.OPTION6({
      GATE: () => this.isAt(2, t.LeftParen) || (this.nameAt(2) && !this.clauseAt(2)),
      DEF: () => {
        this.CONSUME(k.OVER)
        this.SUBRULE(this.windowSpec)
      },
    })
  })

  readonly nullTreatment: Rule = this.RULE('nullTreatment', () => {
    this.OR([{ ALT: () => this.CONSUME(k.IGNORE) }, { ALT: () => this.CONSUME(k.RESPECT) }])
    this.CONSUME(k.NULLS)
  })

  readonly argument: Rule = this.RULE('argument', () => {
    this.OPTION({
      GATE: () => this.isAt(2, t.FatArrow),
      DEF: () => {
        this.CONSUME(t.Identifier)
        this.CONSUME(t.FatArrow)
      },
    })
    this.OR([
      {
        GATE: () => this.nameAt(2) || (this.isAt(2, t.LeftParen) && this.queryAt(3)),
        ALT: () => {
          this.CONSUME(k.TABLE)
          this.OR2([
            {
              ALT: () => {
                this.CONSUME(t.LeftParen)
                this.SUBRULE(this.query)
                this.CONSUME(t.RightParen)
              },
            },
            { ALT: () => this.SUBRULE(this.name) },
          ])
        },
      },
      { ALT: () => this.SUBRULE(this.expression) },
    ])
    // behind a table: TABLE t PARTITION BY k
    this.OPTION2({
      GATE: () => this.isAt(2, k.BY),
      DEF: () => {
        this.CONSUME(k.PARTITION)
        this.CONSUME(k.BY)
        this.SUBRULE2(this.expression, { LABEL: 'partition' })
      },
    })
  })

  readonly windowSpec: Rule = this.RULE('windowSpec', () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      {
        GATE: () => this.nameAt(2) && this.isAt(3, t.RightParen),
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.CONSUME2(t.Identifier)
          this.CONSUME(t.RightParen)
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.LeftParen)
          this.OPTION(() => {
            this.OR2([
              { ALT: () => this.CONSUME(k.PARTITION) },
              { ALT: () => this.CONSUME(k.DISTRIBUTE) },
              { ALT: () => this.CONSUME(k.CLUSTER) },
            ])
            this.CONSUME(k.BY)
            this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression, { LABEL: 'partition' }) })
          })
          this.OPTION2(() => {
            this.OR3([{ ALT: () => this.CONSUME(k.ORDER) }, { ALT: () => this.CONSUME(k.SORT) }])
            this.CONSUME2(k.BY)
            this.AT_LEAST_ONE_SEP2({ SEP: t.Comma, DEF: () => this.SUBRULE(this.sortItem) })
          })
          this.OPTION3(() => this.SUBRULE(this.frame))
          this.CONSUME2(t.RightParen)
        },
      },
    ])
  })

  readonly frame: Rule = this.RULE('frame', () => {
    this.OR([{ ALT: () => this.CONSUME(k.ROWS) }, { ALT: () => this.CONSUME(k.RANGE) }])
    this.OR2([
      {
        GATE: () => this.startsExpressionAt(2),
        ALT: () => {
          this.CONSUME(k.BETWEEN)
          this.SUBRULE(this.frameBound)
          this.CONSUME(k.AND)
          this.SUBRULE2(this.frameBound)
        },
      },
      { ALT: () => this.SUBRULE3(this.frameBound) },
    ])
  })

  readonly frameBound: Rule = this.RULE('frameBound', () => {
    this.OR([
      {
        GATE: () => this.isAt(2, k.ROW),
        ALT: () => {
          this.CONSUME(k.CURRENT)
          this.CONSUME(k.ROW)
        },
      },
      {
        ALT: () => {
          this.OR2([
            { GATE: () => this.isAt(2, k.PRECEDING, k.FOLLOWING), ALT: () => this.CONSUME(k.UNBOUNDED) },
            // an operand, not an expression: the AND of `BETWEEN 1 PRECEDING AND 2 FOLLOWING` is left alone
            { ALT: () => this.SUBRULE(this.value) },
          ])
          this.OR3([{ ALT: () => this.CONSUME(k.PRECEDING) }, { ALT: () => this.CONSUME(k.FOLLOWING) }])
        },
      },
    ])
  })

  readonly sortItem: Rule = this.RULE('sortItem', () => {
    this.SUBRULE(this.expression)
    this.OPTION(() => this.OR([{ ALT: () => this.CONSUME(k.ASC) }, { ALT: () => this.CONSUME(k.DESC) }]))
    this.OPTION2(() => {
      this.CONSUME(k.NULLS)
      this.OR2([{ ALT: () => this.CONSUME(k.FIRST) }, { ALT: () => this.CONSUME(k.LAST) }])
    })
  })
}
