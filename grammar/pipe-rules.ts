import type { Rule, RuleOf } from './lookahead.ts'
import { RelationRules } from './relation-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** The steps behind `|>`. */
export abstract class PipeRules extends RelationRules {
  abstract readonly groupBy: RuleOf<[aliases?: boolean]>
  abstract readonly ordering: Rule
  abstract readonly selectClause: Rule
  abstract readonly setTail: Rule
  abstract readonly windowClause: Rule

  readonly pipeStep: Rule = this.RULE('pipeStep', () => {
    this.CONSUME(t.PipeInto)
    this.OR([
      {
        ALT: () => {
          this.SUBRULE(this.selectClause)
          this.OPTION({ GATE: () => this.clauseAt(1), DEF: () => this.SUBRULE(this.windowClause) })
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.EXTEND)
          this.SUBRULE(this.namedExpressions)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.SET)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.assignment) })
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.DROP)
          this.AT_LEAST_ONE_SEP2({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.AS)
          this.CONSUME(t.Identifier)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.WHERE)
          this.SUBRULE(this.expression)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.AGGREGATE)
          this.OPTION2({
            GATE: () => !this.clauseAt(1) && this.startsExpressionAt(1),
            DEF: () => this.SUBRULE2(this.namedExpressions),
          })
          this.OPTION3(() => this.SUBRULE(this.groupBy, { ARGS: [true] }))
        },
      },
      { ALT: () => this.SUBRULE(this.pivot) },
      { ALT: () => this.SUBRULE(this.unpivot) },
      { ALT: () => this.SUBRULE(this.sample) },
      { GATE: () => this.joinHere(), ALT: () => this.SUBRULE(this.join) },
      { ALT: () => this.SUBRULE(this.lateralView) },
      { ALT: () => this.SUBRULE(this.setTail) },
      { ALT: () => this.SUBRULE(this.pipeOrder) },
    ])
  })

  readonly pipeOrder: Rule = this.RULE('pipeOrder', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.ordering) },
      {
        ALT: () => {
          this.CONSUME(k.LIMIT)
          this.OR2([
            { GATE: () => !this.isAt(2, t.LeftParen, t.Dot), ALT: () => this.CONSUME(k.ALL) },
            { ALT: () => this.SUBRULE(this.expression, { LABEL: 'limit' }) },
          ])
          this.OPTION({
            GATE: () => this.clauseAt(1),
            DEF: () => {
              this.CONSUME(k.OFFSET)
              this.SUBRULE2(this.expression, { LABEL: 'offset' })
            },
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME2(k.OFFSET)
          this.SUBRULE3(this.expression, { LABEL: 'offset' })
        },
      },
    ])
  })

  readonly assignment: Rule = this.RULE('assignment', () => {
    this.SUBRULE(this.name)
    this.CONSUME(t.Equal)
    this.SUBRULE(this.expression)
  })
}
