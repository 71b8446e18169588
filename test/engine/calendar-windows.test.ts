import { afterEach, describe, expect, test } from 'vitest'
import { calendar_window, window_time } from '../../src/dataframe/functions.ts'
import { col, MillraceSession } from '../../src/index.ts'
import {
  add,
  assertBatchEquivalence,
  expectNew,
  expectProgress,
  restart,
  TestKit,
  testStream,
} from '../../src/testing/index.ts'

const sessions: MillraceSession[] = []
afterEach(async () => {
  for (const s of sessions.splice(0)) await s.stop()
})

function sessionOf(zone: string, conf: Readonly<Record<string, string>> = {}): MillraceSession {
  const session = new MillraceSession({ 'spark.sql.session.timeZone': zone, 'millrace.int64': 'number', ...conf })
  sessions.push(session)
  return session
}

const values = (times: readonly string[]): string =>
  `(VALUES ${times.map((t) => `(TIMESTAMP '${t}')`).join(', ')}) AS t(ts)`

/** Windows and counts as `start end n`, in the session's time zone. */
async function counts(session: MillraceSession, group: string, from: string): Promise<string[]> {
  const rows = await session
    .sql(
      `SELECT CAST(window.start AS STRING) a, CAST(window.end AS STRING) b, count(*) AS n FROM ${from} GROUP BY ${group} ORDER BY 1`,
    )
    .collect()
  return rows.map((r) => `${String(r['a'])} ${String(r['b'])} ${String(r['n'])}`)
}

describe('calendar_window over a bounded table', () => {
  test('days, weeks, months, quarters and years of the session time zone', async () => {
    const session = sessionOf('Europe/Berlin')
    const from = values(['2026-03-28 23:59:59', '2026-03-29 00:00:00', '2026-03-29 23:59:59', '2026-03-30 00:00:00'])
    expect(await counts(session, "calendar_window(ts, 'day')", from)).toEqual([
      '2026-03-28 00:00:00 2026-03-29 00:00:00 1',
      '2026-03-29 00:00:00 2026-03-30 00:00:00 2',
      '2026-03-30 00:00:00 2026-03-31 00:00:00 1',
    ])
    expect(await counts(session, "calendar_window(ts, 'week')", from)).toEqual([
      '2026-03-23 00:00:00 2026-03-30 00:00:00 3',
      '2026-03-30 00:00:00 2026-04-06 00:00:00 1',
    ])
    expect(await counts(session, "calendar_window(ts, 'week', NULL, 'sunday')", from)).toEqual([
      '2026-03-22 00:00:00 2026-03-29 00:00:00 1',
      '2026-03-29 00:00:00 2026-04-05 00:00:00 3',
    ])
    expect(await counts(session, "calendar_window(ts, '2 months')", from)).toEqual([
      '2026-03-01 00:00:00 2026-05-01 00:00:00 4',
    ])
    expect(await counts(session, "calendar_window(ts, 'quarter')", from)).toEqual([
      '2026-01-01 00:00:00 2026-04-01 00:00:00 4',
    ])
    expect(await counts(session, "calendar_window(ts, 'year')", from)).toEqual([
      '2026-01-01 00:00:00 2027-01-01 00:00:00 4',
    ])
    expect(
      await counts(session, "calendar_window(week_start => 'mon', period => 'week', time => ts)", from),
    ).toHaveLength(2)
  })

  test('window() of whole months is the same; a day of window() stays 24 hours of UTC', async () => {
    const session = sessionOf('Europe/Berlin')
    const from = values(['2026-02-28 23:59:59', '2026-03-01 00:00:00'])
    const months = ['2026-02-01 00:00:00 2026-03-01 00:00:00 1', '2026-03-01 00:00:00 2026-04-01 00:00:00 1']
    expect(await counts(session, "calendar_window(ts, 'month')", from)).toEqual(months)
    expect(await counts(session, "window(ts, '1 month')", from)).toEqual(months)
    expect(await counts(session, 'window(ts, INTERVAL 1 MONTH)', from)).toEqual(months)
    expect(await counts(session, "window(ts, INTERVAL '1' YEAR)", from)).toEqual([
      '2026-01-01 00:00:00 2027-01-01 00:00:00 2',
    ])
    expect(await counts(session, "window(ts, '1 day')", from)).toEqual(['2026-02-28 01:00:00 2026-03-01 01:00:00 2'])
  })

  test('another time zone; none for TIMESTAMP_NTZ', async () => {
    const session = sessionOf('UTC')
    const from = values(['2026-01-01 09:59:59', '2026-01-01 10:00:00'])
    expect(await counts(session, "calendar_window(ts, 'day', 'Pacific/Honolulu')", from)).toEqual([
      '2025-12-31 10:00:00 2026-01-01 10:00:00 1',
      '2026-01-01 10:00:00 2026-01-02 10:00:00 1',
    ])
    const berlin = sessionOf('Europe/Berlin')
    const ntz = `(SELECT CAST(ts AS TIMESTAMP_NTZ) AS ts FROM ${values(['2026-03-29 02:30:00', '2026-03-29 23:00:00'])})`
    expect(await counts(berlin, "calendar_window(ts, 'day')", ntz)).toEqual([
      '2026-03-29 00:00:00 2026-03-30 00:00:00 2',
    ])
  })

  test('the DataFrame function; NULL times are dropped; window_time is the last microsecond', async () => {
    const session = sessionOf('America/Sao_Paulo')
    const rows = await session
      .sql("SELECT * FROM VALUES (TIMESTAMP '2018-11-04 12:00:00'), (NULL) AS t(ts)")
      .groupBy(calendar_window('ts', 'day'))
      .count()
      .select(
        col('window.start').cast('string').as('a'),
        window_time(col('window')).cast('string').as('b'),
        col('count'),
      )
      .collect()
    // The day began at 01:00: its midnight was left out.
    expect(rows.map((r) => ({ ...r }))).toEqual([
      { a: '2018-11-04 01:00:00', b: '2018-11-04 23:59:59.999999', count: 1 },
    ])
    const weeks = await session
      .sql("SELECT TIMESTAMP '2026-03-29 12:00:00' AS ts")
      .select(calendar_window('ts', 'week', { timeZone: 'UTC', weekStart: 'sunday' }).as('w'))
      .selectExpr("date_format(to_utc_timestamp(w.start, 'America/Sao_Paulo'), 'yyyy-MM-dd HH:mm') AS s")
      .collect()
    expect(weeks[0]!['s']).toBe('2026-03-29 00:00')
  })
})

describe('calendar_window over a stream', () => {
  const T = 'ts TIMESTAMP, k STRING'

  test('a day of 23 hours comes out when the watermark has reached its end; late rows are dropped', async () => {
    const kit = new TestKit({ 'spark.sql.session.timeZone': 'Europe/Berlin' })
    sessions.push(kit.session)
    const events = kit.stream(T)
    events.df.withWatermark('ts', '1 hour').createOrReplaceTempView('events')
    const df = kit.session.sql(
      "SELECT CAST(window.start AS STRING) AS day, CAST(window.end AS STRING) AS next, count(*) AS n FROM events GROUP BY calendar_window(ts, 'day')",
    )
    await testStream(
      kit,
      df,
      { outputMode: 'append' },
      add(
        events,
        ['2026-03-29T00:00:00+01:00', 'a'],
        ['2026-03-29T23:59:59+02:00', 'a'],
        ['2026-03-30T00:00:00+02:00', 'b'],
      ),
      expectNew(),
      restart(),
      // 00:59:59 less an hour is a second short of midnight.
      add(events, ['2026-03-30T00:59:59+02:00', 'b']),
      expectNew(),
      add(events, ['2026-03-30T01:00:00+02:00', 'b']),
      expectNew(['2026-03-29 00:00:00', '2026-03-30 00:00:00', 2]),
      add(events, ['2026-03-29T12:00:00+02:00', 'late']),
      expectNew(),
      expectProgress({ rowsDropped: 1 }),
      add(events, ['2026-04-02 00:00:00', 'c']),
      expectNew(['2026-03-30 00:00:00', '2026-03-31 00:00:00', 3]),
    )
  })

  test.each(['append', 'update', 'complete'] as const)(
    'streamed = batch in output mode %s, around clocks that move',
    async (outputMode) => {
      const cases = [
        ['Europe/Berlin', '2026-10-24T10:00:00Z', "calendar_window(ts, 'day')"],
        ['America/St_Johns', '2010-11-06T20:00:00Z', "calendar_window(ts, 'day')"],
        ['Pacific/Apia', '2011-12-29T00:00:00Z', "calendar_window(ts, '2 days')"],
        ['Asia/Beirut', '2026-03-28T10:00:00Z', "calendar_window(ts, 'week', 'Asia/Beirut', 'sunday')"],
        ['Europe/Lisbon', '2026-10-24T10:00:00Z', "window(ts, '1 month')"],
      ] as const
      for (const [zone, start, window] of cases) {
        const rows = Array.from({ length: 25 }, (_, i) => [
          i % 9 === 4 ? null : new Date(Date.parse(start) + i * 7.3 * 3_600_000 - (i % 3) * 3_600_000),
          'abc'[i % 3],
        ])
        await assertBatchEquivalence(
          `SELECT window.start AS s, window.end AS e, k, count(*) AS n, min(ts) AS first FROM events GROUP BY ${window}, k`,
          { events: { schema: T, rows, watermark: ['ts', '3 hours'] } },
          { outputMode, key: ['s', 'k'], seed: 4, slicings: 3, conf: { 'spark.sql.session.timeZone': zone } },
        )
      }
    },
  )

  test('a join on equal windows, and windows of windows, = batch', async () => {
    const rows = (offset: number): unknown[][] =>
      Array.from({ length: 20 }, (_, i) => [new Date(Date.UTC(2026, 9, 22) + offset + i * 7 * 3_600_000), 'ab'[i % 2]])
    const data = {
      l: { schema: T, rows: rows(0), watermark: ['ts', '0 seconds'] as const },
      r: { schema: T, rows: rows(3_600_000), watermark: ['ts', '0 seconds'] as const },
    }
    const conf = { 'spark.sql.session.timeZone': 'Europe/Berlin' }
    const daily = (t: string): string =>
      `(SELECT window AS w, count(*) AS n FROM ${t} GROUP BY calendar_window(ts, 'day'))`
    for (const how of ['JOIN', 'LEFT JOIN', 'FULL JOIN'])
      await assertBatchEquivalence(
        `SELECT l.w.start AS s, l.n AS ln, r.n AS rn FROM ${daily('l')} l ${how} ${daily('r')} r ON l.w = r.w`,
        data,
        { seed: 2, slicings: 3, conf },
      )
    await assertBatchEquivalence(
      `SELECT window.start AS s, window.end AS e, sum(n) AS n, count(*) AS days FROM ${daily('l')} GROUP BY calendar_window(w, 'week')`,
      { l: data.l },
      { seed: 3, slicings: 4, conf },
    )
    await assertBatchEquivalence(
      `SELECT window.start AS s, sum(n) AS n FROM (SELECT window_time(w) AS t, n FROM ${daily('l')}) GROUP BY calendar_window(t, 'month')`,
      { l: data.l },
      { seed: 3, slicings: 4, conf },
    )
  })
})

test('without extensions both spellings are refused as recorded', () => {
  const session = sessionOf('UTC', { 'millrace.extensions': 'false' })
  const of = (group: string) => () =>
    session.sql(`SELECT count(*) FROM (SELECT current_timestamp() AS ts) GROUP BY ${group}`).schema
  expect(of("calendar_window(ts, 'day')")).toThrow(expect.objectContaining({ code: 'UNRESOLVED_ROUTINE' }))
  expect(of("window(ts, '1 month')")).toThrow(expect.objectContaining({ code: 'TIME_WINDOW_DURATION_WITH_MONTHS' }))
})
