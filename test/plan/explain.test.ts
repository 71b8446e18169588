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

test('a mode that refuses the query says why', () => {
  const analyzed = plan('SELECT user, v FROM e ORDER BY v', world)
  const text = explain({ analyzed, modes }, 'extended')
  expect(text).toMatch(
    /== Output Modes ==\nappend: no, \[STREAMING_SORT\] .*\nupdate: no, \[STREAMING_SORT\] .*\ncomplete: no, \[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION\]/,
  )
  expect(explain({ analyzed, modes: 'append' }, 'extended')).toContain('== Output Modes ==\nappend\n')
  expect(explain({ analyzed: plan('SELECT user FROM dim', world), modes }, 'extended')).not.toContain('Output Modes')
})
