import { describe, expect, test } from 'vitest'
import { explain } from '../../src/plan/explain.ts'
import { optimize } from '../../src/plan/optimize.ts'
import { stateFacts, stateText } from '../../src/plan/state-facts.ts'
import { envOf, plan, source, watermark, worldOf } from './harness.ts'

const world = worldOf({
  e: watermark(source('ts TIMESTAMP, user STRING, v INT'), 'ts', '10 seconds'),
  raw: source('ts TIMESTAMP, user STRING, v INT'),
  o: watermark(source('ot TIMESTAMP, user STRING, w INT'), 'ot', '1 hour'),
  dim: 'user STRING, country STRING',
  raw_dim: 'user STRING, v INT',
})

const modes = { conf: () => undefined, env: envOf() }

const facts = (sql: string, mode: 'append' | 'update' | 'complete' | null = null): readonly string[] =>
  stateFacts(plan(sql, world), mode).map(stateText)

describe('what an operator remembers, and until when', () => {
  const perWindow = "SELECT count(*) FROM e GROUP BY window(ts, '5 seconds'), user"
  const released = 'released when the watermark on ts (10 seconds behind) reaches'
  test.each([
    ['SELECT user FROM e WHERE v > 1', []],
    ['SELECT e.user FROM e JOIN dim ON e.user = dim.user', []],
    ['SELECT max(v) FROM raw', ['one row, never more']],
    [perWindow, [`one row per (window, user), ${released} the end of window`]],
    ['SELECT count(*) FROM e GROUP BY ts', [`one row per (ts), ${released} ts`]],
    ['SELECT count(*) FROM e GROUP BY user', ['one row per (user), UNBOUNDED: never released']],
    [
      "SELECT count(*) FROM e GROUP BY session_window(ts, '5 seconds'), user",
      [`one row per (session_window, user), ${released} the end of session_window`],
    ],
    [
      "SELECT count(DISTINCT user), count(DISTINCT v) FROM e GROUP BY window(ts, '5 seconds')",
      [
        `one row per (window), ${released} the end of window`,
        `one row per (window, distinct user), ${released} the end of window`,
        `one row per (window, distinct v), ${released} the end of window`,
      ],
    ],
    [
      'SELECT count(DISTINCT v) FROM raw',
      ['one row, never more', 'one row per (distinct v), UNBOUNDED: never released'],
    ],
    ['SELECT DISTINCT user FROM raw', ['one row per (user), UNBOUNDED: never released']],
    ['SELECT user FROM raw LIMIT 3', ['one row with the number of rows that have passed, never more']],
    [
      'SELECT e.user FROM e JOIN o ON e.user = o.user AND o.ot >= e.ts',
      [
        'every row of the left side, UNBOUNDED: never released',
        'every row of the right side, released when the watermark on ts (10 seconds behind) or ot (1 hours behind) reaches the last time at which a row of the left side can match',
      ],
    ],
  ])('%s', (sql, expected) => expect(facts(sql)).toEqual(expected))

  test('mode complete releases nothing', () =>
    expect(facts(perWindow, 'complete')).toEqual([
      'one row per (window, user), UNBOUNDED: never released, mode complete shows every group',
    ]))
})

test('EXPLAIN FORMATTED numbers the operators and says what each does', () => {
  const analyzed = plan(
    "SELECT window.start AS ws, count(*) AS n FROM e JOIN dim ON e.user = dim.user WHERE v > 1 GROUP BY window(ts, '1 minute', '20 seconds')",
    world,
  )
  const text = explain({ analyzed, optimized: optimize(analyzed, envOf()), modes }, 'formatted').replaceAll(/#\d+/g, '')
  expect(text).toMatchInlineSnapshot(`
    "== Plan ==
    Project (10)
    +- Aggregate (9)
       +- TimeWindow (8)
          +- Join inner (7)
             :- Project (4)
             :  +- Watermark (3)
             :     +- Filter (2)
             :        +- Scan memory (stream) (1)
             +- Filter (6)
                +- Scan memory (5)

    (1) Scan memory (stream)
    Output [3]: [ts, user, v]
    Read [3]: [ts, user, v]
    Wanted [2]: [v > 1, user isnotnull]

    (2) Filter
    Input [3]: [ts, user, v]
    Condition: ((v > 1) AND (user IS NOT NULL))

    (3) Watermark
    Input [3]: [ts, user, v]
    Watermark: ts (10 seconds behind)

    (4) Project
    Input [3]: [ts*, user, v]
    Columns [2]: [ts*, user]

    (5) Scan memory
    Output [1]: [user]
    Read [1]: [user]
    Wanted [1]: [user isnotnull]

    (6) Filter
    Input [1]: [user]
    Condition: (user IS NOT NULL)

    (7) Join inner
    Left [2]: [ts*, user]
    Right [1]: [user]
    Condition: (user = user)
    Output [3]: [ts*, user, user]

    (8) TimeWindow
    Input [3]: [ts*, user, user]
    Time: ts
    Window: 1 minutes every 20 seconds
    Output [4]: [ts*, user, user, window*]

    (9) Aggregate
    Input [4]: [ts*, user, user, window*]
    Keys [1]: [window*]
    Functions [1]: [count(1)]
    Output [2]: [window*, count(1)]
    State: one row per (window), released when the watermark on ts (10 seconds behind) reaches the end of window

    (10) Project
    Input [2]: [window*, count(1)]
    Columns [2]: [window.start AS ws, count(1) AS n]

    == Output Modes ==
    append: yes
    update: yes
    complete: yes
    changelog: yes
    "
  `)
})

const rulesOf = (sql: string): string => {
  const analyzed = plan(sql, world)
  const text = explain({ analyzed, optimized: optimize(analyzed, envOf()), modes }, 'extended')
  return /== Rules ==\n(.*?)\n\n==/s.exec(text)?.[1] ?? ''
}

test('EXPLAIN EXTENDED shows what each rule did, node by node', () => {
  const sql = "SELECT user FROM (SELECT user, v + 0 AS x FROM raw) JOIN dim USING (user) WHERE x > 1 AND country = 'NL'"
  expect(rulesOf(sql)).toMatchInlineSnapshot(`
    "filter-through-join: moves conditions from above a join and from its ON to the sides they read
      gone: Filter ((x#5 > 1) AND (country#8 = 'NL')) over Join inner
      added: Filter (x#5 > 1) over Project
      added: Filter (country#8 = 'NL') over Scan memory
    push-filters: moves filters towards the tables
      Filter (x#5 > 1) over Project → Filter ((v#3 + 0) > 1) over Scan memory (stream)
    join-keys-not-null: filters rows whose join key is NULL below the join
      added: Filter (user#2 IS NOT NULL) over Project
      added: Filter (user#7 IS NOT NULL) over Filter
    push-filters: moves filters towards the tables
      gone: Filter (user#2 IS NOT NULL) over Project
      gone: Filter ((v#3 + 0) > 1) over Scan memory (stream)
      gone: Filter (user#7 IS NOT NULL) over Filter
      gone: Filter (country#8 = 'NL') over Scan memory
      added: Filter (((v#3 + 0) > 1) AND (user#2 IS NOT NULL)) over Scan memory (stream)
      added: Filter ((country#8 = 'NL') AND (user#7 IS NOT NULL)) over Scan memory
    prune-columns: leaves out columns that nothing reads
      Project [user#2, (v#3 + 0) AS x#5] → Project [user#2]
      Scan memory (stream) [ts#1, user#2, v#3] → Scan memory (stream) [user#2, v#3] read=[user, v]
      Scan memory [user#7, country#8] → Scan memory [user#7, country#8] read=[user, country]
      added: Project [user#7]
    scan-predicates: tells the decoders of tables which rows are wanted
      Scan memory (stream) [user#2, v#3] read=[user, v] → Scan memory (stream) [user#2, v#3] read=[user, v] where=[user isnotnull]
      Scan memory [user#7, country#8] read=[user, country] → Scan memory [user#7, country#8] read=[user, country] where=[country = "NL", user isnotnull]"
  `)
  expect(rulesOf(sql)).toBe(rulesOf(sql))
})

test('EXPLAIN EXTENDED shows subqueries that became joins, and limits', () => {
  expect(
    rulesOf(
      `SELECT user, (SELECT count(*) FROM raw_dim r WHERE r.user = d.user) AS n FROM dim d
       WHERE user IN (SELECT user FROM raw_dim WHERE v > 1) AND NOT EXISTS (SELECT 1 FROM raw_dim r WHERE r.user = d.user)
       LIMIT 3`,
    ),
  ).toMatchInlineSnapshot(`
    "in-to-semi-join: runs IN and EXISTS of WHERE as semi and anti joins
      user IN (SELECT user FROM raw_dim WHERE v > 1) → Join semi ON (user#1 = user#4)
    in-to-semi-join: runs IN and EXISTS of WHERE as semi and anti joins
      EXISTS (SELECT 1 FROM raw_dim r WHERE r.user = d.user) → Join anti ON (user#10 = user#1)
    decorrelate: joins a subquery on what ties it to the query around it
      EXISTS (SELECT 1 FROM raw_dim r WHERE r.user = d.user) → Join anti ON (user#10 = user#1)
    subquery-to-join: joins subqueries that stand as values
      (SELECT count(*) FROM raw_dim r WHERE r.user = d.user) → Join left ON (user#1 = key#26)
    decorrelate: joins a subquery on what ties it to the query around it
      (SELECT count(*) FROM raw_dim r WHERE r.user = d.user) → Join left ON (user#1 = key#26)
    join-keys-not-null: filters rows whose join key is NULL below the join
      added: Filter (user#1 IS NOT NULL) over Scan memory
      added: Filter (user#4 IS NOT NULL) over Project
      added: Filter (user#10 IS NOT NULL) over Project
      added: Filter (key#26 IS NOT NULL) over Aggregate
    push-filters: moves filters towards the tables
      gone: Filter (user#4 IS NOT NULL) over Project
      gone: Filter (v#5 > 1) over Scan memory
      gone: Filter (user#10 IS NOT NULL) over Project
      gone: Filter (key#26 IS NOT NULL) over Aggregate
      added: Filter ((v#5 > 1) AND (user#4 IS NOT NULL)) over Scan memory
      added: Filter (user#10 IS NOT NULL) over Scan memory
      added: Filter (user#18 IS NOT NULL) over Scan memory
    collapse-projects: joins neighbouring projections into one
      Project [user#1, count(1)#28 AS n#29] → Project [user#1, coalesce(count(1)#22, 0) AS n#29]
      gone: Project [user#1, country#2, coalesce(count(1)#22, 0) AS count(1)#28]
    push-limits: moves limits towards the tables
      Limit 3 over Project → Limit 3 over Join left
    prune-columns: leaves out columns that nothing reads
      Scan memory [user#1, country#2] → Scan memory [user#1] read=[user]
      Scan memory [user#4, v#5] → Scan memory [user#4, v#5] read=[user, v]
      Project [1 AS 1#14, user#10] → Project [user#10]
      Scan memory [user#10, v#11] → Scan memory [user#10] read=[user]
      Scan memory [user#18, v#19] → Scan memory [user#18] read=[user]
    remove-noops: drops projections that change nothing
      gone: Project [user#10]
    scan-predicates: tells the decoders of tables which rows are wanted
      Scan memory [user#1] read=[user] → Scan memory [user#1] read=[user] where=[user isnotnull]
      Scan memory [user#4, v#5] read=[user, v] → Scan memory [user#4, v#5] read=[user, v] where=[v > 1, user isnotnull]
      Scan memory [user#10] read=[user] → Scan memory [user#10] read=[user] where=[user isnotnull]
      Scan memory [user#18] read=[user] → Scan memory [user#18] read=[user] where=[user isnotnull]"
  `)
  expect(
    rulesOf('SELECT length(upper(user)) AS n, length(upper(user)) + 1 AS m, rand(), rand() FROM dim')
      .split('\n')
      .slice(-2),
  ).toEqual([
    'common-subexpressions: computes what is named more than once in a row once',
    '  length(upper(user#1)) in Project [length(upper(user#1)) AS n#4, (length(upper(user#1)) + 1) AS m#5, rand() AS rand()#6, rand() AS rand()#7]',
  ])
  expect(rulesOf('SELECT user FROM dim')).toBe(
    'prune-columns: leaves out columns that nothing reads\n  Scan memory [user#1, country#2] → Scan memory [user#1] read=[user]\nremove-noops: drops projections that change nothing\n  gone: Project [user#1]',
  )
})

test('a mode that refuses the query says why', () => {
  const analyzed = plan('SELECT user, v FROM e ORDER BY v', world)
  const text = explain({ analyzed, modes }, 'extended')
  expect(text).toMatch(
    /== Output Modes ==\nappend: no, \[STREAMING_SORT\] .*\nupdate: no, \[STREAMING_SORT\] .*\ncomplete: no, \[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION\]/,
  )
  expect(explain({ analyzed, modes: 'append' }, 'extended')).toContain('== Output Modes ==\nappend\n')
  expect(explain({ analyzed: plan('SELECT user FROM dim', world), modes }, 'extended')).not.toContain('Output Modes')
})
