import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseStatement } from '../../src/sql/parse.ts'
import { printStatement } from '../../src/sql/print.ts'
import { ParseError } from '../../src/errors/errors.ts'

interface Group {
  readonly group: string
  readonly setup: readonly string[]
  readonly cases: readonly { readonly sql: string; readonly error?: { readonly condition: string } }[]
}

const folder = new URL('../../conformance/data/sql/', import.meta.url)
const groups = readdirSync(folder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => JSON.parse(readFileSync(new URL(f, folder), 'utf8')) as Group)

/** Conditions that the recorded engine raises while it reads the text. */
// prettier-ignore
const PARSE_TIME: ReadonlySet<string> = new Set([
  'DUPLICATED_CTE_NAMES', 'INVALID_ESC', 'INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION', 'INVALID_NUMERIC_LITERAL_RANGE',
  'INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE', 'INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN', 'INVALID_TABLESAMPLE_FRACTION',
  'PARSE_SYNTAX_ERROR', 'UNCLOSED_BRACKETED_COMMENT', 'UNSUPPORTED_TYPED_LITERAL',
])
/** Faults inside a text that another parser reads: the schema of from_json. */
const ELSEWHERE = /^SELECT from_json\(/

// words such as FROM are printed in backquotes where they are names
const QUOTED_WHEN_PRINTED = /^(all|case|distinct|exists|from|interval|not|select|table|values|with)$/i
const withoutSpans = (tree: unknown): unknown =>
  JSON.parse(
    JSON.stringify(tree, function (this: { name?: string }, key, value: unknown) {
      return key === 'at' || (key === 'quoted' && QUOTED_WHEN_PRINTED.test(this.name ?? '')) ? undefined : value
    }),
  )

describe('every recorded statement', () => {
  let read = 0
  let refused = 0
  for (const { group, setup, cases } of groups)
    test(group, () => {
      for (const { sql, error } of [...setup.map((s) => ({ sql: s, error: undefined })), ...cases]) {
        const condition = error?.condition
        if (condition !== undefined && PARSE_TIME.has(condition) && !ELSEWHERE.test(sql)) {
          refused++
          let thrown: unknown
          try {
            parseStatement(sql)
          } catch (e) {
            thrown = e
          }
          expect(thrown, sql).toBeInstanceOf(ParseError)
          expect((thrown as ParseError).code, sql).toBe(condition)
          continue
        }
        let tree
        try {
          tree = parseStatement(sql)
        } catch (e) {
          // DATE '…' and X'…' are checked when they are resolved, or here: both are fine
          if (condition !== undefined && (e as ParseError).code === condition) {
            refused++
            continue
          }
          throw e
        }
        read++
        const printed = printStatement(tree)
        expect(withoutSpans(parseStatement(printed)), `${sql}\n→ ${printed}`).toEqual(withoutSpans(tree))
      }
    })
  test('counts', () => {
    console.log(`recorded statements: ${read} read and printed back, ${refused} refused as recorded`)
    expect(read).toBeGreaterThan(3000)
  })
})
