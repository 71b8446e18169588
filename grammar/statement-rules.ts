import { DefinitionRules } from './definition-rules.ts'
import type { Rule } from './lookahead.ts'
import * as t from './tokens.ts'

const k = t.keyword

/** Statements that write, show, describe, set and stop. */
export abstract class StatementRules extends DefinitionRules {
  readonly insert: Rule = this.RULE('insert', () => {
    this.CONSUME(k.INSERT)
    this.OR([{ ALT: () => this.CONSUME(k.INTO) }, { ALT: () => this.CONSUME(k.OVERWRITE) }])
    this.OPTION({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.TABLE) })
    this.SUBRULE(this.target)
    this.ACTION(() => this.enterInsert())
    this.OPTION2(() => {
      this.CONSUME(k.BY)
      this.CONSUME(k.NAME)
    })
    this.OPTION3({ GATE: () => !this.queryAt(), DEF: () => this.SUBRULE(this.identifierList) })
    this.SUBRULE(this.query)
    this.OPTION4(() => {
      this.CONSUME(k.WITH)
      this.SUBRULE(this.properties)
    })
  })

  readonly truncate: Rule = this.RULE('truncate', () => {
    this.CONSUME(k.TRUNCATE)
    this.CONSUME(k.TABLE)
    this.SUBRULE(this.target)
  })

  readonly show: Rule = this.RULE('show', () => {
    this.CONSUME(k.SHOW)
    this.OR([
      {
        GATE: () => !this.isAt(1, k.COLUMNS, k.TBLPROPERTIES, k.CREATE, k.CURRENT) || this.isAt(2, k.FUNCTIONS),
        ALT: () => this.SUBRULE(this.showList),
      },
      {
        ALT: () => {
          this.CONSUME(k.COLUMNS, { LABEL: 'what' })
          this.SUBRULE(this.inName)
          this.OPTION(() => this.SUBRULE2(this.inName))
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.TBLPROPERTIES, { LABEL: 'what' })
          this.SUBRULE(this.target)
          this.OPTION2(() => {
            this.CONSUME(t.LeftParen)
            this.SUBRULE(this.textOrName)
            this.CONSUME(t.RightParen)
          })
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.CREATE, { LABEL: 'what' })
          this.CONSUME(k.TABLE)
          this.SUBRULE2(this.target)
        },
      },
      {
        ALT: () => {
          this.CONSUME(k.CURRENT, { LABEL: 'what' })
          this.CONSUME(k.NAMESPACE)
        },
      },
    ])
  })

  readonly showList: Rule = this.RULE('showList', () => {
    this.OR([
      { ALT: () => this.CONSUME(k.TABLES, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.VIEWS, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.QUERIES, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.DATABASES, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.SCHEMAS, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.NAMESPACES, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.CATALOGS, { LABEL: 'what' }) },
      { ALT: () => this.CONSUME(k.FUNCTIONS, { LABEL: 'what' }) },
      {
        GATE: () => this.isAt(2, k.FUNCTIONS),
        ALT: () => {
          this.CONSUME(t.Identifier, { LABEL: 'scope' })
          this.CONSUME2(k.FUNCTIONS, { LABEL: 'what' })
        },
      },
    ])
    this.OPTION(() => this.SUBRULE(this.inName))
    this.OPTION2(() => {
      this.OPTION3(() => this.CONSUME(k.LIKE))
      this.SUBRULE(this.textOrName)
    })
  })

  readonly inName: Rule = this.RULE('inName', () => {
    this.OR([{ ALT: () => this.CONSUME(k.IN) }, { ALT: () => this.CONSUME(k.FROM) }])
    this.SUBRULE(this.target)
  })

  readonly textOrName: Rule = this.RULE('textOrName', () => {
    this.OR([{ ALT: () => this.CONSUME(t.StringLiteral) }, { ALT: () => this.SUBRULE(this.name) }])
  })

  readonly describe: Rule = this.RULE('describe', () => {
    this.OR([{ ALT: () => this.CONSUME(k.DESC) }, { ALT: () => this.CONSUME(k.DESCRIBE) }])
    this.OR2([
      {
        GATE: () => !this.closesAt(2),
        ALT: () => {
          this.CONSUME(k.FUNCTION)
          this.OPTION({ GATE: () => !this.closesAt(2), DEF: () => this.CONSUME(k.EXTENDED) })
          this.SUBRULE(this.textOrName)
        },
      },
      {
        GATE: () => this.queryAt(2),
        ALT: () => {
          this.CONSUME(k.QUERY)
          this.SUBRULE(this.query)
        },
      },
      {
        GATE: () => !this.isAt(1, k.TABLE) && this.queryAt(),
        ALT: () => this.SUBRULE2(this.query),
      },
      {
        ALT: () => {
          this.OPTION2({ GATE: () => !this.closesAt(2), DEF: () => this.CONSUME(k.TABLE) })
          this.OPTION3({
            GATE: () => !this.closesAt(2) && !this.isAt(2, t.Dot),
            DEF: () => this.OR3([{ ALT: () => this.CONSUME2(k.EXTENDED) }, { ALT: () => this.CONSUME(k.FORMATTED) }]),
          })
          this.SUBRULE(this.target)
          this.OPTION4(() => this.SUBRULE(this.name, { LABEL: 'column' }))
        },
      },
    ])
  })

  readonly setVariable: Rule = this.RULE('setVariable', () => {
    this.CONSUME(k.SET)
    this.OR([{ ALT: () => this.CONSUME(k.VAR) }, { ALT: () => this.CONSUME(k.VARIABLE) }])
    this.OR2([
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
          this.CONSUME(t.RightParen)
          this.CONSUME(t.Equal)
          this.CONSUME2(t.LeftParen)
          this.SUBRULE(this.query)
          this.CONSUME2(t.RightParen)
        },
      },
      { ALT: () => this.AT_LEAST_ONE_SEP2({ SEP: t.Comma, DEF: () => this.SUBRULE(this.variableAssignment) }) },
    ])
  })

  readonly variableAssignment: Rule = this.RULE('variableAssignment', () => {
    this.SUBRULE(this.name)
    this.CONSUME(t.Equal)
    this.OR([
      { GATE: () => this.closesAt(2), ALT: () => this.CONSUME(k.DEFAULT) },
      { ALT: () => this.SUBRULE(this.expression) },
    ])
  })

  readonly executeImmediate: Rule = this.RULE('executeImmediate', () => {
    this.CONSUME(k.EXECUTE)
    this.CONSUME(k.IMMEDIATE)
    this.SUBRULE(this.expression)
    this.OPTION(() => {
      this.CONSUME(k.INTO)
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.name) })
    })
    this.OPTION2(() => {
      this.CONSUME(k.USING)
      this.SUBRULE(this.namedExpressions)
    })
  })

  readonly stopQuery: Rule = this.RULE('stopQuery', () => {
    this.CONSUME(k.STOP)
    this.CONSUME(k.QUERY)
    this.SUBRULE(this.textOrName)
  })

  readonly use: Rule = this.RULE('use', () => {
    this.CONSUME(k.USE)
    this.OPTION({
      GATE: () => !this.closesAt(2) && !this.isAt(2, t.Dot),
      DEF: () =>
        this.OR([
          { ALT: () => this.CONSUME(k.CATALOG) },
          { ALT: () => this.CONSUME(k.SCHEMA) },
          { ALT: () => this.CONSUME(k.DATABASE) },
          { ALT: () => this.CONSUME(k.NAMESPACE) },
        ]),
    })
    this.SUBRULE(this.textOrName)
  })

  readonly cache: Rule = this.RULE('cache', () => {
    this.CONSUME(k.CACHE)
    this.OPTION(() => this.CONSUME(k.LAZY))
    this.CONSUME(k.TABLE)
    this.SUBRULE(this.target)
    this.OPTION2(() => {
      this.CONSUME(k.OPTIONS)
      this.SUBRULE(this.properties)
    })
    this.OPTION3({
      GATE: () => this.isAt(1, k.AS) || this.queryAt(),
      DEF: () => {
        this.OPTION4(() => this.CONSUME(k.AS))
        this.SUBRULE(this.query)
      },
    })
  })

  readonly uncache: Rule = this.RULE('uncache', () => {
    this.CONSUME(k.UNCACHE)
    this.CONSUME(k.TABLE)
    this.OPTION({ GATE: () => this.isAt(2, k.EXISTS), DEF: () => this.SUBRULE(this.ifExists) })
    this.SUBRULE(this.target)
  })

  readonly clearCache: Rule = this.RULE('clearCache', () => {
    this.CONSUME(k.CLEAR)
    this.CONSUME(k.CACHE)
  })

  readonly refresh: Rule = this.RULE('refresh', () => {
    this.CONSUME(k.REFRESH)
    this.OPTION({ GATE: () => this.nameAt(2), DEF: () => this.CONSUME(k.TABLE) })
    this.SUBRULE(this.target)
  })
}
