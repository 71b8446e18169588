import { describe, expect, test } from 'vitest'
import { checkStreaming } from '../../src/plan/check-streaming.ts'
import { stateWarnings } from '../../src/plan/state-warnings.ts'
import { columns, errorOf, nodes, plan, shape, source, underlined, watermark, worldOf } from './harness.ts'

const tables = {
  e: watermark(source('ts TIMESTAMP, k STRING, v INT'), 'ts', '10 minutes'),
  n: 'ts TIMESTAMP, k STRING, v INT',
}
const world = worldOf(tables)
const run = (from: string, select = '*') => plan(`SELECT ${select} FROM ${from}`, world)
const ten = "INTERVAL '10' MINUTES"

describe('window table functions', () => {
  test('put a window node below and its bounds behind the columns; the end and the last instant carry event time', () => {
    const p = run(`TUMBLE(TABLE e, DESCRIPTOR(ts), ${ten})`)
    expect(shape(p)).toBe('project > project > window > watermark > scan')
    expect(columns(p).slice(3)).toEqual(['window_start timestamp', 'window_end timestamp', 'window_time timestamp'])
    expect(p.attrs.map((x) => x.eventTime === true)).toEqual([true, false, false, false, true, true])
    expect(run(`TUMBLE(TABLE n, DESCRIPTOR(ts), ${ten})`).attrs.some((x) => x.eventTime)).toBe(false)
  })

  test('sizes, slides and offsets', () => {
    const sizes = (from: string): unknown => {
      const { sizeUs, slideUs, startUs, cumulates } = nodes(run(from), 'window')[0]!
      return [sizeUs, slideUs, startUs, cumulates]
    }
    expect(sizes("TUMBLE(e, ts, '1 minute', '150 seconds')")).toEqual(['60000000', '60000000', '30000000', undefined])
    expect(sizes("TUMBLE(e, ts, '1 minute', '-150 seconds')")).toEqual(['60000000', '60000000', '-30000000', undefined])
    expect(sizes("HOP(e, ts, '20 seconds', '1 minute')")).toEqual(['60000000', '20000000', '0', undefined])
    expect(sizes("CUMULATE(e, ts, '20 seconds', '1 minute', '70 seconds')")).toEqual([
      '60000000',
      '20000000',
      '10000000',
      true,
    ])
  })

  test('a group by the start alone has the end as a further key', () => {
    const grouped = (by: string) =>
      plan(
        `SELECT ${by}, count(*) AS n FROM (SELECT * FROM TUMBLE(TABLE e, DESCRIPTOR(ts), ${ten})) GROUP BY ${by}`,
        world,
      )
    const keys = (by: string) =>
      nodes(grouped(by), 'aggregate')[0]!.keys.map((k) => [k.attr.name, k.attr.eventTime === true])
    expect(keys('window_start')).toEqual([
      ['window_start', false],
      ['window_end', true],
    ])
    expect(keys('window_end')).toEqual([['window_end', true]])
    expect(keys('window_start, window_end')).toEqual([
      ['window_start', false],
      ['window_end', true],
    ])
    expect(keys('v')).toEqual([['v', false]])
    expect(columns(grouped('window_start'))).toEqual(['window_start timestamp', 'n bigint'])
    checkStreaming(grouped('window_start'), 'append', () => undefined, world.env)
    expect(stateWarnings(grouped('window_start'))).toEqual([])
    expect(stateWarnings(grouped('v'))).toHaveLength(1)
  })

  test('a table function of the same name in the session comes first', () => {
    const { catalog, env } = worldOf(tables)
    const asked: string[] = []
    const routine = (name: string): undefined => void asked.push(name)
    plan(`SELECT * FROM TUMBLE(e, ts, ${ten})`, { catalog: { ...catalog, routine }, env })
    expect(asked).toContain('tumble')
  })

  test.each([
    [`TUMBLE(TABLE e, DESCRIPTOR(nope), ${ten})`, 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'nope'],
    [`TUMBLE(TABLE e, DESCRIPTOR(v), ${ten})`, 'DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE', 'v'],
    [`TUMBLE(TABLE e, DESCRIPTOR(ts, k), ${ten})`, 'WINDOW_TABLE_FUNCTION.NO_TIME_COLUMN', 'DESCRIPTOR(ts, k)'],
    [`TUMBLE(TABLE e, ts + ${ten}, ${ten})`, 'WINDOW_TABLE_FUNCTION.NO_TIME_COLUMN', `ts + ${ten}`],
    [`TUMBLE(TABLE nope, DESCRIPTOR(ts), ${ten})`, 'TABLE_OR_VIEW_NOT_FOUND', 'nope'],
    [`TUMBLE(1, DESCRIPTOR(ts), ${ten})`, 'WINDOW_TABLE_FUNCTION.NO_TABLE', '1'],
    [`TUMBLE(TABLE e PARTITION BY k, DESCRIPTOR(ts), ${ten})`, 'WINDOW_TABLE_FUNCTION.PARTITIONED', 'k'],
    ["TUMBLE(TABLE e, DESCRIPTOR(ts), '0 minutes')", 'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE', "'0 minutes'"],
    ["TUMBLE(TABLE e, DESCRIPTOR(ts), '-1 minutes')", 'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE', "'-1 minutes'"],
    ["TUMBLE(TABLE e, DESCRIPTOR(ts), '1 month')", 'TIME_WINDOW_DURATION_WITH_MONTHS', "'1 month'"],
    ['TUMBLE(TABLE e, DESCRIPTOR(ts), v)', 'TIME_WINDOW_DURATION_NOT_CONSTANT', 'v'],
    ['TUMBLE(TABLE e, DESCRIPTOR(ts))', 'REQUIRED_PARAMETER_NOT_FOUND', 'TUMBLE(TABLE e, DESCRIPTOR(ts))'],
    [
      `TUMBLE(TABLE e, DESCRIPTOR(ts), ${ten}, ${ten}, 1)`,
      'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
      `TUMBLE(TABLE e, DESCRIPTOR(ts), ${ten}, ${ten}, 1)`,
    ],
    [`TUMBLE(TABLE e, DESCRIPTOR(ts), GAP => ${ten})`, 'UNRECOGNIZED_PARAMETER_NAME', ten],
    ["HOP(TABLE e, DESCRIPTOR(ts), '0 minutes', '5 minutes')", 'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE', "'0 minutes'"],
    [
      "HOP(TABLE e, DESCRIPTOR(ts), '6 minutes', '5 minutes')",
      'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION',
      "'6 minutes'",
    ],
    [
      "CUMULATE(TABLE e, DESCRIPTOR(ts), '2 minutes', '5 minutes')",
      'DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION',
      "'5 minutes'",
    ],
    ["SESSION(TABLE e PARTITION BY nope, DESCRIPTOR(ts), '5 minutes')", 'UNRESOLVED_COLUMN.WITH_SUGGESTION', 'nope'],
    [
      "SESSION(TABLE e PARTITION BY k, DESCRIPTOR(ts), '0 minutes')",
      'DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE',
      "'0 minutes'",
    ],
    [
      `TUMBEL(TABLE e, DESCRIPTOR(ts), ${ten})`,
      'UNRESOLVABLE_TABLE_VALUED_FUNCTION',
      `TUMBEL(TABLE e, DESCRIPTOR(ts), ${ten})`,
    ],
  ])('%s: %s', (from, code, at) => {
    const e = errorOf(() => run(from))
    expect([e.code, underlined(e)]).toEqual([code, at])
  })

  test('rows of sessions come in output mode append', () => {
    const check = (from: string, mode: string) => () => checkStreaming(run(from), mode, () => undefined, world.env)
    const sessions = "SESSION(TABLE e PARTITION BY k, DESCRIPTOR(ts), '5 minutes')"
    expect(check(sessions, 'append')).not.toThrow()
    const e = errorOf(check(sessions, 'update'))
    expect([e.code, underlined(e)]).toEqual(['STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION', sessions])
  })
})
