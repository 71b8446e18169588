import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../src/columns/batch.ts'
import { jsonDecoder } from '../../../src/formats/json/decode.ts'
import type { DecodePredicate } from '../../../src/formats/decode-plan.ts'
import type { ParseMode } from '../../../src/formats/line-decoder.ts'
import * as t from '../../../src/types/data-type.ts'
import { MapValue, type Value } from '../../../src/types/value.ts'

const f = t.field

interface Decoded {
  readonly rows: Value[][]
  readonly slow: number
  readonly lines: number
  readonly dropped: number
}

function decode(
  schema: t.Schema,
  text: string | Buffer,
  more: { predicates?: DecodePredicate[]; timeZone?: string; mode?: ParseMode; slack?: boolean } = {},
): Decoded {
  const decoder = jsonDecoder(
    schema,
    { columns: [], predicates: more.predicates ?? [] },
    { timeZone: more.timeZone ?? 'UTC', mode: more.mode },
  )
  const bytes = Buffer.from(text)
  const block = more.slack === false ? bytes : Buffer.concat([bytes, Buffer.alloc(64, 'x')])
  const batches: Batch[] = []
  decoder.decode(block, 0, bytes.length, (b) => batches.push(b))
  if (more.slack !== false) expect(block.toString('latin1', bytes.length)).toBe('x'.repeat(64))
  for (const b of batches) expect(b.length).toBeLessThanOrEqual(8192)
  const rows = batches.flatMap((b) => Array.from({ length: b.rowCount }, (_, i) => b.row(i)))
  return { rows, slow: decoder.slowRows, lines: decoder.lines, dropped: decoder.droppedRows }
}

const lines = (...objects: unknown[]): string =>
  objects.map((o) => (typeof o === 'string' ? o : JSON.stringify(o))).join('\n') + '\n'

describe('jsonDecoder', () => {
  const schema = t.schemaOf(f('a', t.INT), f('s', t.STRING), f('b', t.BIGINT))

  it('reads lines of one layout, all but the first by generated code', () => {
    const out = decode(
      schema,
      lines(...Array.from({ length: 20000 }, (_, i) => ({ a: i, s: `text ${i}`, b: i * 1e9 }))),
    )
    expect(out.rows.length).toBe(20000)
    expect(out.rows[12345]).toEqual([12345, 'text 12345', 12345000000000n])
    expect(out.slow).toBe(1)
  })

  it('gives the same rows for any order, blanks, nulls and missing keys', () => {
    const text = lines(
      '{"a":1,"s":"x","b":2}',
      '{ "b" : 2 , "a" : 1 , "s" : "x" }',
      '{"s":null,"a":null,"b":null}',
      '{}',
      '{"z":[1,{"a":5}],"a":1}',
      '{"a":-7,"s":"","b":-9007199254740991}',
    )
    const rows = [
      [1, 'x', 2n],
      [1, 'x', 2n],
      [null, null, null],
      [null, null, null],
      [1, null, null],
      [-7, '', -9007199254740991n],
    ]
    expect(decode(schema, text + text + text).rows).toEqual([...rows, ...rows, ...rows])
  })

  it('handles CRLF, blank lines, and a last line without a newline', () => {
    const out = decode(schema, '{"a":1}\r\n\r\n   \n{"a":2}\r\n{"a":3}')
    expect(out.rows.map((r) => r[0])).toEqual([1, 2, 3])
    expect(out.lines).toBe(5)
  })

  it('copies a block without room behind it', () => {
    expect(decode(schema, '{"a":1,"s":"x"}\n{"a":2,"s":"y"}', { slack: false }).rows).toEqual([
      [1, 'x', null],
      [2, 'y', null],
    ])
  })

  it('replaces escapes, in generated code too', () => {
    const s = 'quote " slash \\ / tab \t nl \n é 東 😀 \u0001'
    const text = JSON.stringify({ a: 1, s, b: 1 }).replace('😀', '\\ud83d\\ude00').replace('é', '\\u00e9')
    const out = decode(
      schema,
      lines({ a: 0, s: 'plain', b: 0 }, text, text, { a: 2, s: '', b: 2 }, text, { a: 3, s: 'x\\', b: 3 }),
    )
    expect(out.rows.map((r) => r[1])).toEqual(['plain', s, s, '', s, 'x\\'])
    expect(out.slow).toBe(1)
  })

  it('reads a lone surrogate as U+FFFD and refuses unknown escapes', () => {
    expect(decode(schema, '{"s":"\\ud83d!"}\n').rows[0]![1]).toBe('\ufffd!')
    expect(() => decode(schema, lines({ s: 'x' }, '{"s":"\\x"}'))).toThrow(/escape that JSON does not know/)
    expect(() => decode(schema, lines({ s: 'x' }, '{"s":"\\u00g0"}'))).toThrow(/line 2/)
  })

  it('keeps strings of any length and alignment', () => {
    const strings = Array.from({ length: 200 }, (_, n) => 'abcdefghij'.repeat(20).slice(0, n))
    for (const first of [0, 5, 8, 36, 100])
      expect(
        decode(schema, lines({ s: 'y'.repeat(first), a: 1 }, ...strings.map((s) => ({ s, a: 1 }))))
          .rows.slice(1)
          .map((r) => r[1]),
      ).toEqual(strings)
  })

  it('reads integers exactly to the edge of their type and refuses what is beyond', () => {
    const ints = t.schemaOf(f('y', t.TINYINT), f('h', t.SMALLINT), f('i', t.INT), f('l', t.BIGINT))
    const low = '{"y":-128,"h":-32768,"i":-2147483648,"l":-9223372036854775808}'
    const high = '{"y":127,"h":32767,"i":2147483647,"l":9223372036854775807}'
    expect(decode(ints, lines(low, high, low, high)).rows.slice(2)).toEqual([
      [-128, -32768, -2147483648, -(2n ** 63n)],
      [127, 32767, 2147483647, 2n ** 63n - 1n],
    ])
    for (const bad of [
      '{"y":128}',
      '{"h":-32769}',
      '{"i":2147483648}',
      '{"l":9223372036854775808}',
      '{"i":1.0}',
      '{"i":1e3}',
      '{"i":"1"}',
      '{"i":01}',
      '{"i":-}',
      '{"i":+1}',
      '{"i":true}',
    ])
      for (const before of ['', '{"y":1}\n{"h":1}\n{"i":1}\n{"l":1}\n{"i":1}\n'])
        expect(() => decode(ints, before + bad + '\n'), bad).toThrow(/MALFORMED_RECORD_IN_PARSING/)
  })

  it('agrees with BigInt on int64 values of every size', () => {
    const values: bigint[] = []
    for (let bits = 0n; bits < 63n; bits++)
      for (const d of [-1n, 0n, 1n]) values.push(2n ** bits + d, -(2n ** bits) + d)
    const out = decode(t.schemaOf(f('l', t.BIGINT)), values.map((v) => `{"l":${v}}`).join('\n'))
    expect(out.rows.map((r) => r[0])).toEqual(values)
    // Only -2^63, whose magnitude is no int64, and the first line take the exact path.
    expect(out.slow).toBeLessThanOrEqual(2)
    for (const bad of ['9223372036854775808', '-9223372036854775809', '10000000000000000000', '0123456789012345678'])
      expect(() => decode(t.schemaOf(f('l', t.BIGINT)), `{"l":1}\n{"l":${bad}}\n`)).toThrow(/line 2/)
  })

  it('reads doubles, floats and decimals', () => {
    const numbers = t.schemaOf(f('d', t.DOUBLE), f('f', t.FLOAT), f('n', t.decimal(10, 3)), f('w', t.decimal(30, 2)))
    const text = (x: string): string => `{"d":${x},"f":${x},"n":${x},"w":${x}}`
    const sample = [
      '0',
      '-0',
      '1',
      '1.5',
      '-12.345',
      '0.1',
      '1234567.891',
      '100',
      '1e2',
      '-1.5E-2',
      '0.0005',
      '9999999.9994',
    ]
    const out = decode(numbers, lines(...sample.map(text), ...sample.map(text))).rows.slice(sample.length)
    expect(out.map((r) => r[0])).toEqual(sample.map(Number))
    expect(out.map((r) => r[1])).toEqual(sample.map((x) => Math.fround(Number(x))))
    expect(out.map((r) => r[2])).toEqual([
      0n,
      0n,
      1000n,
      1500n,
      -12345n,
      100n,
      1234567891n,
      100000n,
      100000n,
      -15n,
      1n,
      9999999999n,
    ])
    expect(out[4]![3]).toBe(-1235n)
    expect(
      decode(numbers, '{"d":"NaN","f":"-Infinity"}\n{"d":NaN,"f":Infinity}\n').rows.map((r) => r.slice(0, 2)),
    ).toEqual([
      [NaN, -Infinity],
      [NaN, Infinity],
    ])
    expect(decode(numbers, '{"n":"12.5"}\n').rows[0]![2]).toBe(12500n)
    for (const bad of ['{"n":12345678}', '{"d":"1.5"}', '{"d":.5}', '{"d":1.}', '{"d":00.5}', '{"n":1e999999999}'])
      expect(() => decode(numbers, lines('{"d":1,"n":1}', bad)), bad).toThrow(/MALFORMED/)
  })

  it('agrees with Number on doubles of every form', () => {
    const doubles: number[] = []
    for (let e = -320; e < 308; e += 7) doubles.push(Number(`1.2345678901234567e${e}`), -Number(`9.87e${e}`))
    for (let i = 0; i < 1000; i++) doubles.push(Math.round(Math.sin(i) * 1e9) / 1e4, i / 7)
    const out = decode(t.schemaOf(f('d', t.DOUBLE)), doubles.map((d) => `{"d":${d}}`).join('\n'))
    expect(out.rows.map((r) => r[0])).toEqual(doubles)
    expect(out.slow).toBe(1)
  })

  it('reads times in every usual form', () => {
    const times = t.schemaOf(f('t', t.TIMESTAMP), f('n', t.TIMESTAMP_NTZ), f('d', t.DATE))
    const at = (s: string): string => `{"t":"${s}","n":"${s.replace(/(Z|[+-]\d\d:\d\d)$/, '')}","d":"2026-02-28"}`
    const forms = [
      '2026-01-01T00:00:00.000Z',
      '2026-01-01T00:00:59.999Z',
      '2026-01-01T00:01:00.001Z',
      '1969-12-31T23:59:59.999Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01 10:20:30.123456Z',
      '2026-01-01T00:00:00.5+05:30',
      '2024-02-29T12:00:00-08:00',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ]
    const out = decode(times, lines(...forms.map(at), ...forms.map(at))).rows.slice(forms.length)
    const us = forms.map(
      (s) =>
        BigInt(Date.parse(s.replace(' ', 'T').replace('.123456', '.123'))) * 1000n +
        (s.includes('.123456') ? 456n : 0n),
    )
    expect(out.map((r) => r[0])).toEqual(us)
    expect(out.map((r) => r[2])).toEqual(forms.map(() => 20512))
    expect(out[5]![1]).toBe(BigInt(Date.UTC(2026, 0, 1, 10, 20, 30, 123)) * 1000n + 456n)
    const paris = decode(
      times,
      '{"t":"2026-07-01 12:00:00"}\n{"t":"2026-01-01T12:00:00.5"}\n{"t":"2026-03-29 03:30:00"}\n',
      { timeZone: 'Europe/Paris' },
    )
    expect(paris.rows.map((r) => r[0])).toEqual(
      ['2026-07-01T10:00:00Z', '2026-01-01T11:00:00.5Z', '2026-03-29T01:30:00Z'].map(
        (s) => BigInt(Date.parse(s)) * 1000n,
      ),
    )
    const seconds = decode(times, '{"t":"2026-01-01T00:00:00.000Z"}\n{"t":1767225600}\n{"t":-1}\n{"t":null}\n')
    expect(seconds.rows.map((r) => r[0])).toEqual([1767225600000000n, 1767225600000000n, -1000000n, null])
    expect(seconds.slow).toBe(1)
    for (const bad of [
      '2026-13-01T00:00:00.000Z',
      '2026-02-29T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T00:60:00.000Z',
      '2026-01-01T00:00:60.000Z',
      'yesterday',
      '',
    ])
      expect(() => decode(times, lines(at(forms[0]!), `{"t":"${bad}"}`, at(forms[0]!))), bad).toThrow(/line 2/)
  })

  it('reads booleans, binary, arrays, maps and nested structs', () => {
    const deep = t.schemaOf(
      f('o', t.BOOLEAN),
      f('x', t.BINARY),
      f('l', t.arrayOf(t.structOf([f('k', t.INT), f('v', t.STRING)]))),
      f('m', t.mapOf(t.STRING, t.BIGINT)),
      f('s', t.structOf([f('in', t.structOf([f('v', t.INT)])), f('t', t.STRING)])),
    )
    const line =
      '{"o":true,"x":"YWJj","l":[{"k":1,"v":"\\n"},null,{"v":"b"}],"m":{"a":1,"b":null},"s":{"t":"q","in":{"v":4}}}'
    const row = [
      true,
      new Uint8Array([97, 98, 99]),
      [[1, '\n'], null, [null, 'b']],
      new MapValue(['a', 'b'], [1n, null]),
      [[4], 'q'],
    ]
    const nothing = [null, null, null, null, null]
    const plain = (r: Value[]): Value[] => r.map((v) => (v instanceof Uint8Array ? Uint8Array.from(v) : v))
    expect(
      decode(deep, lines(line, line, '{"s":null,"o":false,"l":[],"m":{}}', '{}', line, '{"s":{"in":null}}')).rows.map(
        plain,
      ),
    ).toEqual([
      row,
      row,
      [false, null, [], new MapValue([], []), null],
      nothing,
      row,
      [null, null, null, null, [null, null]],
    ])
  })

  it('takes the text of other values for STRING as it stands', () => {
    const text = lines('{"s":"x"}', '{"s":1.50}', '{"s":true}', '{"s":{"k": [1, "\\n"]}}', '{"s":[1, 2]}')
    expect(decode(t.schemaOf(f('s', t.STRING)), text).rows.map((r) => r[0])).toEqual([
      'x',
      '1.50',
      'true',
      '{"k": [1, "\\n"]}',
      '[1, 2]',
    ])
  })

  it('reads an array of objects as rows, and the last of two equal names in the exact path', () => {
    expect(decode(schema, '[{"a":1},{"a":2,"s":"\\n"}]\n[]\n{"a":1,"a":3}\n').rows).toEqual([
      [1, null, null],
      [2, '\n', null],
      [3, null, null],
    ])
    const many = `[${Array.from({ length: 20000 }, (_, i) => `{"a":${i}}`).join()}]`
    expect(decode(schema, many).rows.length).toBe(20000)
  })

  it('names the line and why it is corrupt', () => {
    for (const [bad, why] of [
      ['{"a":1', 'the object is not closed'],
      ['{"a":1}}', 'something stands behind the object'],
      ['{"a":1,}', 'a member name is missing'],
      ['{"a" 1}', '":" is missing'],
      ['"x"', 'not a JSON object'],
      ['{"s":"x', 'a string is not closed'],
      ['{"z":[1,2,"a":1}', 'a value is not JSON'],
      ['{"a":tru}', 'not JSON'],
    ] as const)
      expect(() => decode(schema, `{"a":1,"s":"x","b":2}\n\n${bad}\n{"a":2}`), bad).toThrow(
        new RegExp(`line 3.*${why}`),
      )
  })

  it('drops corrupt lines, or reads them as NULLs, where told', () => {
    const text = '{"a":1}\n{"a":\n{"a":2}\n'
    expect(decode(schema, text, { mode: 'DROPMALFORMED' }).rows.map((r) => r[0])).toEqual([1, 2])
    expect(decode(schema, text, { mode: 'PERMISSIVE' }).rows.map((r) => r[0])).toEqual([1, null, 2])
  })

  it('never reads a string on past its line', () => {
    const text = '{"s":"x","a":1}\n{"s":"torn\n","a":2}\n'
    expect(decode(schema, text, { mode: 'DROPMALFORMED' }).rows.map((r) => r[0])).toEqual([1])
  })

  it('needs no column to count rows', () => {
    expect(decode(t.schemaOf(), '{"a":1}\n{}\n\n{"b":{}}\n').rows).toEqual([[], [], []])
    expect(() => decode(t.schemaOf(), '{"a":1}\n1\n')).toThrow(/line 2/)
  })

  it('learns many layouts without losing its footing', () => {
    const names = ['a', 's', 'b', 'c', 'd']
    const objects = Array.from({ length: 5000 }, (_, i) =>
      Object.fromEntries(
        [...names]
          .sort((x, y) => Math.sin(i * x.charCodeAt(0)) - Math.sin(i * y.charCodeAt(0)))
          .slice(i % 3)
          .map((n) => [n, n === 's' ? `${i}` : i]),
      ),
    )
    const out = decode(schema, lines(...objects))
    expect(out.rows).toEqual(
      objects.map((o) => [o['a'] ?? null, o['s'] ?? null, o['b'] === undefined ? null : BigInt(o['b'])]),
    )
  })
})

describe('predicates', () => {
  const bid = t.schemaOf(
    f('event_type', t.INT),
    f('bid', t.structOf([f('auction', t.BIGINT), f('channel', t.STRING), f('at', t.TIMESTAMP)])),
  )
  const events = Array.from({ length: 3000 }, (_, i) =>
    i % 3 === 0
      ? { event_type: 0, person: { id: i, name: 'x' } }
      : { event_type: 2, bid: { auction: i, channel: i % 2 ? 'web' : 'app', at: new Date(i * 1000).toISOString() } },
  )
  const kept = (predicates: DecodePredicate[]): number => decode(bid, lines(...events), { predicates }).rows.length
  const p = (
    column: string[],
    op: DecodePredicate['op'],
    literal: DecodePredicate['literal'] = null,
  ): DecodePredicate => ({ column, op, literal })

  it('drop rows early, but for those of the exact path', () => {
    const near = (n: number, want: number): void => {
      expect(n).toBeGreaterThanOrEqual(want)
      expect(n).toBeLessThanOrEqual(want + 4)
    }
    near(kept([p(['event_type'], '=', 2)]), 2000)
    near(kept([p(['bid'], 'isnotnull')]), 2000)
    near(kept([p(['bid'], 'isnull')]), 1000)
    near(kept([p(['bid', 'auction'], '<', '600')]), 400)
    near(kept([p(['bid', 'channel'], '=', 'web')]), 1000)
    near(kept([p(['bid', 'channel'], '<>', 'web')]), 1000)
    near(kept([p(['event_type'], '=', 2), p(['bid', 'auction'], '>=', '1500')]), 1000)
  })

  it('do not judge text that still holds escapes', () => {
    const text = lines('{"s":"ab"}', '{"s":"ab"}', '{"s":"\\u0061b"}', '{"s":"ac"}')
    const out = decode(t.schemaOf(f('s', t.STRING)), text, { predicates: [p(['s'], '=', 'ab')] })
    expect(out.rows.map((r) => r[0])).toEqual(['ab', 'ab', 'ab'])
  })

  it('reads what a NULL is as no answer', () => {
    const text = lines('{"s":"ab"}', '{"s":"ab"}', '{"s":null}', '{"s":"ac"}')
    expect(
      decode(t.schemaOf(f('s', t.STRING)), text, { predicates: [p(['s'], '<>', 'ab')] }).rows.map((r) => r[0]),
    ).toEqual(['ab', 'ac'])
    expect(
      decode(t.schemaOf(f('s', t.STRING)), text, { predicates: [p(['s'], 'isnull')] }).rows.map((r) => r[0]),
    ).toEqual(['ab', null])
  })
})
