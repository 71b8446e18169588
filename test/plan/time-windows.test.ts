import { describe, expect, test } from 'vitest'
import { columns, errorOf, nodes, plan, shape, source, underlined, watermark, worldOf } from './harness.ts'

const world = worldOf({
  e: watermark(source('ts TIMESTAMP, k STRING, v INT'), 'ts', '10 minutes'),
  n: 'ts TIMESTAMP, k STRING, v INT',
})
const run = (text: string) => plan(text, world)

describe('window()', () => {
  test('is a node below the aggregate, its struct a grouping column with event time', () => {
    const p = run(
      "SELECT window.start, window.end, count(*) AS n FROM e GROUP BY window(ts, '10 minutes', '5 minutes', '1 minute')",
    )
    expect(shape(p)).toBe('project > aggregate > window > watermark > scan')
    expect(columns(p)).toEqual(['start timestamp', 'end timestamp', 'n bigint'])
    expect(nodes(p, 'window')[0]).toMatchObject({ sizeUs: '600000000', slideUs: '300000000', startUs: '60000000' })
    expect(nodes(p, 'aggregate')[0]!.keys[0]!.attr.eventTime).toBe(true)
  })

  test('the same window asked for twice is one node', () => {
    expect(
      nodes(
        run("SELECT k, window(ts, '10 minutes').start st, count(*) FROM e GROUP BY k, window(ts, '10 minutes')"),
        'window',
      ),
    ).toHaveLength(1)
    expect(nodes(run("SELECT window(ts, '10 minutes') w, count(*) FROM e GROUP BY w"), 'window')).toHaveLength(1)
  })

  test('window_time is the last instant and keeps event time; a window of a window is cut by it', () => {
    const inner = "SELECT window AS w, count(*) AS n FROM e GROUP BY window(ts, '5 minutes')"
    const p = run(`SELECT window_time(w) AS t FROM (${inner})`)
    expect(p.attrs[0]!).toMatchObject({ name: 't', eventTime: true })
    const q = run(`SELECT window.start, sum(n) FROM (${inner}) GROUP BY window(w, '10 minutes')`)
    expect(nodes(q, 'aggregate').map((a) => a.keys[0]!.attr.eventTime)).toEqual([true, true])
  })

  test('calendar windows are those of the session time zone; whole months of window() are some', () => {
    const calendar = (group: string): unknown =>
      nodes(run(`SELECT window.start, count(*) FROM e GROUP BY ${group}`), 'window')[0]!.calendar
    const months = { unit: 'month', count: 1, zone: 'UTC', weekStart: 0 }
    expect(calendar("window(ts, '1 month')")).toEqual(months)
    expect(calendar("window(ts, INTERVAL '1' YEAR)")).toEqual({ ...months, count: 12 })
    expect(calendar("calendar_window(ts, 'quarter', 'Asia/Tokyo')")).toEqual({
      ...months,
      count: 3,
      zone: 'Asia/Tokyo',
    })
    expect(calendar("calendar_window(CAST(ts AS TIMESTAMP_NTZ), 'week', week_start => 'Sat')")).toEqual({
      unit: 'week',
      count: 1,
      zone: null,
      weekStart: 5,
    })
    expect(calendar("window(ts, '1 day')")).toBeUndefined()
  })

  test('arithmetic loses event time, an alias keeps it', () => {
    expect(run('SELECT ts AS t, ts + INTERVAL 1 HOUR AS h FROM e').attrs.map((x) => x.eventTime === true)).toEqual([
      true,
      false,
    ])
  })

  test('session_window carries its gap, constant or by row', () => {
    const p = run(
      "SELECT session_window.start, k FROM e GROUP BY session_window(ts, CASE WHEN v > 1 THEN '5 minutes' ELSE '1 minute' END), k",
    )
    expect(nodes(p, 'window')[0]!.gap?.type.kind).toBe('interval')
  })

  test.each([
    ["window(v, '5 minutes')", 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', 'v'],
    ["window(ts, 'five minutes')", 'CANNOT_PARSE_INTERVAL', "'five minutes'"],
    ["window(ts, '0 minutes')", 'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE', "'0 minutes'"],
    ["window(ts, '5 minutes', '10 minutes')", 'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION', "'10 minutes'"],
    [
      "window(ts, '5 minutes', '5 minutes', '5 minutes')",
      'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION',
      "'5 minutes'",
    ],
    ["window(ts, '1 month 2 days')", 'TIME_WINDOW_DURATION_WITH_MONTHS', "'1 month 2 days'"],
    ["window(ts, '2 months', '1 month')", 'TIME_WINDOW_DURATION_WITH_MONTHS', "'2 months'"],
    ["calendar_window(ts, 'hour')", 'INVALID_CALENDAR_PERIOD', "'hour'"],
    ["calendar_window(ts, '0 days')", 'INVALID_CALENDAR_PERIOD', "'0 days'"],
    ['calendar_window(ts, k)', 'TIME_WINDOW_DURATION_NOT_CONSTANT', 'k'],
    ["calendar_window(v, 'day')", 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', 'v'],
    ["calendar_window(ts, 'day', 'Mars/Base')", 'INVALID_TIMEZONE', "'Mars/Base'"],
    ["calendar_window(ts, 'week', 'UTC', 'someday')", 'INVALID_WEEK_START', "'someday'"],
    ["calendar_window(ts, 'month', 'UTC', 'monday')", 'INVALID_WEEK_START', "'monday'"],
    ['calendar_window(ts)', 'WRONG_NUM_ARGS.WITHOUT_SUGGESTION', 'calendar_window(ts)'],
    ["calendar_window(ts, 'day', zone => 'UTC')", 'UNRECOGNIZED_PARAMETER_NAME', "'UTC'"],
    ["calendar_window(CAST(ts AS TIMESTAMP_NTZ), 'day', 'UTC')", 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', "'UTC'"],
    ["window(ts, '5 minutes'), calendar_window(ts, 'day')", 'TIME_WINDOW_TWICE', "calendar_window(ts, 'day')"],
    ['window(ts, k)', 'TIME_WINDOW_DURATION_NOT_CONSTANT', 'k'],
    ["window(ts, '5 minutes'), window(ts, '10 minutes')", 'TIME_WINDOW_TWICE', "window(ts, '10 minutes')"],
  ])('GROUP BY %s: %s', (group, code, at) => {
    const e = errorOf(() => run(`SELECT count(*) FROM e GROUP BY ${group}`))
    expect(e.code).toBe(code)
    expect(underlined(e)).toBe(at)
  })

  test('window_time of a grouped select is not a grouping column', () => {
    expect(
      errorOf(() => run("SELECT window_time(window), count(*) FROM e GROUP BY window(ts, '5 minutes')")).code,
    ).toBe('MISSING_AGGREGATION')
  })
})

describe('WATERMARK', () => {
  test('the clause names the column it computes', () => {
    const p = run(
      "SELECT window.start FROM n WATERMARK timestamp_seconds(v) AS t DELAY OF INTERVAL 10 SECONDS GROUP BY window(t, '5 seconds')",
    )
    expect(nodes(p, 'watermark')[0]).toMatchObject({ delayUs: '10000000' })
    expect(nodes(p, 'aggregate')[0]!.keys[0]!.attr.eventTime).toBe(true)
  })

  test.each([
    ['ts', 'soon', 'CANNOT_PARSE_INTERVAL'],
    ['ts', '-5 minutes', 'INVALID_WATERMARK_DELAY'],
    ['nope', '5 minutes', 'UNRESOLVED_COLUMN.WITH_SUGGESTION'],
    ['v', '5 minutes', 'EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE'],
  ])('withWatermark(%s, %s): %s', (column, delay, code) => {
    const w = worldOf({ e: watermark(source('ts TIMESTAMP, k STRING, v INT'), column, delay) })
    expect(errorOf(() => plan('SELECT * FROM e', w)).code).toBe(code)
  })
})
