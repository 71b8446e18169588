import type { Rule } from './lookahead.ts'
import { QueryRules } from './query-rules.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** CREATE and DROP: views, tables, functions; variables with DECLARE. */
export abstract class DefinitionRules extends QueryRules {
  /** A name, or IDENTIFIER(…) that computes it. */
  readonly target: Rule = this.RULE('target', () => {
    this.OR([
      {
        GATE: () => this.isAt(2, t.LeftParen),
        ALT: () => {
          this.CONSUME(k.IDENTIFIER)
          this.CONSUME(t.LeftParen)
          this.SUBRULE(this.expression)
          this.CONSUME(t.RightParen)
        },
      },
      { ALT: () => this.SUBRULE(this.name) },
    ])
  })

  readonly ifNotExists: Rule = this.RULE('ifNotExists', () => {
    this.CONSUME(k.IF)
    this.CONSUME(t.NotOperator)
    this.CONSUME(k.EXISTS)
  })

  readonly ifExists: Rule = this.RULE('ifExists', () => {
    this.CONSUME(k.IF)
    this.CONSUME(k.EXISTS)
  })

  readonly orReplace: Rule = this.RULE('orReplace', () => {
    this.CONSUME(k.OR)
    this.CONSUME(k.REPLACE)
  })

  readonly comment: Rule = this.RULE('comment', () => {
    this.CONSUME(k.COMMENT)
    this.CONSUME(t.StringLiteral)
  })

  readonly createView: Rule = this.RULE('createView', () => {
    this.CONSUME(k.CREATE)
    this.OPTION(() => this.SUBRULE(this.orReplace))
    this.OPTION2(() => this.CONSUME(k.GLOBAL))
    this.OPTION3(() => this.CONSUME(k.TEMPORARY))
    this.CONSUME(k.VIEW)
    this.OPTION4({ GATE: () => this.isAt(2, k.NOT), DEF: () => this.SUBRULE(this.ifNotExists) })
    this.SUBRULE(this.target)
    this.OPTION5(() => {
      this.CONSUME(t.LeftParen)
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.viewColumn) })
      this.CONSUME(t.RightParen)
    })
    this.MANY(() =>
      this.OR([
        { ALT: () => this.SUBRULE(this.comment) },
        {
          ALT: () => {
            this.CONSUME(k.TBLPROPERTIES)
            this.SUBRULE(this.properties)
          },
        },
      ]),
    )
    this.CONSUME(k.AS)
    this.SUBRULE(this.query)
  })

  readonly viewColumn: Rule = this.RULE('viewColumn', () => {
    this.CONSUME(t.Identifier)
    this.OPTION(() => this.SUBRULE(this.comment))
  })

  readonly createTable: Rule = this.RULE('createTable', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.CREATE)
          this.OPTION(() => this.SUBRULE(this.orReplace))
        },
      },
      { ALT: () => this.CONSUME(k.REPLACE, { LABEL: 'replaceOnly' }) },
    ])
    this.OPTION2(() => this.CONSUME(k.EXTERNAL))
    this.CONSUME(k.TABLE)
    this.OPTION3({ GATE: () => this.isAt(2, k.NOT), DEF: () => this.SUBRULE(this.ifNotExists) })
    this.SUBRULE(this.target)
    this.OPTION4({
      GATE: () => !this.queryAt(),
      DEF: () => {
        this.CONSUME(t.LeftParen)
        this.AT_LEAST_ONE_SEP({
          SEP: t.Comma,
          DEF: () =>
            this.OR2([
              { GATE: () => this.isAt(2, k.FOR), ALT: () => this.SUBRULE(this.tableWatermark) },
              { ALT: () => this.SUBRULE(this.columnDefinition) },
            ]),
        })
        this.CONSUME(t.RightParen)
      },
    })
    this.MANY(() => this.SUBRULE(this.tableClause))
    this.OPTION5({
      GATE: () => this.isAt(1, k.AS) || this.queryAt(),
      DEF: () => {
        this.OPTION6(() => this.CONSUME(k.AS))
        this.SUBRULE(this.query)
      },
    })
  })

  readonly tableWatermark: Rule = this.RULE('tableWatermark', () => {
    this.CONSUME(k.WATERMARK)
    this.CONSUME(k.FOR)
    this.CONSUME(t.Identifier)
    this.CONSUME(k.AS)
    this.SUBRULE(this.expression)
  })

  readonly columnDefinition: Rule = this.RULE('columnDefinition', () => {
    this.CONSUME(t.Identifier)
    this.SUBRULE(this.dataType)
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.NotOperator)
            this.CONSUME(k.NULL)
          },
        },
        { ALT: () => this.SUBRULE(this.defaultValue) },
        { ALT: () => this.SUBRULE(this.comment) },
      ]),
    )
  })

  readonly defaultValue: Rule = this.RULE('defaultValue', () => {
    this.CONSUME(k.DEFAULT)
    this.SUBRULE(this.expression)
  })

  readonly tableClause: Rule = this.RULE('tableClause', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.USING)
          this.SUBRULE(this.name)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.OPTIONS)
          this.SUBRULE(this.properties)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.TBLPROPERTIES)
          this.SUBRULE2(this.properties)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.LOCATION)
          this.CONSUME(t.StringLiteral)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.PARTITIONED)
          this.CONSUME(k.BY)
          this.SUBRULE(this.identifierList)
        },
      },
      { ALT: () => this.SUBRULE(this.comment) },
    ])
  })

  readonly createFunction: Rule = this.RULE('createFunction', () => {
    this.CONSUME(k.CREATE)
    this.OPTION(() => this.SUBRULE(this.orReplace))
    this.OPTION2(() => this.CONSUME(k.TEMPORARY))
    this.CONSUME(k.FUNCTION)
    this.OPTION3({ GATE: () => this.isAt(2, k.NOT), DEF: () => this.SUBRULE(this.ifNotExists) })
    this.SUBRULE(this.name)
    this.CONSUME(t.LeftParen)
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.parameterDefinition) })
    this.CONSUME(t.RightParen)
    this.OPTION4(() => this.SUBRULE(this.returns))
    this.MANY(() => this.SUBRULE(this.characteristic))
    this.CONSUME(k.RETURN)
    this.OR([
      { GATE: () => this.queryAt(), ALT: () => this.SUBRULE(this.query) },
      { ALT: () => this.SUBRULE(this.expression) },
    ])
  })

  readonly parameterDefinition: Rule = this.RULE('parameterDefinition', () => {
    this.CONSUME(t.Identifier)
    this.SUBRULE(this.dataType)
    this.OPTION(() => this.SUBRULE(this.defaultValue))
    this.OPTION2(() => this.SUBRULE(this.comment))
  })

  readonly returns: Rule = this.RULE('returns', () => {
    this.CONSUME(k.RETURNS)
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.TABLE)
          this.OPTION(() => {
            this.CONSUME(t.LeftParen)
            this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.columnDefinition) })
            this.CONSUME(t.RightParen)
          })
        },
      },
      { ALT: () => this.SUBRULE(this.dataType) },
    ])
  })

  readonly characteristic: Rule = this.RULE('characteristic', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(k.LANGUAGE)
          this.CONSUME(k.SQL)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.NotOperator)
          this.CONSUME(k.DETERMINISTIC)
        },
      },
      { ALT: () => this.CONSUME2(k.DETERMINISTIC) },
      {
        ALT: () => {
          this.CONSUME(k.CONTAINS)
          this.CONSUME2(k.SQL)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.READS)
          this.CONSUME3(k.SQL)
          this.CONSUME(k.DATA)
        },
      },
      { ALT: () => this.SUBRULE(this.comment) },
    ])
  })

  readonly declare: Rule = this.RULE('declare', () => {
    this.CONSUME(k.DECLARE)
    this.OPTION({ GATE: () => this.isAt(2, k.REPLACE), DEF: () => this.SUBRULE(this.orReplace) })
    this.OPTION2({
      GATE: () => this.nameAt(2),
      DEF: () => this.OR([{ ALT: () => this.CONSUME(k.VARIABLE) }, { ALT: () => this.CONSUME(k.VAR) }]),
    })
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
    this.OPTION3({ GATE: () => !this.isAt(1, k.DEFAULT), DEF: () => this.SUBRULE(this.dataType) })
    this.OPTION4(() => {
      this.OR2([{ ALT: () => this.CONSUME(k.DEFAULT) }, { ALT: () => this.CONSUME(t.Equal) }])
      this.SUBRULE(this.expression)
    })
  })

  readonly drop: Rule = this.RULE('drop', () => {
    this.CONSUME(k.DROP)
    this.OPTION(() => this.CONSUME(k.TEMPORARY))
    this.OR([
      { ALT: () => this.CONSUME(k.TABLE, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.VIEW, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.FUNCTION, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.VARIABLE, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.VAR, { LABEL: 'what' }) },
    ])
    this.OPTION2({ GATE: () => this.isAt(2, k.EXISTS), DEF: () => this.SUBRULE(this.ifExists) })
    this.SUBRULE(this.target)
    this.OPTION3(() => this.CONSUME(k.PURGE))
  })
}
