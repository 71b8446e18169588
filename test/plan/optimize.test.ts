import { describe, expect, test } from 'vitest'
import { exprText } from '../../src/plan/expr-text.ts'
import { optimize } from '../../src/plan/optimize.ts'
import type { Logical } from '../../src/plan/logical.ts'
import { columns, envOf, nodes, plan, shape, soundness, source, watermark, worldOf } from './harness.ts'

const world = worldOf({
  e: watermark(source('ts TIMESTAMP, k STRING, v INT'), 'ts', '10 minutes'),
  a: 'id INT, av STRING, big BIGINT',
  b: 'id INT, bv INT',
  raw: 'kind STRING, body STRUCT<bid: STRUCT<price: INT, channel: STRING>, meta: STRING>, other STRING',
})

/** The optimized plan without ids, and the rules that made it. */
function run(text: string): {
  readonly plan: Logical
  readonly rules: readonly string[]
  readonly filters: readonly string[]
} {
  const analyzed = plan(text, world)
  const before = JSON.stringify(analyzed)
  const out = optimize(analyzed, envOf())
  soundness(out.plan)
  expect(JSON.stringify(analyzed)).toBe(before)
  expect(columns(out.plan)).toEqual(columns(analyzed))
  const bare = (t: string): string => t.replaceAll(/#\d+/g, '')
  return {
    plan: out.plan,
    rules: out.applied.map((r) => r.rule),
    filters: nodes(out.plan, 'filter').map((f) => bare(exprText(f.condition))),
  }
}

describe('fold-constants', () => {
  test('constants are computed once, a true filter goes', () => {
    const { plan: p, rules } = run('SELECT id + (1 + 2) AS x FROM a WHERE 1 = 1')
    expect(rules).toContain('fold-constants')
    expect(shape(p)).toBe('project > scan')
    expect(exprText(nodes(p, 'project')[0]!.items[0]!.expr)).toMatch(/^\(id#\d+ \+ 3\)$/)
  })

  test('what raises stays, so that it raises only where a row comes', () => {
    const { plan: p } = run('SELECT 1 / 0 AS x FROM a')
    expect(exprText(nodes(p, 'project')[0]!.items[0]!.expr)).toContain('/')
  })
})

describe('push-filters', () => {
  test('through projects, and neighbours become one', () => {
    const { plan: p, filters } = run("SELECT x FROM (SELECT id + 1 AS x, av FROM a) WHERE x > 1 AND av = 'q'")
    expect(shape(p)).toBe('project > filter > scan')
    expect(filters).toEqual(["(((id + 1) > 1) AND (av = 'q'))"])
  })

  test('below a watermark only what does not mention its column', () => {
    const { plan: p, filters } = run("SELECT k FROM e WHERE v > 1 AND ts > TIMESTAMP '2024-01-01 00:00:00'")
    expect(shape(p)).toBe('project > filter > watermark > filter > scan')
    expect(filters).toEqual(['(v > 1)', '(ts > 2024-01-01 00:00:00)'])
  })

  test('below a time window, not past the window column', () => {
    const { plan: p } = run("SELECT count(*) FROM e WHERE v > 1 GROUP BY window(ts, '5 minutes')")
    expect(shape(p)).toBe('project > aggregate > window > watermark > filter > scan')
  })

  test('into the sides of a join, equalities into its condition', () => {
    const { plan: p, filters } = run('SELECT a.id FROM a, b WHERE a.id = b.id AND bv > 5 AND av IS NOT NULL')
    const join = nodes(p, 'join')[0]!
    expect(join.type).toBe('inner')
    expect(exprText(join.condition!).replaceAll(/#\d+/g, '')).toBe('(id = id)')
    expect(filters).toEqual(['((av IS NOT NULL) AND (id IS NOT NULL))', '((bv > 5) AND (id IS NOT NULL))'])
  })

  test('a left join keeps conditions on its right side above', () => {
    const { plan: p } = run('SELECT a.id FROM a LEFT JOIN b ON a.id = b.id WHERE b.bv > 5 AND a.id > 1')
    expect(shape(p)).toBe('project > filter > join(filter > scan; filter > scan)')
  })

  test('below an aggregate only what reads grouping columns', () => {
    expect(shape(run('SELECT * FROM (SELECT id, count(*) AS n FROM a GROUP BY id) WHERE id > 1').plan)).toBe(
      'project > aggregate > filter > scan',
    )
    expect(shape(run('SELECT * FROM (SELECT id, count(*) AS n FROM a GROUP BY id) WHERE n > 1').plan)).toBe(
      'project > filter > aggregate > scan',
    )
    expect(shape(run('SELECT count(*) AS n FROM a HAVING 1 > 2').plan)).toContain('filter > aggregate')
  })

  test('never across a limit, or what is random', () => {
    expect(shape(run('SELECT * FROM (SELECT id FROM a LIMIT 3) WHERE id > 1').plan)).toBe('filter > limit > scan')
    expect(shape(run('SELECT * FROM (SELECT id, rand() AS r FROM a) WHERE r > 0.5').plan)).toBe(
      'filter > project > scan',
    )
  })

  test('into the inputs of a union', () => {
    const { filters } = run('SELECT * FROM (SELECT id AS x FROM a UNION ALL SELECT bv FROM b) WHERE x > 1')
    expect(filters).toEqual(['(id > 1)', '(bv > 1)'])
  })
})

describe('join-keys-not-null', () => {
  test.each([
    ['JOIN', ['(id IS NOT NULL)', '(id IS NOT NULL)']],
    ['LEFT JOIN', ['(id IS NOT NULL)']],
    ['FULL JOIN', []],
    ['LEFT SEMI JOIN', ['(id IS NOT NULL)', '(id IS NOT NULL)']],
  ])('%s', (join, want) => {
    expect(run(`SELECT a.id FROM a ${join} b ON a.id = b.id`).filters).toEqual(want)
  })

  test('null-safe equality implies nothing', () => {
    expect(run('SELECT a.id FROM a JOIN b ON a.id <=> b.id').filters).toEqual([])
  })
})

describe('pruning', () => {
  test('only columns that are read', () => {
    expect(nodes(run('SELECT av FROM a WHERE big > 1').plan, 'scan')[0]!.columns).toEqual([['av'], ['big']])
  })

  test('count(*) reads none', () => {
    const scan = nodes(run('SELECT count(*) FROM a').plan, 'scan')[0]!
    expect(scan.columns).toEqual([])
    expect(scan.attrs).toEqual([])
  })

  test('a filter column does not enter what has state', () => {
    const { plan: p } = run("SELECT x.v FROM e x JOIN e y ON x.ts = y.ts WHERE x.k = 'a'")
    expect(nodes(p, 'join')[0]!.left.attrs.map((x) => x.name)).toEqual(['ts', 'v'])
  })

  test('only the members of a struct that are read, with members renumbered', () => {
    const { plan: p } = run("SELECT body.bid.channel AS c FROM raw WHERE kind = 'bid' AND body.bid.channel <> 'x'")
    const scan = nodes(p, 'scan')[0]!
    expect(scan.columns).toEqual([['kind'], ['body', 'bid', 'channel']])
    expect(scan.attrs[1]!.type).toMatchObject({ fields: [{ name: 'bid', type: { fields: [{ name: 'channel' }] } }] })
    expect(nodes(p, 'project')[0]!.items[0]!.expr).toMatchObject({
      kind: 'field',
      index: 0,
      arg: { kind: 'field', index: 0 },
    })
  })

  test('a struct used as a whole stays whole', () => {
    const scan = nodes(run('SELECT body, body.meta FROM raw').plan, 'scan')[0]!
    expect(scan.columns).toEqual([['body']])
  })

  test('aggregates of a stateful node stay although nobody reads them', () => {
    const { plan: p } = run('SELECT n FROM (SELECT k, count(*) AS n, sum(v) AS s FROM e GROUP BY k)')
    expect(nodes(p, 'aggregate')[0]!.aggregates).toHaveLength(2)
  })
})

describe('scan-predicates', () => {
  test('comparisons with constants reach the decoder and stay in the filter', () => {
    const { plan: p, filters } = run("SELECT id FROM a WHERE 5 < id AND av = 'q' AND big + 1 > 2 AND av IS NOT NULL")
    expect(nodes(p, 'scan')[0]!.predicates).toEqual([
      { column: ['id'], op: '>', literal: 5 },
      { column: ['av'], op: '=', literal: 'q' },
      { column: ['av'], op: 'isnotnull', literal: null },
    ])
    expect(filters).toHaveLength(1)
  })

  test('members of structs by path', () => {
    expect(nodes(run('SELECT kind FROM raw WHERE body.bid.price > 10').plan, 'scan')[0]!.predicates).toEqual([
      { column: ['body', 'bid', 'price'], op: '>', literal: 10 },
    ])
  })
})

describe('projects', () => {
  test('neighbours are joined unless a costly expression would run twice', () => {
    expect(shape(run('SELECT x + 1 AS y FROM (SELECT id + 1 AS x FROM a)').plan)).toBe('project > scan')
    expect(shape(run('SELECT x + x AS y FROM (SELECT length(upper(av)) AS x FROM a)').plan)).toBe(
      'project > project > scan',
    )
    expect(shape(run('SELECT r + 1 AS y FROM (SELECT rand() AS r FROM a)').plan)).toBe('project > project > scan')
  })

  test('those that change nothing go', () => {
    expect(shape(run('SELECT * FROM (SELECT * FROM a)').plan)).toBe('scan')
  })
})

describe('set operations', () => {
  test.each([
    ['EXCEPT', 'anti'],
    ['INTERSECT', 'semi'],
  ])('%s is a join, then DISTINCT', (op, type) => {
    const { plan: p } = run(`SELECT id FROM a ${op} SELECT id FROM b`)
    expect(shape(p)).toBe('aggregate > join(scan; scan)')
    expect(nodes(p, 'join')[0]!.type).toBe(type)
  })
})

test('the order of nodes with state and their ids do not change', () => {
  const text =
    "SELECT window.start, count(*) FROM e JOIN (SELECT ts AS t2, k AS k2 FROM e) ON k = k2 AND ts = t2 GROUP BY window(ts, '5 minutes')"
  const analyzed = plan(text, world)
  const after = optimize(analyzed, envOf()).plan
  const ids = (p: Logical) => [...nodes(p, 'aggregate'), ...nodes(p, 'join'), ...nodes(p, 'watermark')].map((n) => n.id)
  expect(ids(after)).toEqual(ids(analyzed))
})

describe('common-conditions', () => {
  test('what every branch of OR asks for is asked for once, and is the key of a join', () => {
    const { plan: p, rules } = run(
      "SELECT av FROM a, b WHERE (a.id = b.id AND av = 'q' AND bv > 1) OR (bv < 1 AND a.id = b.id) OR (a.id = b.id AND bv = 7)",
    )
    expect(rules).toContain('common-conditions')
    const [join] = nodes(p, 'join')
    expect(join!.type).toBe('inner')
    expect(exprText(join!.condition!).replaceAll(/#\d+/g, '')).toBe(
      "((id = id) AND (((av = 'q') AND (bv > 1)) OR (bv < 1) OR (bv = 7)))",
    )
  })

  test('a branch that asks for nothing else leaves nothing of OR', () => {
    const { filters } = run("SELECT id FROM a WHERE (id = 1 AND av = 'q') OR id = 1")
    expect(filters).toEqual(['(id = 1)'])
  })

  test('what may raise stays in its branch', () => {
    const { rules } = run('SELECT id FROM b WHERE (bv <> 0 AND 1 / bv > 1) OR (id = 2 AND 1 / bv > 1)')
    expect(rules).not.toContain('common-conditions')
  })
})
