import { statements, when, type ErrorExamples } from './error-example.ts'

/** An example for every condition of the section "parse" of errors/codes.ts. */
export const PARSE: ErrorExamples = {
  FAILED_TO_PARSE_TOO_COMPLEX: when('A statement with thousands of parentheses inside each other.'),
  GROUPING_SIZE_LIMIT_EXCEEDED: statements(
    "SELECT count(*) FROM users GROUP BY CUBE ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm')",
  ),
  INVALID_IDENTIFIER: statements('SELECT 1 AS my-name'),
  'INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE': statements('SELECT 1 IN ()'),
  'INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN': statements("SELECT 'a' LIKE ANY ()"),
  PARSE_EMPTY_STATEMENT: statements("EXECUTE IMMEDIATE ''"),
  PLAN_TOO_COMPLEX: when(
    'More than a thousand steps `|>`, or many WITH entries of which each reads the one before twice.',
  ),
  PARSE_SYNTAX_ERROR: statements('SELECT user FORM users'),
  UNCLOSED_BRACKETED_COMMENT: statements('SELECT 1 /* one'),
  UNSUPPORTED_TYPED_LITERAL: statements("SELECT FOO '2026-01-01'"),
}
