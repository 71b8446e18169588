import type { Rule } from './lookahead.ts'
import { QueryRules } from './query-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/**
 * Spark's SELECT language, with the statements around it. The rules need one token of lookahead, the gates of
 * `Lookahead` decide the rest. It takes the tokens of one statement and does not recover: the first fault is what it tells.
 */
export class SqlParser extends QueryRules {
  constructor() {
    super()
    this.performSelfAnalysis()
  }

  readonly statement: Rule = this.RULE('statement', () => {
    this.enterNesting()
    this.OR([
      {
        GATE: () =>
          this.isAt(2, k.LOGICAL, k.FORMATTED, k.EXTENDED, k.CODEGEN, k.COST) ||
          this.nameAt(2) ||
          this.isAt(2, t.LeftParen),
        ALT: () => this.SUBRULE(this.explain),
      },
      { GATE: () => this.viewHere(), ALT: () => this.SUBRULE(this.createView) },
      { GATE: () => this.isAt(2, k.VIEW), ALT: () => this.SUBRULE(this.dropView) },
      { GATE: () => this.statementStartHere(), ALT: () => this.SUBRULE(this.unparsed) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.query) },
    ])
    this.leaveNesting()
  })

  readonly explain: Rule = this.RULE('explain', () => {
    this.CONSUME(k.EXPLAIN)
    this.OPTION({
      GATE: () => !this.closesAt(2),
      DEF: () =>
        this.OR([
          { ALT: () => this.CONSUME(k.LOGICAL, { LABEL: 'mode' }) },
          { ALT: () => this.CONSUME(k.FORMATTED, { LABEL: 'mode' }) },
          { ALT: () => this.CONSUME(k.EXTENDED, { LABEL: 'mode' }) },
          { ALT: () => this.CONSUME(k.CODEGEN, { LABEL: 'mode' }) },
          { ALT: () => this.CONSUME(k.COST, { LABEL: 'mode' }) },
        ]),
    })
    this.SUBRULE(this.statement)
  })

  readonly createView: Rule = this.RULE('createView', () => {
    this.CONSUME(k.CREATE)
    this.OPTION(() => {
      this.CONSUME(k.OR)
      this.CONSUME(k.REPLACE)
    })
    this.OPTION2(() => this.CONSUME(k.GLOBAL))
    this.OPTION3(() => this.CONSUME(k.TEMPORARY))
    this.CONSUME(k.VIEW)
    this.OPTION4({
      GATE: () => this.isAt(2, k.NOT),
      DEF: () => {
        this.CONSUME(k.IF)
        this.CONSUME(k.NOT)
        this.CONSUME(k.EXISTS)
      },
    })
    this.SUBRULE(this.name)
    this.OPTION5(() => {
      this.CONSUME(t.LeftParen)
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.viewColumn) })
      this.CONSUME(t.RightParen)
    })
    this.OPTION6(() => {
      this.CONSUME(k.COMMENT)
      this.CONSUME(t.StringLiteral)
    })
    this.CONSUME(k.AS)
    this.SUBRULE(this.query)
  })

  readonly viewColumn: Rule = this.RULE('viewColumn', () => {
    this.CONSUME(t.Identifier)
    this.OPTION(() => {
      this.CONSUME(k.COMMENT)
      this.CONSUME(t.StringLiteral)
    })
  })

  readonly dropView: Rule = this.RULE('dropView', () => {
    this.CONSUME(k.DROP)
    this.CONSUME(k.VIEW)
    this.OPTION({
      GATE: () => this.isAt(2, k.EXISTS),
      DEF: () => {
        this.CONSUME(k.IF)
        this.CONSUME(k.EXISTS)
      },
    })
    this.SUBRULE(this.name)
  })

  readonly set: Rule = this.RULE('set', () => {
    this.OR([{ ALT: () => this.CONSUME(k.SET) }, { ALT: () => this.CONSUME(k.RESET) }])
    this.MANY(() => this.CONSUME(t.Any))
  })

  readonly unparsed: Rule = this.RULE('unparsed', () => {
    this.AT_LEAST_ONE(() => this.CONSUME(t.Any))
  })
}
