import { describe, expect, test } from 'vitest'
import { analyze } from '../../src/plan/analyze.ts'
import { parseExpression } from '../../src/sql/parse.ts'
import type { Unresolved } from '../../src/plan/unresolved.ts'
import { columns, errorOf, nodes, plan, soundness, sql, underlined, worldOf } from './harness.ts'

const world = worldOf({
  a: 'id INT, av STRING',
  b: 'id INT, bv INT',
  n: 'xs ARRAY<INT>, m MAP<STRING, INT>',
  s: 'region STRING, yr INT, amt INT',
  w: 'id INT, q1 INT, q2 INT',
})
const run = (text: string) => plan(text, world)

describe('types', () => {
  test.each([
    [
      'SELECT 1, 3000000000, 12345678901234567890, 1.50, 1e3, 1L, 1S, 1Y, 1.5F',
      ['int', 'bigint', 'decimal(20,0)', 'decimal(3,2)', 'double', 'bigint', 'smallint', 'tinyint', 'float'],
    ],
    [
      "SELECT DATE '2026-01-31', TIMESTAMP '2026-01-31 10:00:00', INTERVAL '1' DAY, INTERVAL 1 DAY 2 HOURS, X'1F'",
      ['date', 'timestamp', 'interval day', 'interval day to hour', 'binary'],
    ],
    [
      "SELECT 1 + '2', 1 / 2, coalesce(1, 2L), CASE WHEN true THEN 1 ELSE 2.5 END, if(true, 1, 2.0D)",
      ['bigint', 'double', 'bigint', 'decimal(11,1)', 'double'],
    ],
    [
      "SELECT transform(array(1), x -> x * 2L), map(1, 2)[1], named_struct('a', 1).a, (1, 2)",
      ['array<bigint>', 'int', 'int', 'struct<col1:int,col2:int>'],
    ],
    ['SELECT current_timestamp(), current_date, nvl(NULL, 1), nullif(1, 2L)', ['timestamp', 'date', 'int', 'int']],
  ])('%s', (text, want) => {
    expect(
      run(text).attrs.map((x) => columns({ ...run(text), attrs: [x] } as never)[0]!.replace(`${x.name} `, '')),
    ).toEqual(want)
  })

  test('VALUES have common types; constants are folded', () => {
    const p = run("SELECT * FROM VALUES (1, 'a'), (2.5, NULL) AS t(x, y)")
    expect(columns(p)).toEqual(['x decimal(11,1)', 'y string'])
    expect(nodes(p, 'local')[0]!.rows).toEqual([
      ['10', 'a'],
      ['25', null],
    ])
  })

  test('a VALUES row that cannot be computed is refused', () => {
    expect(errorOf(() => run('SELECT * FROM VALUES (1 / 0) AS t(x)')).code).toBe(
      'INVALID_INLINE_TABLE.FAILED_SQL_EXPRESSION_EVALUATION',
    )
  })

  test.each([
    ['SELECT CASE WHEN 1 THEN 2 END', 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', '1'],
    ['SELECT coalesce(1, array(1))', 'DATATYPE_MISMATCH.DATA_DIFF_TYPES', 'coalesce(1, array(1))'],
    ['SELECT id AND true FROM a', 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES', 'id AND true'],
    ['SELECT array(1) + 1', 'DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES', 'array(1) + 1'],
    ['SELECT CAST(array(1) AS INT)', 'DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION', 'CAST(array(1) AS INT)'],
    ['SELECT * FROM a WHERE id', 'DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN', 'id'],
    ['SELECT * FROM a JOIN b ON a.av', 'JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE', 'a.av'],
    ["SELECT DATE '2026-02-30'", 'INVALID_TYPED_LITERAL', "DATE '2026-02-30'"],
    ['SELECT 128Y', 'INVALID_NUMERIC_LITERAL_RANGE', '128Y'],
    ['SELECT upper(x -> x)', 'INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION', 'x -> x'],
    ['SELECT transform(array(1), (x, y, z) -> x)', 'INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH', '(x, y, z) -> x'],
    ["SELECT upper(name => 'a')", 'NAMED_PARAMETERS_NOT_SUPPORTED', "upper(name => 'a')"],
    ["SELECT 1 FROM VALUES (1), ('a')", 'INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE', "'a'"],
    ['SELECT id FROM a LIMIT -1', 'INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE', '-1'],
    ['SELECT id FROM a LIMIT id', 'INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE', 'id'],
    ['SELECT 1, 2 UNION SELECT 1', 'NUM_COLUMNS_MISMATCH', undefined],
    ['SELECT 1 UNION SELECT array(1)', 'INCOMPATIBLE_COLUMN_TYPE', undefined],
    ['SELECT * FROM range()', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION', 'range()'],
    ['SELECT sum(explode(xs)) FROM n', 'UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS', 'explode(xs)'],
    ['SELECT :p', 'UNBOUND_SQL_PARAMETER', ':p'],
  ])('%s: %s', (text, code, at) => {
    const e = errorOf(() => run(text))
    expect(e.code).toBe(code)
    if (at !== undefined) expect(underlined(e)).toBe(at)
  })
})

describe('relations', () => {
  test.each([
    ['SELECT * FROM a JOIN b USING (id)', ['id int', 'av string', 'bv int']],
    ['SELECT * FROM a NATURAL LEFT JOIN b', ['id int', 'av string', 'bv int']],
    ['SELECT * FROM a LEFT SEMI JOIN b ON a.id = b.id', ['id int', 'av string']],
    ['SELECT * FROM range(3) r', ['id bigint']],
    ['SELECT *, explode(xs) AS x FROM n', ['xs array<int>', 'm map<string,int>', 'x int']],
    [
      'SELECT k, v, p, x FROM n LATERAL VIEW explode(m) q AS k, v LATERAL VIEW OUTER posexplode(xs) AS p, x',
      ['k string', 'v int', 'p int', 'x int'],
    ],
    [
      'SELECT * FROM s PIVOT (sum(amt) FOR yr IN (2025, 2026 AS next))',
      ['region string', '2025 bigint', 'next bigint'],
    ],
    ['SELECT * FROM w UNPIVOT (v FOR q IN (q1, q2))', ['id int', 'q string', 'v int']],
    [
      'FROM a |> WHERE id > 1 |> EXTEND id * 2 AS d |> DROP av |> AGGREGATE sum(d) AS s GROUP BY id',
      ['id int', 's bigint'],
    ],
    ['SELECT a.id, (SELECT max(bv) FROM b) AS m FROM a', ['id int', 'm int']],
  ])('%s', (text, want) => {
    expect(columns(run(text))).toEqual(want)
  })

  test('IN and EXISTS in WHERE are semi and anti joins', () => {
    expect(nodes(run('SELECT id FROM a WHERE id IN (SELECT id FROM b)'), 'join')[0]!.type).toBe('semi')
    expect(nodes(run('SELECT id FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.id = a.id)'), 'join')[0]!.type).toBe(
      'anti',
    )
    const anti = nodes(run('SELECT id FROM a WHERE id NOT IN (SELECT id FROM b)'), 'join')[0]!
    expect(anti.type).toBe('anti')
    expect(anti.condition?.kind).toBe('or')
  })

  test('a correlated aggregate is a grouped left join', () => {
    const p = run('SELECT id, (SELECT count(*) FROM b WHERE b.id = a.id) AS n FROM a')
    expect(nodes(p, 'join')[0]!.type).toBe('left')
    expect(nodes(p, 'aggregate')[0]!.keys).toHaveLength(1)
  })

  test('a view is analyzed anew at each use', () => {
    const w = worldOf({ a: 'id INT', v: sql('SELECT id FROM a') })
    const p = plan('SELECT x.id, y.id FROM v x JOIN v y ON x.id = y.id', w)
    expect(new Set(p.attrs.map((x) => x.id)).size).toBe(2)
  })

  test('a view that reads itself is refused', () => {
    const w = worldOf({ v: sql('SELECT * FROM v') })
    expect(errorOf(() => plan('SELECT * FROM v', w)).code).toBe('TABLE_OR_VIEW_NOT_FOUND')
  })
})

describe('DataFrame nodes', () => {
  const table: Unresolved = { op: 'table', name: [{ name: 'a' }] }
  const show = (p: Unresolved) => {
    const out = analyze(p, world.catalog, world.env)
    soundness(out)
    return columns(out)
  }
  const e = parseExpression

  test('withColumns replaces in place and appends', () => {
    expect(
      show({
        op: 'withColumns',
        input: table,
        columns: [
          { name: 'ID', expr: e('id + 1L') },
          { name: 'z', expr: e('av') },
        ],
      }),
    ).toEqual(['ID bigint', 'av string', 'z string'])
  })
  test('rename, drop, select after sort', () => {
    expect(show({ op: 'rename', input: table, from: 'av', to: 'b' })).toEqual(['id int', 'b string'])
    expect(show({ op: 'drop', input: table, columns: [e('av'), e('nope')] })).toEqual(['id int'])
    expect(
      show({
        op: 'sort',
        input: { op: 'select', input: table, items: [e('id')] },
        items: [{ expr: e('av'), descending: true }],
      }),
    ).toEqual(['id int'])
  })
  test('aggregate shows its keys first', () => {
    expect(
      show({
        op: 'aggregate',
        input: table,
        groupBy: { elements: [{ kind: 'expr', expr: e('av') }] },
        items: [e('count(*)')],
      }),
    ).toEqual(['av string', 'count(1) bigint'])
  })
  test('a join by name shows the column once; union by name fills what is missing', () => {
    const b: Unresolved = { op: 'table', name: [{ name: 'b' }] }
    expect(show({ op: 'join', left: table, right: b, type: 'full', using: ['id'] })).toEqual([
      'id int',
      'av string',
      'bv int',
    ])
    expect(show({ op: 'union', inputs: [table, b], byName: true, allowMissing: true })).toEqual([
      'id int',
      'av string',
      'bv int',
    ])
  })
  test('a frame joined with itself has two identities', () => {
    const joined = analyze(
      {
        op: 'join',
        left: { op: 'alias', input: table, name: 'x' },
        right: { op: 'alias', input: table, name: 'y' },
        type: 'inner',
        on: e('x.id = y.id'),
      },
      world.catalog,
      world.env,
    )
    expect(new Set(joined.attrs.map((x) => x.id)).size).toBe(4)
  })
})
