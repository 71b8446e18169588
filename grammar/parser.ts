import type { Rule } from './lookahead.ts'
import { StatementRules } from './statement-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/**
 * Spark's SELECT language, with the statements around it. The rules need one token of lookahead, the gates of
 * `Lookahead` decide the rest. It takes the tokens of one statement and does not recover: the first fault is what it tells.
 */
export class SqlParser extends StatementRules {
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
      {
        GATE: () => this.createHere(k.TABLE),
        ALT: () => this.SUBRULE(this.createTable),
      },
      { GATE: () => this.sqlFunctionHere(), ALT: () => this.SUBRULE(this.createFunction) },
      {
        GATE: () =>
          this.isAt(2, k.TABLE, k.VIEW, k.FUNCTION) ||
          (this.isAt(2, k.TEMPORARY) && this.isAt(3, k.FUNCTION, k.VARIABLE, k.VAR)),
        ALT: () => this.SUBRULE(this.drop),
      },
      { ALT: () => this.SUBRULE(this.insert) },
      { GATE: () => !this.statementStartHere(), ALT: () => this.SUBRULE(this.show) },
      { GATE: () => !this.statementStartHere(), ALT: () => this.SUBRULE(this.describe) },
      {
        GATE: () => this.isAt(2, k.VAR, k.VARIABLE) && !this.isAt(3, t.Equal),
        ALT: () => this.SUBRULE(this.setVariable),
      },
      { ALT: () => this.SUBRULE(this.declare) },
      { ALT: () => this.SUBRULE(this.executeImmediate) },
      { ALT: () => this.SUBRULE(this.stopQuery) },
      { ALT: () => this.SUBRULE(this.truncate) },
      { ALT: () => this.SUBRULE(this.use) },
      { ALT: () => this.SUBRULE(this.cache) },
      { ALT: () => this.SUBRULE(this.uncache) },
      { ALT: () => this.SUBRULE(this.clearCache) },
      { GATE: () => !this.statementStartHere(), ALT: () => this.SUBRULE(this.refresh) },
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

  readonly set: Rule = this.RULE('set', () => {
    this.OR([{ ALT: () => this.CONSUME(k.SET) }, { ALT: () => this.CONSUME(k.RESET) }])
    this.MANY(() => this.CONSUME(t.Any))
  })

  readonly unparsed: Rule = this.RULE('unparsed', () => {
    this.AT_LEAST_ONE(() => this.CONSUME(t.Any))
  })
}
