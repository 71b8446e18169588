import { afterEach, describe, expect, test } from 'vitest'
import { add, expectNew, expectProgress, TestKit, testStream, type TestStream } from '../../src/testing/index.ts'

// The rules that the recorded scenarios set, each by itself and in every world.

const kits: TestKit[] = []
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.session.stop()
})

function kitOf(delay: string, ddl = 'ts TIMESTAMP, k STRING, g STRING'): { kit: TestKit; s: TestStream } {
  const kit = new TestKit()
  kits.push(kit)
  const s = kit.stream(ddl)
  s.df.createOrReplaceTempView('raw')
  if (s.schema.fields.some((f) => f.name === 'ts')) s.df.withWatermark('ts', delay).createOrReplaceTempView('s')
  return { kit, s }
}

/** A time of one minute by its seconds, to the microsecond. */
const at = (seconds: string): string => `2026-01-01T00:00:${seconds}Z`

describe('the watermark', () => {
  test('is cut to milliseconds: a microsecond short of the end closes no window, the end does', async () => {
    const { kit, s } = kitOf('0 seconds')
    await testStream(
      kit,
      kit.session.sql(
        "SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM s GROUP BY window(ts, '10 seconds')",
      ),
      { outputMode: 'append' },
      add(s, [at('03'), 'a', ''], [at('09.999999'), 'a', '']),
      expectNew(),
      expectProgress({ watermark: '2026-01-01T00:00:09.999Z' }),
      add(s, [at('10'), 'a', '']),
      expectNew(['00', 2]),
      expectProgress({ watermark: '2026-01-01T00:00:10.000Z' }),
    )
  })

  test('does not see rows without a time; windows leave them out, a group by the time keeps them for ever', async () => {
    const { kit, s } = kitOf('0 seconds')
    await testStream(
      kit,
      kit.session.sql(
        "SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM s GROUP BY window(ts, '10 seconds')",
      ),
      { outputMode: 'append' },
      add(s, [null, 'a', ''], [at('03'), 'a', ''], [null, 'a', '']),
      add(s, [at('30'), 'a', '']),
      expectNew(['00', 1]),
    )
    await testStream(
      kit,
      kit.session.sql('SELECT unix_seconds(ts) % 60 AS t, count(*) AS n FROM s GROUP BY ts'),
      { outputMode: 'append' },
      add(s, [null, 'a', ''], [at('03'), 'a', '']),
      expectNew([3, 1]),
      add(s, [at('30'), 'a', ''], [null, 'a', '']),
      expectNew([30, 1]),
      expectProgress({ stateRows: 1 }),
    )
  })

  test('may be that of an expression', async () => {
    const { kit, s } = kitOf('0 seconds', 'ms BIGINT, k STRING')
    const df = kit.session.sql(
      "SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM raw WATERMARK timestamp_millis(ms) AS t DELAY OF INTERVAL 5 SECONDS GROUP BY window(t, '10 seconds')",
    )
    await testStream(
      kit,
      df,
      { outputMode: 'append' },
      add(s, [3_000, 'a'], [14_999, 'a']),
      expectNew(),
      add(s, [15_000, 'a']),
      expectNew(['00', 1]),
      add(s, [9_000, 'late']),
      expectNew(),
      expectProgress({ rowsDropped: 1 }),
    )
  })

  test('windows with a start, before and behind the epoch multiple', async () => {
    for (const [start, rows] of [
      [
        '3 seconds',
        [
          ['53', 1],
          ['03', 2],
        ],
      ],
      [
        '-3 seconds',
        [
          ['57', 2],
          ['07', 1],
        ],
      ],
      [
        '-9 seconds',
        [
          ['51', 0],
          ['01', 3],
        ],
      ],
    ] as const) {
      const { kit, s } = kitOf('0 seconds')
      await testStream(
        kit,
        kit.session.sql(
          `SELECT date_format(window.start, 'ss') AS w, count(*) AS n FROM s GROUP BY window(ts, '10 seconds', '10 seconds', '${start}')`,
        ),
        { outputMode: 'append' },
        add(s, [at('01'), 'a', ''], [at('04'), 'a', ''], [at('09'), 'a', '']),
        add(s, [at('40'), 'a', '']),
        expectNew(...rows.filter(([, n]) => n > 0)),
      )
    }
  })
})

describe('sessions', () => {
  const SESSIONS =
    "SELECT date_format(session_window.start, 'ss') AS a, date_format(session_window.end, 'ss') AS b, k, count(*) AS n FROM s GROUP BY session_window(ts, %), k"

  test('a gap by row; rows whose gap is NULL, zero or negative are left out', async () => {
    const { kit, s } = kitOf('0 seconds')
    await testStream(
      kit,
      kit.session.sql(SESSIONS.replace('%', "CASE WHEN k = 'z' THEN '2 seconds' ELSE g END")),
      { outputMode: 'append' },
      add(s, [at('01'), 'a', '5 seconds'], [at('05'), 'a', '1 second'], [at('02'), 'z', null], [at('03'), 'z', 'x']),
      add(
        s,
        [at('20'), 'a', '0 seconds'],
        [at('21'), 'a', '-5 seconds'],
        [at('22'), 'b', null],
        [at('24'), 'b', '1 second'],
      ),
      // the later row of a has the shorter gap: the session ends where the first row's would
      expectNew(['01', '06', 'a', 2], ['02', '05', 'z', 2]),
      add(s, [at('25'), 'c', '1 second']),
      expectNew(['24', '25', 'b', 1]),
    )
  })

  test('a row that bridges two sessions makes one of them; windows that touch are one', async () => {
    const { kit, s } = kitOf('30 seconds')
    await testStream(
      kit,
      kit.session.sql(SESSIONS.replace('%', "'5 seconds'")),
      { outputMode: 'append' },
      add(s, [at('01'), 'a', ''], [at('10'), 'a', '']),
      expectNew(),
      expectProgress({ stateRows: 2 }),
      add(s, [at('05'), 'a', '']),
      expectNew(),
      expectProgress({ stateRows: 1 }),
      add(s, [at('15'), 'a', '']),
      expectProgress({ stateRows: 1 }),
      add(s, [at('50'), 'a', '']),
      expectNew(['01', '20', 'a', 4]),
    )
  })

  test('is over when the watermark has reached its end, not before', async () => {
    const { kit, s } = kitOf('0 seconds')
    await testStream(
      kit,
      kit.session.sql(SESSIONS.replace('%', "'5 seconds'")),
      { outputMode: 'append' },
      add(s, [at('01'), 'a', ''], [at('05.999'), 'b', '']),
      expectNew(),
      add(s, [at('06'), 'b', '']),
      expectNew(['01', '06', 'a', 1]),
      // 1 to 6 has ended by the watermark of the batch before
      add(s, [at('01'), 'a', ''], [at('01.001'), 'a', '']),
      expectProgress({ rowsDropped: 1 }),
      add(s, [at('30'), 'c', '']),
      expectNew(['01', '06', 'a', 1], ['05', '11', 'b', 2]),
    )
  })
})

test('what a window knows of itself: the last instant of a window of windows', async () => {
  const { kit } = kitOf('0 seconds')
  const rows = await kit.session
    .sql(
      `SELECT CAST(window_time(w) AS STRING) AS t, n FROM (
         SELECT window AS w, sum(n) AS n FROM (
           SELECT window AS v, count(*) AS n FROM (SELECT TIMESTAMP '2026-01-01 00:00:07' AS ts) GROUP BY window(ts, '5 seconds')
         ) GROUP BY window(v, '20 seconds'))`,
    )
    .collect()
  expect(rows.map((r) => ({ ...r }))).toEqual([{ t: '2026-01-01 00:00:19.999999', n: 1n }])
})
