import { expect, test } from 'vitest'
import { errorOf, plan, underlined, worldOf } from './harness.ts'

const world = worldOf({ t: 'k STRING, i INT, d DOUBLE' })

test.each([
  ['SELECT missing, upper(nope), date_add(i) FROM t WHERE d = unknown(1) AND k = date"x"', 'INVALID_TYPED_LITERAL'],
  ['SELECT missing, date_add(i), unknown(1) FROM t', 'UNRESOLVED_ROUTINE'],
  ['SELECT unknown(1) FROM no_table', 'UNRESOLVED_ROUTINE'],
  ['SELECT missing, (SELECT date_add(i) FROM t) FROM t', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION'],
  ['SELECT row_number(i) FROM t', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION'],
  ['SELECT CAST(i, k) FROM t', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION'],
  ['SELECT percentile_disc(0.5) FROM t', 'INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING'],
  ['SELECT true + 1, INTERVAL "1" fortnight FROM t', 'INVALID_TYPED_LITERAL'],
])('the fault of %s', (text, code) => {
  expect(errorOf(() => plan(text.replaceAll('"', "'"), world)).code).toBe(code)
})

test('the caret stands at the function nobody knows, not at the column before it', () => {
  expect(underlined(errorOf(() => plan('SELECT missing, uper(k) FROM t', world)))).toBe('uper')
})

test('an entry of WITH that nothing reads is analyzed all the same', () => {
  expect(errorOf(() => plan('WITH e AS (SELECT nope FROM t) SELECT 1', world)).code).toBe(
    'UNRESOLVED_COLUMN.WITH_SUGGESTION',
  )
  expect(() => plan('WITH e AS (SELECT i FROM t), f AS (SELECT i FROM e) SELECT 1', world)).not.toThrow()
})
