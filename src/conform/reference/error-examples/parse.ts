import { statements, when, type ErrorExamples } from './error-example.ts'

/** An example for every condition of the section "parse" of errors/codes.ts. */
export const PARSE: ErrorExamples = {
  FAILED_TO_PARSE_TOO_COMPLEX: when('A statement with thousands of parentheses inside each other.'),
  INVALID_IDENTIFIER: statements('SELECT 1 AS my-name'),
  'INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE': statements('SELECT 1 IN ()'),
  'INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN': statements("SELECT 'a' LIKE ANY ()"),
  PARSE_EMPTY_STATEMENT: statements("EXECUTE IMMEDIATE ''"),
  PARSE_SYNTAX_ERROR: statements('SELECT user FORM users'),
  UNCLOSED_BRACKETED_COMMENT: statements('SELECT 1 /* one'),
  UNSUPPORTED_TYPED_LITERAL: statements("SELECT FOO '2026-01-01'"),
}
